//! An organization never sees, counts, infers or prunes entries of another.

use std::sync::Arc;

use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::store::{Appended, Lookup, OrgId, Store};
use uuid::Uuid;

use crate::support::entries::{
    NOW, append, days_ago, drafts, everything, first_page, ids, read_all, recording_at, with,
};
use crate::support::stores::organization;

/// Everything a store returns for an organization, as text.
async fn all_that_is_told(store: &Arc<Store>, org: OrgId) -> String {
    let mut told = String::new();
    for order in [Order::Descending, Order::Ascending, Order::ById] {
        let first = store.page(org, first_page(&Filter::default(), order, 2)).await.expect("a page");
        told += &format!("{first:?}\n");
        told += &format!("{:?}\n", read_all(store, org, &Filter::default(), order, 2).await);
    }
    let mut by_user = Filter::default();
    by_user.user.add("ana").expect("a user");
    let mut by_text = Filter::default();
    by_text.text.add("connector").expect("a text");
    for filter in [Filter::default(), by_user, by_text] {
        told += &format!("{:?}\n", store.count(org, filter.clone(), u64::MAX >> 24).await.expect("a count"));
        told += &format!("{:?}\n", store.facets(org, filter).await.expect("facets"));
    }
    for id in 0..10 {
        told += &format!("{:?}\n", store.entry(org, id).await.expect("a look"));
    }
    told += &format!("{:?}\n", store.holdings(org, days_ago(90)).await.expect("holdings"));
    told += &format!("{:?}\n", store.last_prune(org).await.expect("a prune"));
    told + &format!("{:?}\n", store.prunes(org).await.expect("prunes"))
}

pub(crate) async fn changes_in_one_organization_are_invisible_to_another(store: Arc<Store>) {
    let (left, own, right) = (
        organization(&store, "left").await,
        organization(&store, "own").await,
        organization(&store, "right").await,
    );
    append(&store, own, [recording_at("1", days_ago(100)), recording_at("2", days_ago(1))]).await;
    let told = all_that_is_told(&store, own).await;
    for other in [left, right] {
        append(&store, other, (0..5).map(|number| recording_at("3", days_ago(98 + number)))).await;
        assert_eq!(all_that_is_told(&store, own).await, told);
        let run = store.begin_prune(other, "cron".into(), NOW, NOW).await.expect("asked").expect("free");
        assert_eq!(store.prune_batch(other, run.clone(), 1000, NOW).await.expect("a batch").deleted, 5);
        store.finish_prune(other, run, true, NOW).await.expect("finished");
        assert_eq!(all_that_is_told(&store, own).await, told);
    }
}

pub(crate) async fn an_empty_organization_sees_nothing_of_its_neighbours(store: Arc<Store>) {
    let orgs =
        [organization(&store, "a").await, organization(&store, "b").await, organization(&store, "c").await];
    let told = all_that_is_told(&store, orgs[1]).await;
    for full in [orgs[0], orgs[2]] {
        append(&store, full, [recording_at("1", days_ago(100))]).await;
    }
    assert_eq!(all_that_is_told(&store, orgs[1]).await, told);
    assert!(matches!(store.entry(orgs[1], 1).await.expect("a look"), Lookup::Missing));
}

pub(crate) async fn organizations_can_use_the_same_ids_and_uuids(store: Arc<Store>) {
    let (one, other) = (organization(&store, "one").await, organization(&store, "other").await);
    let recorded = with(recording_at("1", days_ago(1)), "uuid", Uuid::from_u128(1).to_string());
    let changed = with(recorded.clone(), "reason", "another");
    for (org, recorded) in [(one, recorded.clone()), (other, changed.clone())] {
        let entry = append(&store, org, [recorded]).await.remove(0);
        assert_eq!((entry.id, entry.uuid), (1, Uuid::from_u128(1)));
    }
    let answers = store.append(one, drafts([recorded, changed]), false).await.expect("judged");
    assert!(matches!(answers[..], [Appended::Known(_), Appended::Conflict]), "{answers:?}");
    assert_eq!(everything(&store, one).await[0].reason, None);
    assert_eq!(everything(&store, other).await[0].reason.as_deref(), Some("another"));
}

pub(crate) async fn leases_and_prunes_belong_to_one_organization(store: Arc<Store>) {
    let (one, other) = (organization(&store, "one").await, organization(&store, "other").await);
    for org in [one, other] {
        append(&store, org, [recording_at("1", days_ago(100)), recording_at("2", days_ago(1))]).await;
    }
    let run = store.begin_prune(one, "cron".into(), days_ago(90), NOW).await.expect("asked").expect("free");
    let elsewhere = store.begin_prune(other, "cron".into(), days_ago(90), NOW).await.expect("asked");
    let elsewhere = elsewhere.expect("another organization's lease is another");
    assert!(
        store.prune_batch(other, run.clone(), 10, NOW).await.is_err(),
        "a lease on one organization opens no other"
    );
    assert_eq!(ids(&everything(&store, other).await), [1, 2]);
    store.prune_batch(one, run.clone(), 10, NOW).await.expect("a batch");
    store.finish_prune(one, run, true, NOW).await.expect("finished");
    store.finish_prune(other, elsewhere, false, NOW).await.expect("finished");
    assert_eq!(store.prunes(one).await.expect("prunes").len(), 1);
    assert_eq!(store.prunes(other).await.expect("prunes").len(), 0);
    assert_eq!((everything(&store, one).await.len(), everything(&store, other).await.len()), (1, 2));
}
