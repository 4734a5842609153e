//! `import`: each line is checked and stored once.

use std::collections::HashSet;

use regex::Regex;

use super::acme::{self, LINES, SERVER};
use super::demo_log;
use crate::support::sandbox::{Outcome, Sandbox};

fn import(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["import"], args, &SERVER].concat())
}

/// The log without ids and times of recording.
fn log(sandbox: &Sandbox, server: &str) -> Vec<serde_json::Value> {
    let args = ["export", "--format", "jsonl", "--reverse", "--server", server];
    let mut entries = sandbox.run(&args).ended(0).json_lines();
    for entry in &mut entries {
        entry.as_object_mut().unwrap().remove("recorded_at").unwrap();
    }
    entries
}

#[test]
fn a_second_import_adds_nothing() {
    let sandbox = acme::sandbox();
    let before = log(&sandbox, SERVER[1]);
    sandbox.write("log.jsonl", LINES);
    insta::assert_snapshot!(import(&sandbox, &["log.jsonl", "log.jsonl"]), @"
    exit 0
    -- stderr
    0 entries recorded, 24 were there already
    ");
    assert_eq!(log(&sandbox, SERVER[1]), before);
}

#[test]
fn lines_without_a_uuid_are_matched_by_content() {
    let sandbox = Sandbox::new();
    let line = r#"{"occurred_at":"2021-03-01T09:00:00Z","action":"deleted","model_type":"secret","model_id":"5","user":{"id":"7"},"before":{"name":"X"}}"#;
    sandbox.write("log.jsonl", line);
    import(&sandbox, &["log.jsonl"]).ended(0);
    insta::assert_snapshot!(import(&sandbox, &["log.jsonl"]), @"
    exit 0
    -- stderr
    0 entries recorded, 1 was there already
    ");
    assert_eq!(log(&sandbox, SERVER[1]).len(), 1);
}

#[test]
fn bad_lines_are_reported_and_good_ones_stored() {
    let sandbox = Sandbox::new();
    let good: Vec<_> = LINES.lines().collect();
    let bad = [
        good[0],
        "not JSON",
        "",
        r#"{"action":"created"}"#,
        r#"{"occurred_at":"2021-03-01T09:00:00Z","action":"renamed","model_type":"secret","model_id":"5","user":{"id":"7"}}"#,
        r#"{"occurred_at":"2021-03-01T09:00:00Z","action":"deleted","model_type":"secret","model_id":"5","user":{},"before":{}}"#,
        r#"{"occurred_at":"2999-03-01T09:00:00Z","action":"deleted","model_type":"secret","model_id":"5","user":{"id":"7"},"before":{"a":1}}"#,
        r#"{"occurred_at":"2021-03-01T09:00:00Z","action":"updated","model_type":"secret","model_id":"5","user":{"id":"7"},"before":{"a":1},"after":{"a":1}}"#,
        &good[0].replace("Warehouse", "Elsewhere"),
        good[1],
    ]
    .join("\n");
    sandbox.write("log.jsonl", bad);
    insta::assert_snapshot!(import(&sandbox, &["log.jsonl"]), @"
    exit 3
    -- stderr
    log.jsonl:2: not valid JSON at column 2
    log.jsonl:4: occurred_at is missing: an imported entry must say when it happened
    log.jsonl:5: action has the wrong type or value: expected one of created, updated, deleted
    log.jsonl:6: user needs an id, an email or a name
    log.jsonl:9: an entry with this uuid and other content exists: use a new uuid for each entry
    log.jsonl:7: occurred_at is more than 5 minutes in the future: the server's clock says [now]
    2 entries recorded, 1 update without changes, 6 lines failed
    error: 6 lines failed; all others were imported
      hint: fix the lines named above and import the same file again: nothing is recorded twice
    ");
    assert_eq!(log(&sandbox, SERVER[1]).len(), 2);
}

#[test]
fn a_dry_run_checks_and_stores_nothing() {
    let sandbox = acme::sandbox();
    let new = LINES.replace("8000-0000000000", "8000-0000000001");
    sandbox.write("log.jsonl", format!("{new}nonsense\n"));
    insta::assert_snapshot!(import(&sandbox, &["log.jsonl", "--dry-run"]), @"
    exit 3
    -- stderr
    log.jsonl:13: not valid JSON at column 2
    12 entries would be recorded, 1 line failed
    error: 1 line would fail; nothing was recorded
    ");
    assert_eq!(log(&sandbox, SERVER[1]).len(), 12);
}

#[test]
fn import_reads_stdin() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!(sandbox.run_with(&["import", "-", SERVER[0], SERVER[1]], LINES.as_bytes()), @"
    exit 0
    -- stderr
    12 entries recorded
    ");
    let bad = sandbox.run_with(&["import", "-", SERVER[0], SERVER[1]], b"\n{\n\xff\n").ended(3);
    insta::assert_snapshot!(bad, @"
    exit 3
    -- stderr
    stdin:2: not valid JSON at column 1
    stdin:3: the line is not UTF-8
    0 entries recorded, 2 lines failed
    error: 2 lines failed; all others were imported
      hint: fix the lines named above and import the same file again: nothing is recorded twice
    ");
}

#[test]
fn a_missing_file_stops_the_import_before_it_starts() {
    let sandbox = Sandbox::new();
    sandbox.write("log.jsonl", LINES);
    insta::assert_snapshot!(import(&sandbox, &["log.jsonl", "missing.jsonl"]), @"
    exit 2
    -- stderr
    error: there is no file missing.jsonl
    ");
    assert!(!sandbox.path("audit.db").exists(), "no store was made");
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    insta::assert_snapshot!(import(&sandbox, &["log.jsonl", "folder"]), @"
    exit 2
    -- stderr
    error: folder is a directory: expected a file
    ");
}

#[test]
fn an_export_imports_unchanged_into_another_store() {
    let sandbox = acme::sandbox();
    acme::run(&sandbox, &["export", "--reverse", "-o", "all.jsonl"]).ended(0);
    sandbox.run(&["import", "all.jsonl", "--server", "sqlite:other.db"]).ended(0);
    assert_eq!(log(&sandbox, "sqlite:other.db"), log(&sandbox, SERVER[1]));
}

#[test]
fn a_demo_export_round_trips() {
    let sandbox = Sandbox::new();
    sandbox.run(&["--demo", "export", "--reverse", "-o", "all.jsonl"]).ended(0);
    import(&sandbox, &["all.jsonl"]).ended(0);
    let again = sandbox.run(&["export", "--format", "jsonl", "--reverse", SERVER[0], SERVER[1]]).ended(0);
    // Compared as text: a number such as 1e400 must come back as it was sent.
    let given = regex::Regex::new(r#""recorded_at":"[^"]+","#).unwrap();
    let (first, again) = (sandbox.text("all.jsonl"), given.replace_all(again.out(), "").into_owned());
    let first = given.replace_all(&first, "");
    assert!(first.lines().count() > 1000);
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(|line| line.split_once(',').unwrap().1.to_owned()).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&first), sorted(&again));
}

#[test]
fn a_computed_uuid_does_not_depend_on_redacted_values() {
    let made = |value: &str| {
        let sandbox = Sandbox::new();
        let line = format!(
            "{{\"occurred_at\":\"2021-03-01T09:00:00Z\",\"action\":\"created\",\"model_type\":\"secret\",\
             \"model_id\":\"1\",\"user\":{{\"id\":\"7\"}},\"after\":{{\"name\":\"PIN\",\"value\":\"{value}\"}}}}"
        );
        sandbox.run_with(&["import", "-"], line.as_bytes()).ended(0);
        sandbox.run_with(&["import", "-"], line.as_bytes()).ended(0);
        sandbox.run(&["list", "--columns", "id,uuid"]).ended(0).out().to_owned()
    };
    let one = made("4711");
    assert_eq!(one.lines().count(), 1, "a second import adds nothing");
    assert_eq!(one, made("0815"), "a hash of a secret is a way to guess it");
}

/// The log as text, because it has numbers out of the range of floats; without ids and times of recording.
fn texts(sandbox: &Sandbox, server: &str) -> Vec<String> {
    let args = ["export", "--format", "jsonl", "--reverse", "--server", server];
    let given = Regex::new(r#"^\{"id":\d+,|"recorded_at":"[^"]*","#).unwrap();
    let outcome = sandbox.run(&args).ended(0);
    outcome.out().lines().map(|line| given.replace_all(line, "").into_owned()).collect()
}

/// Every case the demo log has, in every form that can be read again.
#[test]
fn every_format_round_trips() {
    let sandbox = demo_log::sandbox();
    let before: HashSet<String> = texts(&sandbox, SERVER[1]).into_iter().collect();
    let forms = [
        ("a.jsonl.zst", &["--trailer"][..]),
        ("b.csv.gz", &["--bom", "--trailer"][..]),
        ("c.csv", &["--no-formula-guard"][..]),
    ];
    for (number, (name, flags)) in forms.into_iter().enumerate() {
        let export = [&["export", "--reverse", "-o", name], flags, &SERVER[..]].concat();
        sandbox.run(&export).ended(0);
        let store = format!("sqlite:copy{number}.db");
        let outcome = sandbox.run(&["import", name, "--server", &store]);
        let after = texts(&sandbox, &store);
        // In a spreadsheet cell an escape picture cannot be told from the same characters: such a row is reported.
        let doubtful = outcome.err().matches("import a JSON lines export instead").count();
        let expected = if name.contains(".csv") { 1..=12 } else { 0..=0 };
        assert!(expected.contains(&doubtful), "{name}: {outcome}");
        assert_eq!(after.len() + doubtful, before.len(), "{name}: {outcome}");
        let missing = after.iter().find(|line| !before.contains(*line));
        assert_eq!(missing, None, "{name}");
    }
}

#[test]
fn only_the_first_of_many_bad_lines_are_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("log.jsonl", "{\n".repeat(500));
    let told = import(&sandbox, &["log.jsonl", "-q"]).ended(3);
    assert_eq!(told.err().lines().filter(|line| line.starts_with("log.jsonl:")).count(), 20, "{told}");
    assert!(told.err().contains("log.jsonl:20: ") && told.err().contains("\nand 480 more lines\n"), "{told}");
}
