//! `POST /audit-logs` with many entries as NDJSON: one answer per line, in order.

use krosyn_audit::api::problem::Code;
use krosyn_audit::api::record::{LineAnswer, NotRecorded};
use serde_json::json;

use crate::support::entries::{recording, with};
use crate::support::test_server::{Caller, TestServer};

const UUID: &str = "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11";

/// Each answer as line, status, id and code.
fn told(lines: &[LineAnswer]) -> Vec<(u64, u16, Option<u64>, Option<Code>)> {
    lines.iter().map(|line| (line.line, line.status, line.id, line.code)).collect()
}

async fn sent(caller: &Caller, query: &str, lines: &[String]) -> Vec<LineAnswer> {
    let answer = caller.record_lines(query, &lines.join("\n")).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    answer.lines()
}

async fn stored(caller: &Caller) -> u64 {
    caller.list("total=true&limit=1").await.json()["total"]["count"].as_u64().expect("a count")
}

/// Good and bad lines of every kind.
fn mixed() -> Vec<String> {
    let with_uuid = with(recording("1"), "uuid", UUID);
    let same = json!({"action": "updated", "model_type": "connector", "model_id": "1", "user": {"id": "1"},
        "before": {"a": 1}, "after": {"a": 1}});
    vec![
        with_uuid.to_string(),
        "{not json".to_owned(),
        String::new(),
        with(recording("1"), "action", "made").to_string(),
        "   ".to_owned(),
        same.to_string(),
        with(with_uuid.clone(), "reason", "another").to_string(),
        with_uuid.to_string(),
        format!("{}\r", recording("2")),
    ]
}

#[tokio::test]
async fn each_line_is_answered_in_order_and_bad_lines_do_not_stop_good_ones() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let lines = sent(&admin, "", &mixed()).await;
    assert_eq!(
        told(&lines),
        [
            (1, 201, Some(1), None),
            (2, 400, None, Some(Code::Malformed)),
            (4, 422, None, Some(Code::Invalid)),
            (6, 200, None, None),
            (7, 409, None, Some(Code::UuidConflict)),
            (8, 200, Some(1), None),
            (9, 201, Some(2), None),
        ],
        "blank lines count and are not answered"
    );
    assert_eq!(lines[2].errors[0].field, "action");
    assert_eq!(lines[3].reason, Some(NotRecorded::NoChange));
    assert!(lines.iter().filter(|line| line.status >= 400).all(|line| line.detail.is_some()));
    assert_eq!(stored(&admin).await, 2);
}

#[tokio::test]
async fn an_atomic_batch_with_a_bad_line_stores_nothing() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let good = recording("1").to_string();
    let bad = with(recording("1"), "action", "made").to_string();
    let lines = sent(&admin, "atomic=true", &[good.clone(), bad, good.clone()]).await;
    let not_stored = Some(Code::NotStored);
    assert_eq!(
        told(&lines),
        [(1, 424, None, not_stored), (2, 422, None, Some(Code::Invalid)), (3, 424, None, not_stored)]
    );
    assert_eq!(stored(&admin).await, 0);
    let lines = sent(&admin, "atomic=true", &[good.clone(), good]).await;
    assert_eq!(told(&lines), [(1, 201, Some(1), None), (2, 201, Some(2), None)]);
}

#[tokio::test]
async fn an_atomic_batch_with_a_conflict_stores_nothing() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let known = with(recording("1"), "uuid", UUID);
    admin.record(&known).await.expect(201);
    let conflict = with(known.clone(), "reason", "another").to_string();
    let lines = sent(&admin, "atomic=true", &[recording("2").to_string(), known.to_string(), conflict]).await;
    assert_eq!(
        told(&lines),
        [
            (1, 424, None, Some(Code::NotStored)),
            (2, 200, Some(1), None),
            (3, 409, None, Some(Code::UuidConflict))
        ]
    );
    assert_eq!(stored(&admin).await, 1);
}

#[tokio::test]
async fn a_rolled_back_line_reports_no_id() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    // Within one atomic request the second line repeats the first, and the third undoes both.
    let one = with(recording("1"), "uuid", UUID);
    let conflict = with(one.clone(), "reason", "another").to_string();
    let lines = sent(&admin, "atomic=true", &[one.to_string(), one.to_string(), conflict]).await;
    assert_eq!(stored(&admin).await, 0);
    assert!(lines.iter().all(|line| line.id.is_none() && line.status >= 400), "{lines:?}");
}

#[tokio::test]
async fn a_dry_run_checks_each_line_and_stores_none() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let lines = sent(&admin, "dry_run=true", &mixed()).await;
    let statuses: Vec<_> = lines.iter().map(|line| (line.line, line.status)).collect();
    assert_eq!(statuses, [(1, 200), (2, 400), (4, 422), (6, 200), (7, 200), (8, 200), (9, 200)]);
    assert_eq!(lines[0].reason, Some(NotRecorded::DryRun));
    assert_eq!(stored(&admin).await, 0);
}

#[tokio::test]
async fn an_empty_batch_gets_an_empty_answer() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for body in ["", "\n", "\n \n\r\n"] {
        assert_eq!(admin.record_lines("", body).await.expect(200).text(), "", "{body:?}");
    }
}

#[tokio::test]
async fn an_entry_over_1_mib_is_refused_on_its_line_alone() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let large = with(recording("1"), "after", json!({"note": "x ".repeat(512 * 1024)})).to_string();
    let lines = sent(&admin, "", &[recording("1").to_string(), large, recording("2").to_string()]).await;
    assert_eq!(
        told(&lines),
        [(1, 201, Some(1), None), (2, 413, None, Some(Code::TooLarge)), (3, 201, Some(2), None)]
    );
}

#[tokio::test]
async fn a_thousand_lines_get_ids_in_their_order() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    let lines: Vec<_> = (1..=1000).map(|it| recording(&it.to_string()).to_string()).collect();
    let answers = sent(&admin, "", &lines).await;
    assert!(answers.iter().all(|answer| answer.id == Some(answer.line) && answer.status == 201));
    let page = admin.list("order=asc&limit=1000").await.json();
    let model_ids: Vec<_> =
        (0..1000).map(|at| page["data"][at]["model_id"].as_str().expect("text")).collect();
    assert_eq!(model_ids, (1..=1000).map(|it| it.to_string()).collect::<Vec<_>>());
}
