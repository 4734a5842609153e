//! A store whose disk fails, whose files go, or whose log readers hold: told, and made good when it can be.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::model::draft::Draft;
use crate::model::page::Order;
use crate::model::prune::Prune;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::store::calls::{OrgId, PageRequest, Past, PrunedIds};
use crate::store::codes;
use crate::store::database::{Engine, Store};
use crate::store::error::StoreError;
use crate::store::session::Retry;
use crate::store::sqlite::{Connection, SqliteStore};

const NOW: Timestamp = Timestamp::from_micros(1_795_334_400_000_000).expect("a moment");

fn draft(word: &str, occurred_at: &str) -> Draft {
    let recording = serde_json::json!({
        "action": "created", "model_type": "connector", "model_id": "1", "user": {"name": word},
        "occurred_at": occurred_at, "after": {"note": word, "long": format!("{word} ").repeat(4000)},
    });
    let proposal = serde_json::from_str(&recording.to_string()).expect("a proposal");
    Draft::prepare(&proposal, &Redaction::default(), NOW).expect("sound")
}

fn open(path: &Path) -> Store {
    Store::from(Engine::Sqlite(SqliteStore::open(path).expect("a store")))
}

fn engine(store: &Store) -> &SqliteStore {
    match &store.engine {
        Engine::Sqlite(engine) => engine,
        Engine::Postgres(_) => panic!("a file"),
    }
}

/// A store in a directory of its own.
async fn new_store() -> (TempDir, Arc<Store>, OrgId) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Arc::new(open(&directory.path().join("audit.db")));
    let retention = codes::retention("free", None).expect("a plan");
    let org = store.create_organization("acme".to_owned(), retention, NOW).await.expect("made").id;
    (directory, store, org)
}

async fn append(store: &Store, org: OrgId, word: &str) -> Result<(), StoreError> {
    let draft = draft(word, "2026-08-01T00:00:00Z");
    store.append(org, vec![draft], false).await.map(drop)
}

/// A reader that SQLite cannot send away: another process's.
fn reader_elsewhere(directory: &TempDir) -> Connection {
    let reader = Connection::open(directory.path().join("audit.db")).expect("opens");
    reader.execute_batch("BEGIN; SELECT count(*) FROM entries;").expect("reads");
    reader
}

fn files_with(directory: &Path, word: &str) -> bool {
    let files = std::fs::read_dir(directory).expect("read");
    files
        .map(|file| std::fs::read(file.expect("a file").path()).expect("read"))
        .any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

/// Waits until it is so; a minute, on a machine that has much else to do.
async fn until(mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        if is_so().await {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

async fn prune(store: &Store, org: OrgId) {
    let run = store.begin_prune(org, "cron".to_owned(), NOW, NOW).await.expect("asked").expect("free");
    while store.prune_batch(org, run.clone(), 100, NOW).await.expect("a batch").deleted > 0 {}
    store.finish_prune(org, run, true, NOW).await.expect("finished").expect("a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prune_with_an_open_reader_does_not_block_recorders() {
    let (directory, store, org) = new_store().await;
    append(&store, org, "weathervane").await.expect("appended");
    let reader = reader_elsewhere(&directory);
    let begun = Instant::now();
    let (pruning, recording) = (Arc::clone(&store), Arc::clone(&store));
    let pruned = tokio::spawn(async move { prune(&pruning, org).await });
    let mut slowest = Duration::ZERO;
    while !pruned.is_finished() {
        let one = Instant::now();
        recording
            .append(org, vec![draft("lighthouse", "2026-11-22T07:00:00Z")], false)
            .await
            .expect("stored");
        slowest = slowest.max(one.elapsed());
    }
    pruned.await.expect("pruned");
    // It was five seconds, for everybody.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(!store.is_purged().await, "the reader still needs the old pages");
    assert!(files_with(directory.path(), "weathervane"));
    drop(reader);
    assert!(until(async || store.is_purged().await).await, "finished once the reader has ended");
    assert!(!files_with(directory.path(), "weathervane"));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prune_without_readers_is_purged_when_it_returns() {
    let (directory, store, org) = new_store().await;
    append(&store, org, "weathervane").await.expect("appended");
    prune(&store, org).await;
    assert!(store.is_purged().await && !files_with(directory.path(), "weathervane"));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_readers_do_not_grow_the_log_without_bound() {
    let (_directory, store, org) = new_store().await;
    for _ in 0..10 {
        append(&store, org, "weathervane").await.expect("appended");
    }
    let searches: Vec<_> = (0..6)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let query = crate::api::query::Query::read(Log::Audit, &[("q", "zzzz")]).expect("a question");
                loop {
                    if number % 2 == 0 {
                        store.facets(org, query.filter.clone()).await.expect("counted");
                    } else {
                        let request = PageRequest::first(query.filter.clone(), Order::Descending, 50);
                        store.page(org, request).await.expect("a page");
                    }
                }
            })
        })
        .collect();
    let fill = |db: &Connection| {
        db.execute_batch("CREATE TABLE IF NOT EXISTS filler (a INTEGER PRIMARY KEY, b BLOB)")?;
        Ok(db.execute_batch("REPLACE INTO filler VALUES (1, randomblob(4000000))")?)
    };
    let megabytes = || store.wal_bytes().expect("a log") / 1_000_000;
    let mut longest = 0;
    // A hundred megabytes go through the log.
    for _ in 0..25 {
        engine(&store).write(Retry::Always, fill).await.expect("written");
        longest = longest.max(megabytes());
    }
    assert!(longest < 60, "{longest} MB");
    // However much there was, it is short again soon, and the searches go on.
    assert!(
        until(async || engine(&store).write(Retry::Always, fill).await.is_ok() && megabytes() < 16).await,
        "{} MB",
        megabytes()
    );
    assert!(!searches.iter().any(tokio::task::JoinHandle::is_finished));
    searches.iter().for_each(tokio::task::JoinHandle::abort);
    store.close().await;
}

/// Lets the database take no more pages, as a full disk does, or as many as it likes.
async fn fill_the_disk(store: &Store, is_full: bool) {
    let writer = Arc::clone(&engine(store).writer);
    let limit = move |db: &Connection| {
        let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let limit = if is_full { pages } else { 1_000_000 };
        Ok(db.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(()))?)
    };
    tokio::task::spawn_blocking(move || writer.alone(limit)).await.expect("joined").expect("set");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_writes_when_the_last_write_failed() {
    let (directory, store, org) = new_store().await;
    append(&store, org, "fits").await.expect("appended");
    store.ready().await.expect("ready");
    fill_the_disk(&store, true).await;
    let refused = append(&store, org, "too much").await;
    assert!(matches!(refused, Err(StoreError::Unwritable(_))), "{refused:?}");
    assert!(engine(&store).file_state.write_failed());
    // The writer can write what needs no more room, and that is what it is asked.
    store.ready().await.expect("a write succeeded");
    assert!(!engine(&store).file_state.write_failed());
    fill_the_disk(&store, false).await;
    append(&store, org, "fits").await.expect("appended");

    // A disk that refuses every write: another process's lock is one that a test can take.
    let other = Connection::open(directory.path().join("audit.db")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    assert!(matches!(append(&store, org, "locked").await, Err(StoreError::Locked)));
    assert!(matches!(store.ready().await, Err(StoreError::Locked)), "reading alone would have said ready");
    other.execute_batch("ROLLBACK").expect("given back");
    store.ready().await.expect("ready again");
    store.close().await;
    assert!(matches!(store.ready().await, Err(StoreError::Closed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_log_is_detected_and_loses_no_acknowledged_entry() {
    let (directory, store, org) = new_store().await;
    for _ in 0..20 {
        append(&store, org, "acknowledged").await.expect("appended");
    }
    std::fs::remove_file(directory.path().join("audit.db-wal")).expect("deleted");
    for _ in 0..2 {
        let refused = append(&store, org, "refused").await;
        assert!(
            matches!(&refused, Err(StoreError::Unwritable(words)) if words.contains("audit.db-wal")),
            "{refused:?}"
        );
        assert!(store.ready().await.is_err());
    }
    store.close().await;
    let store = open(&directory.path().join("audit.db"));
    assert_eq!(store.past(org).await.expect("asked").head, 20, "all that was acknowledged, and nothing else");
    append(&store, org, "accepted").await.expect("appended");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_store_in_use_is_complete_and_private() {
    let (directory, store, org) = new_store().await;
    for _ in 0..5 {
        append(&store, org, "acknowledged").await.expect("appended");
    }
    let (from, to) = (directory.path().join("audit.db"), directory.path().join("copy.db"));
    let url = format!("sqlite:{}", from.display());
    let bytes = crate::store::backup(&url, &to).await.expect("backed up");
    assert_eq!(std::fs::metadata(&to).expect("there").len(), bytes);
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&to).expect("there")) & 0o777, 0o600);
    let refused = crate::store::backup(&url, &to).await;
    assert!(matches!(refused, Err(StoreError::Backup { .. })), "never over another file: {refused:?}");
    let refused =
        crate::store::backup(&format!("sqlite:{}", directory.path().join("none.db").display()), &from).await;
    assert!(refused.is_err(), "{refused:?}");
    append(&store, org, "later").await.expect("appended");
    let copy = open(&to);
    assert_eq!(
        (copy.past(org).await.expect("asked").head, store.past(org).await.expect("asked").head),
        (5, 6)
    );
    append(&copy, org, "the copy goes on").await.expect("appended");
    let left: Vec<_> = std::fs::read_dir(directory.path())
        .expect("read")
        .map(|it| it.expect("a file").file_name())
        .collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with('.')), "{left:?}");
    copy.close().await;
    store.close().await;
}

#[tokio::test]
async fn a_copy_keeps_no_user_whose_entries_were_pruned_meanwhile() {
    let (_directory, store, org) = new_store().await;
    for name in ["Weathervane", "Lighthouse", "Weathervane"] {
        append(&store, org, name).await.expect("appended");
    }
    let users = async || {
        let users = |db: &Connection| {
            Ok(db.query_row("SELECT group_concat(snapshot) FROM users", [], |row| row.get(0))?)
        };
        engine(&store).read::<String>(None, users).await.expect("read")
    };
    assert!(users().await.contains("Weathervane"));
    let prune = Prune {
        id: 1,
        started_at: NOW,
        finished_at: Some(NOW),
        by: "cron".to_owned(),
        cutoff: NOW,
        deleted: 2,
        first_id: 1,
        last_id: 3,
        complete: true,
    };
    let gone = [1, 3].map(|id| PrunedIds { prune_id: 1, first_id: id, last_id: id });
    let past = Past { head: 3, prunes: vec![prune], pruned_ids: gone.to_vec(), erasures: Vec::new() };
    store.restore_past(org, past).await.expect("restored");
    assert_eq!(users().await, r#"{"name":"Lighthouse","kind":"user"}"#);
    store.close().await;
}

#[test]
fn paths_that_look_like_uris_are_paths() {
    let directory = tempfile::tempdir().expect("a directory");
    for name in
        ["file:x?mode=memory", ":memory:", "file::memory:?cache=shared", "a b%20c.db", "x.db?vfs=none"]
    {
        let path = directory.path().join(name);
        drop(open(&path));
        assert!(std::fs::metadata(&path).expect(name).len() > 0, "{name}");
    }
}
