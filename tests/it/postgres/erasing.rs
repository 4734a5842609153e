//! An erasure on PostgreSQL: after a vacuum, no file of a table has what was erased.

use std::collections::BTreeSet;
use std::sync::Arc;

use krosyn_audit::model::erasure::{Eraser, ErasureOptions, identities};
use krosyn_audit::store;
use serde_json::json;

use crate::support::entries::{NOW, append, recording, with};
use crate::support::postgres::{Server, connect, shared};
use crate::support::stores::{new_erasure, organization};

#[tokio::test]
async fn erased_text_leaves_the_files_of_tables_and_indexes_with_a_vacuum() {
    let Some(server) = shared() else { return };
    let url = server.database().await;
    let store = store::open(&url).await.expect("opens");
    let org = organization(&store, "acme").await;
    // Texts that no other test has.
    let user = json!({"id": "77", "email": "quokka.erased@acme.example", "name": "Quokka Erased"});
    let context = json!({"ip": "203.0.113.77", "user_agent": "Quokkascape"});
    append(
        &store,
        org,
        (0..50).map(|id| {
            with(with(recording(&id.to_string()), "user", user.clone()), "context", context.clone())
        }),
    )
    .await;
    store.grow_tree(org).await.expect("grown");
    let db = connect(&url).await;
    let files = async || {
        db.batch_execute("CHECKPOINT").await.expect("a checkpoint");
        let sql = "SELECT pg_relation_filepath(oid) FROM pg_class WHERE pg_relation_filepath(oid) IS NOT NULL \
                   AND relnamespace = 'krosyn_audit'::regnamespace";
        let rows = db.query(sql, &[]).await.expect(sql);
        let paths = rows.iter().map(|row| server.directory().join("data").join(row.get::<_, String>(0)));
        let texts = paths.filter_map(|path| std::fs::read(path).ok());
        texts.map(|bytes| String::from_utf8_lossy(&bytes).to_lowercase()).collect::<Vec<_>>()
    };
    let has = |texts: &[String]| texts.iter().any(|text| text.contains("quokka"));
    assert!(has(&files().await), "the test reads the files of the tables");
    let term = "id:77".parse().expect("a term");
    let mut people = identities(store.users(org).await.expect("users"), &term, &BTreeSet::new());
    let person = people.pop().expect("a person");
    let new = new_erasure(person.clone(), ErasureOptions::default());
    let run = store.begin_erasure(org, new, NOW).await.expect("asked").expect("free");
    let eraser = Arc::new(Eraser::new(person, &run.stored.erasure.label, run.stored.erasure.options));
    let ids = (1..=50).collect();
    let batch = store.erase_batch(org, run.clone(), Arc::clone(&eraser), ids, NOW).await;
    assert_eq!(batch.expect("a batch").actors, 50);
    assert!(store.finish_erasure(run.clone(), eraser, vec![(run.org, 50)], NOW).await.expect("asked"));
    store.close_erasure(run, true, NOW).await.expect("closed").expect("a record");
    assert!(!store.is_purged().await, "PostgreSQL decides");
    db.batch_execute("VACUUM (FULL)").await.expect("a vacuum");
    assert!(!has(&files().await), "a file still has the person");
}

/// Whether a file of the write-ahead log has a text.
fn is_in_wal(server: &Server, text: &str) -> bool {
    let files = std::fs::read_dir(server.directory().join("data/pg_wal")).expect("there");
    let files = files.filter_map(|file| std::fs::read(file.expect("a file").path()).ok());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|it| it == text.as_bytes()))
}

/// By default PostgreSQL renames old segments, and they keep their bytes until they are written again.
#[tokio::test]
async fn erased_text_leaves_the_write_ahead_log_with_its_old_segments() {
    let Some(server) = Server::start_with(|_| "-c wal_recycle=off -c min_wal_size=32MB".to_owned()) else {
        return;
    };
    let url = server.database().await;
    let store = store::open(&url).await.expect("opens");
    let org = organization(&store, "acme").await;
    let user = json!({"id": "77", "email": "numbat.erased@acme.example"});
    append(&store, org, [with(recording("1"), "user", user)]).await;
    store.grow_tree(org).await.expect("grown");
    assert!(is_in_wal(&server, "numbat"), "the test reads the write-ahead log");
    let term = "id:77".parse().expect("a term");
    let person = identities(store.users(org).await.expect("users"), &term, &BTreeSet::new()).remove(0);
    let new = new_erasure(person.clone(), ErasureOptions::default());
    let run = store.begin_erasure(org, new, NOW).await.expect("asked").expect("free");
    let eraser = Arc::new(Eraser::new(person, &run.stored.erasure.label, run.stored.erasure.options));
    store.erase_batch(org, run.clone(), Arc::clone(&eraser), vec![1], NOW).await.expect("a batch");
    assert!(store.finish_erasure(run.clone(), eraser, vec![(run.org, 1)], NOW).await.expect("asked"));
    store.close_erasure(run, true, NOW).await.expect("closed");
    let db = connect(&url).await;
    for sql in
        ["VACUUM (FULL)", "SELECT pg_switch_wal()", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"]
    {
        db.batch_execute(sql).await.expect(sql);
    }
    assert!(!is_in_wal(&server, "numbat"));
    store.close().await;
}
