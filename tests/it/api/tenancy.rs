//! Two organizations on one server: whatever one does, the answers to the other stay the same byte for byte.

use chrono::TimeDelta;
use krosyn_audit::api::problem::Code;
use krosyn_audit::model::words::Scope;
use serde_json::json;

use crate::support::entries::{NOW, days_ago, recording, recording_at, with};
use crate::support::stores::organization;
use crate::support::test_server::{Caller, LOGS, TestServer};

const UUID: &str = "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11";

/// The answers to every read call, without values that differ between calls.
async fn told(caller: &Caller) -> Vec<String> {
    let mut told = Vec::new();
    for path in [
        LOGS.to_owned(),
        format!("{LOGS}?total=true&limit=1"),
        format!("{LOGS}?order=asc&user=ana,intruder"),
        format!("{LOGS}?q=connector&total=true"),
        format!("{LOGS}?after_id=0"),
        format!("{LOGS}/facets"),
        format!("{LOGS}/facets?q=connector"),
        format!("{LOGS}/1"),
        format!("{LOGS}/2"),
        format!("{LOGS}/3"),
        format!("{LOGS}/9"),
        format!("{LOGS}/retention"),
        format!("{LOGS}/prunes"),
        "/api/v1/whoami".to_owned(),
    ] {
        let answer = caller.get(&path).await;
        let id = answer.header("x-request-id").to_owned();
        told.push(format!("{path} {} {}", answer.status, answer.text().replace(&id, "")));
    }
    let plan = caller.post(&format!("{LOGS}/prune"), &json!({"dry_run": true})).await;
    told.push(plan.text().to_owned());
    told
}

#[tokio::test]
async fn answers_do_not_depend_on_other_organizations() {
    let world = TestServer::new().await;
    let ours = world.admin().await;
    ours.record(&with(recording_at("1", days_ago(100)), "uuid", UUID)).await.expect(201);
    ours.record(&recording_at("2", days_ago(1))).await.expect(201);
    let before = told(&ours).await;

    let org = organization(&world.store, "other").await;
    let theirs = world.caller(org, "admin", Scope::ALL).await;
    let user = json!({"id": "7", "email": "ana.ruiz@acme.example", "name": "Intruder"});
    // The other organization can use the same uuid with other content.
    let same = with(with(recording_at("1", days_ago(100)), "uuid", UUID), "reason", "another");
    theirs.record(&with(same, "user", user)).await.expect(201);
    for days in [99, 98, 2] {
        theirs.record(&recording_at("1", days_ago(days))).await.expect(201);
    }
    assert_eq!(told(&ours).await, before);
    let pruned = theirs.post(&format!("{LOGS}/prune"), &json!({})).await.expect(200).json();
    assert_eq!(pruned["prune"]["deleted"], 3);
    assert_eq!(told(&ours).await, before);
    // Prunes of one organization do not show in the other.
    assert_eq!(theirs.get(&format!("{LOGS}/1")).await.status, 410);
    ours.get(&format!("{LOGS}/1")).await.expect(200);
}

#[tokio::test]
async fn a_cursor_of_another_organization_is_refused_like_one_of_another_query() {
    let world = TestServer::new().await;
    let ours = world.admin().await;
    let theirs = world.caller(organization(&world.store, "other").await, "admin", Scope::ALL).await;
    for number in 0..3 {
        let at = NOW.plus(TimeDelta::seconds(-number));
        ours.record(&with(recording("1"), "occurred_at", at.to_string())).await.expect(201);
        theirs.record(&with(recording("1"), "occurred_at", at.to_string())).await.expect(201);
    }
    let page = ours.list("limit=1").await.expect(200).json();
    let cursor = page["page"]["next_cursor"].as_str().expect("more behind it");
    let refused = theirs.list(&format!("limit=1&cursor={cursor}")).await;
    let foreign = refused.refused(Code::CursorMismatch, "");
    let other_question = ours.list(&format!("limit=1&action=deleted&cursor={cursor}")).await;
    assert_eq!(other_question.refused(Code::CursorMismatch, "").detail, foreign.detail);
    ours.list(&format!("limit=1&cursor={cursor}")).await.expect(200);
}
