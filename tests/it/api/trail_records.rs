//! What the server records in the trail, and what its log says of callers.

use std::num::NonZeroU32;

use chrono::TimeDelta;
use krosyn_audit::api::problem::Code;
use krosyn_audit::model::words::Scope;
use krosyn_audit::secret::Token;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::entries::{NOW, append, days_ago, recording, recording_at};
use crate::support::log::Log;
use crate::support::stores::organization;
use crate::support::test_server::{Caller, LOGS, TestServer};

const TRAIL: &str = "/api/v1/trail";

/// The recorded entries of a query, oldest first: action, resource and the new values.
async fn trail(auditor: &Caller, query: &str) -> Vec<(String, Value)> {
    let page = auditor.get(&format!("{TRAIL}?order=asc&{query}")).await.expect(200).json();
    let entries = page["data"].as_array().expect("entries").iter();
    let entry = |entry: &Value| {
        let changes = entry["changes"].as_array().expect("changes").iter();
        let values = changes.map(|it| (it["field"].as_str().expect("a name").to_owned(), it["new"].clone()));
        let text = |name: &str| entry[name].as_str().expect("a text").to_owned();
        let what = format!("{} {} {}", text("user_name"), text("action"), text("resource"));
        (what, values.collect())
    };
    entries
        .map(|it| {
            let mut it = it.clone();
            it["user_name"] = it["user"]["name"].clone();
            it["resource"] =
                format!("{}/{}", it["model_type"].as_str().unwrap(), it["model_id"].as_str().unwrap()).into();
            entry(&it)
        })
        .collect()
}

fn read(call: &str, filter: &str, rows: Option<u64>) -> (String, Value) {
    let mut values = json!({"call": call, "filter": filter});
    if let Some(rows) = rows {
        values["rows"] = rows.into();
    }
    ("reader read audit_log/audit".to_owned(), values)
}

async fn reader_and_auditor(world: &TestServer) -> (Caller, Caller) {
    (
        world.caller(world.org, "reader", &[Scope::Read]).await,
        world.caller(world.org, "auditor", &[Scope::Trail]).await,
    )
}

#[tokio::test]
async fn a_question_is_recorded_once_with_its_first_page() {
    let world = TestServer::new().await;
    append(&world.store, world.org, ["1", "2", "3"].map(recording)).await;
    let (reader, auditor) = reader_and_auditor(&world).await;
    let page = reader.list("limit=2&user=id:7&action=created").await.expect(200).json();
    let cursor = page["page"]["next_cursor"].as_str().expect("more").to_owned();
    reader.list(&format!("limit=2&user=id:7&action=created&cursor={cursor}")).await.expect(200);
    reader.list("limit=2&user=id:7&action=created").await.expect(200);
    for after in [0, 3, 3] {
        reader.list(&format!("after_id={after}")).await.expect(200);
    }
    let (what, mut first) = read("list", "action=created&user=id%3A7", Some(2));
    first["more"] = true.into();
    let expected = vec![(what, first), read("follow", "", Some(3))];
    assert_eq!(trail(&auditor, "action=read&resource=audit_log/audit").await, expected);
    world.set_now(NOW.plus(TimeDelta::minutes(60)));
    reader.list("limit=2&user=id:7&action=created").await.expect(200);
    assert_eq!(trail(&auditor, "resource=audit_log/audit").await.len(), 3, "another hour");
    // Reading the trail is recorded there, once for each question of the auditor.
    let asked = trail(&auditor, "resource=audit_log/trail&action=read").await;
    let filters: Vec<_> = asked.iter().map(|(what, values)| (what.as_str(), &values["filter"])).collect();
    let who = "auditor read audit_log/trail";
    assert_eq!(
        filters,
        [
            (who, &json!("action=read&resource=audit_log%2Faudit")),
            (who, &json!("resource=audit_log%2Faudit")),
        ]
    );
}

#[tokio::test]
async fn counts_and_single_entries_are_recorded_too() {
    let world = TestServer::new().await;
    append(&world.store, world.org, [recording("1")]).await;
    let (reader, auditor) = reader_and_auditor(&world).await;
    let agent = reader.request(Method::GET, &format!("{LOGS}/1")).header("user-agent", "curl/8");
    reader.send(agent.header("x-request-id", "req-77")).await.expect(200);
    reader.get(&format!("{LOGS}/2")).await.expect(404);
    reader.get(&format!("{LOGS}/facets?q=password%3DZq7hunter2Zq7")).await.expect(200);
    reader.get(&format!("{LOGS}/counts?by=day")).await.expect(200);
    reader.get(&format!("{LOGS}/retention")).await.expect(200);
    reader.get(TRAIL).await.refused(Code::Forbidden, "scope trail");
    let recorded = trail(&auditor, "action=read").await;
    assert_eq!(recorded[0], read("show", "id=1", Some(1)));
    assert_eq!(recorded[1].1["call"], "facets");
    let filter = recorded[1].1["filter"].as_str().expect("text");
    assert!(filter.contains("redacted") && !filter.contains("Zq7"), "{filter}");
    assert_eq!(recorded[2..], [read("counts", "", None)]);
    let entry = auditor.get(&format!("{TRAIL}/1")).await.expect(200).json();
    assert_eq!(entry["user"], json!({"name": "reader", "kind": "token"}));
    let context = json!({"via": "api", "ip": "127.0.0.1", "user_agent": "curl/8", "request_id": "req-77"});
    assert_eq!(entry["context"], context);
}

#[tokio::test]
async fn an_export_is_recorded_at_its_beginning_and_its_end() {
    let world = TestServer::new().await;
    append(&world.store, world.org, ["1", "2", "3"].map(recording)).await;
    let (reader, auditor) = reader_and_auditor(&world).await;
    let page = async |query: &str| {
        let request = reader.request(Method::GET, &format!("{LOGS}?limit=2&{query}"));
        reader.send(request.header("krosyn-purpose", "export; format=csv")).await.expect(200).json()
    };
    for _ in 0..2 {
        let first = page("action=created").await;
        let cursor = first["page"]["next_cursor"].as_str().expect("more");
        page(&format!("action=created&cursor={cursor}")).await;
    }
    let what = "reader exported audit_log/audit".to_owned();
    let begun = json!({"stage": "begun", "filter": "action=created", "format": "csv", "as_of": 3});
    let mut ended = begun.clone();
    (ended["stage"], ended["entries"]) = (json!("ended"), json!(3));
    // A beginning is written at once, an end with the next reads.
    let all = [&begun, &begun, &ended, &ended].map(|values| (what.clone(), values.clone()));
    assert_eq!(trail(&auditor, "action=exported,read&resource=audit_log/audit").await, all);
    let wrong = reader.request(Method::GET, LOGS).header("krosyn-purpose", "fun");
    reader.send(wrong).await.refused(Code::Invalid, "krosyn-purpose must be export");
}

#[tokio::test]
async fn a_prune_is_recorded_before_and_after() {
    let world = TestServer::new().await;
    append(&world.store, world.org, [100, 95, 1].map(|days| recording_at("1", days_ago(days)))).await;
    let admin = world.admin().await;
    let prune = format!("{LOGS}/prune");
    admin.post(&prune, &json!({"dry_run": true})).await.expect(200);
    assert_eq!(trail(&admin, "action=pruned").await, []);
    admin.post(&prune, &json!({})).await.expect(200);
    let what = "admin pruned audit_log/audit".to_owned();
    let begun = json!({"prune": 1, "cutoff": days_ago(90).to_string(), "as_of": 3, "plan": "free"});
    let expected = [(what.clone(), begun), (what, json!({"prune": 1, "deleted": 2, "complete": true}))];
    assert_eq!(trail(&admin, "action=pruned").await, expected);
    admin.post(&prune, &json!({})).await.expect(200);
    assert_eq!(trail(&admin, "action=pruned").await, expected, "nothing had expired");
}

#[tokio::test]
async fn nothing_is_pruned_or_exported_without_a_record() {
    let world = TestServer::in_a_file().await;
    append(&world.store, world.org, [recording_at("1", days_ago(100))]).await;
    let admin = world.admin().await;
    let database = rusqlite::Connection::open(world.directory().join("audit.db")).expect("opened");
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON entries WHEN new.org_id < 0 BEGIN SELECT raise(ABORT, 'full'); END";
    database.execute(refuse, []).expect("made");
    let refused = admin.post(&format!("{LOGS}/prune"), &json!({})).await;
    assert_eq!(refused.status, 500, "{}", refused.text());
    let page = admin.request(Method::GET, LOGS).header("krosyn-purpose", "export; format=csv");
    let refused = admin.send(page).await;
    assert_eq!(refused.status, 500, "{}", refused.text());
    // Reading goes on: a crash may lose a second of reads anyway.
    admin.get(&format!("{LOGS}/1")).await.expect(200);
    assert_eq!(admin.get(TRAIL).await.expect(200).json()["data"], json!([]));
    database.execute("DROP TRIGGER refuse", []).expect("dropped");
    let pruned = admin.post(&format!("{LOGS}/prune"), &json!({})).await.expect(200).json();
    assert_eq!(pruned["prune"]["deleted"], 1, "the lease was released: {pruned}");
    assert_eq!(trail(&admin, "action=read&resource=audit_log/audit").await.len(), 1, "and the read is kept");
}

#[tokio::test]
async fn reads_of_one_organization_are_in_no_other_trail() {
    let world = TestServer::new().await;
    let other = organization(&world.store, "other").await;
    let theirs = world.caller(other, "reader", Scope::ALL).await;
    let (_, auditor) = reader_and_auditor(&world).await;
    theirs.list("user=id:7").await.expect(200);
    theirs.get(TRAIL).await.expect(200);
    assert_eq!(trail(&auditor, "user=reader").await, []);
    assert_eq!(trail(&theirs, "resource=audit_log/audit").await.len(), 1);
}

#[tokio::test]
async fn the_log_names_token_organization_and_address_also_of_refused_calls() {
    let log = Log::listen();
    let world = TestServer::with_settings(|settings, _| {
        settings.behind_proxy = true;
        settings.requests_a_second = NonZeroU32::new(1);
    });
    let world = world.await;
    let org = organization(&world.store, "log-lines").await;
    let reader = world.caller(org, "narrow", &[Scope::Record]).await;
    let wrong = reader.with_token(Token::generate().expect("randomness").expose());
    let line = async |caller: &Caller, status: u16| {
        let id = format!("req{}", uuid::Uuid::now_v7().simple());
        let request = caller.request(Method::GET, LOGS).header("x-request-id", &id);
        caller.send(request.header("x-forwarded-for", "198.51.100.77")).await.expect(status);
        let text = log.text();
        let found = text.lines().find(|line| line.contains(&id) && line.contains("answered"));
        found.expect("a line").to_owned()
    };
    let refused = line(&reader, 403).await;
    for part in ["token=\"narrow\"", "organization=\"log-lines\"", "address=198.51.100.77", "status=403"] {
        assert!(refused.contains(part), "{part} is not in {refused}");
    }
    let unknown = line(&wrong, 401).await;
    assert!(unknown.contains("address=198.51.100.77") && !unknown.contains("token="), "{unknown}");
    line(&reader, 403).await;
    let limited = line(&reader, 429).await;
    assert!(limited.contains("token=\"narrow\"") && limited.contains("status=429"), "{limited}");
}
