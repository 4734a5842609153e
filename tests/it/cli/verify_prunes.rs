//! `verify --server` compares the cutoff of each prune with the plan and the floor that the trail states.

use krosyn_audit::clock::Clock;
use krosyn_audit::model::time::Age;

use crate::support::entries::recording_at;
use crate::support::sandbox::{Outcome, Sandbox};

const SERVER: [&str; 2] = ["--server", "sqlite:audit.db"];

/// Records so many entries that happened ten days ago.
fn record(sandbox: &Sandbox, count: u32) {
    let happened = Age::days(10).before(Clock::System.now());
    let lines: String =
        (1..=count).map(|id| format!("{}\n", recording_at(&id.to_string(), happened))).collect();
    sandbox.write("lines.jsonl", lines);
    let _ = sandbox.run(&["import", "lines.jsonl", SERVER[0], SERVER[1]]).ended(0);
}

fn verify(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    sandbox.run(&[&["verify"], &SERVER[..], more].concat())
}

fn change(sandbox: &Sandbox, sql: &str) {
    let db = rusqlite::Connection::open(sandbox.path("audit.db")).unwrap();
    db.execute_batch(sql).unwrap();
    assert!(db.total_changes() > 0);
}

/// A deletion that is relabelled as a prune: somebody with the database lowers the floor behind the trail's back.
#[test]
fn a_prune_inside_the_retention_explains_nothing() {
    let sandbox = Sandbox::new();
    let store = ["--store", "sqlite:audit.db"];
    let _ = sandbox.run(&[&["org", "create", "default", "--plan", "free"], &store[..]].concat()).ended(0);
    record(&sandbox, 300);
    let _ = verify(&sandbox, &[]).ended(0);
    // The plan in the database says nothing to a verifier. The server prunes by it.
    change(&sandbox, "UPDATE organizations SET floor = '1d' WHERE org_id = 1");
    let prune = ["prune", "--older-than", "1d", "--yes", "--max-delete", "100%"];
    let _ = sandbox.run(&[&prune[..], &SERVER].concat()).ended(0);
    let found = verify(&sandbox, &[]).ended(7);
    let told = "one of the entries 1 to 256 was deleted by prune 1, which took entries before ";
    assert!(
        found.err().contains(told) && found.err().contains("by the retention that the trail states"),
        "{found}"
    );
    let json = verify(&sandbox, &["--format", "json"]).ended(7).json();
    assert_eq!(
        (&json["fault"]["kind"], &json["fault"]["prune"]["prune"]),
        (&"inside_retention".into(), &1.into())
    );
    assert!(json["fault"]["prune"]["allowed"].as_str() < json["fault"]["prune"]["cutoff"].as_str(), "{json}");
}

#[test]
fn a_prune_by_a_floor_that_the_trail_states_is_an_explanation() {
    let sandbox = Sandbox::new();
    let store = ["--store", "sqlite:audit.db"];
    let _ = sandbox.run(&[&["org", "create", "default", "--plan", "free"], &store[..]].concat()).ended(0);
    record(&sandbox, 300);
    let _ =
        sandbox.run(&[&["org", "set", "default", "--floor", "1d", "--yes"], &store[..]].concat()).ended(0);
    let prune = ["prune", "--older-than", "1d", "--yes", "--max-delete", "100%"];
    let _ = sandbox.run(&[&prune[..], &SERVER].concat()).ended(0);
    let _ = sandbox.run(&[&["org", "set", "default", "--floor", "none"], &store[..]].concat()).ended(0);
    let found = verify(&sandbox, &[]).ended(0);
    assert!(found.out().contains("0 entries unchanged, 300 expired (prune 1"), "{found}");
}
