//! Files of every earlier schema, kept in `testdata/`, open with all their data and accept entries.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use krosyn_audit::clock::Clock;
use krosyn_audit::server::{Settings, serve};
use krosyn_audit::store::{self, Lookup};

use crate::support::entries::{NOW, append, everything, ids, recording_at};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn count(directory: &Path, ending: &str) -> usize {
    let files = std::fs::read_dir(directory).expect("a directory").map(|file| file.expect("a file").path());
    files.filter(|path| path.to_str().is_some_and(|path| path.ends_with(ending))).count()
}

#[test]
fn testdata_has_a_file_of_every_earlier_schema() {
    let migrations = count(&root().join("src/store/migrations"), ".sqlite.sql");
    assert!(migrations >= 2);
    for number in 1..migrations {
        let name = format!("testdata/sqlite-schema-{number}.db");
        assert!(root().join(&name).exists(), "{name} is missing: keep what the last release wrote");
    }
}

/// Each file holds the organization `acme`, whose entries 1 to 11 of 12 were pruned, with the tokens `cron` and `old`,
/// and the organization `other` with two entries.
#[tokio::test]
async fn a_file_of_an_earlier_schema_opens_with_all_its_data() {
    let kept = count(&root().join("testdata"), ".db");
    for number in 1..=kept {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.db");
        std::fs::copy(root().join(format!("testdata/sqlite-schema-{number}.db")), &path).expect("copied");
        for turn in 0..2 {
            let store = store::open(&format!("sqlite:{}", path.display())).await.expect("opens");
            let organizations = store.organizations().await.expect("two");
            let [acme, other] = &organizations[..] else { panic!("{organizations:?}") };
            assert_eq!((acme.slug.as_str(), other.slug.as_str()), ("acme", "other"));
            let entries = everything(&store, acme.id).await;
            assert_eq!(ids(&entries), (12..=12 + turn).collect::<Vec<_>>());
            let changes = serde_json::to_string(&entries[0].changes).expect("serialises");
            assert!(changes.contains(r#""new":9007199254740993"#), "{changes}");
            assert_eq!(ids(&everything(&store, other.id).await), [1, 2]);
            let lookup = store.entry(acme.id, 11).await.expect("asked");
            assert!(matches!(lookup, Lookup::Pruned(prune) if prune.deleted == 11));
            let tokens = store.tokens(acme.id).await.expect("two");
            let told: Vec<_> = tokens.iter().map(|it| (it.name.as_str(), it.revoked_at.is_some())).collect();
            assert_eq!(told, [("cron", false), ("old", true)]);
            assert!(tokens.iter().all(|token| token.created_by.is_none() && token.last_used_at.is_none()));
            let new = append(&store, acme.id, [recording_at("13", NOW)]).await;
            assert_eq!(ids(&new), [13 + turn], "the next id follows the last");
            store.close().await;
        }
    }
}

#[tokio::test]
async fn an_upgrade_is_recorded_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("audit.db");
    std::fs::copy(root().join("testdata/sqlite-schema-4.db"), &path).expect("copied");
    let open = async || store::open(&format!("sqlite:{}", path.display())).await.expect("opens");
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        serve(listener.into(), open().await, Settings::new(Clock::fixed(NOW)), async {})
            .await
            .expect("served");
    }
    let store = open().await;
    let organizations = store.organizations().await.expect("two");
    // The trail states the retention from here on.
    let stated = [
        r#"[{"field":"unprotected_through","new":12},{"field":"plan","new":"free"},{"field":"floor","new":"30d"}]"#,
        r#"[{"field":"unprotected_through","new":2},{"field":"plan","new":"pro"}]"#,
    ];
    for (organization, stated) in organizations.iter().zip(stated) {
        let trail = everything(&store, organization.id.trail()).await;
        let [entry] = &trail[..] else { panic!("{trail:?}") };
        assert_eq!(
            (entry.action.as_str(), entry.model_type.as_str(), &*entry.model_id),
            ("migrated", "server", "5")
        );
        assert_eq!(entry.changes.get(), stated);
    }
    store.close().await;
}
