//! Copies a log between every pair of engines. Ids, prune records and pruned ids stay the same.

use std::sync::Arc;

use krosyn_audit::model::entry::Entry;
use krosyn_audit::store::{OrgId, Store};
use serde_json::json;

use crate::support::entries::{
    NOW, append, days_ago, drafts, everything, ids, recording, recording_at, with, without_seeds,
};
use crate::support::stores::{Engine, block_on, organization};

/// The lookup of each id, as text.
async fn lookups(store: &Arc<Store>, org: OrgId) -> Vec<String> {
    let mut found = Vec::new();
    for id in 0..12 {
        found.push(format!("{:?}", store.entry(org, id).await.expect("a look")));
    }
    found
}

async fn prune(store: &Arc<Store>, org: OrgId, days: i64, limit: u32) {
    let run = store.begin_prune(org, "cron".into(), days_ago(days), NOW).await.expect("asked").expect("free");
    store.prune_batch(org, run.clone(), limit, NOW).await.expect("a batch");
    store.finish_prune(org, run, true, NOW).await.expect("finished");
}

async fn a_copy_is_complete_and_continues(from: &Arc<Store>, to: &Arc<Store>) {
    let org = organization(from, "source").await;
    organization(to, "neighbour").await;
    let there = organization(to, "acme").await;
    let days = [100, 1, 110, 2, 105, 3, 120, 4];
    let keyed = |days| {
        let keyed = with(recording_at("1", days_ago(days)), "on_behalf_of", json!({"id": days % 3}));
        with(keyed, "uuid", uuid::Uuid::from_u128(days as u128).to_string())
    };
    append(from, org, days.map(keyed)).await;
    prune(from, org, 108, 10).await;
    let copied = everything(from, org).await;
    // A repeated copy keeps existing entries.
    for part in [&copied[..3], &copied[..], &copied[2..]] {
        to.restore_entries(there, without_seeds(part)).await.expect("restored");
    }
    prune(from, org, 90, 1).await;
    append(from, org, [recording("9"), recording_at("10", days_ago(100))]).await;
    prune(from, org, 90, 10).await;
    let later: Vec<Entry> = everything(from, org).await.into_iter().filter(|it| it.id > 8).collect();
    assert_eq!(ids(&later), [9]);
    to.restore_entries(there, without_seeds(&later)).await.expect("restored");
    for _ in 0..2 {
        let past = from.past(org).await.expect("a past");
        to.restore_past(there, past.clone()).await.expect("restored");
        assert_eq!(to.past(there).await.expect("a past"), past);
        assert_eq!(everything(to, there).await, everything(from, org).await);
        assert_eq!(lookups(to, there).await, lookups(from, org).await);
    }
    assert_eq!(append(to, there, [recording("11")]).await[0].id, 11, "the head came over too");
    let known = to.append(there, drafts([keyed(1)]), true).await.expect("judged");
    assert!(matches!(&known[0], krosyn_audit::store::Appended::Known(entry) if entry.id == 2), "{known:?}");
    assert_eq!(append(to, there, [keyed(100)]).await[0].id, 12, "a uuid that was pruned is free");
}

/// Defines a test for each pair of engines.
macro_rules! copies {
    ($($test:ident: $from:ident, $to:ident;)+) => {
        $(#[test]
        fn $test() {
            block_on(async {
                let (Some(from), Some(to)) = (Engine::$from.open().await, Engine::$to.open().await) else {
                    return;
                };
                a_copy_is_complete_and_continues(&from.store, &to.store).await;
            });
        })+
    };
}

copies! {
    sqlite_to_sqlite: Sqlite, Sqlite;
    sqlite_to_memory: Sqlite, Memory;
    sqlite_to_postgres: Sqlite, Postgres;
    memory_to_sqlite: Memory, Sqlite;
    memory_to_memory: Memory, Memory;
    memory_to_postgres: Memory, Postgres;
    postgres_to_sqlite: Postgres, Sqlite;
    postgres_to_memory: Postgres, Memory;
    postgres_to_postgres: Postgres, Postgres;
}
