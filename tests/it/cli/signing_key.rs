//! `serve --signing-key`: a key outside the store signs no log that contradicts what it has signed, and `verify --server` says
//! what happened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use krosyn_audit::clock::Clock;
use krosyn_audit::model::time::Age;

use crate::support::entries::recording_at;
use crate::support::sandbox::{Outcome, Sandbox, Serving, wait_until};

const KEY: [&str; 2] = ["--signing-key", "key.pem"];

/// A private key (RFC 8410), as `openssl genpkey -algorithm ed25519` writes it.
fn write_key(sandbox: &Sandbox, name: &str, secret: u8) {
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([secret; 32]);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    sandbox.write_with_mode(name, pem, 0o600);
}

fn with_key() -> Sandbox {
    let sandbox = Sandbox::new();
    write_key(&sandbox, "key.pem", 7);
    sandbox
}

/// Records entries with these model ids that happened so many days ago.
fn record(
    sandbox: &Sandbox,
    serving: &Serving,
    ids: impl IntoIterator<Item = u32>,
    age: impl Fn(u32) -> u32,
) {
    let now = Clock::System.now();
    let line = |id: u32| format!("{}\n", recording_at(&id.to_string(), Age::days(age(id)).before(now)));
    sandbox.write("lines.jsonl", ids.into_iter().map(line).collect::<String>());
    let _ = sandbox.run(&[&["import", "lines.jsonl"], &serving.flags()[..]].concat()).ended(0);
}

/// Runs `verify --server` with what it remembers under this name.
fn verify(sandbox: &Sandbox, serving: &Serving, memory: &str, more: &[&str]) -> Outcome {
    let args = [&["verify"], &serving.flags()[..], more].concat();
    let child = sandbox.command(&args).env("XDG_STATE_HOME", sandbox.path(memory)).spawn().unwrap();
    sandbox.finish(child)
}

fn stop(serving: Serving) {
    serving.terminate();
    assert_eq!(serving.wait(), Some(0));
}

fn change(sandbox: &Sandbox, sql: &str) {
    let db = rusqlite::Connection::open(sandbox.path("audit.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    db.execute_batch(sql).unwrap();
    assert!(db.total_changes() > 0, "{sql}");
}

#[test]
fn a_restored_backup_is_named_on_the_first_run_too() {
    let sandbox = with_key();
    let serving = sandbox.serve(&KEY);
    record(&sandbox, &serving, 1..=5, |_| 3);
    stop(serving);
    std::fs::copy(sandbox.path("audit.db"), sandbox.path("older.db")).unwrap();

    let serving = sandbox.serve(&KEY);
    record(&sandbox, &serving, 6..=9, |_| 3);
    let seen = verify(&sandbox, &serving, "witness", &[]).ended(0);
    assert!(seen.out().contains("all 9 entries are accounted for"), "{seen}");
    stop(serving);

    std::fs::copy(sandbox.path("older.db"), sandbox.path("audit.db")).unwrap();
    let serving = sandbox.serve(&KEY);
    for memory in ["witness", "first"] {
        for more in [&[][..], &["--quick"]] {
            let back = verify(&sandbox, &serving, memory, more).ended(7);
            let told =
                "audit log: entry 6 is missing, and all entries after it up to 9: the log was rolled back";
            assert!(back.err().contains(told), "{back}");
            assert!(back.err().contains("ask the operator whether a backup was restored"), "{back}");
            assert_eq!(back.err().contains("remove "), memory == "witness", "{back}");
        }
    }
    assert!(sandbox.text("serve.log").contains("a backup was restored: use a new signing key"));

    // Others take the ids.
    record(&sandbox, &serving, 16..=29, |_| 3);
    for memory in ["witness", "first"] {
        let replaced = verify(&sandbox, &serving, memory, &[]).ended(7);
        assert!(replaced.err().contains("ask the operator"), "{replaced}");
    }
    stop(serving);

    // With a new key, the restored log is a new beginning, except for a witness of the old one.
    write_key(&sandbox, "new.pem", 8);
    let serving = sandbox.serve(&["--signing-key", "new.pem"]);
    let _ = verify(&sandbox, &serving, "first", &[]).ended(0);
    let new = verify(&sandbox, &serving, "first", &["--print-key"]).ended(0);
    let other = verify(&sandbox, &serving, "witness", &[]).ended(7);
    assert!(other.err().contains("not signed by this key"), "{other}");
    let gone = verify(&sandbox, &serving, "witness", &["--key", new.out().trim_end()]).ended(7);
    assert!(gone.err().contains("ask the operator") && gone.err().contains("remove "), "{gone}");
}

#[test]
fn a_new_key_need_not_begin_without_the_last_checkpoint() {
    let sandbox = with_key();
    let serving = sandbox.serve(&KEY);
    record(&sandbox, &serving, 1..=5, |_| 3);
    let _ = verify(&sandbox, &serving, "witness", &[]).ended(0);
    stop(serving);
    write_key(&sandbox, "new.pem", 8);
    let serving = sandbox.serve(&["--signing-key", "new.pem"]);
    let new = verify(&sandbox, &serving, "other", &["--print-key"]).ended(0);
    let continued = verify(&sandbox, &serving, "witness", &["--key", new.out().trim_end()]).ended(0);
    assert!(
        continued.out().contains("with the checkpoint of ") && continued.out().contains("(5 entries)"),
        "{continued}"
    );
    // The same server under another name.
    let address = serving.url().replace("127.0.0.1", "localhost");
    let args = ["verify", "--server", &address, "--token-file", "admin.token"];
    let child = sandbox.command(&args).env("XDG_STATE_HOME", sandbox.path("witness")).spawn().unwrap();
    let renamed = sandbox.finish(child).ended(0);
    assert!(renamed.out().contains("(pinned ") && renamed.out().contains("(5 entries)"), "{renamed}");
}

#[test]
fn changed_hashes_of_the_last_tile_are_named_and_a_restart_computes_them_again() {
    for flags in [&KEY[..], &[]] {
        let sandbox = with_key();
        let serving = sandbox.serve(flags);
        record(&sandbox, &serving, 1..=300, |_| 3);
        let _ = verify(&sandbox, &serving, "witness", &[]).ended(0);
        change(&sandbox, "UPDATE trees SET leaves = randomblob(length(leaves)) WHERE org_id = 1");
        for recorded in [300, 301] {
            if recorded > 300 {
                record(&sandbox, &serving, [recorded], |_| 3);
            }
            for memory in ["witness", "first"] {
                let found = verify(&sandbox, &serving, memory, &[]).ended(7);
                let told = "a stored hash over the entries 257 to 300 was changed; the entries themselves are unchanged";
                assert!(found.err().contains(told), "{flags:?} {recorded} {memory}: {found}");
            }
        }
        stop(serving);
        let serving = sandbox.serve(flags);
        let words = "computing them again, because the entries are as signed";
        wait_until("the hashes are computed again", || sandbox.text("serve.log").contains(words));
        let again = verify(&sandbox, &serving, "witness", &[]).ended(0);
        assert!(
            again.out().contains("301 entries unchanged") && again.out().contains("(300 entries)"),
            "{again}"
        );
    }
}

#[test]
fn damage_of_the_tree_is_named_for_what_it_is() {
    let sandbox = with_key();
    let serving = sandbox.serve(&KEY);
    let _ = sandbox
        .run(&["org", "set", "default", "--plan", "free", "--yes", "--store", "sqlite:audit.db"])
        .ended(0);
    record(&sandbox, &serving, 1..=400, |id| if id <= 256 || id % 2 == 0 { 100 } else { 3 });
    let prune = [&["prune", "--yes", "--max-delete", "100%"], &serving.flags()[..]].concat();
    let _ = sandbox.run(&prune).ended(0);
    let whole = verify(&sandbox, &serving, "witness", &[]).ended(0);
    assert!(whole.out().contains("72 entries unchanged, 328 expired"), "{whole}");
    stop(serving);
    std::fs::copy(sandbox.path("audit.db"), sandbox.path("whole.db")).unwrap();
    for (sql, told) in [
        (
            "UPDATE tombstones SET record = zeroblob(5) WHERE org_id = 1 AND id = 300",
            "entry 300 is missing, and no record of it is left",
        ),
        (
            "UPDATE tombstones SET record = CAST(substr(record, 1, 12) || x'00' || substr(record, 14) AS BLOB) \
             WHERE org_id = 1 AND id = 300",
            "entry 300 was changed",
        ),
        (
            "UPDATE collapsed_tiles SET path = randomblob(256) WHERE org_id = 1",
            "one of the entries 1 to 256 was changed",
        ),
        ("DELETE FROM collapsed_tiles WHERE org_id = 1", "one of the entries 1 to 256 was changed"),
        (
            "UPDATE tree_hashes SET hash = randomblob(32) WHERE org_id = 1 AND level = 1",
            "a stored hash over the entries 1 to 256 was changed; the entries themselves are unchanged",
        ),
        // The record of the next entry gets this time, which no entry has.
        ("UPDATE trees SET tile_latest = 5000000000000000 WHERE org_id = 1", ""),
        // The key has a memory of its own.
        ("UPDATE trees SET checkpoint = 'forged'", ""),
        ("UPDATE trees SET checkpoint = NULL", ""),
    ] {
        std::fs::copy(sandbox.path("whole.db"), sandbox.path("audit.db")).unwrap();
        std::fs::remove_dir_all(sandbox.path("key.pem.signed")).unwrap();
        let serving = sandbox.serve(&KEY);
        let _ = verify(&sandbox, &serving, "witness", &[]).ended(0);
        change(&sandbox, sql);
        for memory in ["witness", "first"] {
            let found = verify(&sandbox, &serving, memory, &[]);
            if told.is_empty() {
                let _ = found.ended(0);
            } else {
                let found = found.ended(7);
                assert!(found.err().contains(told), "{sql}, {memory}: {found}");
            }
        }
        if sql.contains("tile_latest") {
            record(&sandbox, &serving, [401], |_| 3);
            let found = verify(&sandbox, &serving, "first", &[]).ended(7);
            let told = "has 400 entries, which are in order, but the log had 401";
            assert!(found.err().contains(told), "{found}");
            assert!(sandbox.text("serve.log").contains("stored hashes of the tree were changed"));
        }
        stop(serving);
        std::fs::remove_dir_all(sandbox.path("witness")).unwrap();
        std::fs::remove_dir_all(sandbox.path("first")).unwrap_or(());
    }
}

#[test]
fn a_memory_that_cannot_be_used_is_reported_before_the_ready_line() {
    let sandbox = with_key();
    write_key(&sandbox, "other.pem", 8);
    let serving = sandbox.serve(&["--signing-key", "key.pem", "--signed", "signed"]);
    record(&sandbox, &serving, 1..=2, |_| 3);
    let _ = verify(&sandbox, &serving, "witness", &[]).ended(0);

    // Lost while the server runs: it goes on recording, and signs nothing.
    std::fs::rename(sandbox.path("signed"), sandbox.path("kept")).unwrap();
    sandbox.write("signed", "a file");
    record(&sandbox, &serving, 3..=3, |_| 3);
    let failed = verify(&sandbox, &serving, "witness", &[]);
    assert!(failed.status == Some(1) && failed.err().contains("internal error"), "{failed}");
    assert!(sandbox.text("serve.log").contains("cannot lock signed/lock"), "{}", sandbox.text("serve.log"));
    std::fs::remove_file(sandbox.path("signed")).unwrap();
    std::fs::rename(sandbox.path("kept"), sandbox.path("signed")).unwrap();
    let _ = verify(&sandbox, &serving, "witness", &[]).ended(0);
    stop(serving);

    let refused = |args: &[&str], told: &str| {
        let serve = ["serve", "--store", "sqlite:audit.db", "--listen", "127.0.0.1:0"];
        let outcome = sandbox.run(&[&serve[..], args].concat()).ended(2);
        assert!(outcome.err().contains(told), "{outcome}");
    };
    refused(&["--signed", "signed"], "--signing-key");
    refused(&["--signing-key", "none.pem"], "cannot use the signing key none.pem");
    refused(&["--signing-key", "other.pem", "--signed", "signed"], "not signed by this key");
    refused(
        &["--signing-key", "key.pem", "--signed", "key.pem"],
        "cannot remember signed checkpoints in key.pem",
    );
    let file = std::fs::read_dir(sandbox.path("signed")).unwrap().map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|it| it == "json")).unwrap();
    std::fs::write(&file, "garbled").unwrap();
    refused(&["--signing-key", "key.pem", "--signed", "signed"], "not a signed checkpoint");
    refused(
        &["--signing-key", "key.pem", "--signed", "signed"],
        "Without its files, the key signs any log again",
    );
}

#[test]
fn two_servers_with_one_key_do_not_sign_two_logs() {
    let sandbox = with_key();
    let serving = sandbox.serve(&KEY);
    record(&sandbox, &serving, 1..=5, |_| 3);
    stop(serving);
    std::fs::copy(sandbox.path("audit.db"), sandbox.path("other.db")).unwrap();
    let one = sandbox.serve(&KEY);
    record(&sandbox, &one, 6..=6, |_| 3);
    let _ = verify(&sandbox, &one, "one", &[]).ended(0);
    let other = sandbox.serve_on("sqlite:other.db", &KEY);
    record(&sandbox, &other, 7..=9, |_| 3);
    let forked = verify(&sandbox, &other, "other", &[]).ended(7);
    assert!(forked.err().contains("ask the operator"), "{forked}");
    let _ = verify(&sandbox, &one, "one", &[]).ended(0);
}
