//! Monthly partitions: created ahead, created on demand for older entries, and dropped when empty. No recording
//! fails for want of a month.

use std::sync::Arc;

use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{self, OrgId, Store};
use tokio::task::JoinSet;

use crate::support::entries::{
    NOW, append, days_ago, drafts, everything, recording, recording_at, without_seeds,
};
use crate::support::postgres::{connect, private, shared, until};
use crate::support::stores::organization;

/// Two processes over one database, and its URL.
async fn two() -> Option<(Arc<Store>, Arc<Store>, String)> {
    let url = shared()?.database().await;
    Some((store::open(&url).await.expect("a store"), store::open(&url).await.expect("a store"), url))
}

async fn months(url: &str) -> Vec<String> {
    let sql = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE i.inhparent = 'entries'::regclass ORDER BY 1";
    connect(url).await.query(sql, &[]).await.expect("read").iter().map(|row| row.get(0)).collect()
}

async fn prune(store: &Arc<Store>, org: OrgId, cutoff: Timestamp) {
    let run = store.begin_prune(org, "cron".into(), cutoff, NOW).await.expect("asked").expect("free");
    while store.prune_batch(org, run.clone(), 100, NOW).await.expect("a batch").deleted > 0 {}
    store.finish_prune(org, run, true, NOW).await.expect("finished");
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// The month of [`NOW`] and those made ahead of it.
const PRESENT: [&str; 4] = ["entries_2026_11", "entries_2026_12", "entries_2027_01", "entries_2027_02"];

#[tokio::test]
async fn recording_in_this_month_creates_three_months_ahead() {
    let Some((store, _, url)) = two().await else { return };
    assert_eq!(months(&url).await, ["entries_early"]);
    let org = organization(&store, "acme").await;
    append(&store, org, [recording("1")]).await;
    let all = [&PRESENT[..], &["entries_early"]].concat();
    until("the months ahead are made", async || months(&url).await == all).await;
}

#[tokio::test]
async fn older_months_are_created_on_demand_and_the_oldest_share_one() {
    let Some((store, _, url)) = two().await else { return };
    let org = organization(&store, "acme").await;
    let times = [
        "1970-01-01T00:00:00Z",
        "2014-12-31T23:59:59.999999Z",
        "2015-01-01T00:00:00Z",
        "2024-02-29T23:59:59.999999Z",
    ];
    append(&store, org, times.map(|time| recording_at("1", at(time)))).await;
    let all = [&["entries_2015_01", "entries_2024_02"], &PRESENT[..], &["entries_early"]].concat();
    until("the months ahead are made", async || months(&url).await == all).await;
    assert_eq!(everything(&store, org).await.len(), times.len());
    let early = connect(&url).await.query("SELECT 1 FROM entries_early", &[]).await.expect("read");
    assert_eq!(early.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_cannot_be_created_fails_only_its_entries() {
    let Some((one, other, url)) = two().await else { return };
    let org = organization(&one, "acme").await;
    // The present month, without those ahead of it.
    let present = "CREATE TABLE entries_2026_11 PARTITION OF entries FOR VALUES FROM (1793491200000000) TO (1796083200000000)";
    connect(&url).await.batch_execute(present).await.expect("made");
    // Like a shard move: the lock allows writes and blocks new partitions.
    let mut moving = connect(&url).await;
    let moved = moving.transaction().await.expect("begun");
    moved.execute("LOCK TABLE entries IN SHARE UPDATE EXCLUSIVE MODE", &[]).await.expect("locked");
    let store = Arc::clone(&other);
    let old = drafts([recording_at("old", at("2024-03-10T00:00:00Z"))]);
    let refused = tokio::spawn(async move { store.append(org, old, false).await });
    for number in 0..100 {
        let store = if number % 2 == 0 { &one } else { &other };
        append(store, org, [recording(&number.to_string())]).await;
    }
    let refused = refused.await.expect("ended");
    assert!(matches!(refused, Err(StoreError::Locked)), "{refused:?}");
    assert_eq!(months(&url).await, ["entries_2026_11", "entries_early"], "the lock was held all the time");
    moved.rollback().await.expect("ended");
    append(&other, org, [recording_at("old", at("2024-03-10T00:00:00Z"))]).await;
    assert_eq!(everything(&one, org).await.len(), 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_recordings_in_a_missing_month_all_succeed() {
    let Some((one, other, url)) = two().await else { return };
    let mut recorders = JoinSet::new();
    for number in 0..8_i64 {
        let store = Arc::clone(if number % 2 == 0 { &one } else { &other });
        recorders.spawn(async move {
            let org = organization(&store, &format!("org-{number}")).await;
            for month in 0..24 {
                append(&store, org, [recording_at("1", days_ago(30 * month + number))]).await;
            }
            everything(&store, org).await.len()
        });
    }
    assert_eq!(recorders.join_all().await, [24; 8]);
    assert!(months(&url).await.len() >= 25);
}

#[tokio::test]
async fn an_empty_month_is_dropped_and_created_again_when_needed() {
    let Some((one, other, url)) = two().await else { return };
    let (left, stays) = (organization(&one, "left").await, organization(&one, "stays").await);
    let old = at("2026-03-10T00:00:00Z");
    append(&one, left, [recording_at("1", old), recording_at("2", at("2026-02-10T00:00:00Z"))]).await;
    append(&other, stays, [recording_at("1", old)]).await;
    prune(&one, left, days_ago(90)).await;
    let made = months(&url).await;
    assert!(made.contains(&"entries_2026_03".to_owned()), "another organization is in it: {made:?}");
    assert!(!made.contains(&"entries_2026_02".to_owned()), "nobody is in it: {made:?}");
    assert!(made.contains(&"entries_2026_12".to_owned()), "what is not expired stays: {made:?}");
    prune(&one, stays, days_ago(90)).await;
    assert!(!months(&url).await.contains(&"entries_2026_03".to_owned()));
    // The other process still believes that the month is there.
    let entry = append(&other, stays, [recording_at("3", old)]).await.remove(0);
    assert_eq!(entry.id, 2);
    assert_eq!(everything(&one, stays).await, [entry]);
}

#[tokio::test]
async fn a_month_in_use_is_left_to_the_next_prune() {
    let Some((store, _, url)) = two().await else { return };
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("1", at("2026-03-10T00:00:00Z"))]).await;
    let mut busy = connect(&url).await;
    let recording = busy.transaction().await.expect("begun");
    recording.execute("LOCK TABLE ONLY entries IN ROW EXCLUSIVE MODE", &[]).await.expect("locked");
    prune(&store, org, days_ago(90)).await;
    assert!(months(&url).await.contains(&"entries_2026_03".to_owned()));
    recording.rollback().await.expect("ended");
    append(&store, org, [recording_at("2", days_ago(95))]).await;
    prune(&store, org, days_ago(90)).await;
    assert!(!months(&url).await.contains(&"entries_2026_03".to_owned()));
}

/// Refuses entries without a month in the words in which Citus tells of it: it inserts arrays by a COPY on the shard, from
/// which an error comes back without its SQLSTATE.
const AS_CITUS_TELLS: &str = r#"
    CREATE TABLE entries_rest PARTITION OF entries DEFAULT;
    CREATE FUNCTION as_citus() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'no partition of relation "entries_102040" found for row' USING ERRCODE = 'XX000';
    END $$;
    CREATE TRIGGER as_citus BEFORE INSERT ON entries_rest FOR EACH ROW EXECUTE FUNCTION as_citus();"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_citus_every_process_creates_a_dropped_month_again() {
    let Some(server) = private() else { return };
    let url = server.database().await;
    let stores = [store::open(&url).await.expect("a store"), store::open(&url).await.expect("a store")];
    let old = at("2019-01-10T00:00:00Z");
    let (org, copy) = (organization(&stores[0], "acme").await, organization(&stores[0], "copy").await);
    for store in &stores {
        append(store, org, [recording_at("1", old)]).await;
    }
    connect(&url).await.batch_execute(AS_CITUS_TELLS).await.expect("made");
    let mut expected = 2;
    for store in &stores {
        prune(store, org, days_ago(90)).await;
        assert!(!months(&url).await.contains(&"entries_2019_01".to_owned()));
        // Several at once, of which one alone needs the month.
        let mut recorders = JoinSet::new();
        for number in 0..8 {
            let (store, when) = (Arc::clone(store), if number == 3 { old } else { NOW });
            recorders.spawn(async move { append(&store, org, [recording_at("2", when)]).await[0].id });
        }
        let mut ids = recorders.join_all().await;
        ids.sort_unstable();
        assert!(ids.into_iter().eq(expected + 1..=expected + 8), "each has its id");
        expected += 8;
    }
    prune(&stores[0], org, days_ago(90)).await;
    let mut entry = everything(&stores[1], org).await.remove(0);
    (entry.id, entry.occurred_at) = (1, old);
    stores[1].restore_entries(copy, without_seeds(&[entry.clone()])).await.expect("restored");
    assert_eq!(everything(&stores[0], copy).await, [entry]);
}
