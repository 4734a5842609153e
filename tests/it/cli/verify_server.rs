//! `verify --server`, `show --proof` and `verify` of proofs: changes behind the server's back are named.

use crate::support::entries::{days_ago, recording_at};
use crate::support::sandbox::{Outcome, Sandbox};

const SERVER: [&str; 2] = ["--server", "sqlite:audit.db"];

/// Records entries with these model ids.
fn record(sandbox: &Sandbox, ids: std::ops::RangeInclusive<u32>) {
    let happened = days_ago(3);
    let lines: String = ids.map(|id| format!("{}\n", recording_at(&id.to_string(), happened))).collect();
    sandbox.write("lines.jsonl", lines);
    let _ = sandbox.run(&["import", "lines.jsonl", SERVER[0], SERVER[1]]).ended(0);
}

fn with_entries(entries: u32) -> Sandbox {
    let sandbox = Sandbox::new();
    record(&sandbox, 1..=entries);
    sandbox
}

fn verify(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    sandbox.run(&[&["verify"], &SERVER[..], more].concat())
}

fn change(sandbox: &Sandbox, sql: &str) {
    let db = rusqlite::Connection::open(sandbox.path("audit.db")).unwrap();
    // An attacker who knows the schema switches the checksums of rows off.
    db.execute_batch("UPDATE org_heads SET unchecked = head; UPDATE entries SET checksum = NULL").unwrap();
    db.execute_batch(sql).unwrap();
    assert!(db.total_changes() > 0);
}

fn key(id: u64) -> u64 {
    (1 << 40) + id
}

#[test]
fn an_untouched_log_verifies_and_its_key_is_pinned() {
    let sandbox = with_entries(300);
    let first = verify(&sandbox, &[]).ended(0);
    assert!(first.out().contains("now pinned"), "{first}");
    assert!(
        first.out().contains("300 entries unchanged, 0 expired, 0 erased\nall 300 entries are accounted for")
    );
    record(&sandbox, 301..=310);
    for more in [&[][..], &["--quick"]] {
        let again = verify(&sandbox, more).ended(0);
        let seen = if more.is_empty() { "(300 entries)" } else { "(310 entries)" };
        assert!(again.out().contains("(pinned ") && again.out().contains(seen), "{again}");
    }
    let json = verify(&sandbox, &["--format", "json"]).ended(0).json();
    assert_eq!(json["verified"], true);
    assert_eq!(json["logs"]["audit"]["unchanged"], 310);
    assert_eq!(json["logs"]["audit"]["consistent_with"]["entries"], 310);
    let key = verify(&sandbox, &["--print-key"]).ended(0);
    assert_eq!(key.out().trim_end(), json["key"].as_str().unwrap());
    let status = sandbox.run(&["status", SERVER[0], SERVER[1]]).ended(0);
    assert!(status.out().contains(" (pinned)\ncheckpoint    310 entries, verified "), "{status}");
}

#[test]
fn a_forged_and_a_deleted_row_are_named() {
    let sandbox = with_entries(300);
    for (sql, words) in [
        (format!("UPDATE entries SET reason = 'forged' WHERE key = {}", key(7)), "entry 7 was changed"),
        (format!("UPDATE entries SET seed = NULL WHERE key = {}", key(290)), "entry 290 was changed"),
        (format!("DELETE FROM entries WHERE key = {}", key(41)), "entry 41 is missing"),
        (
            "UPDATE tree_hashes SET hash = randomblob(32) WHERE org_id = 1".to_owned(),
            "a stored hash over the entries 1 to 256 was changed",
        ),
        ("DELETE FROM tree_hashes WHERE org_id = 1".to_owned(), "exit"),
        ("UPDATE signing_keys SET secret = randomblob(32)".to_owned(), "not signed by this key"),
    ] {
        let whole = sandbox.path("audit.db");
        let copy = Sandbox::new();
        std::fs::copy(&whole, copy.path("audit.db")).unwrap();
        let _ = verify(&copy, &[]).ended(0);
        change(&copy, &sql);
        let outcome = verify(&copy, &[]);
        let text = format!("{outcome}");
        assert!(text.contains(words), "{sql}: {text}");
        if words != "exit" {
            let json = verify(&copy, &["--format", "json"]).ended(7);
            assert!(
                words.contains("key") || json.json()["fault"]["message"].as_str().unwrap().contains(words)
            );
        }
        assert_ne!(outcome.status, Some(0), "{sql}");
    }
}

#[test]
fn a_log_that_went_backwards_is_noticed() {
    let sandbox = with_entries(5);
    std::fs::copy(sandbox.path("audit.db"), sandbox.path("older.db")).unwrap();
    record(&sandbox, 6..=9);
    let _ = verify(&sandbox, &[]).ended(0);
    std::fs::copy(sandbox.path("older.db"), sandbox.path("audit.db")).unwrap();
    for more in [&[][..], &["--quick"]] {
        let back = verify(&sandbox, more).ended(7);
        assert!(back.err().contains("entry 6 is missing, and all entries after it up to 9"), "{back}");
    }
    // Others take the ids.
    record(&sandbox, 16..=29);
    for more in [&[][..], &["--quick"]] {
        let replaced = verify(&sandbox, more).ended(7);
        assert!(replaced.err().contains("not what it was when the last checkpoint was seen"), "{replaced}");
    }
}

#[test]
fn a_proof_holds_offline_and_only_for_its_entry() {
    let sandbox = with_entries(300);
    let _ = sandbox.run(&["show", "7", "--proof", "7.proof", SERVER[0], SERVER[1]]).ended(0);
    let again = sandbox.run(&["show", "7", "--proof", "7.proof", SERVER[0], SERVER[1]]).ended(6);
    assert!(again.err().contains("7.proof exists already"));
    std::fs::remove_file(sandbox.path("audit.db")).unwrap();
    let unpinned = sandbox.run(&["verify", "7.proof"]).ended(0);
    assert!(unpinned.out().contains("7.proof: verified: entry 7 is as it was recorded"), "{unpinned}");
    assert!(unpinned.err().contains("the author of the file could have signed it"));
    let proof: serde_json::Value = serde_json::from_str(&sandbox.text("7.proof")).unwrap();
    let key = proof["key"].as_str().unwrap();
    let known = sandbox.run(&["verify", "7.proof", "--key", key]).ended(0);
    assert!(known.out().contains("signed by the given key") && known.err().is_empty(), "{known}");
    let forged = sandbox.text("7.proof").replacen("\"model_id\":\"7\"", "\"model_id\":\"8\"", 1);
    sandbox.write("7.proof", forged);
    let forged = sandbox.run(&["verify", "7.proof"]).ended(7);
    assert!(forged.out().contains("the entry was changed"), "{forged}");
}

#[test]
fn the_key_must_be_the_pinned_or_the_given_one() {
    let sandbox = with_entries(3);
    let key = verify(&sandbox, &["--print-key"]).ended(0);
    let key = key.out().trim_end().to_owned();
    let _ = verify(&sandbox, &["--key", &key]).ended(0);
    let other = with_entries(3);
    let wrong = verify(&other, &["--key", &key]).ended(7);
    assert!(wrong.err().contains("not signed by this key"), "{wrong}");
    let bad = verify(&other, &["--key", "x"]).ended(2);
    assert!(bad.err().contains("not a verifier key"), "{bad}");
}

#[test]
fn a_token_without_a_scope_is_told_which_one_verify_needs() {
    let sandbox = with_entries(3);
    let serving = sandbox.serve(&[]);
    for (scope, told) in [
        (
            "read",
            &["this call needs the scope trail", "verify needs a token with the scopes read and trail"][..],
        ),
        ("trail", &["this call needs the scope read", "verify needs a token with the scopes read and trail"]),
    ] {
        let create = ["token", "create", "--org", "default", "--name", scope, "--scope", scope];
        let file = format!("{scope}.token");
        let _ = sandbox.run(&[&create[..], &["--store", SERVER[1], "--token-out", &file]].concat()).ended(0);
        for more in [&[][..], &["--quick"]] {
            let args = ["verify", "--server", serving.url(), "--token-file", &file];
            let outcome = sandbox.run(&[&args[..], more].concat()).ended(4);
            assert!(told.iter().all(|words| outcome.err().contains(words)), "{outcome}");
        }
    }
}

#[test]
fn a_store_has_one_memory_under_each_of_its_names() {
    let sandbox = with_entries(3);
    let _ = verify(&sandbox, &[]).ended(0);
    record(&sandbox, 4..=4);
    std::fs::create_dir(sandbox.path("sub")).unwrap();
    let absolute = format!("sqlite:{}", sandbox.path("audit.db").display());
    let path = sandbox.path("audit.db");
    std::os::unix::fs::symlink(&path, sandbox.path("link.db")).unwrap();
    for (name, seen) in [(&*absolute, "(3 entries)"), ("sqlite:link.db", "(4 entries)")] {
        let found = sandbox.run(&["verify", "--server", name]).ended(0);
        assert!(found.out().contains("(pinned ") && found.out().contains(seen), "{name}: {found}");
    }
    // Another store under the same relative name is another store.
    let other = Sandbox::new();
    record(&other, 1..=2);
    std::fs::copy(other.path("audit.db"), sandbox.path("sub/audit.db")).unwrap();
    let child =
        sandbox.command(&["verify", "--server", "sqlite:audit.db"]).current_dir(sandbox.path("sub")).spawn();
    let found = sandbox.finish(child.unwrap()).ended(0);
    assert!(found.out().contains("now pinned"), "{found}");
}

#[test]
fn a_follower_notices_other_entries_under_its_ids() {
    let sandbox = with_entries(2);
    std::fs::copy(sandbox.path("audit.db"), sandbox.path("older.db")).unwrap();
    record(&sandbox, 3..=7);
    let uuid =
        sandbox.run(&["show", "7", "--format", "json", SERVER[0], SERVER[1]]).ended(0).json()["uuid"].clone();
    let cursor = serde_json::json!({
        "cursor_file": 1, "server": "sqlite:audit.db", "organization": "default", "query": {}, "after_id": 7,
        "last": {"id": 7, "uuid": uuid},
    });
    sandbox.write_with_mode("cursor", cursor.to_string(), 0o600);
    std::fs::copy(sandbox.path("older.db"), sandbox.path("audit.db")).unwrap();
    record(&sandbox, 13..=17);
    let outcome =
        sandbox.run(&["list", "--follow", "--cursor-file", "cursor", SERVER[0], SERVER[1]]).ended(7);
    assert!(outcome.err().contains("entry 7 is not the one that was read before"), "{outcome}");
}
