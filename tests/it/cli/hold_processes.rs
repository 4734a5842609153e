//! A hold made through a server while another process prunes the same store, on SQLite and on PostgreSQL.

use serde_json::{Value, json};

use crate::support::postgres;
use crate::support::sandbox::{Sandbox, Serving, wait_until};
use crate::support::stores::block_on;

/// How many expired entries there are at first; every second one will be held.
const ENTRIES: usize = 1_500;

/// How many entries one request may have.
const LINES_A_REQUEST: usize = 10_000;

/// Sends a request to the server and returns the JSON of its answer.
fn ask(serving: &Serving, path: &str, body: Option<(&'static str, String)>) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/api/v1/{path}", serving.url());
    let request = match body {
        None => http.get(url),
        Some((media_type, body)) => http.post(url).header("content-type", media_type).body(body),
    };
    block_on(async {
        let answer = request.bearer_auth(serving.token()).send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert!(status.is_success(), "{path} {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    })
}

/// Tries with more entries when the prune has ended before the hold was created, as on a fast machine.
fn try_until_a_prune_is_overtaken(new_store: impl Fn() -> String) {
    let counts = (0..6).map(|doubled| ENTRIES << doubled);
    let mut acknowledged = counts.map(|entries| acknowledged_as_held(&Sandbox::new(), &new_store(), entries));
    assert!(acknowledged.any(|count| count > 0), "no hold came before the end of a prune");
}

/// Entries that match when the creation of a hold is acknowledged are there after the prune. Returns their number.
fn acknowledged_as_held(sandbox: &Sandbox, store: &str, entries: usize) -> u64 {
    let serving = sandbox.serve_on(store, &[]);
    let line = |number: usize| {
        let id = if number.is_multiple_of(2) { "held" } else { "other" };
        let (hour, minute, second) = (number / 3600 % 24, number / 60 % 60, number % 60);
        let at = format!("2021-03-01T{hour:02}:{minute:02}:{second:02}Z");
        let entry = json!({"action": "created", "model_type": "connector", "model_id": id, "occurred_at": at,
            "user": {"id": "7"}, "after": {"status": "active"}});
        format!("{entry}\n")
    };
    let lines: Vec<String> = (0..entries).map(line).collect();
    for lines in lines.chunks(LINES_A_REQUEST) {
        ask(&serving, "audit-logs", Some(("application/x-ndjson", lines.concat())));
    }

    let prune = ["prune", "--yes", "--max-delete", "100%", "--server", store];
    let pruning = sandbox.command(&prune).spawn().expect("it starts");
    // The other process has deleted its first batch.
    wait_until("the prune begins", || {
        ask(&serving, "audit-logs/prunes", None)["data"][0]["deleted"].is_u64()
    });
    let hold = json!({"name": "case", "reason": "court", "filter": "resource=connector%2Fheld"}).to_string();
    let created = ask(&serving, "holds", Some(("application/json", hold)));
    let acknowledged = created["entries"]["count"].as_u64().expect("a count");
    let pruned = sandbox.finish(pruning).ended(0);

    let held = ask(&serving, "holds/case", None)["entries"]["count"].as_u64().expect("a count");
    assert_eq!(held, acknowledged, "none of them was deleted");
    let left = ask(&serving, "audit-logs/retention", None)["counts"].clone();
    assert_eq!(left, json!({"expired": 0, "kept": held, "held": held}), "all others were: {pruned}");
    assert!(ask(&serving, "audit-logs/prunes", None)["data"][0]["complete"] == true);
    acknowledged
}

#[test]
fn on_sqlite_a_prune_of_another_process_keeps_what_is_held_meanwhile() {
    try_until_a_prune_is_overtaken(|| "sqlite:audit.db".to_owned());
}

#[test]
fn on_postgres_a_prune_of_another_process_keeps_what_is_held_meanwhile() {
    let Some(server) = postgres::shared() else { return };
    try_until_a_prune_is_overtaken(|| block_on(server.bare_database()));
}
