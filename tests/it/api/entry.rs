//! `GET /audit-logs/{id}`: an entry that exists, was pruned, or never existed.

use krosyn_audit::api::problem::Code;
use krosyn_audit::model::entry::Entry;
use serde_json::json;

use crate::support::entries::{days_ago, recording, recording_at};
use crate::support::test_server::TestServer;

#[tokio::test]
async fn an_entry_equals_its_recorded_and_listed_form() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let answered: Entry = admin.record(&recording("1")).await.expect(201).read();
    let shown: Entry = admin.get("/api/v1/audit-logs/1").await.expect(200).read();
    assert_eq!(shown, answered);
    assert_eq!(admin.list("").await.json()["data"][0], admin.get("/api/v1/audit-logs/1").await.json());
}

#[tokio::test]
async fn an_unused_id_is_404() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    admin.record(&recording("1")).await.expect(201);
    for id in [
        "0",
        "2",
        "-1",
        "1.0",
        "abc",
        "18446744073709551616",
        "9223372036854775808",
        "1%20",
        "%00",
        "01",
        "+1",
    ] {
        let answer = admin.get(&format!("/api/v1/audit-logs/{id}")).await.expect(404);
        answer.refused(Code::NotFound, "no entry has th");
    }
}

#[tokio::test]
async fn a_pruned_entry_is_410_with_its_prune() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    admin.record(&recording_at("1", days_ago(100))).await.expect(201);
    admin.record(&recording("2")).await.expect(201);
    admin.post("/api/v1/audit-logs/prune", &json!({})).await.expect(200);
    let answer = admin.get("/api/v1/audit-logs/1").await.expect(410);
    answer.refused(
        Code::Pruned,
        "entry 1 was pruned at 2026-11-22T08:00:00.000000Z by admin (prune 1, cutoff 2026-08-24T08:00:00.000000Z)",
    );
    admin.get("/api/v1/audit-logs/2").await.expect(200);
}
