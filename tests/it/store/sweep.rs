//! The automatic sweep: what every plan no longer keeps goes, in every organization, and nothing else.

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

use crate::support::entries::{NOW, append, days_ago, everything, ids, recording_at, with};
use crate::support::places::each_store;

async fn sweep_once(store: &Arc<dyn Store>, settings: &Settings) -> SweepReport {
    let guard = ClockGuard::new(settings.clock.clone());
    sweeper::once(store.as_ref(), settings, &guard).await.expect("swept")
}

async fn swept(store: &Arc<dyn Store>, settings: &Settings) -> u64 {
    let swept = sweep_once(store, settings).await;
    assert_eq!(swept.failed, []);
    swept.deleted
}

#[tokio::test]
async fn each_organization_is_swept_by_its_own_plan_and_a_floor_deletes_nothing() {
    each_store(async |store| {
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
    })
    .await;
}

#[tokio::test]
async fn an_organization_that_somebody_prunes_is_left_to_them() {
    each_store(async |store| {
        let retention = Retention { plan: Plan::Free, floor: None };
        let org = store.create_organization("busy".to_owned(), retention, NOW).await.expect("made").id;
        append(&store, org, [recording_at("1", days_ago(100))]).await;
        let lease = store.begin_prune(org, "cron".to_owned(), days_ago(90), NOW).await.expect("begun");
        assert!(lease.is_ok());
        let settings = Settings::new(Clock::fixed(NOW));
        assert_eq!(swept(&store, &settings).await, 0);
        assert_eq!(everything(&store, org).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn one_server_sweeps_at_a_time_and_a_lease_that_is_not_renewed_ends() {
    each_store(async |store| {
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
    })
    .await;
}

#[tokio::test]
async fn an_organization_with_a_damaged_row_keeps_no_other_from_its_turn() {
    // Damage of every kind of row that a sweep reads, made by another hand on the file.
    for damage in [
        "UPDATE entries SET model_type = 99 WHERE org_id = 1",
        "UPDATE entries SET occurred_at = -9223372036854775807 WHERE org_id = 1",
        "CREATE TRIGGER broken BEFORE DELETE ON entries WHEN OLD.org_id = 1 BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        "CREATE TRIGGER broken BEFORE DELETE ON users WHEN OLD.org_id = 1 BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        "CREATE TRIGGER broken BEFORE INSERT ON leases WHEN NEW.org_id = 1 AND NEW.name = 'prune' BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        "CREATE TRIGGER broken BEFORE UPDATE ON prunes WHEN NEW.org_id = 1 AND NEW.finished_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'damaged'); END",
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.db");
        let store = krosyn_audit::store::open(&format!("sqlite:{}", path.display())).await.expect("a store");
        let retention = Retention { plan: Plan::Free, floor: None };
        let mut made = Vec::new();
        for slug in ["acme", "before", "zeta"] {
            let org = store.create_organization(slug.to_owned(), retention, NOW).await.expect("made").id;
            let gone = with(recording_at("1", days_ago(100)), "user", serde_json::json!({"name": "Gone"}));
            append(&store, org, [gone, recording_at("2", days_ago(1))]).await;
            made.push(org);
        }
        let other = rusqlite::Connection::open(&path).expect("opens");
        other.execute_batch(damage).expect(damage);
        let settings = Settings::new(Clock::fixed(NOW));
        let swept = sweep_once(&store, &settings).await;
        let failed: Vec<_> = swept.failed.iter().map(|(slug, _)| slug.as_str()).collect();
        assert_eq!(failed, ["acme"], "{damage}");
        for org in &made[1..] {
            assert_eq!(ids(&everything(&store, *org).await), [2], "{damage}");
            assert!(store.prunes(*org).await.expect("prunes")[0].complete);
        }
        // Nothing is held: the next sweep, by another server, has its turn at once.
        let again = sweep_once(&store, &settings).await;
        assert!(!again.is_running_elsewhere, "{damage}");
        if !damage.contains("ON prunes") {
            let open =
                store.prunes(made[0]).await.expect("prunes").iter().any(|prune| prune.finished_at.is_none());
            assert!(!open, "{damage}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_clock_far_ahead_of_what_the_store_has_seen_sweeps_nothing_after_a_restart_either() {
    each_store(async |store| {
        let retention = Retention { plan: Plan::Free, floor: None };
        let org = store.create_organization("acme".to_owned(), retention, NOW).await.expect("made").id;
        append(&store, org, [recording_at("1", days_ago(8))]).await;
        let after = |days| Settings::new(Clock::fixed(NOW.plus(TimeDelta::days(days))));
        for days in [5, 84, 400] {
            let swept = sweep_once(&store, &after(days)).await;
            assert_eq!(swept.deleted, 0);
            assert!(swept.failed[0].1.contains("the latest time known to this store"), "{:?}", swept.failed);
        }
        // A server that runs notes the time, although nothing is recorded for a hundred days.
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
    })
    .await;
}

#[tokio::test]
async fn a_lease_of_a_clock_that_was_ahead_is_none() {
    each_store(async |store| {
        let retention = Retention { plan: Plan::Free, floor: None };
        let org = store.create_organization("acme".to_owned(), retention, NOW).await.expect("made").id;
        append(&store, org, [recording_at("1", days_ago(100))]).await;
        let ahead = NOW.plus(TimeDelta::days(300));
        let lost = store
            .begin_prune(org, "cron".to_owned(), days_ago(90), ahead)
            .await
            .expect("asked")
            .expect("free");
        assert!(store.hold_lease(org, "sweep", "ahead".to_owned(), ahead).await.expect("asked"));
        assert_eq!(swept(&store, &Settings::new(Clock::fixed(NOW))).await, 1);
        store.prune_batch(org, lost, 1, NOW).await.expect_err("the lease is the next one's");
    })
    .await;
}
