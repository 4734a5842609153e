//! Erasures over the API: what a plan tells, which requests are refused, what continues, and what is left of the person.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use chrono::TimeDelta;
use krosyn_audit::api::erase::{EntryPlace, ErasureAnswer, Erasures};
use krosyn_audit::api::hold::HoldAnswer;
use krosyn_audit::api::problem::Code;
use krosyn_audit::client::last_entry::{FollowError, LastEntry};
use krosyn_audit::clock::Clock;
use krosyn_audit::model::erasure::{Erasure, ErasureOptions, Person};
use krosyn_audit::model::words::{Log, Scope};
use krosyn_audit::server::clock_guard::ClockGuard;
use krosyn_audit::server::{Settings, sweeper};
use krosyn_audit::store;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::entries::{NOW, append, days_ago, everything, recording, with};
use crate::support::postgres::shared;
use crate::support::stores::{begin_prune, new_erasure, organization};
use crate::support::test_server::{Caller, TestServer};

const ERASURES: &str = "/api/v1/erasures";
/// What no answer has of an erased person, in lower case.
const TRACES: [&str; 4] = ["ana.ruiz", "ana ruiz", "203.0.113.9", "netscape"];

/// Two entries by Ana, one for her, one about her, and one that names her; the last two are by Bo.
fn recordings() -> Vec<Value> {
    let bo = json!({"id": "8", "email": "bo@acme.example", "name": "Bo"});
    let by_bo = |id: &str| with(recording(id), "user", bo.clone());
    let context = json!({"ip": "203.0.113.9", "user_agent": "Netscape"});
    vec![
        with(recording("1"), "context", context),
        recording("2"),
        with(by_bo("3"), "on_behalf_of", recording("1")["user"].clone()),
        with(with(by_bo("7"), "model_type", "member"), "model_name", "Ana Ruiz"),
        with(by_bo("4"), "reason", "for ana.ruiz@acme.example"),
        by_bo("5"),
    ]
}

async fn world() -> (TestServer, Caller) {
    let world = TestServer::new().await;
    append(&world.store, world.org, recordings()).await;
    let admin = world.admin().await;
    (world, admin)
}

/// A request to erase Ana, with other members.
fn request(more: &Value) -> Value {
    let mut request = json!({"user": "ana.ruiz@acme.example", "reason": "request 117"});
    let more = more.as_object().expect("members").clone();
    request.as_object_mut().expect("members").extend(more);
    request
}

async fn erase(caller: &Caller, more: Value) -> Answer {
    caller.post(ERASURES, &request(&more)).await
}

async fn erasures(caller: &Caller) -> Vec<Erasure> {
    caller.get(ERASURES).await.expect(200).read::<Erasures>().data
}

/// The stages of erasures in the trail, each with its actor.
async fn stages(world: &TestServer) -> Vec<(String, String)> {
    let trail = everything(&world.store, world.org.trail()).await;
    let of_erasures = trail.iter().filter(|entry| entry.action.as_str() == "erased");
    let stage = |changes: &str| {
        let changes: Value = serde_json::from_str(changes).expect("changes");
        changes[0]["new"].as_str().expect("a stage").to_owned()
    };
    of_erasures.map(|entry| (stage(entry.changes.get()), entry.user.label().to_owned())).collect()
}

#[tokio::test]
async fn a_plan_tells_what_would_change_and_changes_nothing() {
    let (world, admin) = world().await;
    let before = everything(&world.store, world.org).await;
    let privacy = world.caller(world.org, "privacy", &[Scope::Erase]).await;
    let plan: ErasureAnswer = erase(&privacy, json!({"dry_run": true})).await.expect(200).read();
    assert_eq!((plan.acted, plan.about, plan.other), (3, 1, 1));
    assert_eq!(plan.other_entries, [EntryPlace { log: Log::Audit, id: 5 }]);
    assert!(plan.dry_run && plan.complete && plan.erasure.is_none() && plan.purged.is_none());
    assert_eq!((plan.person.as_str(), plan.snapshots.len()), ("ana.ruiz@acme.example", 1));
    assert_eq!(everything(&world.store, world.org).await, before);
    assert!(erasures(&admin).await.is_empty() && stages(&world).await.is_empty());
}

#[tokio::test]
async fn invalid_requests_are_refused_without_their_values() {
    let (world, admin) = world().await;
    let secret = "hunter2-hunter2";
    for (body, field) in [
        (json!([]), "body"),
        (json!({"reason": "r"}), "user"),
        (json!({"user": "ana"}), "reason"),
        (request(&json!({"despite": true})), "body"),
        (request(&json!({"dry_run": secret})), "dry_run"),
        (request(&json!({"max_seconds": -1})), "max_seconds"),
        (request(&json!({"user": "id:"})), "user"),
        (request(&json!({"user": "acme"})), "user"),
        (request(&json!({"reason": ""})), "reason"),
        (request(&json!({"reason": format!("{secret}\n")})), "reason"),
        (request(&json!({"reason": "x".repeat(5_000)})), "reason"),
        (request(&json!({"reason": "Ana Ruiz asked"})), "reason"),
    ] {
        let answer = admin.post(ERASURES, &body).await.expect(422);
        let problem = answer.problem();
        assert_eq!((problem.code, problem.errors[0].field.as_str()), (Code::Invalid, field), "{body}");
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
    let many = erase(&admin, json!({"user": "acme"})).await;
    many.refused(Code::Invalid, "matches 2 people, and must match one: ");
    assert!(many.text().contains("user/id:7") && many.text().contains("user/id:8"), "{}", many.text());
    erase(&admin, json!({"user": "nobody"})).await.expect(404).refused(Code::NotFound, "no user in the log");
    assert!(erasures(&admin).await.is_empty() && stages(&world).await.is_empty());
}

#[tokio::test]
async fn an_interrupted_erasure_is_continued_by_the_same_request() {
    let (world, admin) = world().await;
    let begun: ErasureAnswer = erase(&admin, json!({"max_seconds": 0})).await.expect(200).read();
    let label = begun.erasure.expect("a record").label;
    assert!(!begun.complete);
    assert_eq!(erasures(&admin).await[0].finished_at, None);
    // It may go further than it began.
    let done: ErasureAnswer = erase(&admin, json!({"also_values": true})).await.expect(200).read();
    let record = done.erasure.expect("a record");
    assert!(done.complete && record.label == label && record.options.also_values);
    assert_eq!((record.actors, record.finished_at), (3, Some(NOW)));
    let stages: Vec<_> = stages(&world).await.into_iter().map(|(stage, _)| stage).collect();
    assert_eq!(stages, ["begun", "entries", "ended", "begun", "entries", "ended"]);
    erase(&admin, json!({})).await.expect(404).refused(Code::NotFound, "no user in the log matches");
}

/// The process ends when the last entry is erased, and before it says so.
#[tokio::test]
async fn an_erasure_without_entries_left_is_continued() {
    let (world, admin) = world().await;
    let person: ErasureAnswer = erase(&admin, json!({"dry_run": true})).await.expect(200).read();
    let person = Person { users: person.snapshots, ..Person::default() };
    let new = new_erasure(person.clone(), ErasureOptions::default());
    let run = world.store.begin_erasure(world.org, new, NOW).await.expect("asked").expect("free");
    let eraser = krosyn_audit::model::erasure::Eraser::new(
        person,
        &run.stored.erasure.label,
        run.stored.erasure.options,
    );
    let batch = world.store.erase_batch(world.org, run, Arc::new(eraser), (1..=6).collect(), NOW).await;
    assert_eq!(batch.expect("a batch").actors, 3);
    let done: ErasureAnswer = erase(&admin, json!({})).await.expect(200).read();
    let record = done.erasure.expect("a record");
    assert!(done.complete && (record.actors, record.contents) == (3, 1), "{record:?}");
    assert!(erasures(&admin).await[0].finished_at.is_some());
}

#[tokio::test]
async fn a_prune_and_an_erasure_exclude_each_other_and_say_which_one_runs() {
    let (world, admin) = world().await;
    let run = begin_prune(&world.store, world.org, days_ago(90), NOW).await;
    erase(&admin, json!({"dry_run": true})).await.expect(200);
    let refused = erase(&admin, json!({})).await.expect(409);
    refused.refused(Code::PruneRunning, "cron has been pruning since 2026-11-22T08:00:00.000000Z; its lease");
    world.store.finish_prune(world.org, run, true, NOW).await.expect("finished");
    let new = new_erasure(Person::default(), ErasureOptions::default());
    let run = world.store.begin_erasure(world.org, new, NOW).await.expect("asked").expect("free");
    let refused = admin.post("/api/v1/audit-logs/prune", &json!({})).await.expect(409);
    let words = format!("erasure {} has been running since", run.stored.erasure.label);
    refused.refused(Code::PruneRunning, &words);
    erase(&admin, json!({})).await.expect(409).refused(Code::PruneRunning, &words);
}

#[tokio::test]
async fn held_entries_are_erased_only_on_request_and_stay_held() {
    let (_world, admin) = world().await;
    let hold = json!({"name": "case-9", "reason": "court", "filter": "user=email%3Aana.ruiz%40acme.example"});
    let created: HoldAnswer = admin.post("/api/v1/holds", &hold).await.expect(201).read();
    assert_eq!(created.entries.expect("counts").count, 2);
    let refused = erase(&admin, json!({})).await.expect(409);
    refused.refused(Code::Held, "holds keep some of these entries: case-9 (2); nothing was erased");
    assert!(erasures(&admin).await.is_empty());
    let plan: ErasureAnswer = erase(&admin, json!({"dry_run": true})).await.expect(200).read();
    assert_eq!((plan.held[0].name.as_str(), plan.held[0].entries), ("case-9", 2));
    let done: ErasureAnswer = erase(&admin, json!({"despite_holds": true})).await.expect(200).read();
    let label = done.erasure.expect("a record").label;
    let hold: HoldAnswer = admin.get("/api/v1/holds/case-9").await.expect(200).read();
    assert_eq!(hold.entries.expect("counts").count, 2);
    assert_eq!(hold.filter, format!("user=is%3A{label}&user=user%2Fid%3A7"), "it no longer names her");
}

#[tokio::test]
async fn a_token_with_the_address_of_the_person_is_not_left_in_the_trail() {
    let (world, _) = world().await;
    let own = world.caller(world.org, "laptop of ana.ruiz@acme.example", &[Scope::Erase]).await;
    erase(&own, json!({"also_values": true})).await.expect(200);
    let stages = stages(&world).await;
    assert_eq!(stages.len(), 4, "begun, entries of both logs, ended: {stages:?}");
    let trail = serde_json::to_string(&everything(&world.store, world.org.trail()).await).expect("JSON");
    assert!(!trail.contains("ana.ruiz"), "{trail}");
    let record = erasures(&own).await.remove(0);
    assert_eq!(record.by, format!("laptop of {}", record.label));
}

/// The uuid of an imported entry is made of its content, and goes with it.
#[tokio::test]
async fn a_follower_continues_after_an_erased_entry_and_not_after_another() {
    let (_world, admin) = world().await;
    let client = admin.client();
    let line = with(recordings()[4].clone(), "model_id", "9").to_string();
    client.record_lines(line, false).await.expect("recorded");
    let entry = client.entry(7).await.expect("entry 7");
    assert_eq!(entry.uuid.get_version_num(), 8);
    let last = LastEntry { id: 7, uuid: entry.uuid };
    let other = LastEntry { id: 6, uuid: entry.uuid };
    erase(&admin, json!({"also_values": true})).await.expect(200);
    assert_ne!(client.entry(7).await.expect("entry 7").uuid, entry.uuid);
    last.check(&client).await.expect("it was erased");
    let refused = other.check(&client).await.expect_err("another entry");
    assert!(matches!(refused, FollowError::WentBackwards(6)), "{refused}");
}

#[tokio::test]
async fn a_prune_of_the_trail_states_earlier_erasures_again() {
    let (world, admin) = world().await;
    for user in ["ana.ruiz@acme.example", "bo@acme.example"] {
        erase(&admin, json!({"user": user})).await.expect(200);
    }
    let ids: Vec<_> = erasures(&admin).await.iter().map(|erasure| erasure.id).collect();
    assert_eq!(ids, [2, 1], "newest first");
    let later = NOW.plus(TimeDelta::days(400));
    let clock = Clock::fixed(later);
    let guard = ClockGuard::new(clock.clone());
    guard.confirm(&world.store).await.expect("confirmed");
    let swept = sweeper::once(&world.store, &Settings::new(clock), &guard).await.expect("swept");
    assert!(swept.failed.is_empty() && swept.deleted > 6, "{swept:?}");
    let trail = everything(&world.store, world.org.trail()).await;
    let restated = trail.iter().find(|entry| entry.changes.get().contains("earlier_erasures"));
    let restated = restated.expect("a prune of the trail").changes.get();
    for id in [1, 2] {
        assert!(restated.contains(&format!("\"erasure\":{id}")), "{restated}");
    }
}

#[tokio::test]
async fn on_postgres_nothing_names_the_person_in_any_answer() {
    let Some(server) = shared() else { return };
    let opened = store::open(&server.database().await).await.expect("opens");
    let org = organization(&opened, "acme").await;
    append(&opened, org, recordings()).await;
    let now = Arc::new(AtomicI64::new(NOW.micros()));
    let world = TestServer::at(opened, org, now, |_| ()).await;
    let admin = world.admin().await;
    // Reads that name her are in the trail.
    admin.list("user=ana.ruiz%40acme.example").await.expect(200);
    let hold = json!({"name": "case-9", "reason": "claims of Ana Ruiz", "filter": "resource=connector%2F5"});
    admin.post("/api/v1/holds", &hold).await.expect(201);
    let done: ErasureAnswer = erase(&admin, json!({"also_values": true})).await.expect(200).read();
    assert!(done.complete);
    for path in [
        "/api/v1/audit-logs?limit=100",
        "/api/v1/audit-logs/export?format=csv",
        "/api/v1/audit-logs/facets",
        "/api/v1/audit-logs/counts?by=user",
        "/api/v1/audit-logs/1",
        "/api/v1/audit-logs/1/proof",
        "/api/v1/trail?limit=100",
        "/api/v1/trail/facets",
        "/api/v1/holds",
        ERASURES,
    ] {
        let answer = admin.get(path).await.expect(200);
        let text = answer.text().to_lowercase();
        assert!(TRACES.iter().all(|trace| !text.contains(trace)), "{path}: {text}");
    }
    world.stop().await;
}
