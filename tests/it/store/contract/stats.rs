//! Counts by time slot and by value agree with the reference on generated queries.

use std::collections::BTreeMap;
use std::sync::Arc;

use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::stats::{Count, StatsQuery};
use krosyn_audit::model::words::{Action, Dimension, Log, Via};
use krosyn_audit::store::Store;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::support::entries::{NOW, append, recording_at, seconds_ago, with};
use crate::support::properties::{check, generate};
use crate::support::stores::organization;

const BY: &[Dimension] = &[
    Dimension::Action,
    Dimension::ModelType,
    Dimension::User,
    Dimension::Field,
    Dimension::Via,
    Dimension::Resource,
];

fn recordings() -> impl Strategy<Value = Value> {
    let user = select(vec![
        json!({"name": "Ana"}),
        json!({"name": "Ben", "email": "ana@x"}),
        // Another snapshot that reads like the first.
        json!({"name": "Ana", "role": "admin"}),
        json!({"id": "7"}),
    ]);
    let action = select(&["created", "deleted"][..]);
    let model_type = select(&["connector", "secret", "member"][..]);
    // Unusual field names and values.
    let fields = subsequence(vec!["status", "perform", "value", "\"\\\u{0}é,", ""], 0..4);
    (action, model_type, user, prop::option::of(select(Via::ALL)), fields, 0..20_000i64).prop_map(
        |(action, model_type, user, via, fields, seconds)| {
            let value = json!({"field": "\u{0}\"}]", "n": [1, "field"]});
            let fields: Value = fields.into_iter().map(|field| (field.to_owned(), value.clone())).collect();
            let side = if action == "created" { "after" } else { "before" };
            let id = ["42", "a/b", "nul\u{0}é", "7"][usize::try_from(seconds % 4).expect("small")];
            let mut recording = recording_at(id, seconds_ago(seconds));
            recording.as_object_mut().expect("an object").remove("after");
            let recording = with(with(recording, "action", action), "model_type", model_type);
            with(with(with(recording, side, fields), "user", user), "context", json!({"via": via}))
        },
    )
}

fn questions() -> impl Strategy<Value = StatsQuery> {
    let filter = || {
        let action = prop::option::weighted(0.3, select(Action::of(Log::Audit)));
        let user = prop::option::weighted(0.3, select(&["ana", "ben", "7"][..]));
        let field = prop::option::weighted(0.2, select(&["status", "value", "nothing"][..]));
        let since = prop::option::weighted(0.3, 0..20_000i64);
        (action, user, field, since).prop_map(|(action, user, field, since)| {
            let mut filter = Filter { since: since.map(seconds_ago), ..Filter::default() };
            filter.action.exclude.extend(action);
            filter.user.include.extend(user.map(|it| it.parse().expect("a user")));
            filter.field.include.extend(field.map(|it| it.parse().expect("a path")));
            filter
        })
    };
    let slot_seconds = prop::option::of(select(vec![60, 900, 3_600, 86_400]));
    (filter(), slot_seconds, subsequence(BY, 0..=2).prop_shuffle())
        .prop_map(|(filter, slot_seconds, by)| StatsQuery { filter, slot_seconds, by })
}

/// The reference: counts entry by entry.
pub(super) fn expected(entries: &[Entry], counting: &StatsQuery, as_of: u64) -> (u64, Vec<Count>) {
    let meant = |entry: &&Entry| entry.id <= as_of && counting.filter.matches(entry);
    let mut sums = BTreeMap::<_, u64>::new();
    let mut total = 0;
    for entry in entries.iter().filter(meant) {
        total += 1;
        for values in counting.values(entry) {
            *sums.entry((counting.slot(entry.occurred_at), values)).or_default() += 1;
        }
    }
    (total, sums.into_iter().map(|((slot, values), count)| Count { slot, values, count }).collect())
}

pub(crate) async fn counts_agree_with_the_reference(store: Arc<Store>) {
    let recordings = generate(recordings(), 300);
    append(&store, organization(&store, "before").await, recordings.clone()).await;
    let org = organization(&store, "acme").await;
    let all = append(&store, org, recordings).await;
    check(200, (questions(), 0..400u64), async |(counting, as_of)| {
        let counted = store.counts(org, counting.clone(), Some(as_of)).await.expect("counts");
        let mut counts = counted.counts;
        counts.sort();
        assert_eq!((counted.total, counts), expected(&all, &counting, as_of));
    });
}

pub(crate) async fn an_entry_counts_once_per_field_and_once_in_the_total(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("1", NOW), recording_at("2", NOW)]).await;
    let counting = StatsQuery { filter: Filter::default(), slot_seconds: None, by: vec![Dimension::Field] };
    let mut counted = store.counts(org, counting, None).await.expect("counts");
    counted.counts.sort();
    let count = |field: &str| Count { slot: None, values: vec![Some(field.to_owned())], count: 2 };
    assert_eq!((counted.total, counted.counts), (2, vec![count("limit"), count("status")]));
    assert!(counted.pruned.is_none());
}
