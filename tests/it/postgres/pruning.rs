//! A prune also removes unused users and empty rollup rows.

use krosyn_audit::store;
use serde_json::json;

use crate::support::entries::{NOW, append, days_ago, recording_at, with};
use crate::support::postgres::{connect, shared};
use crate::support::stores::{organization, prune};

#[tokio::test]
async fn a_prune_removes_unused_users_and_empty_rollup_rows() {
    let Some(server) = shared() else { return };
    let url = server.database().await;
    let store = store::open(&url).await.expect("opens");
    let org = organization(&store, "acme").await;
    let by = |name: &str, at| with(recording_at("1", at), "user", json!({"name": name}));
    append(&store, org, [by("Gone", days_ago(100)), by("There", days_ago(100)), by("There", NOW)]).await;
    // Enough more that the sums hold all of it.
    append(&store, org, (0..2_048).map(|_| by("There", NOW))).await;
    let db = connect(&url).await;
    let rows = async |sql: &str| db.query_one(sql, &[]).await.expect(sql).get::<_, i64>(0);
    let gone = "SELECT count(*) FROM users WHERE snapshot LIKE '%Gone%'";
    let sums = "SELECT count(*) FROM tallies";
    assert_eq!((rows(gone).await, rows(sums).await), (1, 5), "two users ever, and on two days");
    prune(&store, org, days_ago(90), 1000).await.expect("a record");
    assert_eq!((rows(gone).await, rows(sums).await), (0, 2), "one user is left, ever and on one day");
    assert_eq!(rows("SELECT count(*) FROM users").await, 1);
}
