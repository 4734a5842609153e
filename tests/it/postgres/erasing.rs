//! An erasure on PostgreSQL: after a vacuum, no file of a table has what was erased.

use std::collections::BTreeSet;
use std::sync::Arc;

use krosyn_audit::model::erasure::{Eraser, ErasureOptions, identities};
use krosyn_audit::store;
use serde_json::json;

use crate::support::entries::{NOW, append, recording, with};
use crate::support::postgres::{connect, shared};
use crate::support::stores::organization;

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
    let how = ("privacy".to_owned(), "r".to_owned(), ErasureOptions::default());
    let run = store.begin_erasure(org, how, person.clone(), NOW).await.expect("asked").expect("free");
    let eraser = Arc::new(Eraser::new(person, &run.erasure.label, run.erasure.options));
    let ids = (1..=50).collect();
    let batch = store.erase_batch(org, run.clone(), Arc::clone(&eraser), ids, NOW).await;
    assert_eq!(batch.expect("a batch"), (50, 0));
    assert!(store.finish_erasure(run.clone(), eraser, 50, NOW).await.expect("asked"));
    store.close_erasure(run, true, NOW).await.expect("closed").expect("a record");
    assert!(!store.is_purged().await, "PostgreSQL decides");
    db.batch_execute("VACUUM (FULL)").await.expect("a vacuum");
    assert!(!has(&files().await), "a file still has the person");
}
