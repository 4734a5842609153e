//! Migrations: applied once by any number of processes, refused by an older version, and followed on Citus by the
//! distribution of growing tables.

use krosyn_audit::store::{self, error::StoreError};
use tokio::task::JoinSet;

use crate::support::entries::{NOW, append, recording_at};
use crate::support::postgres::{connect, private, shared};
use crate::support::stores::organization;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_starting_together_migrate_once() {
    let Some(server) = shared() else { return };
    let url = server.bare_database().await;
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        opening.spawn(async move { store::open(&url).await.expect("opens") });
    }
    let stores = opening.join_all().await;
    let org = organization(&stores[0], "acme").await;
    for (id, store) in (1..).zip(&stores) {
        assert_eq!(append(store, org, [recording_at("1", NOW)]).await[0].id, id);
    }
    let applied = connect(&url).await.query("SELECT applied FROM migrations", &[]).await.expect("read");
    assert_eq!(applied.len(), 1);
    let files = std::fs::read_dir("src/store/migrations").expect("a directory").flatten();
    let names = files.map(|file| file.file_name().into_string().expect("UTF-8"));
    let migrations = names.filter(|name| name.ends_with(".postgres.sql")).count();
    assert_eq!(applied[0].get::<_, i64>(0), migrations as i64, "each file is a migration");
}

#[test]
fn both_stores_have_the_same_migrations() {
    let files = std::fs::read_dir("src/store/migrations").expect("a directory").flatten();
    let mut names: Vec<_> = files.map(|file| file.file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    assert!(names.len() >= 4 && names.len().is_multiple_of(2));
    for pair in names.chunks(2) {
        let name = pair[0].strip_suffix(".postgres.sql").expect("PostgreSQL's sorts first");
        assert_eq!(pair[1], format!("{name}.sqlite.sql"));
    }
}

#[tokio::test]
async fn an_older_version_refuses_a_newer_schema() {
    let Some(server) = shared() else { return };
    let url = server.database().await;
    connect(&url).await.batch_execute("UPDATE migrations SET applied = 99").await.expect("set");
    let refused = store::open(&url.replace("audit@", "audit:hunter2@")).await.err().expect("refused");
    assert!(matches!(refused, StoreError::NewerSchema { found: 99, .. }), "{refused}");
    let words = refused.to_string();
    assert!(words.contains("use the newer krosyn-audit") && !words.contains("hunter2"), "{words}");
}

#[tokio::test]
async fn tables_of_another_program_do_not_interfere() {
    let Some(server) = shared() else { return };
    let url = server.bare_database().await;
    let database = connect(&url).await;
    database
        .batch_execute("CREATE TABLE public.users (a INT); CREATE TABLE public.entries (b INT)")
        .await
        .expect("made");
    let store = store::open(&url).await.expect("opens");
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("1", NOW)]).await;
    let rows = database.query("SELECT 1 FROM public.users, public.entries", &[]).await.expect("read");
    assert!(rows.is_empty());
}

/// A fake extension named citus that only records its calls, because the real one is not available here.
const NOTING_CITUS: &str = "
    SET allow_system_table_mods = on;
    CREATE SCHEMA noted;
    CREATE TABLE noted.calls (what TEXT, name TEXT, by TEXT, beside TEXT);
    CREATE FUNCTION pg_catalog.create_reference_table(name REGCLASS) RETURNS void LANGUAGE sql
        AS $$ INSERT INTO noted.calls VALUES ('reference', name::text, NULL, NULL) $$;
    CREATE FUNCTION pg_catalog.create_distributed_table(name REGCLASS, by TEXT, colocate_with TEXT DEFAULT 'default')
        RETURNS void LANGUAGE sql AS $$ INSERT INTO noted.calls VALUES ('distributed', name::text, by, colocate_with) $$;
    INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        VALUES (99999, 'citus', 10, 2200, false, '12.1');";

/// The tables that Citus keeps whole on each node. It distributes all others.
pub(super) const ON_EVERY_NODE: [&str; 4] = ["organizations", "sessions", "signing_keys", "tokens"];

#[tokio::test]
async fn on_citus_every_table_is_distributed_by_organization_or_on_every_node() {
    let Some(server) = private() else { return };
    let url = server.bare_database().await;
    let database = connect(&url).await;
    database.batch_execute(NOTING_CITUS).await.expect("made");
    store::open(&url).await.expect("opens");
    let calls = database.query("SELECT what, name, by, beside FROM noted.calls ORDER BY name", &[]).await;
    let mut distributed = Vec::new();
    let mut everywhere = Vec::new();
    for call in calls.expect("read") {
        match call.get(0) {
            "reference" => everywhere.push(call.get::<_, String>(1)),
            _ => {
                let (name, by, beside): (String, &str, &str) = (call.get(1), call.get(2), call.get(3));
                let beside_first = beside == if name == "org_heads" { "default" } else { "org_heads" };
                assert!(by == "org_id" && beside_first, "{name} {by} {beside}");
                distributed.push(name);
            }
        }
    }
    assert_eq!(everywhere, ON_EVERY_NODE);
    let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'krosyn_audit'::regnamespace \
                  AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations' ORDER BY 1";
    let tables = database.query(tables, &[]).await.expect("read");
    let tables: Vec<String> = tables.iter().map(|row| row.get(0)).collect();
    distributed.extend(everywhere);
    distributed.sort();
    assert_eq!(distributed, tables, "no table is left out");
    let keys = "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                WHERE c.relnamespace = 'krosyn_audit'::regnamespace";
    for index in database.query(keys, &[]).await.expect("read") {
        let (name, first): (&str, &str) = (index.get(0), index.get(1));
        let small = ["tokens_by_lookup", "organizations_slug_key", "signing_keys_pkey", "sessions_pkey"]
            .contains(&name);
        assert!(first == "org_id" || small, "{name} begins with {first}");
    }
}
