//! Compares the first page of fifty in a large set with that in a small one: for each filter, for several, after a deep
//! cursor, and with the total. Also compares `list` with `curl` of the same page.

use std::process::Command;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::http::{Caller, block_on};
use crate::process::{Cost, Serve, product, run};
use crate::report::{Bar, Outcome, by_turns, median};
use crate::set::Set;

/// Requests of each page.
const TIMES: usize = 101;

const IN_NO_ENTRY: &str = "text in no entry";
const IN_ONE_ENTRY: &str = "text in one entry";

/// The only entry with its text. Recording it again changes nothing.
const NEEDLE: &str = r#"{"uuid":"01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c","occurred_at":"2026-06-01T00:00:00Z","action":"created","model_type":"connector","model_id":"1","user":{"id":"1"},"changes":[{"field":"notes","new":"a needle-in-haystack text"}]}"#;

/// The name of a page and its query, with placeholders for values that depend on the set.
const QUESTIONS: &[(&str, &str)] = &[
    ("no filter", ""),
    ("action", "action=deleted"),
    ("model_type", "model_type=secret"),
    ("user", "user=person7@acme.example"),
    ("resource", "resource=connector/10"),
    ("model_id", "model_id=10"),
    ("field", "field=perform.retry.max"),
    ("via", "via=web"),
    ("via in no entry", "via=terraform"),
    ("request_id", "request_id={request_id}"),
    ("text in many entries", "q=warehouse"),
    (IN_NO_ENTRY, "q=zebra-crossing"),
    (IN_ONE_ENTRY, "q=needle-in-haystack"),
    ("since and until", "since={since}&until={until}"),
    (
        "action, type and user",
        "action=updated,deleted&model_type=secret,connector_endpoint&user=person7@acme.example,person31@acme.example",
    ),
    ("deep cursor", "cursor={cursor}"),
    ("total", "total=true"),
    ("total with three filters", "total=true&action=updated&model_type=secret&user=person7@acme.example"),
];

pub(crate) fn outcomes(small: &Set, large: &Set) -> Vec<Outcome> {
    let servers = [Serve::start(&small.store()), Serve::start(&large.store())];
    let callers = [Caller::new(&servers[0].base, &small.token), Caller::new(&servers[1].base, &large.token)];
    let mut outcomes = Vec::new();
    block_on(async {
        for (caller, set) in callers.iter().zip([small, large]) {
            caller.post("audit-logs", "application/x-ndjson", NEEDLE.to_owned()).await;
            wait_for_the_text_index(set);
        }
        let known = [Known::of(&callers[0], small).await, Known::of(&callers[1], large).await];
        for (what, question) in QUESTIONS {
            let asked = known.each_ref().map(|known| format!("audit-logs?{}", known.fill(question)));
            let mut seconds = [Vec::new(), Vec::new()];
            // A query that takes seconds is repeated less often.
            let times = if callers[1].get(&asked[1]).await.1 > 1.0 { 3 } else { TIMES };
            for _ in 0..times {
                for which in [0, 1] {
                    seconds[which].push(callers[which].get(&asked[which]).await.1);
                }
            }
            let cost =
                |which: usize| Cost { wall_s: median(seconds[which].iter().copied()), ..Cost::default() };
            let (in_large, in_small) = (cost(1), cost(0));
            let is_rare = [IN_NO_ENTRY, IN_ONE_ENTRY].contains(what);
            outcomes.push(Outcome {
                what: format!("first page, {what}: {} entries against {}", large.entries, small.entries),
                // Each log has a tail of up to 255 entries that are searched one by one.
                bar: Bar::AtMost(if is_rare { 3.0 } else { 1.5 }),
                ratio: in_large.wall_s / in_small.wall_s,
                ours: in_large,
                theirs: in_small,
            });
            if is_rare {
                let what = format!("first page, {what}, milliseconds at {} entries", large.entries);
                outcomes.push(Outcome::bound(&what, 100.0, in_large.wall_s * 1000.0));
            }
        }
    });
    outcomes.push(through_the_binary(large, &servers[1]));
    outcomes
}

/// Waits until the server has indexed all full blocks of the first organization, as it does in the background.
fn wait_for_the_text_index(set: &Set) {
    let store = Connection::open_with_flags(set.store(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a store");
    let sql = "SELECT head / 256 - blocks FROM org_heads JOIN text_indexes USING (org_id) WHERE org_id = 1";
    let missing = || store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(1);
    while missing() > 0 {
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn through_the_binary(set: &Set, server: &Serve) -> Outcome {
    let ours = || {
        run(product()
            .args(["list", "--format", "jsonl", "-q", "--server", &server.base, "--token-file"])
            .arg(set.token_file()))
    };
    let url = format!("{}/api/v1/audit-logs?limit=50", server.base);
    let bearer = format!("Authorization: Bearer {}", set.token);
    let theirs = || run(Command::new("curl").args(["-s", "-H", &bearer, &url]));
    let (ours, theirs) = by_turns(31, &ours, &theirs);
    let more_ms = (ours.wall_s - theirs.wall_s) * 1000.0;
    let what = "list through the binary, milliseconds more than curl".to_owned();
    Outcome { what, bar: Bar::AtMost(10.0), ratio: more_ms, ours, theirs }
}

/// The values of a set that fill the placeholders.
struct Known {
    request_id: String,
    since: String,
    until: String,
    cursor: String,
}

impl Known {
    async fn of(caller: &Caller, set: &Set) -> Self {
        let page = |text: &str| serde_json::from_str::<Value>(text).expect("a page");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // The middle of the log.
        let middle: Value = page(&caller.get(&format!("audit-logs/{}", set.entries / 2)).await.0);
        let since = text(&middle["occurred_at"]);
        let until = page(&caller.get(&format!("audit-logs/{}", set.entries / 2 + 40)).await.0);
        // A cursor can be reached only page by page: a tenth of the set is deep enough.
        let mut cursor = String::new();
        for _ in 0..(set.entries / 10 / 1000).clamp(1, 100) {
            let more = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
            let answer = page(&caller.get(&format!("audit-logs?limit=1000{more}")).await.0);
            cursor = text(&answer["page"]["next_cursor"]);
        }
        let request_id = text(&middle["context"]["request_id"]);
        Self { request_id, since, until: text(&until["occurred_at"]), cursor }
    }

    fn fill(&self, question: &str) -> String {
        question
            .replace("{request_id}", &self.request_id)
            .replace("{since}", &self.since)
            .replace("{until}", &self.until)
            .replace("{cursor}", &self.cursor)
    }
}
