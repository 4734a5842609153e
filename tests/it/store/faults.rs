//! A file that others hold, that is damaged, or that cannot be: a clear error, nothing half-written, and nothing lost.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{self, Store};
use serde_json::json;

use crate::support::entries::{append, drafts, everything, first_page, ids, listed, recording, with};
use crate::support::places::organization;

async fn open(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    store::open(&format!("sqlite:{}", path.display())).await
}

#[tokio::test]
async fn a_locked_file_is_told_and_nothing_of_it_is_stored() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("audit.db");
    let store = open(&path).await.expect("a store");
    let org = organization(&store, "acme").await;
    append(&store, org, [recording("1")]).await;
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let refused = store.append(org, drafts([recording("2")]), false).await;
    assert!(matches!(refused, Err(StoreError::Locked)), "{refused:?}");
    assert_eq!(ids(&everything(&store, org).await), [1], "reading goes on");
    other.execute_batch("ROLLBACK").expect("given back");
    assert_eq!(ids(&append(&store, org, [recording("3")]).await), [2], "no id was used up");
    store.close().await;
}

#[tokio::test]
async fn a_damaged_file_is_told_and_never_read_as_something_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let whole = directory.path().join("whole.db");
    let store = open(&whole).await.expect("a store");
    let org = organization(&store, "acme").await;
    let large =
        |number: u64| with(recording(&number.to_string()), "after", json!({"note": "x".repeat(3000)}));
    append(&store, org, (0..60).map(large)).await;
    let expected = everything(&store, org).await;
    store.close().await;

    let mut told = 0;
    let pages = std::fs::metadata(&whole).expect("there").len() / 4096;
    // Every page but the first, which says that the file is ours at all.
    for page in 1..pages {
        let path = directory.path().join("damaged.db");
        std::fs::copy(&whole, &path).expect("copied");
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&path).expect("opens");
        let mut first = [0; 16];
        file.seek(SeekFrom::Start(page * 4096)).and_then(|_| file.read_exact(&mut first)).expect("read");
        file.seek(SeekFrom::Start(page * 4096)).expect("there");
        file.write_all(&first.map(|byte| !byte).repeat(256)).expect("written");
        drop(file);
        let Ok(store) = open(&path).await else {
            told += 1;
            continue;
        };
        match store.page(org, first_page(&Filter::default(), Order::ById, 1000)).await {
            Ok(read) => assert_eq!(listed(&read), expected, "page {page} holds nothing of what was asked"),
            Err(StoreError::Damaged(_)) => told += 1,
            Err(other) => panic!("page {page}: {other}"),
        }
        store.close().await;
    }
    assert!(told > pages / 3, "{told} of {pages} pages");
}

#[tokio::test]
async fn a_place_that_takes_no_file_is_told_with_its_path() {
    for path in ["/proc/audit.db", "/proc/made/audit.db", "/dev/null/audit.db", "/"] {
        let Err(error) = open(Path::new(path)).await else { panic!("{path} took a file") };
        assert!(matches!(error, StoreError::Open { .. }) && error.to_string().contains(path), "{error}");
    }
}
