//! The automatic sweep deletes what the plan of each organization no longer keeps, and nothing else.

use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::clock::Clock;
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::words::Plan;
use krosyn_audit::server::clock_guard::ClockGuard;
use krosyn_audit::server::sweeper::SweepReport;
use krosyn_audit::server::{Settings, sweeper};
use krosyn_audit::store::LEASE_SECONDS;
use krosyn_audit::store::Store;

use crate::support::entries::{NOW, append, days_ago, everything, ids, recording_at};
use crate::support::stores::{of_connector, organization};

pub(crate) async fn sweep_once(store: &Arc<Store>, settings: &Settings) -> SweepReport {
    let guard = ClockGuard::new(settings.clock.clone());
    sweeper::once(store.as_ref(), settings, &guard).await.expect("swept")
}

async fn swept(store: &Arc<Store>, settings: &Settings) -> u64 {
    let swept = sweep_once(store, settings).await;
    assert_eq!(swept.failed, []);
    swept.deleted
}

pub(crate) async fn a_sweep_applies_each_plan_and_ignores_the_floor(store: Arc<Store>) {
    let make = async |slug: &str, plan, floor: Option<&str>| {
        let floor = floor.map(|age| age.parse().expect("an age"));
        let made = store.create_organization(slug.to_owned(), Retention { plan, floor }, NOW).await;
        let org = made.expect("made").id;
        let entries = [2000, 400, 91, 89].map(|days| recording_at("1", days_ago(days)));
        append(&store, org, entries).await;
        org
    };
    let free = make("free", Plan::Free, Some("30d")).await;
    let pro = make("pro", Plan::Pro, None).await;
    let business = make("business", Plan::Business, None).await;
    let settings = Settings { prune_batch: 2, ..Settings::new(Clock::fixed(NOW)) };
    assert_eq!(swept(&store, &settings).await, 3 + 2 + 1);
    for (org, left) in [(free, &[4][..]), (pro, &[3, 4]), (business, &[2, 3, 4])] {
        assert_eq!(ids(&everything(&store, org).await), left);
        let prunes = store.prunes(org).await.expect("prunes");
        assert_eq!((prunes.len(), prunes[0].by.as_str(), prunes[0].complete), (1, "sweep", true));
    }
    assert_eq!(swept(&store, &settings).await, 0);
    assert_eq!(store.prunes(free).await.expect("prunes").len(), 1, "nothing to sweep leaves no record");
}

pub(crate) async fn a_sweep_keeps_the_trail_for_a_year_at_least(store: Arc<Store>) {
    let make = async |slug: &str, plan| {
        let made = store.create_organization(slug.to_owned(), Retention { plan, floor: None }, NOW).await;
        let trail = made.expect("made").id.trail();
        append(&store, trail, [2000, 400, 364, 1].map(|days| recording_at("1", days_ago(days)))).await;
        trail
    };
    let (free, business) = (make("free", Plan::Free).await, make("business", Plan::Business).await);
    let settings = Settings::new(Clock::fixed(NOW));
    assert_eq!(swept(&store, &settings).await, 2 + 1);
    for (trail, left) in [(free, &[3, 4][..]), (business, &[2, 3, 4])] {
        assert_eq!(ids(&everything(&store, trail).await)[..left.len()], *left);
        let prunes = store.prunes(trail).await.expect("prunes");
        assert_eq!((prunes.len(), prunes[0].by.as_str(), prunes[0].complete), (1, "sweep", true));
    }
}

pub(crate) async fn a_sweep_keeps_held_entries_and_makes_no_empty_record(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [200, 150, 100, 1].map(|days| recording_at("1", days_ago(days)))).await;
    append(&store, org, [recording_at("2", days_ago(120))]).await;
    store.create_hold(org, of_connector("case", "1")).await.expect("created");
    let settings = Settings { prune_batch: 2, ..Settings::new(Clock::fixed(NOW)) };
    assert_eq!(swept(&store, &settings).await, 1);
    assert_eq!(ids(&everything(&store, org).await), [1, 2, 3, 4]);
    let trail = everything(&store, org.trail()).await.len();
    assert_eq!(swept(&store, &settings).await, 0);
    assert_eq!(store.prunes(org).await.expect("prunes").len(), 1);
    assert_eq!(
        everything(&store, org.trail()).await.len(),
        trail,
        "a sweep that deletes nothing is not recorded"
    );
}

pub(crate) async fn a_sweep_skips_an_organization_that_is_being_pruned(store: Arc<Store>) {
    let retention = Retention { plan: Plan::Free, floor: None };
    let org = store.create_organization("busy".to_owned(), retention, NOW).await.expect("made").id;
    append(&store, org, [recording_at("1", days_ago(100))]).await;
    let lease = store.begin_prune(org, "cron".to_owned(), days_ago(90), NOW).await.expect("begun");
    assert!(lease.is_ok());
    let settings = Settings::new(Clock::fixed(NOW));
    assert_eq!(swept(&store, &settings).await, 0);
    assert_eq!(everything(&store, org).await.len(), 1);
}

pub(crate) async fn one_server_sweeps_at_a_time_until_its_lease_expires(store: Arc<Store>) {
    let retention = Retention { plan: Plan::Free, floor: None };
    let org = store.create_organization("acme".to_owned(), retention, NOW).await.expect("made").id;
    append(&store, org, [recording_at("1", days_ago(100))]).await;
    let hold = async |holder: &str, seconds| {
        let now = NOW.plus(TimeDelta::seconds(seconds));
        store.hold_lease(org, "sweep", holder.to_owned(), now).await.expect("asked")
    };
    assert!(hold("other", 0).await);
    assert!(!hold("third", LEASE_SECONDS - 1).await, "held still");
    assert!(hold("other", LEASE_SECONDS - 1).await, "renewed by its holder");
    let sweep_at = async |seconds| {
        let clock = Clock::fixed(NOW.plus(TimeDelta::seconds(seconds)));
        sweep_once(&store, &Settings::new(clock)).await
    };
    let left = sweep_at(LEASE_SECONDS).await;
    assert_eq!((left.deleted, left.is_running_elsewhere), (0, true));
    let swept = sweep_at(2 * LEASE_SECONDS).await;
    assert_eq!((swept.deleted, swept.is_running_elsewhere), (1, false), "the other is gone");
    assert!(hold("next", 2 * LEASE_SECONDS).await, "a finished sweep gives its lease back");
    store.release_lease(org, "sweep", "third".to_owned()).await.expect("not its own");
    assert!(!hold("third", 2 * LEASE_SECONDS).await, "only the holder gives it back");
    store.release_lease(org, "sweep", "next".to_owned()).await.expect("given back");
    assert!(hold("third", 2 * LEASE_SECONDS).await);
}

pub(crate) async fn a_sweep_refuses_a_clock_far_ahead_of_the_store(store: Arc<Store>) {
    let retention = Retention { plan: Plan::Free, floor: None };
    let org = store.create_organization("acme".to_owned(), retention, NOW).await.expect("made").id;
    append(&store, org, [recording_at("1", days_ago(8))]).await;
    let after = |days| Settings::new(Clock::fixed(NOW.plus(TimeDelta::days(days))));
    for days in [5, 84, 400] {
        let swept = sweep_once(&store, &after(days)).await;
        assert_eq!(swept.deleted, 0);
        assert!(swept.failed[0].1.contains("the latest time known to this store"), "{:?}", swept.failed);
    }
    // A running server records the time, even without entries for a hundred days.
    for day in 1..=100 {
        let guard = ClockGuard::new(after(day).clock);
        guard.check_and_save(store.as_ref()).await.expect("noted").expect("plausible");
    }
    assert_eq!(swept(&store, &after(100)).await, 1);
    let ahead = ClockGuard::new(after(110).clock);
    ahead.check_and_save(store.as_ref()).await.expect("asked").expect_err("not noted");
    ahead.check(store.as_ref()).await.expect("asked").expect_err("and not believed the second time");
    let behind = ClockGuard::new(after(0).clock);
    behind.check_and_save(store.as_ref()).await.expect("asked").expect("behind deletes too little");
    let seen = store.clock_seen(org).await.expect("asked").expect("noted").at;
    assert_eq!(seen, NOW.plus(TimeDelta::days(100)), "the latest stays");
    ahead.confirm(store.as_ref()).await.expect("confirmed");
    assert_eq!(swept(&store, &after(110)).await, 0);
}

pub(crate) async fn a_lease_from_a_clock_ahead_is_ignored(store: Arc<Store>) {
    let retention = Retention { plan: Plan::Free, floor: None };
    let org = store.create_organization("acme".to_owned(), retention, NOW).await.expect("made").id;
    append(&store, org, [recording_at("1", days_ago(100))]).await;
    let ahead = NOW.plus(TimeDelta::days(300));
    let lost =
        store.begin_prune(org, "cron".to_owned(), days_ago(90), ahead).await.expect("asked").expect("free");
    assert!(store.hold_lease(org, "sweep", "ahead".to_owned(), ahead).await.expect("asked"));
    assert_eq!(swept(&store, &Settings::new(Clock::fixed(NOW))).await, 1);
    store.prune_batch(org, lost, 1, NOW).await.expect_err("the lease is the next one's");
}
