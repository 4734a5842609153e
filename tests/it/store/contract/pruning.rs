//! Pruning: expired entries are deleted in batches under one lease, and a pruned id names its prune.

use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::model::prune::{ModelTypeCounts, Prune};
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::ModelType;
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{LEASE_SECONDS, Lookup, OrgId, Store};
use serde_json::json;

use crate::support::entries::{
    NOW, append, days_ago, everything, first_page, ids, listed, recording, recording_at, with,
};
use crate::support::stores::{begin_prune, organization, prune};

/// The state of each id from 0 to `end`: `.` unused, `+` an entry, or the id of the prune that deleted it.
async fn lookups(store: &Arc<Store>, org: OrgId, end: u64) -> String {
    let mut found = String::new();
    for id in 0..=end {
        found += &match store.entry(org, id).await.expect("a look") {
            Lookup::Missing => ".".to_owned(),
            Lookup::Found(entry) => {
                assert_eq!(entry.id, id);
                "+".to_owned()
            }
            Lookup::Pruned(prune) => prune.id.to_string(),
        };
    }
    found
}

pub(crate) async fn a_prune_deletes_only_entries_before_the_cutoff(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let cutoff = days_ago(90);
    let just = |micros| cutoff.plus(TimeDelta::microseconds(micros));
    let times = [days_ago(1), just(0), just(-1), just(1), Timestamp::MIN, NOW];
    append(&store, org, times.map(|at| recording_at("1", at))).await;
    let record = prune(&store, org, cutoff, 1000).await.expect("a record");
    assert_eq!((record.deleted, record.first_id, record.last_id), (2, 3, 5));
    assert_eq!(ids(&everything(&store, org).await), [1, 2, 4, 6], "at the cutoff is not before it");
    assert!(prune(&store, org, cutoff, 1000).await.is_none(), "nothing is left, so nothing is recorded");
    assert_eq!(store.prunes(org).await.expect("prunes").len(), 1);
}

pub(crate) async fn batches_delete_the_oldest_first_and_make_one_record(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [104, 101, 103, 102, 105, 1].map(|days| recording_at("1", days_ago(days)))).await;
    let run = begin_prune(&store, org, days_ago(90), NOW).await;
    for (deleted, left) in [(2, vec![2, 3, 4, 6]), (2, vec![2, 6]), (1, vec![6]), (0, vec![6])] {
        assert_eq!(store.prune_batch(org, run.clone(), 2, NOW).await.expect("a batch").deleted, deleted);
        assert_eq!(ids(&everything(&store, org).await), left);
    }
    let end = NOW.plus(TimeDelta::seconds(5));
    let record = store.finish_prune(org, run, true, end).await.expect("finished").expect("a record");
    let expected = Prune {
        id: 1,
        started_at: NOW,
        finished_at: Some(end),
        by: "cron".into(),
        cutoff: days_ago(90),
        deleted: 5,
        first_id: 1,
        last_id: 5,
        complete: true,
    };
    assert_eq!(record, expected);
    assert_eq!(store.last_prune(org).await.expect("asked").as_ref(), Some(&expected));
    assert_eq!(store.prunes(org).await.expect("prunes"), [expected]);
}

pub(crate) async fn a_lookup_distinguishes_present_pruned_and_unknown_ids(store: Arc<Store>) {
    for limit in [1, 2, 3, 1000] {
        let org = organization(&store, &format!("acme-{limit}")).await;
        // Ids and times in different orders: the first prune takes 2, 4, 5, 8 and 9, the second 1, 3 and 6.
        let days = [60, 130, 70, 110, 140, 50, 5, 120, 100, 1];
        append(&store, org, days.map(|days| recording_at("1", days_ago(days)))).await;
        assert_eq!(lookups(&store, org, 11).await, ".++++++++++.");
        prune(&store, org, days_ago(90), limit).await;
        assert_eq!(lookups(&store, org, 11).await, ".+1+11++11+.", "by {limit}");
        prune(&store, org, days_ago(40), limit).await;
        assert_eq!(lookups(&store, org, 11).await, ".212112+11+.", "by {limit}");
        append(&store, org, [recording("1")]).await;
        assert_eq!(lookups(&store, org, 12).await, ".212112+11++.", "pruned ids stay used");
        let prunes = store.prunes(org).await.expect("prunes");
        assert_eq!(prunes.iter().map(|prune| prune.id).collect::<Vec<_>>(), [2, 1], "newest first");
        assert_eq!(store.last_prune(org).await.expect("asked").as_ref(), prunes.first());
    }
}

pub(crate) async fn ids_are_not_reused_after_everything_was_pruned(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, (0..3).map(|_| recording_at("1", days_ago(100)))).await;
    prune(&store, org, days_ago(90), 1000).await;
    let read = store.page(org, first_page(&Filter::default(), Order::Descending, 10)).await.expect("a page");
    assert_eq!((read.entries.len(), read.as_of), (0, 3));
    assert_eq!(append(&store, org, [recording("1")]).await[0].id, 4);
}

pub(crate) async fn a_pruned_uuid_can_be_recorded_again(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let old = with(recording_at("1", days_ago(100)), "uuid", uuid::Uuid::from_u128(1).to_string());
    append(&store, org, [old.clone()]).await;
    prune(&store, org, days_ago(90), 1000).await;
    assert_eq!(append(&store, org, [old]).await[0].id, 2, "unique for as long as the entry is kept");
}

pub(crate) async fn pages_report_the_last_prune(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [10, 120, 100, 1].map(|days| recording_at("1", days_ago(days)))).await;
    let pruned = async || {
        let request = first_page(&Filter::default(), Order::Descending, 10);
        store.page(org, request).await.expect("a page").pruned.map(|it| (it.through_id, it.before))
    };
    assert_eq!(pruned().await, None);
    prune(&store, org, days_ago(110), 1000).await;
    assert_eq!(pruned().await, Some((2, days_ago(110))));
    prune(&store, org, days_ago(90), 1000).await;
    assert_eq!(pruned().await, Some((3, days_ago(90))));
}

pub(crate) async fn a_second_prune_is_refused_while_the_first_runs(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("1", days_ago(100))]).await;
    let run = begin_prune(&store, org, days_ago(90), NOW).await;
    let second = |now| store.begin_prune(org, "by hand".into(), days_ago(90), now);
    let lease = TimeDelta::seconds(LEASE_SECONDS);
    let refused = second(NOW).await.expect("asked").expect_err("held");
    assert_eq!((refused.by.as_str(), refused.started_at), ("cron", NOW));
    assert_eq!(refused.expires_at, NOW.plus(lease));
    // Each batch renews the lease.
    let later = NOW.plus(lease - TimeDelta::seconds(1));
    store.prune_batch(org, run.clone(), 10, later).await.expect("a batch");
    let refused = second(NOW.plus(lease)).await.expect("asked").expect_err("held still");
    assert_eq!(refused.expires_at, later.plus(lease));
    store.finish_prune(org, run, true, later).await.expect("finished");
    assert!(second(later).await.expect("asked").is_ok(), "a finished prune gives its lease back at once");
}

pub(crate) async fn a_prune_whose_lease_was_taken_deletes_nothing_more(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, (0..3).map(|_| recording_at("1", days_ago(100)))).await;
    let first = begin_prune(&store, org, days_ago(90), NOW).await;
    store.prune_batch(org, first.clone(), 1, NOW).await.expect("a batch");
    let late = NOW.plus(TimeDelta::seconds(LEASE_SECONDS));
    let second = begin_prune(&store, org, days_ago(90), late).await;
    let lost = store.prune_batch(org, first.clone(), 1, late).await.expect_err("lost");
    assert!(matches!(lost, StoreError::LeaseLost), "{lost}");
    assert_eq!(ids(&everything(&store, org).await), [2, 3]);
    store.finish_prune(org, first, false, late).await.expect("ended");
    let batch = store.prune_batch(org, second.clone(), 10, late).await.expect("the second holds it still");
    assert_eq!(batch.deleted, 2);
    store.finish_prune(org, second, true, late).await.expect("finished");
    let prunes = store.prunes(org).await.expect("prunes");
    let told: Vec<_> = prunes.iter().map(|it| (it.id, it.deleted, it.complete)).collect();
    assert_eq!(told, [(2, 2, true), (1, 1, false)]);
    assert_eq!(lookups(&store, org, 3).await, ".122");
}

pub(crate) async fn a_prune_that_lost_its_lease_leaves_the_next_record_alone(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [recording_at("1", days_ago(100))]).await;
    let first = begin_prune(&store, org, days_ago(90), NOW).await;
    let late = NOW.plus(TimeDelta::seconds(LEASE_SECONDS));
    let second = begin_prune(&store, org, days_ago(90), late).await;
    store.prune_batch(org, second.clone(), 10, late).await.expect("a batch");
    let record = store.finish_prune(org, second, true, late).await.expect("finished");
    let later = late.plus(TimeDelta::seconds(1));
    assert_eq!(store.finish_prune(org, first, false, later).await.expect("ended"), None);
    assert_eq!(store.prunes(org).await.expect("prunes"), [record.expect("a record")]);
}

pub(crate) async fn holdings_count_each_model_type_on_both_sides_of_the_cutoff(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let none = store.holdings(org, days_ago(90)).await.expect("holdings");
    assert_eq!((none.by_model_type.len(), none.oldest, none.newest), (0, None, None));
    let of = |model_type: &str, days| with(recording_at("1", days_ago(days)), "model_type", model_type);
    let all = [("secret", 100), ("connector", 90), ("secret", 91), ("secret", 2), ("member", 200)];
    append(&store, org, all.map(|(model_type, days)| of(model_type, days))).await;
    let held = store.holdings(org, days_ago(90)).await.expect("holdings");
    let counts = |model_type, expired, kept| ModelTypeCounts { model_type, expired, kept, held: 0 };
    assert_eq!(
        held.by_model_type,
        [
            counts(ModelType::Connector, 0, 1),
            counts(ModelType::Secret, 2, 1),
            counts(ModelType::Member, 1, 0)
        ]
    );
    assert_eq!((held.oldest, held.newest), (Some(days_ago(200)), Some(days_ago(2))));
}

pub(crate) async fn a_prune_keeps_the_users_of_remaining_entries(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let by = |name: &str, days| with(recording_at("1", days_ago(days)), "user", json!({"name": name}));
    append(&store, org, [by("Ana", 100), by("Ben", 100), by("Ana", 1)]).await;
    prune(&store, org, days_ago(90), 1000).await;
    for (user, expected) in [("ana", vec![3]), ("ben", vec![])] {
        let mut filter = Filter::default();
        filter.user.add(user).expect("a user");
        let read = store.page(org, first_page(&filter, Order::Descending, 10)).await.expect("a page");
        assert_eq!(ids(&listed(&read)), expected, "{user}");
    }
    let returned = append(&store, org, [by("Ben", 1)]).await.remove(0);
    assert_eq!(returned.user.name.as_deref(), Some("Ben"));
    assert_eq!(everything(&store, org).await[1], returned);
}

pub(crate) async fn a_prune_keeps_the_users_for_whom_remaining_entries_were_made(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let made_for =
        |name: &str, days| with(recording_at("1", days_ago(days)), "on_behalf_of", json!({"name": name}));
    let entries = append(&store, org, [made_for("Ana", 100), made_for("Ben", 100), made_for("Ana", 1)]).await;
    prune(&store, org, days_ago(90), 1000).await;
    assert_eq!(everything(&store, org).await, entries[2..]);
    for (user, expected) in [("ana", vec![3]), ("ben", vec![]), ("!ana", vec![]), ("!ben", vec![3])] {
        let mut filter = Filter::default();
        filter.on_behalf_of.add(user).expect("a user");
        let read = store.page(org, first_page(&filter, Order::Descending, 10)).await.expect("a page");
        assert_eq!(ids(&listed(&read)), expected, "{user}");
    }
    let returned = append(&store, org, [made_for("Ben", 1)]).await.remove(0);
    assert_eq!(everything(&store, org).await[1], returned);
}

pub(crate) async fn a_lease_has_one_holder_until_it_expires_or_is_released(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let other = organization(&store, "other").await;
    let hold = async |org, holder: &str, seconds: i64| {
        let now = NOW.plus(TimeDelta::seconds(seconds));
        store.hold_lease(org, "sweep", holder.to_owned(), now).await.expect("asked")
    };
    assert!(hold(org, "a", 0).await, "it was free");
    assert!(!hold(org, "b", LEASE_SECONDS - 1).await, "it is another's");
    assert!(hold(other, "b", 0).await, "each organization has its own");
    assert!(hold(org, "a", LEASE_SECONDS - 1).await, "its holder renews it");
    assert!(!hold(org, "b", LEASE_SECONDS).await, "which counts from then");
    assert!(hold(org, "b", 2 * LEASE_SECONDS).await, "it has ended");
    assert!(!hold(org, "a", 2 * LEASE_SECONDS).await, "and is another's");
    store.release_lease(org, "sweep", "a".to_owned()).await.expect("asked");
    assert!(!hold(org, "a", 2 * LEASE_SECONDS).await, "only its holder gives it back");
    store.release_lease(org, "sweep", "b".to_owned()).await.expect("asked");
    assert!(hold(org, "a", 2 * LEASE_SECONDS).await, "it was given back");
    assert!(!hold(other, "a", 1).await, "nobody else's was touched");
}
