//! A store in a file: reopening keeps everything, and pruned text is in no byte of the file.

use std::sync::Arc;

use krosyn_audit::store::{self, Store};
use serde_json::json;
use tempfile::TempDir;

use crate::support::entries::{NOW, append, days_ago, everything, ids, recording_at, with};
use crate::support::files::files_with;
use crate::support::stores::{organization, signed};

async fn open(directory: &TempDir) -> Arc<Store> {
    let url = format!("sqlite:{}", directory.path().join("audit.db").display());
    store::open(&url).await.expect("opens")
}

#[tokio::test]
async fn reopening_a_file_keeps_everything() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(&directory).await;
    let org = organization(&store, "acme").await;
    let recordings = (0..20).map(|number| recording_at(&number.to_string(), days_ago(109 - number)));
    append(&store, org, recordings).await;
    let run = store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
    store.prune_batch(org, run.clone(), 5, NOW).await.expect("a batch");
    store.finish_prune(org, run, false, NOW).await.expect("finished");
    let before = (everything(&store, org).await, store.prunes(org).await.expect("prunes"));
    store.close().await;

    let store = open(&directory).await;
    let found = store.organizations().await.expect("one").remove(0);
    assert_eq!((found.id, found.slug.as_str()), (org, "acme"));
    assert_eq!((everything(&store, org).await, store.prunes(org).await.expect("prunes")), before);
    assert_eq!(append(&store, org, [recording_at("1", NOW)]).await[0].id, 21, "the next id follows the last");
    store.close().await;
}

#[tokio::test]
async fn a_second_process_sees_acknowledged_entries() {
    let directory = tempfile::tempdir().expect("a directory");
    let (one, other) = (open(&directory).await, open(&directory).await);
    let org = organization(&one, "acme").await;
    for (turn, store) in [&one, &other, &one, &other].into_iter().enumerate() {
        append(store, org, [recording_at("1", NOW)]).await;
        let expected: Vec<_> = (1..=turn as u64 + 1).collect();
        for store in [&one, &other] {
            assert_eq!(ids(&everything(store, org).await), expected);
        }
    }
    one.close().await;
    other.close().await;
}

/// The file is searched while the store is open: a backup, too, takes the files as they are.
#[tokio::test]
async fn pruned_text_leaves_the_file_and_its_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(&directory).await;
    let org = organization(&store, "acme").await;
    let entry = |word: &str, days| {
        let recorded =
            with(recording_at(&format!("id{word}"), days_ago(days)), "reason", format!("why {word}"));
        let recorded = with(recorded, "model_name", format!("the {word}"));
        let recorded = with(recorded, "user", json!({"name": format!("User {word}")}));
        let long = format!("{word} ").repeat(3000);
        let recorded = with(recorded, "after", json!({"note": word, "long": long}));
        with(
            recorded,
            "context",
            json!({"user_agent": format!("agent {word}"), "request_id": format!("req{word}")}),
        )
    };
    for _ in 0..5 {
        append(&store, org, [entry("weathervane", 100), entry("lighthouse", 1)]).await;
    }
    assert!(!files_with(directory.path(), "weathervane").is_empty(), "the search can find it");
    let run = store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
    while store.prune_batch(org, run.clone(), 2, NOW).await.expect("a batch").deleted > 0 {}
    let record = store.finish_prune(org, run, true, NOW).await.expect("finished").expect("a record");
    assert_eq!(record.deleted, 5);
    assert_eq!(files_with(directory.path(), "weathervane"), Vec::<String>::new());
    assert_eq!(everything(&store, org).await.len(), 5);
    assert!(!files_with(directory.path(), "lighthouse").is_empty(), "what stays is there");
    store.close().await;
}

#[tokio::test]
async fn a_prune_shrinks_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let size = || std::fs::metadata(directory.path().join("audit.db")).expect("there").len();
    let store = open(&directory).await;
    let org = organization(&store, "acme").await;
    // More pages than are given back in one commit.
    let large = with(recording_at("1", days_ago(100)), "after", json!({"note": "x ".repeat(25_000)}));
    append(&store, org, std::iter::repeat_n(large, 120)).await;
    let run = store.begin_prune(org, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
    while store.prune_batch(org, run.clone(), 10, NOW).await.expect("a batch").deleted > 0 {}
    store.finish_prune(org, run, true, NOW).await.expect("finished");
    assert!(size() < 200_000, "{} bytes for an empty log", size());
    store.close().await;
}

#[tokio::test]
async fn a_backup_does_not_hold_the_signing_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let original = open(&directory).await;
    let org = organization(&original, "acme").await;
    append(&original, org, [recording_at("1", NOW)]).await;
    let key = original.signing_key(NOW).await.expect("a key");
    let note = signed(&original, org, &key).await;
    let copy = directory.path().join("copy.db");
    let url = format!("sqlite:{}", directory.path().join("audit.db").display());
    store::backup(&url, &copy).await.expect("backed up");
    original.close().await;
    let holds_key = |file: &str| {
        let bytes = std::fs::read(directory.path().join(file)).expect("a file");
        bytes.windows(32).any(|window| window == key.secret())
    };
    assert!(holds_key("audit.db") && !holds_key("copy.db"));
    let restored = store::open(&format!("sqlite:{}", copy.display())).await.expect("opens");
    assert_eq!(restored.stored_signing_key().await.expect("asked"), None);
    let other = restored.signing_key(NOW).await.expect("a key");
    assert_ne!(other.secret(), key.secret());
    let resigned = signed(&restored, org, &other).await;
    assert_eq!(resigned.lines().take(3).collect::<Vec<_>>(), note.lines().take(3).collect::<Vec<_>>());
    assert_ne!(resigned, note, "the same tree, signed with the new key");
    restored.close().await;
}
