//! No secret value is in the store's files, in any output format, in any message, or in the log at TRACE.

use std::path::Path;

use krosyn_audit::demo::PLANTED;
use regex::bytes::Regex;

use super::demo_log;
use crate::support::sandbox::Sandbox;

/// Fails if the bytes contain a marker or one of the other words.
fn assert_clean(what: &str, bytes: &[u8], more: &[&str]) {
    let words: Vec<_> = PLANTED.iter().chain(more).map(|word| regex::escape(word)).collect();
    let found = Regex::new(&words.join("|")).unwrap().find(bytes);
    assert_eq!(found.map(|found| String::from_utf8_lossy(found.as_bytes())), None, "in {what}");
}

fn assert_files_clean(directory: &Path, except: &[&str], token: &str) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> =
        entries.filter(|path| path.is_file() && !except.iter().any(|name| path.ends_with(name))).collect();
    for path in &files {
        assert_clean(&path.display().to_string(), &std::fs::read(path).unwrap(), &[token]);
    }
    files.len()
}

#[test]
fn no_secret_is_stored_shown_or_logged() {
    let sandbox = Sandbox::new();
    let lines = demo_log::lines();
    assert!(PLANTED.iter().all(|marker| lines.contains(marker)), "every marker is sent");
    sandbox.write("demo.jsonl", &lines);
    let entries = lines.lines().count();
    let serving = sandbox.serve(&["--log", "json", "--log-level", "trace"]);
    let token = serving.token();
    // Each with all HTTP diagnostics.
    let run = |args: &[&str]| {
        let ran = sandbox.run(&[args, &serving.flags()[..], &["--debug-http"]].concat());
        assert_clean(&format!("what {args:?} tells"), &ran.stderr, &[&token]);
        ran
    };

    let imported = run(&["import", "demo.jsonl"]).ended(0);
    assert!(imported.err().contains("authorization: [hidden]"), "it is on: {}", imported.err());
    // A second import could report a conflict of redacted values, and broken lines make error messages. A few lines for
    // each marker are enough.
    let with_marker =
        |marker: &'static str| lines.split_inclusive('\n').filter(move |line| line.contains(marker)).take(5);
    let lines: String = PLANTED.iter().flat_map(|marker| with_marker(marker)).collect();
    sandbox.write("demo.jsonl", &lines);
    run(&["import", "demo.jsonl"]).ended(0);
    let broken: String = lines.lines().map(|line| line[..line.len() - 2].to_owned() + "\n").collect();
    sandbox.write("broken.jsonl", broken);
    run(&["import", "broken.jsonl"]).ended(3);
    sandbox.write("bad.jsonl", lines.replace("\"model_type\":\"", "\"model_type\":\"un"));
    run(&["import", "bad.jsonl"]).ended(3);

    for format in ["csv", "tsv", "json", "jsonl"] {
        run(&["export", "--format", format, "-o", format]).ended(0);
        assert!(!sandbox.read(format).is_empty());
    }
    for format in ["table", "wide"] {
        let listed = run(&["list", "--all", "--format", format]).ended(0);
        assert_clean(format, &listed.stdout, &[&token]);
    }
    let ids: Vec<_> = (1..=entries).step_by(7).map(|id| id.to_string()).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let shown = run(&[&["show", "--full"], &ids[..]].concat()).ended(0);
    assert_clean("show", &shown.stdout, &[&token]);
    // A command may repeat only its own arguments.
    let sought = sandbox.run(&[&["list", "--grep", PLANTED[0]], &serving.flags()[..]].concat()).ended(0);
    assert_eq!(sought.out(), "");

    // With the server running there is a WAL; killed, it is still there; closed in order, all is in the database.
    let except = ["admin.token", "demo.jsonl", "broken.jsonl", "bad.jsonl"];
    assert!(sandbox.path("audit.db-wal").exists());
    assert!(assert_files_clean(&sandbox.path(""), &except, &token) >= 7);
    let log = sandbox.text("serve.log");
    assert!(log.lines().count() > 10, "the log is on: {log}");
    assert!(log.lines().skip(2).all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    assert!(!sandbox.path("audit.db-wal").exists(), "a copy of audit.db alone is the whole log");
    assert_files_clean(&sandbox.path(""), &except, &token);
}
