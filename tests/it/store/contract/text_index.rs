//! Searches find the same with and without the text index, while it is behind, and after prunes.

use std::sync::Arc;

use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::store::{OrgId, Store};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::store::contract::filtering::pages_agree;
use crate::support::entries::{append, everything, ids, read_all, recording_at, seconds_ago};
use crate::support::properties::check;
use crate::support::stores::{organization, prune};

/// Entries of a block.
const BLOCK: i64 = 256;
/// Enough blocks for every way of reading a page.
const BLOCKS: i64 = 22;

/// A recording whose texts depend on its block; every seventh block is recorded late, and some texts are in one entry.
fn entry(n: i64) -> Value {
    let block = n / BLOCK;
    let age = if block % 7 == 3 { 3_000 + n % 1_000 } else { 10_000 - n } + n % 5;
    let mut recording = recording_at("1", seconds_ago(age));
    recording["user"]["name"] = json!(format!("Person Number {}", n % 3));
    recording["model_name"] = json!(match n % 50 {
        0 => format!("Warehouse of block {}", block % 5),
        1 => "ΟΔΥΣΣΕΥΣ Straße 日本語の倉庫".to_owned(),
        _ => "Slack".to_owned(),
    });
    let new = match (n % BLOCK, block % 4) {
        (7, 1) => json!({"retry": {"maximum": n}, "secret_key": "[redacted]"}),
        (8, 2) => json!(format!(r#"{{"hid\u0064en": {{"depth": {n}}}, "retry": "json"}}"#)),
        (9, _) => json!(format!("needle-{n} in haystack")),
        (10, 3) => json!(["zebra crossing", {"app.io/name": true}]),
        _ => json!(n),
    };
    recording.as_object_mut().expect("an object").remove("after");
    recording["action"] = "created".into();
    recording["changes"] = match n % BLOCK {
        11 if block % 3 == 0 => json!([{"field": "password_hash", "redacted": true}]),
        12 if block % 3 == 1 => json!([{"field": "labels.app.io/name", "new": 1}]),
        _ => json!([{"field": "perform", "new": new}]),
    };
    recording
}

const TEXTS: &[&str] = &[
    "zebra crossing",
    "ZEBRA",
    "zebr",
    "needle-521 in",
    "needle-",
    "warehouse of block 3",
    "οδυσσευς straSSE",
    "本語の",
    "nowhere to be found",
    "number 1",
    "slack",
    "q",
    "maximum",
    "person number 2",
];
const PATHS: &[&str] = &[
    "perform.retry.maximum",
    "perform.hidden.depth",
    "perform.secret_key.inside",
    "perform.nothing.there",
    "perform[1]",
    "perform[1].\"app.io/name\"",
    "perform[1].app.io/name",
    "password_hash.inside",
    "labels.\"app.io/name\"",
    "labels",
    "Perform",
    "absent_field",
    "perform",
];

fn filters() -> impl Strategy<Value = Filter> {
    let texts = prop::collection::vec(select(TEXTS), 0..3);
    let paths = prop::collection::vec(select(PATHS), 0..3);
    let since = prop::option::weighted(0.3, (0..10_000i64).prop_map(seconds_ago));
    let user = prop::option::weighted(0.3, select(&["number", "is:Person Number 1", "nobody"][..]));
    (texts, paths, since, user, any::<bool>()).prop_map(|(texts, paths, since, user, excludes)| {
        let mut filter = Filter { since, ..Filter::default() };
        for (n, text) in texts.into_iter().enumerate() {
            let list = if excludes && n == 1 { &mut filter.text.exclude } else { &mut filter.text.include };
            list.push(text.parse().expect("a text"));
        }
        filter.field.include = paths.into_iter().map(|path| path.parse().expect("a path")).collect();
        filter.user.include = user.into_iter().map(|user| user.parse().expect("a user")).collect();
        filter
    })
}

async fn agrees(store: &Arc<Store>, org: OrgId, all: &[Entry], filter: Filter, limit: u32) {
    // Small pages of many matches take long.
    let matches = all.iter().filter(|entry| filter.matches(entry)).count();
    let limit = limit.max(u32::try_from(matches).expect("few") / 4);
    let expected = pages_agree(store, org, all, &filter, limit).await;
    let as_of = all.len() as u64 * 2 / 3;
    let counted = store.count(org, filter, as_of).await.expect("a count");
    assert_eq!(counted, expected.iter().filter(|entry| entry.id <= as_of).count() as u64);
}

pub(crate) async fn searches_agree_with_the_reference_by_way_of_the_index(store: Arc<Store>) {
    let (org, other) = (organization(&store, "acme").await, organization(&store, "other").await);
    for log in [org, other] {
        for from in (0..BLOCKS * BLOCK + 30).step_by(1_000) {
            append(&store, log, (from..(from + 1_000).min(BLOCKS * BLOCK + 30)).map(entry)).await;
        }
    }
    while store.index_text(other).await.expect("a step") {}
    let compare = |cases: u32, all: Vec<Entry>| {
        check(cases, (filters(), 1..60u32), async |(filter, limit)| {
            agrees(&store, org, &all, filter, limit).await;
        });
    };
    let all = everything(&store, org).await;
    // With a partial index, and then with a complete one.
    assert!(store.index_text(org).await.expect("a step"));
    compare(6, all.clone());
    while store.index_text(org).await.expect("a step") {}
    compare(40, all);
    prune(&store, org, seconds_ago(7_000), 1_000).await.expect("a record");
    assert!(!store.index_text(org).await.expect("a step"), "the prune left nothing to do");
    let kept = everything(&store, org).await;
    assert!(kept.len() > 3_000 && kept.iter().any(|entry| entry.id < 1_000), "late entries are younger");
    check(16, (filters(), 1..60u32), async |(filter, limit)| {
        let mut expected: Vec<&Entry> = kept.iter().filter(|entry| filter.matches(entry)).collect();
        expected.sort_by_key(|entry| std::cmp::Reverse((entry.occurred_at, entry.id)));
        let read = read_all(&store, org, &filter, Order::Descending, limit.max(50)).await;
        assert_eq!(ids(&read), expected.iter().map(|entry| entry.id).collect::<Vec<_>>());
    });
}

pub(crate) async fn servers_that_index_a_log_at_once_agree(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let mut tasks = tokio::task::JoinSet::new();
    for recorder in 0..2 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0..12 {
                let from = (recorder * 12 + n) * 100;
                append(&store, org, (from..from + 100).map(entry)).await;
            }
        });
    }
    for _ in 0..2 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for _ in 0..30 {
                store.index_text(org).await.expect("a step");
            }
        });
    }
    let pruned = Arc::clone(&store);
    tasks.spawn(async move {
        for age in [9_500, 9_000, 8_500] {
            prune(&pruned, org, seconds_ago(age), 100).await;
        }
    });
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    while store.index_text(org).await.expect("a step") {}
    let all = everything(&store, org).await;
    for text in TEXTS {
        let mut filter = Filter::default();
        filter.text.include.push(text.parse().expect("a text"));
        let expected = all.iter().filter(|entry| filter.matches(entry)).map(|entry| entry.id);
        let found = read_all(&store, org, &filter, Order::ById, 1_000).await;
        assert_eq!(ids(&found), expected.collect::<Vec<_>>(), "{text}");
    }
}
