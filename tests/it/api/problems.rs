//! Every error answer is a problem with the id of its request.

use krosyn_audit::api::problem::Code;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::json;

use crate::support::entries::recording;
use crate::support::log::Log;
use crate::support::test_server::{LOGS, TestServer};

const PRUNE: &str = "/api/v1/audit-logs/prune";

#[tokio::test]
async fn an_unknown_path_is_404_and_points_to_the_document() {
    let world = TestServer::new().await;
    for caller in [world.stranger(), world.admin().await] {
        for path in ["/", "/api", "/api/v1", "/api/v1/audit-log", "/api/v1/audit-logs/", "/api/v2/whoami"] {
            caller.get(path).await.expect(404).refused(Code::NotFound, "openapi.json");
        }
    }
}

#[tokio::test]
async fn an_unsupported_method_is_405_with_the_allowed_ones() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (method, path, allowed) in [
        (Method::DELETE, LOGS, ["GET", "POST"].as_slice()),
        (Method::PUT, LOGS, &["GET", "POST"]),
        (Method::POST, "/api/v1/audit-logs/1", &["GET"]),
        (Method::DELETE, "/api/v1/audit-logs/1", &["GET"]),
        (Method::PATCH, "/api/v1/audit-logs/1", &["GET"]),
        (Method::GET, PRUNE, &["POST"]),
        (Method::POST, "/api/v1/whoami", &["GET"]),
        (Method::POST, "/healthz", &["GET"]),
    ] {
        let answer = admin.send(admin.request(method, path)).await.expect(405);
        answer.refused(Code::MethodNotAllowed, "does not support this method");
        let allow = answer.header("allow");
        assert!(allowed.iter().all(|method| allow.contains(method)), "{path} allows {allow:?}");
    }
}

#[tokio::test]
async fn an_unsupported_media_type_is_415_with_the_supported_ones() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let body = recording("1").to_string();
    for media_type in ["text/plain", "application/xml", "application/json-lines", "application/json5", ""] {
        let answer = admin.post_as(LOGS, media_type, body.clone()).await.expect(415);
        answer.refused(Code::UnsupportedMediaType, "application/json or application/x-ndjson");
    }
    let answer = admin.send(admin.request(Method::POST, LOGS).body(body.clone())).await.expect(415);
    answer.refused(Code::UnsupportedMediaType, "Content-Type");
    for media_type in ["application/x-ndjson", "text/plain"] {
        let answer = admin.post_as(PRUNE, media_type, r#"{"dry_run":true}"#).await.expect(415);
        answer.refused(Code::UnsupportedMediaType, "must be application/json");
    }
    for media_type in ["application/json; charset=utf-8", "Application/JSON"] {
        admin.post_as(LOGS, media_type, body.clone()).await.expect(201);
    }
}

#[tokio::test]
async fn malformed_input_is_400() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for path in [LOGS, PRUNE] {
        for body in ["", "{", "[", "{]", "nul"] {
            let answer = admin.post_as(path, "application/json", body).await.expect(400);
            answer.refused(Code::Malformed, "is not JSON at line");
        }
        let two = if path == PRUNE { "{} {}".to_owned() } else { recording("1").to_string() + "{}" };
        admin.post_as(path, "application/json", two).await.expect(400);
        let answer = admin.post_as(path, "application/json", b"{\"\xff\":1}".to_vec()).await.expect(400);
        answer.refused(Code::Malformed, "not UTF-8 at byte 2");
    }
    for query in ["q=%ff", "%ff=1", "q=%c3%28"] {
        admin.list(query).await.expect(400).refused(Code::Malformed, "not UTF-8");
        admin.get(&format!("{LOGS}/facets?{query}")).await.expect(400).refused(Code::Malformed, "not UTF-8");
    }
    admin.get("/api/v1/audit-logs/%ff").await.expect(400).refused(Code::Malformed, "");
}

#[tokio::test]
async fn a_body_over_8_mib_is_413_and_one_of_8_mib_is_read() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let mut body = recording("1").to_string().into_bytes();
    body.resize(8 * 1024 * 1024, b' ');
    admin.post_as(LOGS, "application/json", body.clone()).await.expect(201);
    admin.post_as(LOGS, "application/x-ndjson", body.clone()).await.expect(200);
    body.push(b' ');
    for (path, media_type) in
        [(LOGS, "application/json"), (LOGS, "application/x-ndjson"), (PRUNE, "application/json")]
    {
        let answer = admin.post_as(path, media_type, body.clone()).await.expect(413);
        answer.refused(Code::TooLarge, "8 MiB");
    }
    assert_eq!(admin.list("total=true").await.json()["total"]["count"], 2, "what was too large left nothing");
}

#[tokio::test]
async fn the_request_id_of_a_caller_is_in_every_answer() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let long = "x".repeat(128);
    for id in ["my-request", "req_1/2:3;=\"'<>", &long] {
        for path in [LOGS, "/healthz", "/nothing", "/api/v1/audit-logs/77", "/api/v1/audit-logs?q="] {
            let answer = admin.send(admin.request(Method::GET, path).header("x-request-id", id)).await;
            assert_eq!(answer.header("x-request-id"), id, "{path}");
        }
    }
}

#[tokio::test]
async fn an_invalid_request_id_is_replaced() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let too_long = "x".repeat(129);
    let mut given = std::collections::HashSet::new();
    for id in [b"".as_slice(), b"two words", b"tab\there", b"caf\xc3\xa9", b"\xff", too_long.as_bytes()] {
        for path in [LOGS, "/nothing"] {
            let id = HeaderValue::from_bytes(id).expect("a header");
            let answer = admin.send(admin.request(Method::GET, path).header("x-request-id", &id)).await;
            let own = answer.header("x-request-id").to_owned();
            assert!(own.starts_with("req_") && own.len() == 36, "{own}");
            assert!(given.insert(own), "each request has its own");
        }
    }
}

#[tokio::test]
async fn an_unreachable_store_is_503_with_retry_after() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    world.store.close().await;
    for path in [LOGS, "/readyz", "/api/v1/whoami"] {
        let answer = admin.get(path).await.expect(503);
        answer.refused(Code::Unavailable, "temporarily unavailable");
        assert_eq!(answer.header("retry-after"), "2");
    }
    let answer = admin.record(&recording("1")).await.expect(503);
    answer.refused(Code::Unavailable, "nothing of this request was stored");
    admin.get("/healthz").await.expect(200);
    admin.post(PRUNE, &json!({})).await.expect(503);
}

#[tokio::test]
async fn a_server_error_is_500_with_details_only_in_the_log() {
    let log = Log::listen();
    let world = TestServer::in_a_file().await;
    let admin = world.admin().await;
    admin.record(&recording("1")).await.expect(201);
    let db = rusqlite::Connection::open(world.directory().join("audit.db")).expect("opens");
    db.execute("UPDATE entries SET action = 77", []).expect("damaged");
    for path in [LOGS, "/api/v1/audit-logs/1", "/api/v1/audit-logs/facets"] {
        let answer = admin.get(path).await.expect(500);
        let problem = answer.refused(Code::Internal, "log has the details under this request id");
        assert!(!problem.detail.contains("77"), "{problem:?}");
        let id = problem.request_id.expect("an id");
        let logged = log.text();
        let is_told =
            |line: &str| line.contains("77 is not a known code") || line.contains("checksum does not match");
        let told = logged.lines().any(|line| line.contains("ERROR") && line.contains(&id) && is_told(line));
        assert!(told, "the log tells {id}");
    }
    let ready = world.stranger().get("/readyz").await.expect(200);
    assert_eq!(ready.json(), json!({"status": "degraded"}));
    assert!(world.metrics().await.contains("krosyn_audit_store_damaged 1"));
}

#[tokio::test]
async fn a_head_request_answers_like_get_without_a_body() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (caller, status) in [(&admin, 200), (&world.stranger(), 401)] {
        let request = caller.request(Method::HEAD, LOGS).build().expect("a request");
        let response = caller.http().execute(request).await.expect("an answer");
        assert_eq!(response.status().as_u16(), status);
        assert!(response.headers().contains_key("x-request-id"));
        assert!(response.bytes().await.expect("a body").is_empty());
    }
}
