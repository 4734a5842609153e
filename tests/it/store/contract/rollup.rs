//! Counts from the rollup agree with the reference: more entries than are counted one by one, windows that cut
//! days, and prunes in between.

use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::model::stats::StatsQuery;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::{Action, Dimension, Log, ModelType, Via};
use krosyn_audit::store::{OrgId, Store};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::stats::expected;
use crate::support::entries::{NOW, append, days_ago, first_page, ids, listed, recording_at, with};
use crate::support::properties::{check, generate};
use crate::support::stores::{organization, prune};

/// More than are counted one by one.
const MANY: usize = 2_500;
/// Entries not yet in the rollup.
const MORE: usize = 500;

fn recordings() -> impl Strategy<Value = Value> {
    let user =
        select(vec![json!({"name": "Ana"}), json!({"name": "Ben"}), json!({"name": "Ana", "role": "admin"})]);
    let model_type = select(&["connector", "secret", "member"][..]);
    let resource = select(&["1", "2", "3", "4"][..]);
    // Ten days, to the microsecond, and now and then the first moment of one.
    let at = prop_oneof![9 => (0..864_000_000_000i64).prop_map(ago), 1 => (0..10i64).prop_map(midnight)];
    (user, model_type, resource, at, prop::option::of(select(&["web", "api"][..]))).prop_map(
        |(user, model_type, resource, at, via)| {
            let recording = with(recording_at(resource, at), "model_type", model_type);
            with(with(recording, "user", user), "context", json!({"via": via}))
        },
    )
}

fn ago(micros: i64) -> Timestamp {
    NOW.plus(-TimeDelta::microseconds(micros))
}

fn midnight(days: i64) -> Timestamp {
    let day = TimeDelta::days(1).num_microseconds().expect("a day");
    Timestamp::from_micros((NOW.micros() / day - days) * day).expect("a moment")
}

fn filters() -> impl Strategy<Value = Filter> {
    let moment = || {
        let any = prop_oneof![(0..900_000_000_000i64).prop_map(ago), (0..11i64).prop_map(midnight)];
        prop::option::weighted(0.5, any)
    };
    let model_type = prop::option::weighted(0.3, select(ModelType::of(Log::Audit)));
    let via = prop::option::weighted(0.3, (select(Via::ALL), any::<bool>()));
    let user = prop::option::weighted(0.3, select(&["ana", "ben", "nobody"][..]));
    let model_id = prop::option::weighted(0.2, subsequence(vec!["1", "2", "9"], 1..3));
    let action = prop::option::weighted(0.2, select(Action::of(Log::Audit)));
    (moment(), moment(), model_type, via, user, model_id, action).prop_map(
        |(since, until, model_type, via, user, model_id, action)| {
            let mut filter = Filter { since, until, ..Filter::default() };
            filter.model_type.include.extend(model_type);
            match via {
                Some((via, true)) => filter.via.exclude.push(via),
                via => filter.via.include.extend(via.map(|(via, _)| via)),
            }
            filter.user.include.extend(user.map(|it| it.parse().expect("a user")));
            filter.model_id.include.extend(model_id.unwrap_or_default().into_iter().map(str::to_owned));
            filter.action.exclude.extend(action);
            filter
        },
    )
}

fn questions() -> impl Strategy<Value = StatsQuery> {
    let slot_seconds = prop::option::of(select(vec![3_600, 86_400, 2 * 86_400]));
    let by = vec![Dimension::Action, Dimension::ModelType, Dimension::User, Dimension::Via];
    (filters(), slot_seconds, subsequence(by, 0..=2).prop_shuffle())
        .prop_map(|(filter, slot_seconds, by)| StatsQuery { filter, slot_seconds, by })
}

/// Fills an organization: entries in the rollup, a prune, more entries, and a second prune.
async fn filled(store: &Arc<Store>, name: &str, recordings: &[Value]) -> (OrgId, Vec<Entry>) {
    let org = organization(store, name).await;
    let (first, then) = recordings.split_at(MANY);
    let mut entries = append(store, org, first.to_vec()).await;
    prune(store, org, days_ago(8), 300).await.expect("a record");
    entries.extend(append(store, org, then.to_vec()).await);
    // This prune deletes entries inside the rollup and entries not yet in it.
    prune(store, org, days_ago(7), 300).await.expect("a record");
    entries.retain(|entry| entry.occurred_at >= days_ago(7));
    (org, entries)
}

async fn agrees(store: &Arc<Store>, org: OrgId, all: &[Entry], counting: StatsQuery, as_of: u64) {
    let (total, counts) = expected(all, &counting, as_of);
    let filter = counting.filter.clone();
    assert_eq!(
        store.count(org, filter.clone(), as_of).await.expect("a count"),
        total,
        "{counting:?} {as_of}"
    );
    let mut counted = store.counts(org, counting.clone(), Some(as_of)).await.expect("counts");
    counted.counts.sort();
    assert_eq!((counted.total, counted.counts), (total, counts), "{counting:?} {as_of}");
    let facets = store.facets(org, filter.clone()).await.expect("facets");
    let matching: Vec<_> = all.iter().filter(|entry| filter.matches(entry)).collect();
    assert_eq!(facets.total, matching.len() as u64, "{filter:?}");
    for days in facets.day {
        let of_day = matching.iter().filter(|entry| entry.occurred_at.to_string().starts_with(&days.value));
        assert_eq!(days.count, of_day.count() as u64, "{filter:?} {}", days.value);
    }
    let mut newest: Vec<_> = matching.iter().map(|entry| (entry.occurred_at, entry.id)).collect();
    newest.sort_unstable_by(|a, b| b.cmp(a));
    let newest: Vec<_> = newest.into_iter().take(20).map(|(_, id)| id).collect();
    let page = store.page(org, first_page(&filter, Order::Descending, 20)).await.expect("a page");
    assert_eq!(ids(&listed(&page)), newest, "{filter:?}");
}

pub(crate) async fn rollup_counts_agree_with_the_reference(store: Arc<Store>) {
    let recordings = generate(recordings(), MANY + MORE);
    filled(&store, "before", &recordings).await;
    let (org, all) = filled(&store, "acme", &recordings).await;
    check(150, (questions(), 0..(MANY + MORE + 10) as u64), async |(counting, as_of)| {
        agrees(&store, org, &all, counting, as_of).await;
    });
    for cutoff in [days_ago(7), midnight(3), ago(123_456_789_012), NOW] {
        let holdings = store.holdings(org, cutoff).await.expect("holdings");
        for counts in holdings.by_model_type {
            let of_type = || all.iter().filter(|entry| entry.model_type == counts.model_type);
            let expired = of_type().filter(|entry| entry.occurred_at < cutoff).count() as u64;
            assert_eq!((counts.expired, counts.kept), (expired, of_type().count() as u64 - expired));
        }
        assert_eq!(holdings.newest, all.iter().map(|entry| entry.occurred_at).max());
    }
}
