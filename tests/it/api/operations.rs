//! Operations: health, metrics, compression and shutdown.

use std::time::Duration;

use krosyn_audit::api::problem::Code;
use krosyn_audit::model::words::Scope;
use reqwest::Method;
use reqwest::header::ACCEPT_ENCODING;
use serde_json::json;

use crate::support::entries::{append, days_ago, everything, ids, recording, recording_at, with};
use crate::support::stores::organization;
use crate::support::test_server::{LOGS, TestServer};

#[tokio::test]
async fn health_readiness_and_the_document_need_no_token() {
    let world = TestServer::new().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(world.stranger().get(path).await.expect(200).json(), json!({"status": "ok"}));
    }
    world.stranger().get("/api/openapi.json").await.expect(200);
}

#[tokio::test]
async fn metrics_count_without_names() {
    let world = TestServer::new().await;
    let org = organization(&world.store, "zanzibar-slug").await;
    let caller = world.caller(org, "quetzal-token", Scope::ALL).await;
    let user = json!({"id": "okapi-id", "email": "okapi@narwhal.example", "name": "Okapi Narwhal"});
    let recorded = with(recording_at("walrus-model", days_ago(100)), "user", user);
    caller.record(&recorded).await.expect(201);
    caller.record(&with(recorded, "occurred_at", days_ago(1).to_string())).await.expect(201);
    caller.list("user=okapi&q=walrus").await.expect(200);
    caller.get("/api/v1/audit-logs/1").await.expect(200);
    caller.post("/api/v1/audit-logs/prune", &json!({})).await.expect(200);
    caller.get("/axolotl-path").await.expect(404);
    let made_up = caller.request(Method::from_bytes(b"PANGOLIN").expect("a method"), LOGS);
    caller.send(made_up).await.expect(405);
    let text = world.metrics().await;
    for line in [
        "krosyn_audit_entries_recorded_total 2",
        "krosyn_audit_entries_pruned_total 1",
        r#"krosyn_audit_requests_total{method="POST",route="/api/v1/audit-logs",status="201"} 2"#,
        r#"krosyn_audit_requests_total{method="GET",route="/api/v1/audit-logs/{id}",status="200"} 1"#,
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
    }
    for name in ["zanzibar", "quetzal", "kra_", "okapi", "narwhal", "walrus", "axolotl", "PANGOLIN"] {
        assert!(!text.to_lowercase().contains(&name.to_lowercase()), "{name} is in\n{text}");
    }
}

#[tokio::test]
async fn metrics_have_their_own_listener() {
    let world = TestServer::new().await;
    for caller in [world.stranger(), world.admin().await] {
        caller.get("/metrics").await.expect(404).refused(Code::NotFound, "--metrics-listen");
    }
    let elsewhere = world.metrics_base();
    for path in ["/api/v1/audit-logs", "/healthz", "/api/openapi.json", "/"] {
        let response = reqwest::get(format!("{elsewhere}{path}")).await.expect("an answer");
        assert_eq!(response.status(), 404, "{path}: metrics and nothing else");
    }
}

#[tokio::test]
async fn answers_forbid_caching_and_content_sniffing() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for path in ["/healthz", "/metrics", "/api/openapi.json", LOGS, "/api/v1/audit-logs/9", "/nowhere"] {
        for caller in [&admin, &world.stranger()] {
            let answer = caller.get(path).await;
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
            assert_eq!(answer.header("server"), "", "{path}: what runs here is nobody's business");
        }
    }
}

#[tokio::test]
async fn metrics_count_swept_entries() {
    let world =
        TestServer::with_settings(|settings, _| settings.sweep_every = Some(Duration::from_millis(20))).await;
    append(&world.store, world.org, [recording_at("1", days_ago(100)), recording_at("2", days_ago(1))]).await;
    let counted =
        async || world.metrics().await.lines().any(|line| line == "krosyn_audit_entries_pruned_total 1");
    while !counted().await {}
    assert_eq!(ids(&everything(&world.store, world.org).await), [2]);
}

#[tokio::test]
async fn only_large_answers_are_compressed_as_negotiated() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org, (0..50).map(|it| recording(&it.to_string()))).await;
    let plain = admin.list("").await.expect(200).text().to_owned();
    assert!(plain.len() > 1024);
    let raw =
        admin.with_http(reqwest::Client::builder().no_proxy().no_gzip().no_zstd().build().expect("a client"));
    for (accepted, used, magic) in
        [("gzip", "gzip", &[0x1f, 0x8b][..]), ("zstd", "zstd", &[0x28, 0xb5, 0x2f, 0xfd])]
    {
        let request =
            raw.request(Method::GET, LOGS).header(ACCEPT_ENCODING, accepted).build().expect("a request");
        let response = raw.http().execute(request).await.expect("an answer");
        assert_eq!(response.headers()["content-encoding"], used);
        assert!(
            response.headers()["vary"].to_str().expect("text").to_lowercase().contains("accept-encoding")
        );
        let body = response.bytes().await.expect("a body");
        assert!(body.starts_with(magic) && body.len() < plain.len() / 2, "{used}");
        // A client that negotiates compression itself reads the same text.
        let client = match used {
            "gzip" => reqwest::Client::builder().no_zstd(),
            _ => reqwest::Client::builder().no_gzip(),
        };
        let client = admin.with_http(client.no_proxy().build().expect("a client"));
        assert_eq!(client.list("").await.expect(200).text(), plain);
    }
    for (path, accepted) in [(LOGS, "identity"), (LOGS, "br"), ("/healthz", "gzip, zstd")] {
        let answer =
            raw.send(raw.request(Method::GET, path).header(ACCEPT_ENCODING, accepted)).await.expect(200);
        assert_eq!(answer.header("content-encoding"), "", "{path} {accepted}");
    }
}

#[tokio::test]
async fn a_stopped_server_keeps_every_acknowledged_entry() {
    let world = TestServer::in_a_file().await;
    let admin = world.admin().await;
    for number in 0..5 {
        admin.record(&recording(&number.to_string())).await.expect(201);
    }
    drop(admin);
    let org = world.org;
    let directory = world.stop().await.expect("files");
    let url = format!("sqlite:{}", directory.path().join("audit.db").display());
    let store = krosyn_audit::store::open(&url).await.expect("opens");
    assert_eq!(ids(&everything(&store, org).await), [1, 2, 3, 4, 5]);
    store.close().await;
}
