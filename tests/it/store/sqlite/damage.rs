//! Locked, damaged and impossible files: a clear error, no partial write, and no loss.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use krosyn_audit::clock::Clock;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::words::Plan;
use krosyn_audit::server::{self, Settings};
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{self, Store};
use serde_json::json;

use crate::store::contract::sweep::sweep_once;
use crate::support::entries::{
    NOW, append, days_ago, drafts, everything, first_page, ids, listed, recording, recording_at, with,
};
use crate::support::postgres::until;
use crate::support::stores::organization;

async fn open(path: &Path) -> Result<Arc<Store>, StoreError> {
    store::open(&format!("sqlite:{}", path.display())).await
}

#[tokio::test]
async fn appending_to_a_locked_file_fails_and_stores_nothing() {
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
async fn a_damaged_page_is_reported_and_never_misread() {
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
    // Every page except the first, which identifies the file format.
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
async fn opening_an_impossible_path_names_the_path() {
    for path in ["/proc/audit.db", "/proc/made/audit.db", "/dev/null/audit.db", "/"] {
        let Err(error) = open(Path::new(path)).await else { panic!("{path} took a file") };
        assert!(matches!(error, StoreError::Open { .. }) && error.to_string().contains(path), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_organization_does_not_stop_the_sweep() {
    // Damage in every kind of row that a sweep reads or writes.
    for damage in [
        "UPDATE entries SET model_type = 99 WHERE org_id = 1",
        "UPDATE entries SET occurred_at = -9223372036854775807 WHERE org_id = 1",
        "CREATE TRIGGER broken BEFORE DELETE ON entries WHEN OLD.org_id = 1 BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        "CREATE TRIGGER broken BEFORE DELETE ON users WHEN OLD.org_id = 1 BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON leases WHEN NEW.org_id = 1 AND NEW.name = 'prune' BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        "CREATE TRIGGER broken BEFORE UPDATE ON prunes WHEN NEW.org_id = 1 AND NEW.finished_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'damaged'); END",
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.db");
        let store = krosyn_audit::store::open(&format!("sqlite:{}", path.display())).await.expect("a store");
        let retention = Retention { plan: Plan::Free, floor: None };
        let mut made = Vec::new();
        for slug in ["acme", "before", "zeta"] {
            let org = store.create_organization(slug.to_owned(), retention, NOW).await.expect("made").id;
            let gone = with(recording_at("1", days_ago(100)), "user", serde_json::json!({"name": "Gone"}));
            append(&store, org, [gone, recording_at("2", days_ago(1))]).await;
            made.push(org);
        }
        let other = rusqlite::Connection::open(&path).expect("opens");
        other.execute_batch(damage).expect(damage);
        let settings = Settings::new(Clock::fixed(NOW));
        let swept = sweep_once(&store, &settings).await;
        let failed: Vec<_> = swept.failed.iter().map(|(slug, _)| slug.as_str()).collect();
        assert_eq!(failed, ["acme"], "{damage}");
        for org in &made[1..] {
            assert_eq!(ids(&everything(&store, *org).await), [2], "{damage}");
            assert!(store.prunes(*org).await.expect("prunes")[0].complete);
        }
        // No lease is left: another server can sweep at once.
        let again = sweep_once(&store, &settings).await;
        assert!(!again.is_running_elsewhere, "{damage}");
        if !damage.contains("ON prunes") {
            let open =
                store.prunes(made[0]).await.expect("prunes").iter().any(|prune| prune.finished_at.is_none());
            assert!(!open, "{damage}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_server_that_cannot_record_its_start_serves_and_records_it_later() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("audit.db");
    let store = open(&path).await.expect("a store");
    let org = organization(&store, "acme").await;
    let other = rusqlite::Connection::open(&path).expect("opens");
    let refusal =
        "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no space left'); END";
    other.execute_batch(refusal).expect("a trigger");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let settings = Settings { host: Some("host".to_owned()), ..Settings::new(Clock::fixed(NOW)) };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = server::serve(listener.into(), Arc::clone(&store), settings, async { drop(stopped.await) });
    let serving = tokio::spawn(serving);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(format!("http://{address}/api/v1/audit-logs")).send().await.expect("an answer");
    assert_eq!(answer.status(), 401, "it serves");
    assert!(everything(&store, org.trail()).await.is_empty());
    other.execute_batch("DROP TRIGGER full").expect("dropped");
    until("the start is recorded", async || !everything(&store, org.trail()).await.is_empty()).await;
    drop(http);
    stop.send(()).expect("it still serves");
    serving.await.expect("no panic").expect("served");
    let store = open(&path).await.expect("opens again");
    let trail = everything(&store, org.trail()).await;
    let actions: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["started", "stopped"]);
}
