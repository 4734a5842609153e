//! `POST /audit-logs` with one entry.

use chrono::TimeDelta;
use krosyn_audit::api::problem::Code;
use krosyn_audit::model::entry::Entry;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::entries::{NOW, recording, with};
use crate::support::test_server::{Caller, LOGS, TestServer};

const UUID: &str = "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11";

fn updated(before: &Value, after: &Value) -> Value {
    let user = json!({"name": "Ana"});
    json!({"action": "updated", "model_type": "connector", "model_id": "1", "user": user, "before": before, "after": after})
}

async fn nothing_is_stored(caller: &Caller) {
    assert_eq!(caller.list("total=true").await.json()["total"]["count"], 0);
}

#[tokio::test]
async fn a_created_entry_has_all_new_values_and_a_location() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let answer = admin.record(&recording("42")).await.expect(201);
    assert_eq!(answer.header("location"), "/api/v1/audit-logs/1");
    let entry: Entry = answer.read();
    assert_eq!((entry.id, entry.occurred_at, entry.recorded_at), (1, NOW, NOW));
    assert_eq!(entry.uuid.get_version_num(), 7, "made by the server");
    let shown = admin.get(answer.header("location")).await.expect(200);
    assert_eq!(shown.read::<Entry>(), entry);
}

#[tokio::test]
async fn an_updated_entry_has_only_the_changed_fields_in_order() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let before = json!({"a": 1, "kept": {"x": 1.0, "y": 2}, "gone": null, "n": 3});
    let body = updated(&before, &json!({}));
    let after = r#"{"kept":{"y":2,"x":1},"z":true,"n":"3","a":2}"#;
    let body = body.to_string().replace("\"after\":{}", &format!("\"after\":{after}"));
    let answer = admin.post_as(LOGS, "application/json", body).await.expect(201);
    let changes = answer.json()["changes"].clone();
    let of = |field: &str| {
        changes.as_array().expect("a list").iter().find(|it| it["field"] == field).cloned().expect(field)
    };
    assert_eq!(of("a"), json!({"field": "a", "old": 1, "new": 2}));
    assert_eq!(of("gone"), json!({"field": "gone", "old": null}), "null is a value, absent is absent");
    assert_eq!(of("n"), json!({"field": "n", "old": 3, "new": "3"}));
    assert_eq!(of("z"), json!({"field": "z", "new": true}));
    assert_eq!(changes.as_array().expect("a list").len(), 4, "what means the same is no change: {changes}");
}

#[tokio::test]
async fn a_deleted_entry_has_all_old_values() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let mut body = with(recording("1"), "action", "deleted");
    body["before"] = body["after"].take();
    body.as_object_mut().expect("an object").remove("after");
    let changes = admin.record(&body).await.expect(201).json()["changes"].clone();
    assert_eq!(changes, json!([{"field": "limit", "old": 3}, {"field": "status", "old": "active"}]));
}

#[tokio::test]
async fn an_update_without_changes_records_no_entry() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let same = updated(&json!({"a": 1, "b": [1]}), &json!({"b": [1.0], "a": 1}));
    let answer = admin.record(&same).await.expect(200);
    assert_eq!(answer.json(), json!({"recorded": false, "reason": "no_change"}));
    nothing_is_stored(&admin).await;
}

#[tokio::test]
async fn a_dry_run_checks_and_stores_nothing() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let path = format!("{LOGS}?dry_run=true");
    let answer = admin.post(&path, &recording("1")).await.expect(200);
    assert_eq!(answer.json(), json!({"recorded": false, "reason": "dry_run"}));
    admin.post(&path, &with(recording("1"), "model_id", " ")).await.expect(422);
    nothing_is_stored(&admin).await;
    admin.post(&format!("{LOGS}?dry_run=false"), &recording("1")).await.expect(201);
}

#[tokio::test]
async fn a_repeated_uuid_returns_the_stored_entry_or_a_conflict() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let recorded = with(recording("1"), "uuid", UUID);
    let first: Entry = admin.record(&recorded).await.expect(201).read();
    assert_eq!(first.uuid.to_string(), UUID);
    world.set_now(NOW.plus(TimeDelta::seconds(9)));
    assert_eq!(admin.record(&recorded).await.expect(200).read::<Entry>(), first, "as it was stored");
    let answer = admin.record(&with(recorded, "reason", "another")).await.expect(409);
    answer.refused(Code::UuidConflict, "use a new uuid for each entry");
    assert_eq!(admin.list("total=true").await.json()["total"]["count"], 1);
}

#[tokio::test]
async fn a_redacted_field_shows_only_that_it_changed() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let secrets = (json!({"value": "one", "description": "a"}), json!({"value": "two", "description": "b"}));
    let body = with(updated(&secrets.0, &secrets.1), "model_type", "secret");
    let changes = admin.record(&body).await.expect(201).json()["changes"].clone();
    assert_eq!(
        changes,
        json!([{"field": "description", "old": "a", "new": "b"},
            {"field": "value", "old": "[redacted]", "new": "[redacted, changed]", "redacted": true}])
    );
}

#[tokio::test]
async fn numbers_keep_every_digit() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let after = r#"{"z":9007199254740993,"a":1e400,"m":{"k":1.10,"j":-0.0}}"#;
    let body = recording("1").to_string();
    let start = body.find(r#""after":{"#).expect("after");
    let end = body[start..].find('}').expect("its end") + start;
    let body = format!("{}\"after\":{after}{}", &body[..start], &body[end + 1..]);
    admin.post_as(LOGS, "application/json", body).await.expect(201);
    let expected = r#"[{"field":"z","new":9007199254740993},{"field":"a","new":1e400},{"field":"m","new":{"k":1.10,"j":-0.0}}]"#;
    for path in ["/api/v1/audit-logs/1", LOGS] {
        assert!(admin.get(path).await.text().contains(expected), "{path}");
    }
}

#[tokio::test]
async fn each_invalid_field_is_422_with_its_name() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let ahead = NOW.plus(TimeDelta::minutes(5) + TimeDelta::microseconds(1)).to_string();
    for (member, value, field, words) in [
        ("action", json!("made"), "action", "expected one of created, updated, deleted"),
        ("model_type", json!("robot"), "model_type", "connector_endpoint"),
        ("model_id", json!(4.2), "model_id", "expected a string or an integer"),
        ("model_id", json!("  "), "model_id", "is blank"),
        ("model_id", json!("x".repeat(256)), "model_id", "longer than 255"),
        ("model_name", json!("x".repeat(1025)), "model_name", "longer than 1024"),
        ("reason", json!("x".repeat(4097)), "reason", "longer than 4096"),
        ("user", json!({}), "user", "needs an id, an email or a name"),
        ("user", json!({"name": ""}), "user.name", "is blank"),
        ("user", json!({"id": "1", "kind": "robot"}), "user.kind", "expected one of user, token"),
        ("user", json!({"id": "1", "shoe": 43}), "user", "unknown member"),
        ("context", json!({"ip": "999.1.1.1"}), "context.ip", "not an IP address"),
        ("context", json!({"via": "fax"}), "context.via", "terraform"),
        ("uuid", json!("42"), "uuid", "expected a UUID, such as 0193a1f2"),
        ("occurred_at", json!("yesterday"), "occurred_at", "expected an RFC 3339 time with its zone"),
        ("occurred_at", json!(ahead), "occurred_at", "5 minutes in the future"),
        ("after", json!([1]), "after", "not a JSON object"),
        ("before", json!({}), "before", "not allowed in a created entry"),
        ("changes", json!([]), "changes", "send one or the other"),
        ("extra", json!(1), "body", "unknown member"),
    ] {
        let problem = admin.record(&with(recording("1"), member, value)).await.expect(422).problem();
        assert_eq!(problem.code, Code::Invalid);
        let [error] = &problem.errors[..] else { panic!("{member}: {problem:?}") };
        assert_eq!(error.field, field, "{problem:?}");
        assert!(error.detail.contains(words), "{words:?} is not in {problem:?}");
    }
    for missing in ["action", "model_type", "model_id", "user", "after"] {
        let mut body = recording("1");
        body.as_object_mut().expect("an object").remove(missing);
        admin.record(&body).await.expect(422).refused(Code::Invalid, missing);
    }
    nothing_is_stored(&admin).await;
    let edge = NOW.plus(TimeDelta::minutes(5)).to_string();
    admin.record(&with(recording("1"), "occurred_at", edge)).await.expect(201);
}

#[tokio::test]
async fn an_entry_over_1_mib_and_a_value_nested_over_64_deep_are_refused() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let of_size = |bytes: usize| with(recording("1"), "after", json!({"note": "x ".repeat(bytes)[..bytes]}));
    let frame = r#"[{"field":"note","new":""}]"#.len();
    admin.record(&of_size(1024 * 1024 - frame)).await.expect(201);
    let answer = admin.record(&of_size(1024 * 1024 - frame + 1)).await.expect(413);
    answer.refused(Code::TooLarge, "larger than 1048576 bytes");

    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let body = |depth| {
        let changes = format!(r#"[{{"field":"deep","new":{}}}]"#, nested(depth));
        format!(
            r#"{{"action":"created","model_type":"connector","model_id":"1","user":{{"id":"1"}},"changes":{changes}}}"#
        )
    };
    admin.post_as(LOGS, "application/json", body(64)).await.expect(201);
    for depth in [65, 127, 10_000] {
        let answer = admin.post_as(LOGS, "application/json", body(depth)).await;
        assert!(matches!(answer.status, 400 | 422), "{depth}: {}", answer.text());
    }
    assert_eq!(admin.list("total=true&limit=1").await.json()["total"]["count"], 2);
}

#[tokio::test]
async fn members_accept_the_forms_of_generated_clients_and_php() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let sent = r#"{"uuid":null,"occurred_at":null,"action":"created","model_type":"secret","model_id":42,"model_name":null,"user":{"id":7,"email":null,"name":null,"role":null,"kind":null},"context":[],"reason":null,"before":null,"after":[],"changes":null}"#;
    let entry = admin.post_as(LOGS, "application/json", sent).await.expect(201).json();
    assert_eq!((&entry["model_id"], &entry["user"]), (&json!("42"), &json!({"id": "7", "kind": "user"})));
    let again = admin.record_lines("", sent).await.expect(200);
    assert_eq!(again.lines::<Value>()[0]["status"], 201);
}

#[tokio::test]
async fn an_idempotency_key_equals_the_uuid_or_is_refused() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let send = async |keys: &[&str], path: &str, media_type: &str, body: Value| {
        let request = admin.request(Method::POST, path).header("content-type", media_type);
        let request = keys.iter().fold(request, |request, key| request.header("idempotency-key", *key));
        admin.send(request.body(body.to_string())).await
    };
    let json = "application/json";
    let first: Entry = send(&[UUID], LOGS, json, recording("1")).await.expect(201).read();
    assert_eq!(first.uuid.to_string(), UUID);
    // The header's draft standard has it in quotes.
    let quoted = format!("\"{UUID}\"");
    for (keys, body) in [(&[quoted.as_str()], recording("1")), (&[UUID], with(recording("1"), "uuid", UUID))]
    {
        assert_eq!(send(keys, LOGS, json, body).await.expect(200).read::<Entry>(), first);
    }
    send(&[UUID], LOGS, json, recording("2")).await.expect(409);
    let other = "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c12";
    for (keys, path, media_type, body, words) in [
        (&["order-1"][..], LOGS, json, recording("3"), "must be a UUID"),
        (&[""], LOGS, json, recording("3"), "must be a UUID"),
        (&[other, other], LOGS, json, recording("3"), "more than once"),
        (&[other], LOGS, json, with(recording("3"), "uuid", UUID), "differs from the body's uuid"),
        (&[other], LOGS, "application/x-ndjson", recording("3"), "content_uuid=true"),
        (&[other], "/api/v1/audit-logs/prune", json, json!({"dry_run": true}), "has no effect on this call"),
    ] {
        let answer = send(keys, path, media_type, body).await.expect(422);
        assert_eq!(answer.refused(Code::Invalid, words).errors[0].field, "Idempotency-Key");
    }
    assert_eq!(admin.list("total=true").await.json()["total"]["count"], 1);
}

#[tokio::test]
async fn other_ndjson_media_types_work_and_a_json_array_gets_a_hint() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for media_type in ["application/ndjson", "application/jsonl", "application/x-jsonlines; charset=utf-8"] {
        let answer = admin.post_as(LOGS, media_type, recording("1").to_string()).await.expect(200);
        assert_eq!(answer.lines::<Value>()[0]["status"], 201, "{media_type}");
    }
    let answer = admin.record(&json!([recording("1"), recording("2")])).await.expect(422);
    answer.refused(Code::Invalid, "application/x-ndjson with one object on each line");
    let two = format!("{}\n{}", recording("1"), recording("2"));
    let answer = admin.post_as(LOGS, "application/json", two).await.expect(400);
    answer.refused(Code::Malformed, "application/x-ndjson");
}

#[tokio::test]
async fn an_inapplicable_parameter_is_refused() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (query, words) in [
        ("dryrun=true", "expected one of atomic, dry_run"),
        ("dry_run=1", "must be true or false"),
        ("atomic=", "must be true or false"),
    ] {
        let answer = admin.post(&format!("{LOGS}?{query}"), &recording("1")).await.expect(422);
        answer.refused(Code::Invalid, words);
    }
    let many: Vec<_> = (0..9_000).map(|number| format!("p{number}")).collect();
    for path in [LOGS, "/api/v1/audit-logs/prune"] {
        let answer = admin.post(&format!("{path}?{}", many.join("&")), &recording("1")).await.expect(422);
        assert!(
            answer.body.len() < 4096,
            "an answer does not repeat the request: {} bytes",
            answer.body.len()
        );
        answer.refused(Code::Invalid, "8992 more are not");
    }
    nothing_is_stored(&admin).await;
}
