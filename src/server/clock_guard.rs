//! Decides whether the clock is plausible enough to prune by: with a clock that is ahead, young entries look expired.
//!
//! While the server runs, the wall clock must not gain on the monotonic clock. At the start, the clock must not be far
//! ahead of the latest time in the store. Running servers save the time regularly, so that a log without new entries
//! can be pruned as well. A clock that is behind prunes too little, and a later prune makes up for it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::model::timestamp::Timestamp;
use crate::server::lock::lock;
use crate::server::metrics::Metrics;
use crate::server::settings::Settings;
use crate::server::trail::lifecycle::PauseRecorder;
use crate::store::error::StoreError;
use crate::store::{ClockSeen, Lookup, OrgId, Organization, Store};

/// How far the wall clock may gain on the monotonic clock.
const MAX_GAIN: TimeDelta = TimeDelta::minutes(5);
/// How far the clock may be ahead of the latest time in the store, for instance after a weekend without a server.
const MAX_GAP: TimeDelta = TimeDelta::days(4);
/// How often a running server saves the time.
const HEARTBEAT: Duration = Duration::from_secs(15 * 60);
/// How many organizations are tried when their nodes are unreachable: each attempt may take seconds.
const MAX_TRIED: usize = 8;

/// Why the clock may be ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockImplausible {
    /// It gained on the monotonic clock.
    #[error("the clock says {now}, and gained {} seconds since the last check: entries that look expired may be young", .by.num_seconds())]
    Stepped {
        /// The clock's time.
        now: Timestamp,
        /// How much it gained.
        by: TimeDelta,
    },
    /// It is far ahead of the latest time in the store.
    #[error("the clock says {now}, and the latest time known to this store is {seen}: either no server ran for {} days, or the clock is ahead and entries that look expired are young", .now.since(*.seen).num_days())]
    Ahead {
        /// The clock's time.
        now: Timestamp,
        /// The latest time in the store.
        seen: Timestamp,
    },
}

/// Compares the wall clock with the monotonic clock and with the latest time in the store.
struct ClockTracker {
    /// The wall clock at the server's start.
    started_at: Timestamp,
    /// The wall clock and the server's uptime at the last plausible check.
    last: Option<(Timestamp, Duration)>,
}

impl ClockTracker {
    const fn new(started_at: Timestamp) -> Self {
        Self { started_at, last: None }
    }

    fn check(
        &mut self,
        now: Timestamp,
        passed: Duration,
        seen: Option<ClockSeen>,
    ) -> Result<(), ClockImplausible> {
        if self.last.is_none() {
            // Starts from the time of the server's start, unless that was implausible already.
            self.compare(self.started_at, Duration::ZERO, seen).unwrap_or(());
        }
        self.compare(now, passed, seen)
    }

    fn compare(
        &mut self,
        now: Timestamp,
        passed: Duration,
        seen: Option<ClockSeen>,
    ) -> Result<(), ClockImplausible> {
        let confirmed = seen.is_some_and(|seen| seen.is_confirmed && now.since(seen.at) <= MAX_GAP);
        if let Some((wall, at)) = self.last {
            let elapsed = TimeDelta::from_std(passed.saturating_sub(at)).unwrap_or(TimeDelta::MAX);
            let by = now.since(wall) - elapsed;
            if by > MAX_GAIN && !confirmed {
                return Err(ClockImplausible::Stepped { now, by });
            }
        } else if let Some(seen) = seen {
            let gap = now.since(seen.at);
            if gap > MAX_GAP {
                return Err(ClockImplausible::Ahead { now, seen: seen.at });
            }
            // The clock is behind, as on a machine without a battery. A later correction must not count as a step.
            if gap < -MAX_GAIN {
                return Ok(());
            }
        }
        self.last = Some((now, passed));
        Ok(())
    }
}

/// Checks the clock of one server.
pub struct ClockGuard {
    clock: Clock,
    started: Instant,
    tracker: Mutex<ClockTracker>,
}

impl ClockGuard {
    /// Creates a guard at the server's start.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let tracker = Mutex::new(ClockTracker::new(clock.now()));
        Self { clock, started: Instant::now(), tracker }
    }

    /// Checks the clock and returns the time to prune by.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read. The inner error says why the clock is implausible.
    pub async fn check(&self, store: &Store) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let organizations = store.organizations().await?;
        let saved_time = saved_time(store, &organizations).await?;
        self.compare_with_store(store, &organizations, saved_time).await
    }

    /// As [`Self::check`], with the organizations that the caller has listed already.
    pub(super) async fn check_with(
        &self,
        store: &Store,
        organizations: &[Organization],
    ) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let saved_time = saved_time(store, organizations).await?;
        self.compare_with_store(store, organizations, saved_time).await
    }

    async fn compare_with_store(
        &self,
        store: &Store,
        organizations: &[Organization],
        saved_time: Option<(OrgId, Option<ClockSeen>)>,
    ) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let seen = match saved_time {
            Some((_, None)) => newest_time(store, organizations).await,
            Some((_, seen)) => seen,
            None => None,
        };
        let (now, passed) = (self.clock.now(), self.started.elapsed());
        let mut tracker = lock(&self.tracker);
        Ok(tracker.check(now, passed, seen).map(|()| now))
    }

    /// Checks the clock, and saves the time in the store if it is plausible.
    ///
    /// # Errors
    /// As [`ClockGuard::check`].
    pub async fn check_and_save(
        &self,
        store: &Store,
    ) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let organizations = store.organizations().await?;
        let saved_time = saved_time(store, &organizations).await?;
        let checked = self.compare_with_store(store, &organizations, saved_time).await?;
        if let (Ok(now), Some((org, _))) = (checked, saved_time) {
            store.note_clock(org, ClockSeen { at: now, is_confirmed: false }).await?;
        }
        Ok(checked)
    }

    /// Accepts the clock because an operator confirmed it.
    ///
    /// # Errors
    /// [`StoreError`] when the time cannot be saved.
    pub async fn confirm(&self, store: &Store) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some((org, _)) = saved_time(store, &store.organizations().await?).await? {
            store.note_clock(org, ClockSeen { at: now, is_confirmed: true }).await?;
        }
        lock(&self.tracker).last = Some((now, self.started.elapsed()));
        Ok(())
    }
}

/// The organization in which the time is saved, and that time. Usually it is the oldest organization. On Citus its node
/// may be unreachable; then the next organization that answers is used.
async fn saved_time(
    store: &Store,
    organizations: &[Organization],
) -> Result<Option<(OrgId, Option<ClockSeen>)>, StoreError> {
    let mut away = None;
    for org in oldest(organizations) {
        match store.clock_seen(org).await {
            Ok(seen) => return Ok(Some((org, seen))),
            Err(error) if error.is_away() => away = Some(error),
            Err(error) => return Err(error),
        }
    }
    away.map_or(Ok(None), Err)
}

/// The organizations that may hold data of the whole store, in the order to try: the oldest first.
pub(super) fn oldest(organizations: &[Organization]) -> impl Iterator<Item = OrgId> + use<> {
    let mut ids: Vec<_> = organizations.iter().map(|it| it.id).collect();
    ids.sort_unstable_by_key(|id| id.number());
    ids.into_iter().take(MAX_TRIED)
}

/// The latest time of the newest entries and prunes.
async fn newest_time(store: &Store, organizations: &[Organization]) -> Option<ClockSeen> {
    let mut latest = None;
    for organization in organizations {
        // An organization that cannot be read is left out.
        if let Ok(at) = newest(store, organization.id).await {
            latest = latest.max(at);
        }
    }
    latest.map(|at| ClockSeen { at, is_confirmed: false })
}

async fn newest(store: &Store, org: OrgId) -> Result<Option<Timestamp>, StoreError> {
    let pruned = store.last_prune(org).await?.map(|prune| prune.finished_at.unwrap_or(prune.started_at));
    let head = store.holdings(org, Timestamp::MIN).await?.head;
    let recorded = match store.entry(org, head).await? {
        Lookup::Found(entry) => Some(entry.recorded_at),
        Lookup::Pruned(_) | Lookup::Missing => None,
    };
    Ok(recorded.max(pruned))
}

/// Saves the time while the server runs, and logs when the clock is implausible.
pub(super) async fn run(
    store: Arc<Store>,
    settings: Arc<Settings>,
    guard: Arc<ClockGuard>,
    metrics: Arc<Metrics>,
) {
    let mut pauses = PauseRecorder::default();
    loop {
        let checked = guard.check_and_save(store.as_ref()).await;
        if let Ok(checked) = &checked {
            let cause = checked.as_ref().err().map(ToString::to_string);
            if let Err(error) = pauses.observe(&store, &settings, cause).await {
                tracing::error!(%error, "cannot record in the trail that the clock pauses the sweep; retrying");
            }
        }
        match checked {
            Ok(Ok(_)) => drop(metrics.clock_implausible.set(0)),
            Ok(Err(implausible)) => {
                metrics.clock_implausible.set(1);
                tracing::error!(
                    "{implausible}; nothing is pruned until the clock is right or `prune --clock-is-right` confirms it"
                );
            }
            Err(error) => tracing::warn!(%error, "cannot save the current time; retrying"),
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::at;

    const HOUR: Duration = Duration::from_secs(3600);

    fn seen(text: &str, is_confirmed: bool) -> Option<ClockSeen> {
        Some(ClockSeen { at: at(text), is_confirmed })
    }

    #[test]
    fn a_clock_that_gains_too_much_is_implausible() {
        let mut tracker = ClockTracker::new(at("2026-11-22T08:00:00Z"));
        let mut check = |text: &str, passed| tracker.check(at(text), passed, None);
        assert_eq!(check("2026-11-22T08:00:00Z", Duration::ZERO), Ok(()));
        assert_eq!(check("2026-11-22T09:00:00Z", HOUR), Ok(()));
        assert_eq!(check("2026-11-22T10:05:00Z", 2 * HOUR), Ok(()), "five minutes are allowed");
        assert_eq!(
            check("2026-11-22T03:00:00Z", 3 * HOUR),
            Ok(()),
            "a clock that is behind prunes too little"
        );
        let now = at("2026-11-22T04:05:01Z");
        let stepped = ClockImplausible::Stepped { now, by: TimeDelta::seconds(301) };
        assert_eq!(check("2026-11-22T04:05:01Z", 4 * HOUR), Err(stepped));
        assert!(check("2029-11-22T03:00:00Z", 4 * HOUR).is_err());
        assert_eq!(check("2026-11-22T04:00:00Z", 4 * HOUR), Ok(()), "corrected again");
    }

    #[test]
    fn a_clock_that_starts_far_ahead_of_the_store_is_implausible() {
        let start = |now: &str, seen| ClockTracker::new(at(now)).check(at(now), Duration::ZERO, seen);
        let last = seen("2026-11-22T08:00:00Z", false);
        assert_eq!(start("2026-11-22T08:00:01Z", last), Ok(()));
        assert_eq!(start("2026-11-26T08:00:00Z", last), Ok(()), "no server ran for a long weekend");
        assert!(start("2026-11-26T08:00:01Z", last).is_err());
        assert!(start("2027-02-14T08:00:00Z", last).is_err(), "84 days ahead");
        assert_eq!(start("2027-02-14T08:00:00Z", None), Ok(()), "a new store has no latest time");
        assert_eq!(start("1970-01-01T00:00:00Z", last), Ok(()), "behind");
    }

    #[test]
    fn a_clock_that_is_corrected_after_the_start_is_plausible() {
        let mut tracker = ClockTracker::new(at("1970-01-01T00:00:00Z"));
        let last = seen("2026-11-22T08:00:00Z", false);
        assert_eq!(tracker.check(at("1970-01-01T00:00:01Z"), Duration::from_secs(1), last), Ok(()));
        assert_eq!(tracker.check(at("2026-11-22T09:00:00Z"), HOUR, last), Ok(()));
        assert!(
            tracker.check(at("2026-11-22T12:00:00Z"), 2 * HOUR, last).is_err(),
            "and compared from then on"
        );
    }

    #[test]
    fn a_step_before_the_first_check_counts() {
        let last = seen("2026-11-22T07:00:00Z", false);
        for known in [None, last] {
            let mut tracker = ClockTracker::new(at("2026-11-22T08:00:00Z"));
            assert!(tracker.check(at("2026-11-24T09:00:00Z"), HOUR, known).is_err(), "two days");
        }
    }

    #[test]
    fn an_operator_can_confirm_a_clock_that_stepped() {
        let mut tracker = ClockTracker::new(at("2026-11-22T08:00:00Z"));
        assert_eq!(tracker.check(at("2026-11-22T08:00:00Z"), Duration::ZERO, None), Ok(()));
        let now = at("2027-11-22T09:00:00Z");
        assert!(
            tracker.check(now, HOUR, seen("2026-11-22T08:30:00Z", true)).is_err(),
            "another time was confirmed"
        );
        assert!(tracker.check(now, HOUR, seen("2027-11-22T08:59:00Z", false)).is_err(), "not confirmed");
        assert_eq!(tracker.check(now, HOUR, seen("2027-11-22T08:59:00Z", true)), Ok(()));
        assert!(
            tracker.check(at("2028-11-22T09:00:00Z"), 2 * HOUR, seen("2027-11-22T08:59:00Z", true)).is_err()
        );
    }
}
