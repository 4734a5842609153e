//! A command about one resource sends at most three requests, also after a thousand changes.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::page_gate::{Beyond, PageGate};
use crate::support::sandbox::Sandbox;

/// The life of a connector with 200 leaves: its creation, and 999 changes of one leaf each.
fn life() -> String {
    let leaf = |number: usize, value: usize| json!({"field": format!("field_{number}"), "new": value});
    let user = json!({"email": "ana@acme.example"});
    let mut lines = String::new();
    for change in 0..1000 {
        let (action, changes): (_, Vec<Value>) = match change {
            0 => ("created", (0..200).map(|number| leaf(number, 0)).collect()),
            change => {
                let mut one = leaf(change % 200, change);
                one["old"] = json!(change.checked_sub(200).filter(|before| *before > 0).unwrap_or(0));
                ("updated", vec![one])
            }
        };
        let at = format!("2026-01-01T{:02}:{:02}:{:02}Z", change / 3600, change / 60 % 60, change % 60);
        let entry = json!({"occurred_at": at, "action": action, "model_type": "connector", "model_id": "42", "user": user, "changes": changes});
        writeln!(lines, "{entry}").unwrap();
    }
    lines
}

#[test]
fn a_thousand_changes_take_at_most_three_requests() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    sandbox.write("life.jsonl", life());
    sandbox.run(&[&["import", "life.jsonl", "-q"], &serving.flags()[..]].concat()).ended(0);
    let gate = PageGate::before(serving.address());
    let ask = |command: &[&str]| {
        sandbox.run(&[command, &["--server", gate.url(), "--token-file", "admin.token"]].concat())
    };
    // A list of changes takes three requests: the count, a pass that builds the states, and a pass that prints. Entries are
    // not kept in memory.
    for (command, lines, requests) in [
        (&["history", "connector/42", "-p"][..], 1000, 3),
        (&["history", "connector/42", "--at", "now"], 200, 2),
        (&["blame", "connector/42"], 200, 2),
    ] {
        gate.allow(requests, Beyond::Cut);
        let answer = ask(command).ended(0);
        assert!(answer.out().lines().count() >= lines, "all is there: {command:?}");
        gate.allow(0, Beyond::Cut);
        assert!(ask(command).out().is_empty(), "the gate is shut: {command:?}");
    }
}
