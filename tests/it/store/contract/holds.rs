//! Legal holds: no prune deletes what an active hold covers, as `HoldFilter::covers` defines it.

use std::collections::BTreeSet;
use std::sync::Arc;

use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::{Choice, Filter};
use krosyn_audit::model::hold::{Hold, Release};
use krosyn_audit::model::integrity::opening::Opening;
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{OrgId, PruneRun, Store, StoredTile};
use proptest::prelude::*;

use crate::store::contract::filtering::{filters, recordings};
use crate::support::entries::{NOW, append, days_ago, everything, ids, recording_at, seconds_ago};
use crate::support::properties::{check, generate};
use crate::support::stores::{begin_prune, hold, of_connector, organization, prune};

/// How many sets of holds are tried, each on a log of its own.
const CASES: u32 = 24;
const ENTRIES: usize = 60;

async fn release(store: &Arc<Store>, org: OrgId, hold: &Hold, reason: &str) -> bool {
    let release = Release { at: NOW, by: "legal".to_owned(), reason: reason.to_owned() };
    store.release_hold(org, hold.name.clone(), release).await.expect("asked")
}

async fn left(store: &Arc<Store>, org: OrgId) -> Vec<u64> {
    ids(&everything(store, org).await)
}

/// Entries of the connectors 1, 2, 1, 2, … that have expired, the oldest first.
async fn expired(store: &Arc<Store>, org: OrgId, count: i64) {
    let at = |number: i64| recording_at(if number % 2 == 0 { "1" } else { "2" }, days_ago(300 - number));
    append(store, org, (0..count).map(at)).await;
}

/// Runs batches of `limit` to the end of a prune.
async fn run_to_end(store: &Arc<Store>, org: OrgId, mut run: PruneRun, limit: u32) -> u64 {
    let mut deleted = 0;
    loop {
        let batch = store.prune_batch(org, run.clone(), limit, NOW).await.expect("a batch");
        deleted += batch.deleted;
        run.after = batch.next;
        if batch.next.is_none() {
            store.finish_prune(org, run, true, NOW).await.expect("finished");
            return deleted;
        }
    }
}

pub(crate) async fn a_prune_keeps_exactly_what_the_filters_of_holds_match(store: Arc<Store>) {
    let recordings = generate(recordings(), ENTRIES);
    let number = std::sync::atomic::AtomicU32::new(0);
    let held_by_some = std::sync::atomic::AtomicUsize::new(0);
    // Half of the entries have expired.
    let cutoff = seconds_ago(10 * 60);
    let cheap = || {
        filters().prop_map(|filter| Filter {
            field: Choice::default(),
            text: Choice::default(),
            reason: Choice::default(),
            ip: Choice::default(),
            ..filter
        })
    };
    check(CASES, (prop::collection::vec(cheap(), 1..4), 1..40u32), async |(filters, limit)| {
        use std::sync::atomic::Ordering::SeqCst;
        let org = organization(&store, &format!("org-{}", number.fetch_add(1, SeqCst))).await;
        let all = append(&store, org, recordings.clone()).await;
        let holds: Vec<_> = filters
            .into_iter()
            .enumerate()
            .map(|(place, filter)| hold(&format!("h{place}"), filter))
            .collect();
        for hold in &holds {
            store.create_hold(org, hold.clone()).await.expect("created");
        }
        let is_held = |entry: &&Entry| holds.iter().any(|hold| hold.filter.covers(entry));
        let old = || all.iter().filter(|entry| entry.occurred_at < cutoff);
        let held: Vec<_> = old().filter(is_held).collect();
        held_by_some.fetch_add(held.len(), SeqCst);
        let holdings = store.holdings(org, cutoff).await.expect("holdings");
        let counted: u64 = holdings.by_model_type.iter().map(|counts| counts.held).sum();
        assert_eq!(counted, held.len() as u64);
        for by in &holdings.held_by {
            let hold = holds.iter().find(|hold| hold.name.as_str() == by.hold).expect("a hold");
            assert_eq!(by.entries, old().filter(|entry| hold.filter.covers(entry)).count() as u64);
        }
        prune(&store, org, cutoff, limit).await;
        let kept = all.iter().filter(|entry| entry.occurred_at >= cutoff || is_held(entry));
        assert_eq!(left(&store, org).await, kept.map(|entry| entry.id).collect::<Vec<_>>());
    });
    assert!(held_by_some.into_inner() > 0, "no filter holds anything");
}

pub(crate) async fn a_hold_created_between_two_batches_is_respected(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    expired(&store, org, 8).await;
    let run = begin_prune(&store, org, days_ago(90), NOW).await;
    assert_eq!(store.prune_batch(org, run.clone(), 3, NOW).await.expect("a batch").deleted, 3);
    store.create_hold(org, of_connector("case", "1")).await.expect("created");
    run_to_end(&store, org, run, 3).await;
    assert_eq!(left(&store, org).await, [5, 7]);
}

pub(crate) async fn a_hold_released_during_a_prune_is_kept_to_its_end(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    expired(&store, org, 6).await;
    let case = of_connector("case", "1");
    store.create_hold(org, case.clone()).await.expect("created");
    let run = begin_prune(&store, org, days_ago(90), NOW).await;
    let run = PruneRun { holds: vec!["case".to_owned()], ..run };
    assert!(release(&store, org, &case, "closed").await);
    run_to_end(&store, org, run, 2).await;
    assert_eq!(left(&store, org).await, [1, 3, 5], "a release changes nothing until the next prune");
    prune(&store, org, days_ago(90), 2).await.expect("a record");
    assert!(left(&store, org).await.is_empty());
}

pub(crate) async fn a_prune_goes_on_behind_held_entries(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    expired(&store, org, 9).await;
    store.create_hold(org, of_connector("case", "1")).await.expect("created");
    let mut run = begin_prune(&store, org, days_ago(90), NOW).await;
    for (deleted, has_more) in [(2, true), (2, true), (0, false)] {
        let batch = store.prune_batch(org, run.clone(), 2, NOW).await.expect("a batch");
        assert_eq!((batch.deleted, batch.next.is_some()), (deleted, has_more));
        run.after = batch.next;
    }
    store.finish_prune(org, run, true, NOW).await.expect("finished").expect("a record");
    assert_eq!(left(&store, org).await, [1, 3, 5, 7, 9]);
    assert!(prune(&store, org, days_ago(90), 2).await.is_none(), "held entries alone make no record");
    assert_eq!(store.prunes(org).await.expect("prunes").len(), 1);
}

pub(crate) async fn a_batch_visits_a_limited_number_of_held_entries(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, (0..2_001).map(|_| recording_at("1", days_ago(200)))).await;
    append(&store, org, [recording_at("2", days_ago(100))]).await;
    store.create_hold(org, of_connector("case", "1")).await.expect("created");
    let mut run = begin_prune(&store, org, days_ago(90), NOW).await;
    for (deleted, last) in [(0, Some(2_000)), (1, Some(2_002)), (0, None)] {
        let batch = store.prune_batch(org, run.clone(), 1, NOW).await.expect("a batch");
        assert_eq!((batch.deleted, batch.next.map(|next| next.id)), (deleted, last));
        run.after = batch.next;
    }
}

pub(crate) async fn many_terms_of_holds_do_not_shorten_a_batch(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, (0..101).map(|_| recording_at("1", days_ago(200)))).await;
    for number in 0..20 {
        let mut filter = Filter::default();
        // The user of these entries, and others.
        filter.user.add_list("!id:0").expect("a user");
        (1..100).for_each(|other| filter.user.add_list(&format!("!nobody{other}")).expect("a user"));
        store.create_hold(org, hold(&format!("case-{number}"), filter)).await.expect("created");
    }
    let run = begin_prune(&store, org, days_ago(90), NOW).await;
    let batch = store.prune_batch(org, run, 1, NOW).await.expect("a batch");
    assert_eq!((batch.deleted, batch.next), (0, None), "2,000 terms: all 101 entries are visited at once");
}

pub(crate) async fn holdings_count_held_entries(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    expired(&store, org, 5).await;
    append(&store, org, [recording_at("1", days_ago(1))]).await;
    store.create_hold(org, of_connector("case", "1")).await.expect("created");
    let recent = Filter { since: Some(days_ago(2)), ..Filter::default() };
    store.create_hold(org, hold("recent", recent)).await.expect("created");
    store.create_hold(org, hold("all", Filter::default())).await.expect("created");
    let counts = async || {
        let holdings = store.holdings(org, days_ago(90)).await.expect("holdings");
        let [one] = &holdings.by_model_type[..] else { panic!("{holdings:?}") };
        let by: Vec<_> = holdings.held_by.iter().map(|by| format!("{} {}", by.hold, by.entries)).collect();
        (one.expired, one.kept, one.held, by.join(", "))
    };
    assert_eq!(counts().await, (0, 6, 5, "all 5, case 3".to_owned()), "the whole log is held");
    assert!(release(&store, org, &hold("all", Filter::default()), "closed").await);
    assert_eq!(counts().await, (2, 4, 3, "case 3".to_owned()));
}

pub(crate) async fn a_held_entry_of_a_tile_stays_provable(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let at = |number: i64| recording_at(if number == 7 { "held" } else { "1" }, days_ago(100));
    append(&store, org, (0..256).map(at)).await;
    let case = of_connector("case", "held");
    store.create_hold(org, case.clone()).await.expect("created");
    store.grow_tree(org).await.expect("grown");
    let before = store.roots_at(org, 256).await.expect("roots");
    prune(&store, org, days_ago(90), 100).await.expect("a record");
    assert_eq!(left(&store, org).await, [8]);
    let StoredTile::Leaves(leaves) = store.tile(org, 0, 256).await.expect("a tile") else {
        panic!("a tile with an entry does not collapse");
    };
    let opened: Vec<_> = leaves
        .iter()
        .filter(|leaf| matches!(leaf.opening, Opening::Kept(_)))
        .map(|leaf| leaf.record.index)
        .collect();
    assert_eq!((leaves.len(), opened), (256, vec![7]));
    assert_eq!(store.roots_at(org, 256).await.expect("roots"), before);
    assert!(release(&store, org, &case, "closed").await);
    prune(&store, org, days_ago(90), 100).await.expect("a record");
    let tile = store.tile(org, 0, 256).await.expect("a tile");
    assert!(matches!(tile, StoredTile::Collapsed(_)), "{tile:?}");
    assert_eq!(store.roots_at(org, 256).await.expect("roots"), before);
}

pub(crate) async fn a_hold_and_its_release_are_kept(store: Arc<Store>) {
    let (org, other) = (organization(&store, "acme").await, organization(&store, "other").await);
    let case = of_connector("case", "1");
    let mut by_ana = Filter { since: Some(days_ago(9)), until: Some(days_ago(3)), ..Filter::default() };
    by_ana.user.add("!ana, ruiz & co").expect("a user");
    let second = hold("a-second", by_ana);
    for hold in [&case, &second] {
        store.create_hold(org, hold.clone()).await.expect("created");
    }
    assert_eq!(store.holds(org).await.expect("holds"), [second.clone(), case.clone()], "by name");
    assert!(store.holds(other).await.expect("holds").is_empty());
    let again = store.create_hold(org, of_connector("case", "2")).await.expect_err("the name is taken");
    assert!(matches!(again, StoreError::Exists(_)), "{again}");
    store.create_hold(other, of_connector("case", "2")).await.expect("names belong to an organization");
    let released = [release(&store, org, &case, "closed").await, release(&store, org, &case, "again").await];
    assert_eq!(released, [true, false]);
    assert!(!release(&store, org, &hold("unknown", Filter::default()), "closed").await);
    let reasons: BTreeSet<_> = store
        .holds(org)
        .await
        .expect("holds")
        .into_iter()
        .filter_map(|hold| Some(hold.release?.reason))
        .collect();
    assert_eq!(reasons, BTreeSet::from(["closed".to_owned()]), "the first release stays");
    let again = store.create_hold(org, case).await.expect_err("the name is taken for ever");
    assert!(matches!(again, StoreError::Exists(_)), "{again}");
}

pub(crate) async fn only_the_audit_log_is_held(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    expired(&store, org, 2).await;
    expired(&store, org.trail(), 2).await;
    store.create_hold(org, hold("all", Filter::default())).await.expect("created");
    prune(&store, org.trail(), days_ago(90), 10).await.expect("a record");
    prune(&store, org, days_ago(90), 10).await;
    assert_eq!((left(&store, org).await, left(&store, org.trail()).await), (vec![1, 2], vec![]));
}
