//! A deleted organization leaves no row in any table, also in those of later migrations.

use crate::support::entries::{NOW, append, days_ago, recording_at};
use crate::support::postgres::{connect, shared};
use crate::support::stores::{organization, prune};

/// The tables that keep the record of a deletion.
const OF_THE_RECORD: [&str; 2] = ["leases", "organizations"];

#[tokio::test]
async fn no_table_keeps_a_row_of_a_deleted_organization() {
    let Some(server) = shared() else { return };
    let url = server.database().await;
    let store = krosyn_audit::store::open(&url).await.expect("a store");
    let org = organization(&store, "acme").await;
    for log in [org, org.trail()] {
        append(&store, log, (0..300).map(|number| recording_at("1", days_ago(80 + number)))).await;
        prune(&store, log, days_ago(90), 100).await.expect("a record");
    }
    let database = connect(&url).await;
    let hold = format!(
        "INSERT INTO holds VALUES ({}, 'old', '', 'a case', 1, 'ana', 2, 'ana', 'closed')",
        org.number()
    );
    database.batch_execute(&hold).await.expect("a released hold");
    store.begin_deletion(org, "ana".to_owned(), NOW).await.expect("asked").expect("nothing prevents it");
    while store.deletion_batch(org, 100).await.expect("a batch") {}
    store.finish_deletion(org, NOW).await.expect("finished");
    let sql = "SELECT table_name::text FROM information_schema.columns \
               WHERE column_name = 'org_id' AND table_schema = 'krosyn_audit' ORDER BY 1";
    let tables = database.query(sql, &[]).await.expect("read");
    assert!(tables.len() > 15, "{tables:?}");
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let counted = format!("SELECT count(*) FROM {table} WHERE org_id IN ({0}, -{0})", org.number());
        let rows: i64 = database.query_one(&counted, &[]).await.expect("read").get(0);
        assert_eq!(rows, i64::from(OF_THE_RECORD.contains(&&*table)), "{table}");
    }
}
