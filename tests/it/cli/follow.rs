//! `list --follow`: each entry once across server crashes, and a cursor file that is never ahead of the output.

use std::io::{BufRead as _, BufReader, Lines, Read as _};
use std::process::{Child, ChildStdout};

use super::acme::{self, SERVER};
use crate::support::sandbox::{Outcome, Sandbox, interrupt, wait_until};

fn record(sandbox: &Sandbox, ids: std::ops::RangeInclusive<u64>, server: &[&str]) {
    let line = |n| {
        format!(
            "{{\"uuid\":\"00000000-0000-4000-8000-{n:012}\",\"occurred_at\":\"2025-12-01T09:00:00Z\",\"action\":\"created\",\
             \"model_type\":\"secret\",\"model_id\":\"{n}\",\"user\":{{\"id\":\"7\"}},\"after\":{{\"name\":\"X\"}}}}\n"
        )
    };
    let lines: String = ids.map(line).collect();
    sandbox.run_with(&[&["import", "-"], server].concat(), lines.as_bytes()).ended(0);
}

/// A follower and its output lines.
fn follow(sandbox: &Sandbox, args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let args = [&["list", "--follow", "--interval", "1"], args].concat();
    let mut child = sandbox.command(&args).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

fn id(line: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64().unwrap()
}

/// Ends a follower, which must have nothing more to show.
fn ended(sandbox: &Sandbox, child: Child, lines: Lines<BufReader<ChildStdout>>) -> Outcome {
    interrupt(&child);
    let outcome = sandbox.finish(child).ended(130);
    assert_eq!(lines.map(Result::unwrap).next(), None);
    outcome
}

#[test]
fn a_follower_shows_each_entry_once_across_server_crashes() {
    let sandbox = Sandbox::new();
    let mut serving = sandbox.serve(&["--no-sweep"]);
    let (address, url) = (serving.address().to_owned(), serving.url().to_owned());
    let server = ["--server", &url, "--token-file", "admin.token"];
    record(&sandbox, 1..=2, &server);
    let args = [&["--format", "jsonl", "--cursor-file", "siem.cursor"], &server[..]].concat();
    let (mut child, mut lines) = follow(&sandbox, &args);
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut says = |words| assert!(said.by_ref().any(|line| line.contains(words)), "{words}");
    let mut expected = 1..;
    let mut shows = |count| {
        for (line, id_expected) in lines.by_ref().take(count).zip(&mut expected) {
            assert_eq!(id(&line.unwrap()), id_expected);
        }
    };
    shows(2);
    for round in 1..=3 {
        let first = 10 * round - 7;
        record(&sandbox, first..=first + 1, &server);
        // Whether the two were shown before the server goes is left to chance.
        serving.kill();
        says("retrying until the server answers");
        record(&sandbox, first + 2..=first + 9, &SERVER);
        serving = sandbox.serve_at("sqlite:audit.db", &address, &["--no-sweep"]);
        shows(10);
        says("reconnected");
    }
    ended(&sandbox, child, lines);

    record(&sandbox, 33..=33, &server);
    let (child, mut lines) = follow(&sandbox, &args);
    assert_eq!(lines.next().map(|line| id(&line.unwrap())), Some(33), "it goes on where the file says");
    ended(&sandbox, child, lines);
    let kept: serde_json::Value = serde_json::from_str(&sandbox.text("siem.cursor")).unwrap();
    assert_eq!((&kept["after_id"], &kept["server"]), (&33.into(), &url.into()));
    assert!(!sandbox.path("siem.cursor.part").exists());
}

#[test]
fn a_cursor_file_is_written_at_once_and_bound_to_its_query() {
    let sandbox = acme::sandbox();
    let cursor = ["--cursor-file", "cursor", "-u", "nobody"];
    let (child, lines) = follow(&sandbox, &[&cursor[..], &SERVER].concat());
    wait_until("the cursor is written", || sandbox.path("cursor").exists());
    ended(&sandbox, child, lines);
    let text = sandbox.text("cursor");
    let mut written: serde_json::Value = serde_json::from_str(&text).unwrap();
    let origin = written["origin"].take();
    assert!(
        origin.as_str().is_some_and(|it| it.starts_with("krosyn-audit/") && it.ends_with("/audit")),
        "{text}"
    );
    assert_eq!(
        written,
        serde_json::json!({
            "cursor_file": 1, "server": "sqlite:audit.db", "organization": "default", "origin": null,
            "query": {"user": ["nobody"]}, "after_id": 12,
        })
    );
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-f", "--cursor-file", "cursor", "-a", "deleted"]), @"
    exit 2
    -- stderr
    error: cursor was written for another filter: user nobody, not for action deleted
      hint: use another --cursor-file, or remove this one to start again
    ");
    std::fs::copy(sandbox.path("audit.db"), sandbox.path("other.db")).unwrap();
    let other = ["list", "-f", "--cursor-file", "cursor", "-u", "nobody", "--server", "sqlite:other.db"];
    insta::assert_snapshot!(sandbox.run(&other), @"
    exit 2
    -- stderr
    error: cursor was written for sqlite:audit.db, not for sqlite:other.db
      hint: use another --cursor-file, or remove this one to start again
    ");
    sandbox.write("cursor", "17\n");
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "-f", "--cursor-file", "cursor"]), @"
    exit 2
    -- stderr
    error: cursor is not a cursor file
      hint: use another --cursor-file, or remove this one to start again
    ");
    acme::run(&sandbox, &["list", "-f", "--cursor-file", "missing/cursor"]).ended(1);
}

#[test]
fn a_follower_reports_entries_pruned_before_it_read_them() {
    let sandbox = acme::sandbox();
    sandbox.write(
        "cursor",
        r#"{"cursor_file":1,"server":"sqlite:audit.db","organization":"default","query":{},"after_id":3}"#,
    );
    acme::run(&sandbox, &["prune", "--yes", "--max-delete", "100%", "-q"]).ended(0);
    record(&sandbox, 13..=13, &SERVER);
    let (child, mut lines) =
        follow(&sandbox, &[&["--format", "jsonl", "--cursor-file", "cursor"], &SERVER[..]].concat());
    assert_eq!(lines.next().map(|line| id(&line.unwrap())), Some(13));
    insta::assert_snapshot!(ended(&sandbox, child, lines), @"
    exit 130
    -- stderr
    following after entry 3; Ctrl-C ends it
    warning: entries are missing between 3 and 12: changes before [now] were pruned before they could be read
    ");
}

#[test]
fn a_follower_prints_like_list() {
    let sandbox = acme::sandbox();
    for format in ["table", "wide", "tsv", "csv", "jsonl"] {
        let plain =
            acme::run(&sandbox, &["list", "--reverse", "-n", "3", "--format", format]).ended(0).stdout;
        let args = ["list", "-f", "-n", "3", "--format", format, SERVER[0], SERVER[1]];
        let mut child = sandbox.command(&args).spawn().unwrap();
        let mut shown = vec![0; plain.len()];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut shown).unwrap();
        assert_eq!(String::from_utf8(shown), String::from_utf8(plain), "{format}");
        interrupt(&child);
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).unwrap();
        assert!(rest.is_empty(), "{format}");
        sandbox.finish(child).ended(130);
    }
}

#[test]
fn follow_all_starts_at_the_first_entry_in_id_order() {
    let sandbox = acme::sandbox();
    let (child, mut lines) =
        follow(&sandbox, &[&["--all", "--columns", "id", "-t", "connector"], &SERVER[..]].concat());
    let shown: Vec<_> = lines.by_ref().take(5).map(Result::unwrap).collect();
    assert_eq!(shown, ["1", "3", "8", "9", "10"]);
    ended(&sandbox, child, lines);
}

#[test]
fn options_that_follow_cannot_support_are_refused() {
    let sandbox = acme::sandbox();
    insta::assert_snapshot!(acme::run(&sandbox, &["list", "--follow", "--format", "json"]), @r#"
    exit 2
    -- stderr
    error: --follow cannot write json: the document would never end
      hint: --format jsonl writes one entry per line
    {"error":{"code":"usage","exit":2,"hint":"--format jsonl writes one entry per line","message":"--follow cannot write json: the document would never end","request_id":null}}
    "#);
    for args in [
        &["--follow", "-o", "x"][..],
        &["--follow", "--reverse"],
        &["--cursor-file", "x"],
        &["--follow", "--interval", "0"],
    ] {
        acme::run(&sandbox, &[&["list"], args].concat()).ended(2);
    }
    sandbox.run(&["--demo", "list", "--follow", "--cursor-file", "x"]).ended(2);
}

#[test]
fn a_follower_ends_with_its_time_window() {
    let sandbox = acme::sandbox();
    let window = ["--until", "2025-12-31", "-n", "3", "--format", "jsonl"];
    let plain = acme::run(&sandbox, &[&["list", "--reverse"], &window[..]].concat()).ended(0);
    let followed = acme::run(&sandbox, &[&["list", "--follow"], &window[..]].concat()).ended(0);
    assert_eq!(followed.out(), plain.out());
    assert!(followed.err().ends_with("the time window has ended (--until)\n"), "{followed}");
}

#[test]
fn an_empty_log_is_named_so() {
    let sandbox = Sandbox::new();
    sandbox.run(&["org", "create", "acme", "--plan", "pro", "--store", "sqlite:audit.db"]).ended(0);
    let outcome = sandbox.run(&[&["list", "--follow", "--until", "2025-01-01"], &SERVER[..]].concat());
    let outcome = outcome.ended(0);
    assert!(outcome.err().starts_with("the log is empty; waiting for entries · until "), "{outcome}");
}
