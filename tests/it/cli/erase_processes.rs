//! Processes that are killed while they erase a person, and two that erase the same person, on SQLite and on PostgreSQL.

use std::process::Child;

use crate::support::entries::{days_ago, recording_at, with};
use crate::support::postgres;
use crate::support::sandbox::{Sandbox, wait_until};
use crate::support::stores::block_on;
use serde_json::{Value, json};

/// How many entries name the person at first. A batch has a hundred.
const ENTRIES: usize = 1_500;
const ERASE: [&str; 6] = ["erase", "user/id:7", "--reason", "request 117", "--also-values", "--yes"];
/// Texts that no file may still contain.
const TRACES: [&str; 4] = ["ana.ruiz", "Ana Ruiz", "203.0.113.9", "Netscape"];

/// A store with so many entries by Ana.
fn with_entries(store: &str, entries: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    import(&sandbox, &["--server", store], entries);
    sandbox
}

fn import(sandbox: &Sandbox, server: &[&str], entries: usize) {
    let context = json!({"ip": "203.0.113.9", "user_agent": "Netscape"});
    let line = |number: usize| {
        let recording = with(recording_at(&number.to_string(), days_ago(3)), "context", context.clone());
        format!("{}\n", with(recording, "reason", "asked by ana.ruiz@acme.example"))
    };
    sandbox.write("lines.jsonl", (0..entries).map(line).collect::<String>());
    let _ = sandbox.run(&[&["import", "lines.jsonl"], server].concat()).ended(0);
}

fn start(sandbox: &Sandbox, store: &str) -> Child {
    sandbox.command(&[&ERASE[..], &["--server", store]].concat()).spawn().expect("it starts")
}

/// How many entries an erasure has changed so far.
fn changed(sandbox: &Sandbox, store: &str) -> i64 {
    let sql = "SELECT coalesce(sum(actors), 0) FROM erasures";
    match store.strip_prefix("sqlite:") {
        Some(file) => {
            let db = rusqlite::Connection::open(sandbox.path(file)).expect("opens");
            db.query_row(sql, [], |row| row.get(0)).expect(sql)
        }
        None => block_on(async {
            let db = postgres::connect(store).await;
            let sql = "SELECT coalesce(sum(actors), 0)::bigint FROM erasures";
            db.query_one(sql, &[]).await.expect(sql).get(0)
        }),
    }
}

/// The log is whole, no entry names the person, and each has been erased once, under one label.
fn check(sandbox: &Sandbox, store: &str, entries: usize) {
    let run = |words: &[&str]| sandbox.run(&[words, &["--server", store]].concat()).ended(0);
    let verified = run(&["verify", "--format", "json"]).json();
    assert_eq!(verified["logs"]["audit"]["erased"], entries, "{verified}");
    let erasures = run(&["erase", "--log", "--format", "json"]).json();
    let erasures = erasures.as_array().expect("erasures");
    assert!(erasures.iter().all(|erasure| erasure["finished_at"].is_string()), "{erasures:?}");
    let actors: u64 = erasures.iter().filter_map(|erasure| erasure["actors"].as_u64()).sum();
    assert_eq!(actors, entries as u64, "{erasures:?}");
    let users = run(&["stats", "--by", "user", "--format", "json"]).json();
    assert_eq!(users["groups"].as_array().map(Vec::len), Some(1), "one label: {users}");
    for command in [&["export"][..], &["list", "--log", "trail", "--all"]] {
        let out = run(command).out().to_owned();
        assert!(TRACES.iter().all(|trace| !out.contains(trace)), "{command:?}: {out}");
    }
}

/// Kills the process in the middle; tries with more entries if it has ended before.
fn kill_and_continue(new_store: impl Fn() -> String) {
    for doubled in 0..5 {
        let (store, entries) = (new_store(), ENTRIES << doubled);
        let sandbox = with_entries(&store, entries);
        let mut erasing = start(&sandbox, &store);
        wait_until("a batch is committed", || changed(&sandbox, &store) > 0);
        erasing.kill().expect("killed");
        erasing.wait().expect("waited");
        let before = changed(&sandbox, &store);
        if before == entries as i64 {
            continue;
        }
        let listed = sandbox.run(&["erase", "--log", "--format", "json", "--server", &store]).ended(0);
        let label = |listed: &Value| listed[0]["label"].as_str().map(str::to_owned);
        let first = label(&listed.json());
        let verified = sandbox.run(&["verify", "--server", &store]).ended(0);
        assert!(verified.out().contains("erased"), "{verified}");
        // The same command continues, unless a process for another command has done so by itself.
        let again = sandbox.run(&[&ERASE[..], &["--server", &store]].concat());
        assert!(matches!(again.status, Some(0 | 5)), "{again}");
        let listed = sandbox.run(&["erase", "--log", "--format", "json", "--server", &store]).ended(0).json();
        assert_eq!((listed.as_array().map(Vec::len), label(&listed)), (Some(1), first));
        return check(&sandbox, &store, entries);
    }
    panic!("no erasure was interrupted");
}

#[test]
fn on_sqlite_an_erasure_that_was_killed_is_continued() {
    kill_and_continue(|| "sqlite:audit.db".to_owned());
}

#[test]
fn on_postgres_an_erasure_that_was_killed_is_continued() {
    let Some(server) = postgres::shared() else { return };
    kill_and_continue(|| block_on(server.bare_database()));
}

#[test]
fn a_server_that_was_killed_continues_its_erasures_when_it_starts() {
    let store = "sqlite:audit.db";
    for doubled in 0..5 {
        let entries = ENTRIES << doubled;
        let sandbox = Sandbox::new();
        let serving = sandbox.serve(&[]);
        import(&sandbox, &serving.flags(), entries);
        let mut erasing =
            sandbox.command(&[&ERASE[..], &serving.flags()].concat()).spawn().expect("it starts");
        wait_until("a batch is committed", || changed(&sandbox, store) > 0);
        serving.kill();
        erasing.kill().expect("killed");
        erasing.wait().expect("waited");
        if changed(&sandbox, store) == entries as i64 {
            continue;
        }
        let serving = sandbox.serve(&[]);
        let log = [&["erase", "--log", "--format", "json"], &serving.flags()[..]].concat();
        wait_until("it is finished", || sandbox.run(&log).ended(0).json()[0]["finished_at"].is_string());
        serving.terminate();
        assert_eq!(serving.wait(), Some(0));
        assert!(sandbox.text("serve.log").contains("resuming an erasure"), "{}", sandbox.text("serve.log"));
        return check(&sandbox, store, entries);
    }
    panic!("no erasure was interrupted");
}

#[test]
fn on_postgres_two_processes_erase_the_same_person() {
    let Some(server) = postgres::shared() else { return };
    let store = block_on(server.bare_database());
    let sandbox = with_entries(&store, ENTRIES);
    let (one, other) = (start(&sandbox, &store), start(&sandbox, &store));
    let outcomes = [sandbox.finish(one), sandbox.finish(other)];
    for outcome in &outcomes {
        // Both take part, one finds the other, or comes too late.
        assert!(matches!(outcome.status, Some(0 | 5 | 8)), "{outcome}");
    }
    assert!(outcomes.iter().any(|outcome| outcome.status == Some(0)), "{} {}", outcomes[0], outcomes[1]);
    check(&sandbox, &store, ENTRIES);
}
