//! `erase`: the plan, what it refuses, and that nothing names the person afterwards.

use std::path::Path;

use krosyn_audit::clock::Clock;
use serde_json::json;

use crate::support::entries::{recording_at, with};
use crate::support::sandbox::{Outcome, Sandbox};

const SERVER: [&str; 2] = ["--server", "sqlite:audit.db"];
const ANA: [&str; 5] = ["ana.ruiz@acme.example", "--reason", "request 117", "--server", "sqlite:audit.db"];
/// What must be found nowhere, in lower case.
const TRACES: [&str; 4] = ["ana.ruiz", "ana ruiz", "203.0.113.9", "netscape"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    import(&sandbox, &SERVER);
    sandbox
}

/// Records the entries through a server or in a store.
fn import(sandbox: &Sandbox, server: &[&str]) {
    let now = Clock::System.now();
    let recording = |id: &str| recording_at(id, now);
    let context = json!({"ip": "203.0.113.9", "user_agent": "Netscape"});
    let bo = json!({"id": "8", "email": "bo@acme.example", "name": "Bo"});
    let by_bo = |id: &str| with(recording(id), "user", bo.clone());
    let mut lines = vec![
        with(recording("1"), "context", context),
        by_bo("2"),
        with(with(by_bo("7"), "model_type", "member"), "model_name", "Ana Ruiz"),
        with(by_bo("3"), "reason", "for ana.ruiz@acme.example"),
    ];
    lines.extend((10..300).map(|id| recording(&id.to_string())));
    sandbox.write("lines.jsonl", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let _ = sandbox.run(&[&["import", "lines.jsonl"], server].concat()).ended(0);
    std::fs::remove_file(sandbox.path("lines.jsonl")).unwrap();
}

fn erase(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    sandbox.run(&[&["erase"], &ANA[..], more].concat())
}

fn verify(sandbox: &Sandbox) -> Outcome {
    sandbox.run(&[&["verify"], &SERVER[..]].concat())
}

fn change(sandbox: &Sandbox, sql: &str) {
    let db = rusqlite::Connection::open(sandbox.path("audit.db")).unwrap();
    db.execute_batch(sql).unwrap();
    assert!(db.total_changes() > 0);
}

#[test]
fn nothing_names_an_erased_person_and_the_log_verifies() {
    let sandbox = sandbox();
    // A read that names the person is in the trail.
    let _ =
        sandbox.run(&[&["list", "-u", "ana.ruiz@acme.example", "-n", "1"], &SERVER[..]].concat()).ended(0);
    let _ = verify(&sandbox).ended(0);
    let planned = erase(&sandbox, &["--dry-run"]).ended(0);
    assert!(planned.out().contains("291 entries: name, address and user agent are erased"), "{planned}");
    assert!(
        planned.out().contains("add --also-values") && planned.out().contains("in the trail"),
        "{planned}"
    );
    let erased = erase(&sandbox, &["--yes", "--also-values"]).ended(0);
    assert!(erased.err().contains("erased as erased-") && erased.err().contains("(erasure 1)"), "{erased}");
    assert!(erased.err().contains("exports and backups made before"), "{erased}");
    let verified = verify(&sandbox).ended(0);
    assert!(
        verified.out().contains("2 entries unchanged") || verified.out().contains("1 entry unchanged"),
        "{verified}"
    );
    assert!(verified.out().contains("erased (erasure 1)"), "{verified}");
    // Every byte of the database and its log.
    let directory = sandbox.path("audit.db").parent().unwrap().to_owned();
    for file in std::fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("audit.db")) {
            let bytes = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).to_lowercase();
            for trace in TRACES {
                assert!(!bytes.contains(trace), "{trace} is in {}", file.display());
            }
        }
    }
    for command in [
        &["export"][..],
        &["list", "-n", "500"],
        &["list", "--log", "trail", "-n", "500"],
        &["stats", "--by", "user"],
    ] {
        let out = sandbox.run(&[command, &SERVER[..]].concat()).ended(0).out().to_lowercase();
        assert!(TRACES.iter().all(|trace| !out.contains(trace)), "{command:?}: {out}");
    }
    let gone = erase(&sandbox, &["--yes"]).ended(5);
    assert!(gone.err().contains("no user in the log matches"), "{gone}");
    let log = sandbox.run(&[&["erase", "--log"], &SERVER[..]].concat()).ended(0);
    assert!(log.out().contains("request 117"), "{log}");
    // The copy has what was erased, and the records of it.
    let copied = sandbox.run(&["store", "copy", "sqlite:audit.db", "sqlite:copy.db"]).ended(0);
    let verified = sandbox.run(&["verify", "--server", "sqlite:copy.db"]).ended(0);
    assert!(verified.out().contains("erased (erasure 1)"), "{copied}{verified}");
}

/// Every file below a directory that has one of the traces.
fn files_with_traces(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()) {
        if path.is_dir() {
            found.extend(files_with_traces(&path));
            continue;
        }
        let bytes = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).to_lowercase();
        let traces = TRACES.iter().filter(|trace| bytes.contains(**trace));
        found.extend(traces.map(|trace| format!("{trace} in {}", path.display())));
    }
    found
}

#[test]
fn no_log_state_or_later_backup_names_an_erased_person() {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&["--log-level", "debug", "--log", "json"]);
    import(&sandbox, &serving.flags());
    let run = |words: &[&str]| sandbox.run(&[words, &serving.flags()[..]].concat()).ended(0);
    for words in [
        &["list", "-u", "ana.ruiz@acme.example"][..],
        &["list", "--grep", "Ana Ruiz"],
        &["show", "1"],
        &["verify"],
        &["erase", "user/id:7", "--reason", "request 117", "--dry-run"],
        &["erase", "user/id:7", "--reason", "request 117", "--also-values", "--yes"],
        &["list", "-n", "500"],
        &["verify"],
    ] {
        let _ = run(words);
    }
    let _ = sandbox.run(&["store", "backup", "--store", "sqlite:audit.db", "backup.db"]).ended(0);
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
    let home = sandbox.path("audit.db").parent().unwrap().to_owned();
    assert_eq!(files_with_traces(&home), [""; 0]);
    assert!(sandbox.text("serve.log").contains("/api/v1/erasures"));
}

#[test]
fn an_erasure_needs_one_person_a_neutral_reason_and_a_confirmation() {
    let sandbox = sandbox();
    let refused = erase(&sandbox, &[]).ended(6);
    assert!(refused.err().contains("nothing was erased") && refused.err().contains("--yes"), "{refused}");
    let run = |words: &[&str]| sandbox.run(&[words, &SERVER[..]].concat());
    let many = run(&["erase", "acme", "--reason", "r", "--yes"]).ended(2);
    assert!(many.err().contains("matches 2 people") && many.err().contains("user/id:7"), "{many}");
    let named = run(&["erase", "ana", "--reason", "for Ana Ruiz", "--yes"]).ended(2);
    assert!(named.err().contains("names the person"), "{named}");
    change(
        &sandbox,
        "INSERT INTO holds (org_id, name, filter, reason, created_at, created_by) VALUES (1, 'case-9', 'model_id=1', 'court', 0, 'o')",
    );
    let held = erase(&sandbox, &["--yes"]).ended(6);
    assert!(held.err().contains("case-9 (1 entry)"), "{held}");
    let _ = erase(&sandbox, &["--yes", "--despite-holds"]).ended(0);
    let _ = verify(&sandbox).ended(0);
}

/// Somebody with the database makes an entry look erased.
#[test]
fn a_forged_erasure_is_named() {
    let sandbox = sandbox();
    let _ = verify(&sandbox).ended(0);
    let _ = sandbox.run(&[&["erase", "bo", "--reason", "r", "--yes"], &SERVER[..]].concat()).ended(0);
    let _ = verify(&sandbox).ended(0);
    // Entry 5 takes the user of an entry that was erased, and what the tree needs of it.
    let _ = sandbox.run(&[&["show", "5", "--proof", "five.json"], &SERVER[..]].concat()).ended(0);
    let proof: serde_json::Value = serde_json::from_str(&sandbox.text("five.json")).expect("JSON");
    let record = proof["proof"]["record"].as_str().expect("a record");
    let bytes: Vec<u8> = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(record).expect("base64")
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let sql = format!(
        "UPDATE entries SET seed = NULL, checksum = NULL, user_ref = (SELECT user_ref FROM entries WHERE key = (1 << 40) | 2) \
         WHERE key = (1 << 40) | 5; \
         UPDATE org_heads SET unchecked = 1000 WHERE org_id = 1; \
         INSERT INTO erased VALUES (1, 5, x'04{}', x'{}', x'{}');",
        "00".repeat(16),
        hex(&bytes[33..65]),
        hex(&bytes[65..97]),
    );
    change(&sandbox, &sql);
    let found = verify(&sandbox).ended(7);
    assert!(found.err().contains("a part of entry 5 is gone, and no erasure is recorded"), "{found}");
}
