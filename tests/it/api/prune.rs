//! `POST /audit-logs/prune`: the plan, then the deletion of expired entries and nothing else.

use chrono::TimeDelta;
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::prune::{PruneAnswer, PruneCounts};
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::prune::ModelTypeCounts;
use krosyn_audit::model::words::{ModelType, Plan};
use krosyn_audit::server::LocalToken;
use krosyn_audit::store::LEASE_SECONDS;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::entries::{NOW, append, days_ago, everything, ids, recording_at, with};
use crate::support::test_server::{Caller, TestServer, local_actor};

async fn prune(caller: &Caller, request: Value) -> Answer {
    caller.post("/api/v1/audit-logs/prune", &request).await
}

/// An admin's view of entries that happened 200, 95, 91, 89 and 1 days ago, the second a secret's.
async fn with_entries(world: &TestServer) -> Caller {
    let at = |days| recording_at("1", days_ago(days));
    let secret = with(at(95), "model_type", "secret");
    append(&world.store, world.org, [at(200), secret, at(91), at(89), at(1)]).await;
    world.admin().await
}

async fn left(world: &TestServer) -> Vec<u64> {
    ids(&everything(&world.store, world.org).await)
}

#[tokio::test]
async fn a_dry_run_reports_the_prune_and_deletes_nothing() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let plan: PruneAnswer = prune(&admin, json!({"dry_run": true})).await.expect(200).read();
    let counts = |model_type, expired, kept| ModelTypeCounts { model_type, expired, kept, held: 0 };
    assert_eq!(
        plan,
        PruneAnswer {
            dry_run: true,
            complete: true,
            now: NOW,
            cutoff: days_ago(90),
            as_of: 5,
            plan: Plan::Free,
            retention: "90d".parse().expect("an age"),
            counts: PruneCounts { expired: 3, kept: 2, held: 0 },
            by_model_type: vec![counts(ModelType::Connector, 2, 2), counts(ModelType::Secret, 1, 0)],
            held_by: Vec::new(),
            oldest: Some(days_ago(200)),
            purged: None,
            prune: None,
        }
    );
    assert_eq!(left(&world).await, [1, 2, 3, 4, 5]);
    assert_eq!(admin.get("/api/v1/audit-logs/prunes").await.json(), json!({"data": []}));
}

#[tokio::test]
async fn a_prune_deletes_the_planned_entries_and_is_recorded() {
    let world = TestServer::with_settings(|settings, _| settings.prune_batch = 2).await;
    let admin = with_entries(&world).await;
    let answer: PruneAnswer = prune(&admin, json!({})).await.expect(200).read();
    assert_eq!((answer.dry_run, answer.complete), (false, true));
    assert_eq!(answer.counts, PruneCounts { expired: 3, kept: 2, held: 0 });
    let record = answer.prune.expect("a record");
    assert_eq!((record.id, record.by.as_str(), record.cutoff), (1, "admin", days_ago(90)));
    assert_eq!((record.deleted, record.first_id, record.last_id, record.complete), (3, 1, 3, true));
    assert_eq!(left(&world).await, [4, 5]);
    let again: PruneAnswer = prune(&admin, json!({})).await.expect(200).read();
    assert_eq!((again.complete, again.prune, again.counts.expired), (true, None, 0));
}

#[tokio::test]
async fn entries_within_retention_are_never_deleted() {
    let world = TestServer::new().await;
    let cutoff = days_ago(90);
    let around = [cutoff, cutoff.plus(TimeDelta::microseconds(-1)), cutoff.plus(TimeDelta::microseconds(1))];
    append(&world.store, world.org, around.map(|at| recording_at("1", at))).await;
    let admin = world.admin().await;
    prune(&admin, json!({})).await.expect(200);
    assert_eq!(left(&world).await, [1, 3]);
    world.set_now(NOW.plus(TimeDelta::microseconds(1)));
    prune(&admin, json!({})).await.expect(200);
    assert_eq!(left(&world).await, [3], "by the server's clock, to the microsecond");
}

#[tokio::test]
async fn a_longer_age_keeps_more_and_a_shorter_one_is_refused() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    for dry_run in [true, false] {
        let answer = prune(&admin, json!({"older_than": "89d", "dry_run": dry_run})).await.expect(422);
        let problem = answer.refused(Code::InsideRetention, "shorter than the retention of the free plan");
        assert_eq!(problem.errors[0].field, "older_than");
    }
    assert_eq!(left(&world).await.len(), 5, "what is refused deletes nothing");
    let answer: PruneAnswer = prune(&admin, json!({"older_than": "120d"})).await.expect(200).read();
    assert_eq!((answer.cutoff, answer.counts.expired), (days_ago(120), 1));
    assert_eq!(left(&world).await, [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_lower_floor_allows_a_shorter_age_and_a_plan_change_applies_at_once() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let floor = Some("30d".parse().expect("an age"));
    world.store.set_retention(world.org, Retention { plan: Plan::Pro, floor }).await.expect("set");
    let answer: PruneAnswer = prune(&admin, json!({})).await.expect(200).read();
    assert_eq!((answer.plan, answer.counts.expired), (Plan::Pro, 0), "the plan's year holds by default");
    prune(&admin, json!({"older_than": "29d"})).await.expect(422).refused(Code::InsideRetention, "30d");
    prune(&admin, json!({"older_than": "30d"})).await.expect(200);
    assert_eq!(left(&world).await, [5]);
}

#[tokio::test]
async fn a_prune_over_max_delete_deletes_nothing() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let answer = prune(&admin, json!({"max_delete": 2})).await.expect(422);
    answer.refused(Code::OverMaxDelete, "3 entries have expired and max_delete is 2: nothing was deleted");
    assert_eq!(left(&world).await.len(), 5);
    prune(&admin, json!({"max_delete": 2, "dry_run": true})).await.expect(200);
    prune(&admin, json!({"max_delete": 3})).await.expect(200);
    assert_eq!(left(&world).await, [4, 5]);
}

#[tokio::test]
async fn a_prune_out_of_time_is_incomplete_and_releases_its_lease() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let answer: PruneAnswer = prune(&admin, json!({"max_seconds": 0})).await.expect(200).read();
    assert_eq!((answer.complete, answer.prune), (false, None));
    assert_eq!(left(&world).await.len(), 5);
    let answer: PruneAnswer = prune(&admin, json!({"max_seconds": 3600})).await.expect(200).read();
    assert!(answer.complete);
}

#[tokio::test]
async fn one_prune_runs_at_a_time_until_its_lease_expires() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let other = world.store.begin_prune(world.org, "cron".into(), days_ago(90), NOW).await.expect("asked");
    let other = other.expect("free");
    let answer = prune(&admin, json!({})).await.expect(409);
    let words =
        "cron has been pruning since 2026-11-22T08:00:00.000000Z; its lease expires at 2026-11-22T08:01:00";
    answer.refused(Code::PruneRunning, words);
    prune(&admin, json!({"dry_run": true})).await.expect(200);
    assert_eq!(left(&world).await.len(), 5);
    let late = NOW.plus(TimeDelta::seconds(LEASE_SECONDS));
    world.set_now(late);
    prune(&admin, json!({})).await.expect(200);
    assert_eq!(left(&world).await, [4, 5]);
    assert!(world.store.prune_batch(world.org, other, 10, late).await.is_err(), "the other lost its lease");
}

#[tokio::test]
async fn an_invalid_prune_request_deletes_nothing() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    for (request, field) in [
        (json!({"dryrun": true}), "body"),
        (json!({"dry_run": "yes"}), "dry_run"),
        (json!({"older_than": 90}), "older_than"),
        (json!({"older_than": "90"}), "older_than"),
        (json!({"older_than": "0d"}), "older_than"),
        (json!({"max_delete": -1}), "max_delete"),
        (json!({"max_seconds": 1.5}), "max_seconds"),
        (json!([]), "body"),
        (json!(null), "body"),
    ] {
        let problem = prune(&admin, request.clone()).await.expect(422).problem();
        assert_eq!((problem.code, problem.errors[0].field.as_str()), (Code::Invalid, field), "{request}");
    }
    assert_eq!(left(&world).await.len(), 5);
}

#[tokio::test]
async fn a_prune_can_be_limited_to_the_planned_entries() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let plan: PruneAnswer = prune(&admin, json!({"dry_run": true})).await.expect(200).read();
    // Meanwhile something old is recorded and something more expires.
    append(&world.store, world.org, [recording_at("1", days_ago(300))]).await;
    world.set_now(NOW.plus(TimeDelta::days(2)));
    let shown = json!({"cutoff": plan.cutoff, "as_of": plan.as_of, "clock_is_right": true});
    let answer: PruneAnswer = prune(&admin, shown).await.expect(200).read();
    assert_eq!(answer.prune.expect("a record").deleted, 3);
    assert_eq!(left(&world).await, [4, 5, 6]);
    let later = json!({"cutoff": days_ago(80), "clock_is_right": true});
    prune(&admin, later).await.expect(422).refused(Code::InsideRetention, "is too late: only entries before");
}

#[tokio::test]
async fn a_clock_ahead_of_the_store_deletes_nothing() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    // The server runs.
    prune(&admin, json!({"dry_run": true})).await.expect(200);
    for days in [1, 84, 400] {
        world.set_now(NOW.plus(TimeDelta::days(days)));
        for request in [json!({}), json!({"dry_run": true}), json!({"cutoff": days_ago(100)})] {
            prune(&admin, request).await.expect(409).refused(Code::ClockImplausible, "the clock says 202");
        }
        assert_eq!(left(&world).await.len(), 5);
    }
    // The operator confirms the clock for this prune, which is recorded.
    let right = json!({"clock_is_right": true, "cutoff": days_ago(90)});
    let answer: PruneAnswer = prune(&admin, right).await.expect(200).read();
    assert_eq!(answer.prune.expect("a record").by, "admin (said the clock is right)");
    assert_eq!(left(&world).await, [4, 5]);
    prune(&admin, json!({})).await.expect(409).refused(Code::ClockImplausible, "the clock says 202");
    world.set_now(NOW);
    prune(&admin, json!({})).await.expect(200);
    assert_eq!(left(&world).await, [4, 5]);
}

#[tokio::test]
async fn a_confirmed_clock_applies_to_later_prunes() {
    let world = TestServer::with_settings(|settings, organization| {
        let (name, organization) = ("local".to_owned(), organization.clone());
        settings.local =
            Some(LocalToken { hash: [0; 32], name, organization, actor: local_actor(), scopes: Vec::new() });
    });
    let world = world.await;
    let admin = with_entries(&world).await;
    prune(&admin, json!({"dry_run": true})).await.expect(200);
    world.set_now(NOW.plus(TimeDelta::days(400)));
    prune(&admin, json!({"clock_is_right": true, "dry_run": true})).await.expect(200);
    prune(&admin, json!({})).await.expect(409);
    prune(&admin, json!({"clock_is_right": true, "cutoff": days_ago(1000)})).await.expect(200);
    assert_eq!(left(&world).await.len(), 5);
    prune(&admin, json!({})).await.expect(200);
    assert_eq!(left(&world).await.len(), 0);
}

#[tokio::test]
async fn a_broken_lease_is_recorded() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let begun = world.store.begin_prune(world.org, "cron".into(), days_ago(90), NOW).await;
    let other = begun.expect("asked").expect("free");
    prune(&admin, json!({})).await.expect(409);
    let answer: PruneAnswer = prune(&admin, json!({"break_lease": true})).await.expect(200).read();
    assert_eq!(answer.prune.expect("a record").by, "admin (broke the lease of cron)");
    assert_eq!(left(&world).await, [4, 5]);
    assert!(world.store.prune_batch(world.org, other, 10, NOW).await.is_err(), "the other lost its lease");
    let answer: PruneAnswer =
        prune(&admin, json!({"break_lease": true, "dry_run": true})).await.expect(200).read();
    assert_eq!((answer.prune, answer.purged), (None, None), "nothing to break, nothing to delete");
}

#[tokio::test]
async fn a_prune_reports_whether_the_text_has_left_the_files() {
    let world = TestServer::in_a_file().await;
    let admin = with_entries(&world).await;
    let reader = rusqlite::Connection::open(world.directory().join("audit.db")).expect("opens");
    reader.execute_batch("BEGIN; SELECT count(*) FROM entries").expect("reads");
    let answer: PruneAnswer = prune(&admin, json!({})).await.expect(200).read();
    assert_eq!((answer.prune.expect("a record").deleted, answer.purged), (3, Some(false)));
    drop(reader);
    append(&world.store, world.org, [recording_at("1", days_ago(100))]).await;
    let answer: PruneAnswer = prune(&admin, json!({})).await.expect(200).read();
    assert_eq!(answer.purged, Some(true));
}
