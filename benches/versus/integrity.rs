//! What the trees cost: bytes, recording, verification and checkpoints.

use std::fs;
use std::path::Path;
use std::process::Command;

use krosyn_audit::store;
use rusqlite::Connection;

use crate::data;
use crate::http::{Caller, block_on};
use crate::process::{Cost, Serve, cpu, product, run};
use crate::recording::{batches, forget};
use crate::report::{Outcome, percentile};
use crate::set::{Set, organization};

/// Entries that are recorded to measure bytes and CPU time.
const RECORDED: u64 = 1_000_000;
/// How often a checkpoint is requested.
const CHECKPOINTS: usize = 50;

pub(crate) fn outcomes(root: &Path, set: &Set, now: i64) -> Vec<Outcome> {
    let store = root.join("integrity.db");
    let mut outcomes = costs(&store, set.entries.min(RECORDED) / 1000 * 1000, now);
    forget(&store);
    outcomes.extend(verification(set));
    outcomes.push(checkpoints(set));
    outcomes
}

/// Bytes of kept and of expired entries, and the share of the trees in the CPU time of recording.
fn costs(store: &Path, count: u64, now: i64) -> Vec<Outcome> {
    forget(store);
    let url = format!("sqlite:{}", store.display());
    let token_file = store.with_extension("token");
    fs::remove_file(&token_file).unwrap_or(());
    organization(&url, 0, &token_file);
    let token = fs::read_to_string(&token_file).expect("a token");
    let lines: Vec<String> = data::entries(0, count, now).collect();
    let recording = {
        let server = Serve::start(store);
        let caller = Caller::new(&server.base, token.trim());
        let before = cpu(server.pid());
        batches(&caller, server.pid(), &lines);
        // The last entries join the tree.
        block_on(caller.get("audit-logs/checkpoint"));
        cpu(server.pid()) - before
    };
    let kept = bytes_of_trees(store, count);
    let growing = growing(store);
    // The free plan keeps 90 days of 405.
    run(product().args(["org", "set", "org-0", "--plan", "free", "--yes", "--store", &url]));
    let server = Serve::start(store);
    let caller = Caller::new(&server.base, token.trim());
    let (answer, _) = block_on(caller.post("audit-logs/prune", "application/json", "{}".to_owned()));
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer["complete"], true, "every expired entry is deleted: {answer}");
    let deleted = answer["prune"]["deleted"].as_u64().expect("a number");
    drop(server);
    let of_expired = bytes_of_deleted(store, deleted);
    vec![
        Outcome::bound("integrity: bytes of a kept entry", 24.0, kept),
        Outcome::bound("integrity: bytes of an expired entry", 2.0, of_expired),
        Outcome::bound(
            "integrity: share of the trees in the CPU time of recording",
            0.05,
            growing / recording,
        ),
    ]
}

/// How many bytes the store loses for each of `entries` without seeds and hashes.
fn bytes_of_trees(store: &Path, entries: u64) -> f64 {
    let compacted = |sql: &str| {
        let (copy, small) = (store.with_extension("copy"), store.with_extension("small"));
        forget(&copy);
        forget(&small);
        let db = Connection::open(store).expect("a store");
        db.execute("VACUUM INTO ?", [copy.display().to_string()]).expect("copied");
        let db = Connection::open(&copy).expect("a copy");
        db.execute_batch(sql).expect("changed");
        db.execute("VACUUM INTO ?", [small.display().to_string()]).expect("compacted");
        drop(db);
        let bytes = fs::metadata(&small).expect("a file").len();
        forget(&copy);
        forget(&small);
        bytes
    };
    let without = "UPDATE entries SET seed = NULL; DELETE FROM tree_hashes";
    #[expect(clippy::cast_precision_loss, reason = "bytes")]
    let bytes = (compacted("") - compacted(without)) as f64 / entries as f64;
    bytes
}

/// The bytes that stay for each of so many deleted entries: records, collapsed tiles, and the hashes of tiles.
fn bytes_of_deleted(store: &Path, deleted: u64) -> f64 {
    let copy = store.with_extension("copy");
    forget(&copy);
    let db = Connection::open(store).expect("a store");
    db.execute("VACUUM INTO ?", [copy.display().to_string()]).expect("copied");
    let db = Connection::open(&copy).expect("a copy");
    // Tiles with hints have entries.
    db.execute_batch("DELETE FROM tree_hashes WHERE hints IS NOT NULL; VACUUM").expect("without kept tiles");
    let pages =
        "SELECT sum(pgsize) FROM dbstat WHERE name IN ('tombstones', 'collapsed_tiles', 'tree_hashes')";
    let bytes: f64 = db.query_row(pages, [], |row| row.get(0)).expect("a sum");
    drop(db);
    forget(&copy);
    #[expect(clippy::cast_precision_loss, reason = "a count of entries")]
    let deleted = deleted as f64;
    bytes / deleted
}

/// The CPU seconds of adding all entries to their trees.
fn growing(store: &Path) -> f64 {
    let copy = store.with_extension("growing");
    forget(&copy);
    Connection::open(store)
        .and_then(|db| db.execute("VACUUM INTO ?", [copy.display().to_string()]))
        .expect("copied");
    let reset = "UPDATE trees SET size = 0, leaves = NULL, tile_latest = NULL, checkpoint = NULL; DELETE FROM tree_hashes";
    Connection::open(&copy).and_then(|db| db.execute_batch(reset)).expect("reset");
    let seconds = block_on(async {
        let opened = store::open(&format!("sqlite:{}", copy.display())).await.expect("a store");
        let organization = opened.organizations().await.expect("one").remove(0);
        let before = cpu(std::process::id());
        opened.grow_tree(organization.id).await.expect("grown");
        let seconds = cpu(std::process::id()) - before;
        opened.close().await;
        seconds
    });
    forget(&copy);
    seconds
}

/// A whole verification: entries for each second of the client's CPU time.
fn verification(set: &Set) -> Vec<Outcome> {
    let token_file = set.directory.join("verify.token");
    fs::remove_file(&token_file).unwrap_or(());
    let mut make = product();
    make.args(["token", "create", "--org", "org-0", "--scope", "read,trail", "--name"])
        .arg(format!("verify-{}", std::process::id()))
        .args(["--store", &format!("sqlite:{}", set.store().display()), "--token-out"])
        .arg(&token_file);
    run(&mut make);
    let server = Serve::start(&set.store());
    let state = set.directory.join("state");
    // An aborted run leaves what it remembers of another set.
    fs::remove_dir_all(&state).unwrap_or(());
    let verify = |command: &mut Command| {
        run(command
            .env("XDG_STATE_HOME", &state)
            .args(["verify", "--server", &server.base, "--token-file"])
            .arg(&token_file))
    };
    let cost: Cost = verify(&mut product());
    fs::remove_dir_all(&state).unwrap_or(());
    #[expect(clippy::cast_precision_loss, reason = "a count of entries")]
    let rate = set.entries as f64 / cost.cpu_s;
    vec![Outcome::at_least(
        "integrity: entries verified for each second of the client's CPU time",
        100_000.0,
        rate,
    )]
}

/// The time until a checkpoint with a new entry arrives.
fn checkpoints(set: &Set) -> Outcome {
    let server = Serve::start(&set.store());
    let caller = Caller::new(&server.base, &set.token);
    let seconds = block_on(async {
        let mut seconds = Vec::new();
        for number in 0..CHECKPOINTS {
            let entry = format!(
                r#"{{"action":"created","model_type":"connector","model_id":"checkpoint","user":{{"name":"bench"}},"after":{{"n":{number}}}}}"#
            );
            caller.post("audit-logs", "application/json", entry).await;
            seconds.push(caller.get("audit-logs/checkpoint").await.1);
        }
        seconds
    });
    Outcome::bound("integrity: checkpoint on demand, median in ms", 5.0, percentile(seconds, 50) * 1000.0)
}
