//! `GET /trail` and below: the second log of an organization, with the shapes of the first and words of its own.

use krosyn_audit::api::problem::Code;
use krosyn_audit::model::redaction::Redaction;
use krosyn_audit::model::trail::TrailEvent;
use krosyn_audit::model::words::Scope;
use krosyn_audit::server::trail::record;
use krosyn_audit::store::OrgId;
use serde_json::json;

use crate::support::entries::{NOW, append, days_ago, recording, recording_at, with};
use crate::support::stores::organization;
use crate::support::test_server::{LOGS, TestServer, local_actor};

const TRAIL: &str = "/api/v1/trail";

/// Records that a token of this name was created.
async fn note(world: &TestServer, org: OrgId, name: &str) {
    let (name, scopes) = (name.to_owned(), vec![Scope::Read]);
    let event = TrailEvent::TokenCreated { name, scopes, expires_at: None, created_by: None };
    let (by, redaction) = (local_actor(), Redaction::default());
    record(&world.store, org, &event, &by, &redaction, NOW).await.expect("recorded");
}

#[tokio::test]
async fn the_trail_and_the_audit_log_are_two_logs() {
    let world = TestServer::new().await;
    let reader = world.caller(world.org, "auditor", &[Scope::Trail]).await;
    append(&world.store, world.org, [recording("1"), recording("2")]).await;
    note(&world, world.org, "7").await;
    let page = reader.get(&format!("{TRAIL}?total=true&order=asc&model_id=7")).await.expect(200).json();
    assert_eq!((&page["total"]["count"], &page["data"][0]["model_id"]), (&json!(1), &json!("7")));
    assert_eq!(reader.get(&format!("{TRAIL}/1")).await.expect(200).json()["model_id"], "7");
    assert_eq!(reader.get(&format!("{TRAIL}/facets?model_id=7")).await.expect(200).json()["total"], 1);
    assert_eq!(reader.get(&format!("{TRAIL}/counts?by=day&model_id=7")).await.expect(200).json()["total"], 1);
    reader.get(&format!("{TRAIL}/9999")).await.refused(Code::NotFound, "no entry has the id 9999");
    reader.get(LOGS).await.refused(Code::Forbidden, "needs the scope read");
    let other = world.caller(world.org, "reader", &[Scope::Read]).await;
    assert_eq!(other.list("total=true").await.json()["total"]["count"], 2);
    other.get(TRAIL).await.refused(Code::Forbidden, "needs the scope trail");
}

#[tokio::test]
async fn the_trail_is_kept_for_a_year_at_least_and_has_no_floor() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org.trail(), [400, 100].map(|days| recording_at("1", days_ago(days)))).await;
    let retention = admin.get(&format!("{TRAIL}/retention")).await.expect(200).json();
    assert_eq!((&retention["plan"], &retention["retention"]), (&json!("free"), &json!("1y")));
    assert_eq!(retention["cutoff"], "2025-11-22T08:00:00.000000Z");
    assert_eq!(retention["counts"]["expired"], 1);
    assert!(retention.get("floor").is_none());
    assert_eq!(admin.get(&format!("{TRAIL}/prunes")).await.expect(200).json(), json!({"data": []}));
}

#[tokio::test]
async fn each_log_has_its_own_words() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (path, words) in [
        (
            format!("{LOGS}?action=read"),
            r#"action "read" occurs only in the trail: expected one of created, updated, deleted"#,
        ),
        (format!("{LOGS}/facets?model_type=token"), r#"model type "token" occurs only in the trail"#),
        (
            format!("{LOGS}/counts?by=day&resource=token/cron"),
            r#"model type "token" occurs only in the trail"#,
        ),
        (
            format!("{TRAIL}?model_type=connector"),
            r#"model type "connector" occurs only in the audit log: expected one of audit_log, token, session, hold, user, server, organization"#,
        ),
        (format!("{TRAIL}/facets?resource=secret/1"), r#"model type "secret" occurs only in the audit log"#),
        (
            format!("{TRAIL}/counts?by=day&action=gone"),
            r#"unknown action "gone": expected one of created, updated, deleted, read, exported, pruned"#,
        ),
    ] {
        admin.get(&path).await.refused(Code::Invalid, words);
    }
    admin
        .get(&format!("{TRAIL}?action=read,!exported&model_type=audit_log&resource=token/cron"))
        .await
        .expect(200);
}

#[tokio::test]
async fn words_of_the_trail_cannot_be_recorded() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (member, word, accepted) in [
        ("action", "pruned", "expected one of created, updated, deleted"),
        (
            "model_type",
            "audit_log",
            "expected one of connector, connector_endpoint, secret, organization, member",
        ),
        ("model_type", "token", "expected one of connector"),
    ] {
        admin.record(&with(recording("1"), member, word)).await.refused(Code::Invalid, accepted);
    }
    assert_eq!(admin.list("total=true").await.json()["total"]["count"], 0);
    for path in [TRAIL, "/api/v1/trail/prune"] {
        let refused = admin.post(path, &recording("1")).await;
        assert!(matches!(refused.status, 404 | 405), "{path}: {}", refused.text());
    }
}

#[tokio::test]
async fn a_cursor_of_one_log_is_refused_by_the_other() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org, [recording("1"), recording("2")]).await;
    append(&world.store, world.org.trail(), [recording("1"), recording("2")]).await;
    let cursor = admin.list("limit=1").await.expect(200).json();
    let cursor = cursor["page"]["next_cursor"].as_str().expect("more").to_owned();
    admin.get(&format!("{TRAIL}?limit=1&cursor={cursor}")).await.refused(Code::CursorMismatch, "");
    admin.list(&format!("limit=1&cursor={cursor}")).await.expect(200);
}

#[tokio::test]
async fn the_trail_of_another_organization_is_invisible() {
    let world = TestServer::new().await;
    let other = organization(&world.store, "other").await;
    note(&world, other, "9").await;
    let theirs = world.caller(other, "auditor", &[Scope::Trail]).await;
    let ours = world.caller(world.org, "auditor", &[Scope::Trail]).await;
    theirs.get(&format!("{TRAIL}/1")).await.expect(200);
    let (missing, nobodys) =
        (ours.get(&format!("{TRAIL}/1")).await.problem(), ours.get(&format!("{TRAIL}/2")).await.problem());
    assert_eq!((missing.code, &missing.detail), (Code::NotFound, &nobodys.detail.replace('2', "1")));
    assert_eq!(ours.get(&format!("{TRAIL}?model_id=9&total=true")).await.json()["total"]["count"], 0);
    assert_eq!(ours.get(&format!("{TRAIL}/facets?model_type=token")).await.json()["total"], 0);
}
