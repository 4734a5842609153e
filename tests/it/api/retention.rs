//! `GET /audit-logs/retention` and `GET /audit-logs/prunes`: the retention, the entries held, the prunes done.

use chrono::TimeDelta;
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::prune::{Prunes, RetentionAnswer};
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::words::Plan;
use serde_json::json;

use crate::support::entries::{NOW, append, days_ago, recording_at};
use crate::support::test_server::TestServer;

const RETENTION: &str = "/api/v1/audit-logs/retention";
const PRUNES: &str = "/api/v1/audit-logs/prunes";
const PRUNE: &str = "/api/v1/audit-logs/prune";

#[tokio::test]
async fn retention_of_an_empty_organization_has_no_counts() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    assert_eq!(
        admin.get(RETENTION).await.expect(200).json(),
        json!({
            "plan": "free", "retention": "90d", "now": "2026-11-22T08:00:00.000000Z",
            "cutoff": "2026-08-24T08:00:00.000000Z", "counts": {"expired": 0, "kept": 0, "held": 0},
        })
    );
    assert_eq!(admin.get(PRUNES).await.expect(200).json(), json!({"data": []}));
}

#[tokio::test]
async fn retention_reports_plan_floor_counts_and_bounds() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    append(&world.store, world.org, [100, 2, 95].map(|days| recording_at("1", days_ago(days)))).await;
    let floor = Some("30d".parse().expect("an age"));
    world.store.set_retention(world.org, Retention { plan: Plan::Free, floor }).await.expect("set");
    let told: RetentionAnswer = admin.get(RETENTION).await.expect(200).read();
    assert_eq!((told.plan, told.floor, told.cutoff), (Plan::Free, floor, days_ago(90)));
    assert_eq!((told.counts.expired, told.counts.kept), (2, 1));
    assert_eq!((told.oldest, told.newest), (Some(days_ago(100)), Some(days_ago(2))));
    assert_eq!(told.last_prune, None);
    world.set_now(NOW.plus(TimeDelta::days(89)));
    let told: RetentionAnswer = admin.get(RETENTION).await.expect(200).read();
    assert_eq!((told.counts.expired, told.counts.kept), (3, 0), "by the server's clock");
}

#[tokio::test]
async fn prunes_are_listed_newest_first() {
    let world = TestServer::new().await;
    let (admin, cron) =
        (world.admin().await, world.caller(world.org, "cron", &["prune".parse().expect("a scope")]).await);
    append(&world.store, world.org, [100, 2, 85].map(|days| recording_at("1", days_ago(days)))).await;
    admin.post(PRUNE, &json!({})).await.expect(200);
    let later = NOW.plus(TimeDelta::days(10));
    world.set_now(later);
    cron.post(PRUNE, &json!({"clock_is_right": true})).await.expect(200);
    let Prunes { data } = admin.get(PRUNES).await.expect(200).read();
    let told: Vec<_> =
        data.iter().map(|it| (it.id, it.by.as_str(), it.deleted, it.first_id, it.started_at)).collect();
    assert_eq!(told, [(2, "cron (said the clock is right)", 1, 3, later), (1, "admin", 1, 1, NOW)]);
    let retention: RetentionAnswer = admin.get(RETENTION).await.expect(200).read();
    assert_eq!(retention.last_prune.as_ref(), data.first());
}

#[tokio::test]
async fn a_call_without_parameters_refuses_any() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for path in [
        "/api/v1/audit-logs/retention",
        "/api/v1/audit-logs/prunes",
        "/api/v1/whoami",
        "/api/v1/audit-logs/1",
    ] {
        let answer = admin.get(&format!("{path}?dry_run=true")).await.expect(422);
        answer.refused(Code::Invalid, "dry_run is no parameter here");
    }
    let prune = admin.post("/api/v1/audit-logs/prune?dry_run=true", &json!({})).await.expect(422);
    prune.refused(Code::Invalid, "dry_run is no parameter here");
}
