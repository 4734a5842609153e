//! `Filter::matches` defines a filter. Pages, counts and facets agree with it on generated entries and filters that
//! share a few words.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::facets::{Facet, Facets};
use krosyn_audit::model::filter::{Choice, Filter, FilterValue, Resource};
use krosyn_audit::model::page::Order;
use krosyn_audit::model::words::{Action, Log, ModelType, Via};
use krosyn_audit::store::{OrgId, Store};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::support::entries::{append, ids, read_all, recording_at, seconds_ago};
use crate::support::properties::{check, generate};
use crate::support::stores::organization;

const ENTRIES: usize = 250;
const FILTERS: u32 = 256;

const MODEL_IDS: &[&str] = &["1", "42", "a/b", "%", "A_b", "nul\u{0}", "İ"];
const REQUESTS: &[&str] = &["req_1", "req_2", "REQ_1", "%"];
const NAMES: &[&str] = &[
    "Ana Ruiz",
    "ana maría",
    "Diana",
    "李 雷",
    "🤖",
    "O'Neil",
    "50%_a",
    "Ana",
    "Jose\u{301}",
    "ışık",
    "ΟΔΥΣΣΕΥΣ",
];
const EMAILS: &[&str] = &["ana.ruiz@acme.example", "ANA@x.example", "diana@acme.example"];
const USER_WORDS: &[&str] = &[
    "ana",
    "Ana.Ruiz",
    "RUIZ",
    "diana",
    "acme",
    "maría",
    "李",
    "🤖",
    "7",
    "o'neil",
    "50%_a",
    "%",
    "nobody",
    "JOSÉ",
    "IŞIK",
    "is:Ana",
    "is:ana.ruiz@acme.example",
    "id:7",
    "service/id:7",
    "name:ana maría",
    "email:ANA@x.example",
];
const FIELDS: &[&str] = &[
    "status",
    "perform",
    "perform.retry.max",
    "webhook_secret",
    "été",
    "labels",
    "labels.app.io/name",
    "a.b",
];
const PATHS: &[&str] = &[
    "status",
    "perform",
    "perform.retry",
    "perform.retry.max",
    "perform.url",
    "perform.list.1",
    "webhook_secret.x",
    "été",
    "E\u{301}TE\u{301}",
    "perf",
    "nothing",
    "perform.list[1]",
    "perform.\"list\"[0]",
    "labels.\"app.io/name\"",
    "labels.app.io/name",
    "labels.token.kind",
    "status=ACTIVE",
    "status:*→active",
    "status:active->*",
    "status:→3",
    "perform.retry.max=5",
    "perform.retry.max:3→5",
    "labels.\"app.io/name\"=José",
    "webhook_secret=3",
    "\"a.b\"",
    "a.b",
    "a",
];
const TEXTS: &[&str] = &[
    "ACTIVE",
    "été",
    "ÉTÉ",
    "slack",
    "3",
    "1e400",
    "ruiz",
    "%",
    "_",
    "'",
    "\\",
    "null",
    "redacted",
    "max",
    "JOSÉ",
    "jose\u{301}",
    "οδυσ",
    "IŞIK",
    "strasse",
    "STRAẞE",
    "inc-204",
    "terraform/",
    "198.51.100",
    "req_",
    "\u{212a}",
];

const ADDRESSES: &[&str] =
    &["198.51.100.23", "198.51.100.99", "203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7"];
const NETWORKS: &[&str] =
    &["198.51.100.23", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "0.0.0.0/0"];
const REASONS: &[&str] = &["INC-2041", "été 50%_a", "Straße K", "inc-2042: rollback"];
const AGENTS: &[&str] = &["Terraform/1.9 (linux)", "curl/8.5"];

fn values() -> impl Strategy<Value = Value> {
    let values = [
        json!("active"),
        json!("Disabled 50%"),
        json!("ÉTÉ '_\\"),
        json!(3),
        json!(null),
        json!({"url": "https://a.example", "retry": {"max": 3}, "list": [1, 2]}),
        json!({"url": "https://b.example", "retry": {"max": 5}, "list": [1, 3]}),
        json!({"url": "https://a.example", "retry": {"max": 3}, "list": [1, 2], "slack": "1e400"}),
        json!({"app.io/name": "Jose\u{301}", "token": "[redacted]", "b": "Straße K"}),
        json!({"app.io/name": "José\nOdysseus ΟΔΥΣΣΕΥΣ", "token": "[redacted, changed]", "b": "IŞIK \u{301}"}),
    ];
    select(values.to_vec())
}

fn users() -> impl Strategy<Value = Value> {
    let optional = |texts: &'static [&'static str]| prop::option::of(select(texts));
    let kind = select(&["user", "token", "service", "system", "agent"][..]);
    (optional(&["7", "77", "%"]), optional(EMAILS), optional(NAMES), kind).prop_map(
        |(id, email, name, kind)| match (id, email, name) {
            (None, None, None) => json!({"id": "7", "kind": kind}),
            (id, email, name) => json!({"id": id, "email": email, "name": name, "kind": kind}),
        },
    )
}

pub(super) fn recordings() -> impl Strategy<Value = Value> {
    let change = (select(FIELDS), values(), values(), 0..8u8);
    let changes = prop::collection::btree_map(select(FIELDS), change, 1..3);
    let origin = (
        prop::option::of(select(ADDRESSES)),
        prop::option::weighted(0.3, select(REASONS)),
        prop::option::of(select(AGENTS)),
    );
    let context = (prop::option::of(select(Via::ALL)), prop::option::of(select(REQUESTS)), origin);
    let model = (select(ModelType::of(Log::Audit)), select(MODEL_IDS), prop::option::of(select(NAMES)));
    let users = (users(), prop::option::weighted(0.3, users()));
    (select(Action::of(Log::Audit)), model, users, context, changes, 0..20i64).prop_map(
        |(
            action,
            (model_type, model_id, name),
            (user, on_behalf_of),
            (via, request_id, (ip, reason, agent)),
            changes,
            minutes,
        )| {
            let side = |(field, (_, old, new, odd)): (&str, (&str, Value, Value, u8))| match action {
                _ if odd == 0 => json!({"field": field, "redacted": true}),
                Action::Created => json!({"field": field, "new": new}),
                Action::Deleted => json!({"field": field, "old": old}),
                _ if odd == 1 => json!({"field": field, "new": new}),
                // An update needs a value that differs.
                _ if old == new => json!({"field": field, "old": [old], "new": new}),
                _ => json!({"field": field, "old": old, "new": new}),
            };
            let mut recording = recording_at(model_id, seconds_ago(minutes * 60));
            recording["action"] = action.as_str().into();
            recording["model_type"] = model_type.as_str().into();
            recording["model_name"] = name.into();
            recording["user"] = user;
            recording["on_behalf_of"] = on_behalf_of.into();
            recording["context"] =
                json!({"via": via, "request_id": request_id, "ip": ip, "user_agent": agent});
            recording["reason"] = reason.into();
            recording["changes"] = changes.into_iter().map(side).collect();
            recording.as_object_mut().expect("an object").remove("after");
            recording
        },
    )
}

/// Mostly empty, otherwise a few values to include or exclude.
fn choice<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Choice<T>> {
    let list = |value| prop::collection::vec(value, 1..3);
    prop_oneof![
        8 => Just(Choice::default()),
        2 => list(value.clone()).prop_map(|include| Choice { include, exclude: vec![] }),
        1 => list(value.clone()).prop_map(|exclude| Choice { include: vec![], exclude }),
        1 => (list(value.clone()), list(value)).prop_map(|(include, exclude)| Choice { include, exclude }),
    ]
}

pub(super) fn filters() -> impl Strategy<Value = Filter> {
    let text = |texts: &'static [&'static str]| choice(select(texts).prop_map(str::to_owned));
    fn parsed<T>(texts: &'static [&'static str]) -> impl Strategy<Value = Choice<T>>
    where
        T: FilterValue<Err: std::fmt::Debug> + Clone + std::fmt::Debug + 'static,
    {
        choice(select(texts).prop_map(|text| text.parse().expect("a value")))
    }
    let resource = (select(ModelType::of(Log::Audit)), select(MODEL_IDS))
        .prop_map(|(model_type, id)| Resource { model_type, model_id: id.to_owned() });
    let time = || prop::option::weighted(0.2, (-1..21i64).prop_map(|minutes| seconds_ago(minutes * 60)));
    let words = (
        choice(select(Action::of(Log::Audit))),
        choice(select(ModelType::of(Log::Audit))),
        choice(select(Via::ALL)),
    );
    let origin = (parsed(NETWORKS), parsed(&["inc", "ÉTÉ", "rollback", "strasse", "%_"]));
    let users = (parsed(USER_WORDS), parsed(USER_WORDS));
    let texts = (users, text(MODEL_IDS), text(REQUESTS), parsed(PATHS), parsed(TEXTS));
    (words, texts, origin, choice(resource), time(), time()).prop_map(
        |(
            (action, model_type, via),
            ((user, on_behalf_of), model_id, request_id, field, text),
            (ip, reason),
            resource,
            since,
            until,
        )| {
            Filter {
                action,
                model_type,
                user,
                on_behalf_of,
                resource,
                model_id,
                field,
                via,
                request_id,
                ip,
                reason,
                text,
                since,
                until,
            }
        },
    )
}

/// The reference for facets, as documented.
fn facets_of(entries: &[&Entry]) -> Facets {
    let counted = |value: fn(&Entry) -> String| {
        let mut counts = BTreeMap::<String, u64>::new();
        for entry in entries {
            *counts.entry(value(entry)).or_default() += 1;
        }
        counts.into_iter().map(|(value, count)| Facet { value, count }).collect::<Vec<_>>()
    };
    let by_count = |mut facets: Vec<Facet>| {
        facets.sort_by_key(|facet| std::cmp::Reverse(facet.count));
        facets
    };
    Facets {
        total: entries.len() as u64,
        action: by_count(counted(|entry| entry.action.to_string())),
        model_type: by_count(counted(|entry| entry.model_type.to_string())),
        user: by_count(counted(|entry| entry.user.label().to_owned())),
        day: counted(|entry| entry.occurred_at.to_string()[..10].to_owned()),
    }
}

/// Pages of every order have the entries that match by the reference. Returns these.
pub(crate) async fn pages_agree<'a>(
    store: &Arc<Store>,
    org: OrgId,
    all: &'a [Entry],
    filter: &Filter,
    limit: u32,
) -> Vec<&'a Entry> {
    let mut expected: Vec<&Entry> = all.iter().filter(|entry| filter.matches(entry)).collect();
    for order in [Order::ById, Order::Ascending, Order::Descending] {
        match order {
            Order::ById => expected.sort_by_key(|entry| entry.id),
            Order::Ascending => expected.sort_by_key(|entry| (entry.occurred_at, entry.id)),
            Order::Descending => expected.reverse(),
        }
        let read = read_all(store, org, filter, order, limit).await;
        let expected: Vec<_> = expected.iter().map(|entry| entry.id).collect();
        assert_eq!(ids(&read), expected, "{order:?}");
    }
    expected
}

async fn agrees(store: &Arc<Store>, org: OrgId, all: &[Entry], filter: Filter, limit: u32) {
    let expected = pages_agree(store, org, all, &filter, limit).await;
    for as_of in [0, all.len() as u64 / 2, all.len() as u64] {
        let counted = store.count(org, filter.clone(), as_of).await.expect("a count");
        assert_eq!(counted, expected.iter().filter(|entry| entry.id <= as_of).count() as u64);
    }
    let facets = facets_of(&expected);
    assert_eq!(store.facets(org, filter.clone()).await.expect("facets"), facets);
    let without_days = Facets { day: Vec::new(), ..facets };
    assert_eq!(store.facets_without_days(org, filter).await.expect("facets"), without_days);
}

pub(crate) async fn filters_agree_with_the_reference(store: Arc<Store>) {
    let recordings = generate(recordings(), ENTRIES);
    append(&store, organization(&store, "before").await, recordings.clone()).await;
    let org = organization(&store, "acme").await;
    let all = append(&store, org, recordings.clone()).await;
    append(&store, organization(&store, "after").await, recordings).await;
    let matched = Cell::new(0);
    check(FILTERS, (filters(), 1..120u32), async |(filter, limit)| {
        let some = all.iter().any(|entry| filter.matches(entry));
        matched.set(matched.get() + u32::from(some));
        agrees(&store, org, &all, filter, limit).await;
    });
    assert!(matched.get() > FILTERS / 4, "too few filters match anything: {}", matched.get());
}

pub(crate) async fn filter_values_are_neither_patterns_nor_sql(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("42", seconds_ago(1))]).await;
    for value in ["%", "_", "4%", "4_", "*", "4?", "42' OR '1'='1", "42\u{0}", "'; DROP TABLE entries; --"] {
        let mut filter = Filter::default();
        filter.model_id.include.push(value.to_owned());
        let found = read_all(&store, org, &filter, Order::Descending, 10).await;
        assert!(found.is_empty(), "{value:?} found {found:?}");
    }
}
