//! Legal holds over the API: what they keep, what the trail says of them, and which requests are refused.

use krosyn_audit::api::hold::{HoldAnswer, Holds};
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::prune::{PruneAnswer, PruneCounts, RetentionAnswer};
use krosyn_audit::model::words::Scope;
use serde_json::{Value, json};

use crate::support::entries::{NOW, append, days_ago, everything, ids, recording_at};
use crate::support::test_server::{Caller, LOGS, TestServer};

const HOLDS: &str = "/api/v1/holds";

/// Entries of the connectors 1 and 2 that have expired, and one of each that has not.
async fn world() -> (TestServer, Caller) {
    let world = TestServer::new().await;
    let entries = [("1", 200), ("2", 150), ("1", 100), ("1", 1), ("2", 1)];
    append(&world.store, world.org, entries.map(|(id, days)| recording_at(id, days_ago(days)))).await;
    let admin = world.admin().await;
    (world, admin)
}

fn case(filter: &str) -> Value {
    json!({"name": "case-14", "reason": "court order", "filter": filter})
}

async fn prune(admin: &Caller, request: Value) -> PruneAnswer {
    admin.post(&format!("{LOGS}/prune"), &request).await.expect(200).read()
}

async fn left(world: &TestServer) -> Vec<u64> {
    ids(&everything(&world.store, world.org).await)
}

#[tokio::test]
async fn a_hold_keeps_expired_entries_until_it_is_released() {
    let (world, admin) = world().await;
    let created: HoldAnswer = admin.post(HOLDS, &case("resource=connector%2F1")).await.expect(201).read();
    let entries = created.entries.expect("counts");
    assert_eq!((entries.count, entries.expired, entries.oldest), (3, 2, Some(days_ago(200))));
    assert_eq!((created.created_at, created.created_by.as_str()), (NOW, "admin"));
    let plan = prune(&admin, json!({"dry_run": true})).await;
    assert_eq!(plan.counts, PruneCounts { expired: 1, kept: 4, held: 2 });
    let [by] = &plan.held_by[..] else { panic!("{plan:?}") };
    let told = (by.hold.as_str(), by.entries, by.filter.as_deref());
    assert_eq!(told, ("case-14", 2, Some("resource=connector%2F1")));
    let done = prune(&admin, json!({"max_delete": 1})).await;
    assert_eq!(done.prune.expect("a record").deleted, 1, "max_delete counts only what goes");
    assert_eq!(left(&world).await, [1, 3, 4, 5]);
    let again = prune(&admin, json!({})).await;
    assert_eq!((again.complete, again.prune), (true, None), "nothing goes, and nothing is recorded");
    let reader = world.caller(world.org, "reader", &[Scope::Read]).await;
    let retention: RetentionAnswer = reader.get(&format!("{LOGS}/retention")).await.expect(200).read();
    assert_eq!(retention.counts, PruneCounts { expired: 0, kept: 4, held: 2 });
    assert_eq!(retention.held_by[0].filter, None, "a filter may tell whom an investigation is about");
    let release = json!({"reason": "case closed"});
    let released: HoldAnswer =
        admin.post(&format!("{HOLDS}/case-14/release"), &release).await.expect(200).read();
    assert_eq!((released.released_at, released.release_reason.as_deref()), (Some(NOW), Some("case closed")));
    assert_eq!(left(&world).await, [1, 3, 4, 5], "a release deletes nothing");
    assert_eq!(prune(&admin, json!({})).await.prune.expect("a record").deleted, 2);
    let holds: Holds = admin.get(HOLDS).await.expect(200).read();
    assert_eq!(holds.data, [HoldAnswer { entries: None, ..released }], "a released hold is kept");
}

#[tokio::test]
async fn a_prune_keeps_the_holds_of_its_plan_if_they_are_released_meanwhile() {
    let (world, admin) = world().await;
    admin.post(HOLDS, &case("resource=connector%2F1")).await.expect(201);
    let plan = prune(&admin, json!({"dry_run": true})).await;
    admin.post(&format!("{HOLDS}/case-14/release"), &json!({"reason": "closed"})).await.expect(200);
    let holds: Vec<_> = plan.held_by.iter().map(|by| &by.hold).collect();
    let request = json!({"cutoff": plan.cutoff.to_string(), "as_of": plan.as_of, "holds": holds});
    assert_eq!(prune(&admin, request).await.prune.expect("a record").deleted, plan.counts.expired);
    assert_eq!(left(&world).await, [1, 3, 4, 5]);
    let unknown = admin.post(&format!("{LOGS}/prune"), &json!({"holds": ["secret-name"]})).await;
    unknown.refused(Code::Invalid, "holds[0] names no hold of this organization");
}

#[tokio::test]
async fn creation_and_release_are_in_the_trail_with_their_reasons() {
    let (world, admin) = world().await;
    admin.post(HOLDS, &case("user=ana")).await.expect(201);
    admin.post(&format!("{HOLDS}/case-14/release"), &json!({"reason": "closed"})).await.expect(200);
    let auditor = world.caller(world.org, "auditor", &[Scope::Trail]).await;
    let page = auditor.get("/api/v1/trail?order=asc&model_type=hold").await.expect(200).json();
    let told: Vec<_> = page["data"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| {
            let texts = ["action", "model_id", "reason"].map(|name| entry[name].as_str().expect(name));
            format!("{} {} by {}", texts.join(" "), entry["changes"][0], entry["user"]["name"])
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"created case-14 court order {"field":"filter","new":"user=ana"} by "admin""#,
            r#"deleted case-14 closed {"field":"filter","old":"user=ana"} by "admin""#,
        ]
    );
}

#[tokio::test]
async fn invalid_holds_are_refused_and_not_recorded() {
    let (world, admin) = world().await;
    let secret = "hunter2-hunter2";
    let with = |name: &str, value: &str| {
        let mut request = case("");
        request[name] = value.into();
        request
    };
    for (request, told) in [
        (with("filter", &format!("field={secret}")), "cannot filter by field, text"),
        (with("filter", &format!("q={secret}")), "cannot filter by field, text"),
        (with("filter", &format!("action={secret}")), "filter has an invalid value of action"),
        (with("filter", &format!("{secret}=1")), "filter has an unknown parameter"),
        (with("filter", "since=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z"), "covers nothing"),
        (with("filter", &format!("user={}", "x".repeat(16 * 1024))), "filter is longer than 16384 bytes"),
        (with("name", &format!("../{secret}")), "name expected up to 64 letters"),
        (with("reason", " "), "reason expected up to 500 characters"),
        (with("reason", "two\nlines"), "reason expected up to 500 characters"),
        (with("reason", &"x".repeat(501)), "reason expected up to 500 characters"),
    ] {
        let answer = admin.post(HOLDS, &request).await;
        assert!(!answer.text().contains(secret), "{}", answer.text());
        answer.refused(Code::Invalid, told);
    }
    admin.post(HOLDS, &case("")).await.expect(201);
    admin.post(HOLDS, &case("")).await.refused(Code::HoldConflict, "choose another name");
    admin.get(&format!("{HOLDS}/unknown")).await.refused(Code::NotFound, "no hold has this name");
    let release = |name: &str| format!("{HOLDS}/{name}/release");
    admin.post(&release("unknown"), &json!({"reason": "x"})).await.refused(Code::NotFound, "no hold");
    admin.post(&release("case-14"), &json!({"reason": ""})).await.refused(Code::Invalid, "reason");
    admin.post(&release("case-14"), &json!({"reason": "x"})).await.expect(200);
    admin.post(&release("case-14"), &json!({"reason": "y"})).await.refused(Code::HoldConflict, "by admin");
    let trail = everything(&world.store, world.org.trail()).await;
    let of_holds = trail.iter().filter(|entry| entry.model_type.as_str() == "hold").count();
    assert_eq!(of_holds, 2, "only what took effect is recorded");
}

#[tokio::test]
async fn the_number_of_active_holds_is_limited() {
    let (_world, admin) = world().await;
    let create = async |number: u32| {
        let name = format!("case-{number}");
        admin.post(HOLDS, &json!({"name": name, "reason": "x", "filter": "model_id=1"})).await
    };
    for number in 0..32 {
        create(number).await.expect(201);
    }
    create(32).await.refused(Code::Invalid, "32 holds are active, which is the most");
    admin.post(&format!("{HOLDS}/case-0/release"), &json!({"reason": "x"})).await.expect(200);
    create(32).await.expect(201);
}

#[tokio::test]
async fn secrets_in_a_reason_are_redacted() {
    let (_world, admin) = world().await;
    let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let request = json!({"name": "leak", "reason": format!("found token={token}"), "filter": ""});
    let answer = admin.post(HOLDS, &request).await.expect(201);
    assert!(!answer.text().contains(token), "{}", answer.text());
}
