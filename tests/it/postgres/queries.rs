//! Slow queries on a locked table: cancelled with their call, ended at their time limit, and never blocking health
//! checks, tokens and recordings.

use std::sync::Arc;
use std::time::Duration;

use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::model::stats::StatsQuery;
use krosyn_audit::model::words::Dimension;
use krosyn_audit::store::{self, Lookup, OrgId, Store, error::StoreError};
use reqwest::StatusCode;
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::Client;

use crate::support::entries::{NOW, append, first_page, recording};
use crate::support::postgres::{connect, shared, until};
use crate::support::sandbox::Sandbox;
use crate::support::stores::organization;

/// More callers than there are connections.
const MANY: usize = 40;

/// Holds up all that reads a table, until it is dropped or finished.
pub(super) const LOCK: &str = "BEGIN; LOCK TABLE prunes IN ACCESS EXCLUSIVE MODE";

/// How many connections of this database wait for a lock.
pub(super) async fn waiting(watcher: &Client) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND wait_event_type = 'Lock' AND state = 'active'";
    watcher.query_one(sql, &[]).await.expect("read").get(0)
}

/// A store with one entry, its URL, and its organization.
async fn one_entry() -> Option<(Arc<Store>, String, OrgId)> {
    let url = shared()?.database().await;
    let store = store::open(&url).await.expect("a store");
    let org = organization(&store, "acme").await;
    append(&store, org, [recording("1")]).await;
    Some((store, url, org))
}

pub(super) fn page(store: &Arc<Store>, org: OrgId, filter: Filter) -> JoinHandle<Result<(), StoreError>> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let read = store.page(org, first_page(&filter, Order::Descending, 10)).await;
        read.map(|read| assert_eq!(read.entries.len(), 1))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_cancels_its_query() {
    let Some((store, url, org)) = one_entry().await else { return };
    let (locking, watcher) = (connect(&url).await, connect(&url).await);
    locking.batch_execute(LOCK).await.expect("locked");
    let mut text = Filter::default();
    text.text.add("active").expect("a text");
    let counts = {
        let (store, by) = (Arc::clone(&store), vec![Dimension::Field]);
        move || {
            let store = Arc::clone(&store);
            let counting = StatsQuery { filter: Filter::default(), slot_seconds: None, by: by.clone() };
            tokio::spawn(async move { store.counts(org, counting, None).await.map(|_| ()) })
        }
    };
    for kind in 0..3 {
        let asked = match kind {
            0 => page(&store, org, Filter::default()),
            1 => page(&store, org, text.clone()),
            _ => counts(),
        };
        until("it waits", async || waiting(&watcher).await == 1).await;
        asked.abort();
        until("nothing runs for nobody", async || waiting(&watcher).await == 0).await;
    }
    let many: Vec<_> = (0..MANY).map(|_| page(&store, org, Filter::default())).collect();
    until("they wait", async || waiting(&watcher).await > 1).await;
    for asked in many {
        asked.abort();
    }
    until("nothing runs for nobody", async || waiting(&watcher).await == 0).await;
    locking.batch_execute("ROLLBACK").await.expect("ended");
    let asked: JoinSet<_> = (0..MANY)
        .map(|_| {
            let asked = page(&store, org, Filter::default());
            async move { asked.await.expect("ended") }
        })
        .collect();
    for answer in asked.join_all().await {
        answer.expect("a page: no connection is left in a state of another's");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_queries_do_not_block_health_tokens_recordings_or_other_organizations() {
    let Some((store, url, org)) = one_entry().await else { return };
    let (locking, watcher) = (connect(&url).await, connect(&url).await);
    locking.batch_execute(LOCK).await.expect("locked");
    let other = organization(&store, "other").await;
    append(&store, other, [recording("1")]).await;
    let asked: Vec<_> = (0..MANY).map(|_| page(&store, org, Filter::default())).collect();
    until("as many run as may", async || waiting(&watcher).await == 4).await;
    // All that follows is done while they wait: the lock is held until its end.
    for _ in 0..20 {
        store.ready().await.expect("ready");
        store.find_tokens([0; 32]).await.expect("looked up");
        append(&store, org, [recording("1")]).await;
        let found = store.entry(other, 1).await.expect("another organization's query");
        assert!(matches!(found, Lookup::Found(_)), "{found:?}");
        assert_eq!(waiting(&watcher).await, 4, "one organization's queries, of the connections of all");
    }
    assert!(store.hold_lease(org, "sweep", "me".to_owned(), NOW).await.expect("a lease"));
    for one in asked {
        one.abort();
    }
}

#[tokio::test]
async fn a_query_over_its_time_limit_is_cancelled_and_reported() {
    let Some((_, url, org)) = one_entry().await else { return };
    // A shorter time than ours is kept.
    let sign = if url.contains('?') { '&' } else { '?' };
    let short = format!("{url}{sign}options=-c%20statement_timeout%3D200");
    let store = store::open(&short).await.expect("a store");
    let locking = connect(&url).await;
    locking.batch_execute(LOCK).await.expect("locked");
    let ended = page(&store, org, Filter::default()).await.expect("ended");
    let words = ended.as_ref().map_err(ToString::to_string);
    assert!(matches!(ended, Err(StoreError::TimedOut)), "{ended:?}");
    assert!(words.is_err_and(|words| words.contains("took too long")));
    locking.batch_execute("ROLLBACK").await.expect("ended");
    page(&store, org, Filter::default()).await.expect("ended").expect("a page");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_connection_leaves_no_query_running() {
    let Some(server) = shared() else { return };
    let (sandbox, url) = (Sandbox::new(), server.database().await);
    let serving = sandbox.serve_on(&url, &[]);
    let log = sandbox.text("serve.log");
    assert!(log.contains("data_checksums"), "it says whether the database finds damaged pages: {log}");
    let (locking, watcher) = (connect(&url).await, connect(&url).await);
    locking.batch_execute(LOCK).await.expect("locked");
    let http =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().expect("a client");
    let mut asked = JoinSet::new();
    for _ in 0..MANY {
        let asking = http.get(format!("{}/api/v1/audit-logs?q=active", serving.url()));
        asked.spawn(asking.bearer_auth(serving.token()).send());
    }
    until("they wait", async || waiting(&watcher).await > 2).await;
    for path in ["healthz", "readyz"] {
        let answer = http.get(format!("{}/{path}", serving.url())).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    asked.shutdown().await;
    until("nothing runs for nobody", async || waiting(&watcher).await == 0).await;
}
