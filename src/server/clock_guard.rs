//! Decides whether entries may be deleted by the clock: a clock that is ahead calls young entries expired.
//!
//! While the server runs, the wall clock may not gain on the time that really passed. When it starts, the clock may not
//! be far ahead of the latest time the store has seen, which servers keep noting; so a log in which nothing happens can
//! be pruned as well. A clock that is behind deletes too little, which a later prune makes good.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::model::timestamp::Timestamp;
use crate::server::metrics::Metrics;
use crate::store::error::StoreError;
use crate::store::{ClockSeen, Lookup, OrgId, Organization, Store};

/// How far the wall clock may gain on the time that passed.
const MAX_STEP: TimeDelta = TimeDelta::minutes(5);
/// How far the clock may be ahead of the latest time the store has seen, when nothing tells how long no server ran.
const MAX_GAP: TimeDelta = TimeDelta::days(4);
/// How often a running server notes the time.
const HEARTBEAT: Duration = Duration::from_secs(15 * 60);
/// How many organizations are tried where the nodes of others are away: each may take seconds to say so.
const MOST_TRIED: usize = 8;

/// The clock may be ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockImplausible {
    /// It gained on the time that passed.
    #[error("the clock says {now}, {} seconds more than passed since it was last looked at: entries that it calls expired may be young", .by.num_seconds())]
    Stepped {
        /// What the clock says.
        now: Timestamp,
        /// By how much it gained.
        by: TimeDelta,
    },
    /// It is far ahead of what the store has seen.
    #[error("the clock says {now}, and the latest time known to this store is {seen}: either no server ran for {} days, or the clock is ahead and entries that it calls expired are young", .now.since(*.seen).num_days())]
    Ahead {
        /// What the clock says.
        now: Timestamp,
        /// The latest time the store has seen.
        seen: Timestamp,
    },
}

/// Compares the wall clock with the time that passed and with what the store has seen.
struct Watch {
    /// What the clock said when the server began.
    begun: Timestamp,
    /// What the clock said at the last look, and how long the server had run then. None before the first sound look.
    last: Option<(Timestamp, Duration)>,
}

impl Watch {
    const fn new(begun: Timestamp) -> Self {
        Self { begun, last: None }
    }

    fn look(
        &mut self,
        now: Timestamp,
        passed: Duration,
        seen: Option<ClockSeen>,
    ) -> Result<(), ClockImplausible> {
        if self.last.is_none() {
            // Where the clock began is where it is watched from, unless it was wrong already then.
            self.compare(self.begun, Duration::ZERO, seen).unwrap_or(());
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
            let really = TimeDelta::from_std(passed.saturating_sub(at)).unwrap_or(TimeDelta::MAX);
            let by = now.since(wall) - really;
            if by > MAX_STEP && !confirmed {
                return Err(ClockImplausible::Stepped { now, by });
            }
        } else if let Some(seen) = seen {
            let gap = now.since(seen.at);
            if gap > MAX_GAP {
                return Err(ClockImplausible::Ahead { now, seen: seen.at });
            }
            // Behind, as a machine without a battery is until it has asked others: to be put right is no step.
            if gap < -MAX_STEP {
                return Ok(());
            }
        }
        self.last = Some((now, passed));
        Ok(())
    }
}

/// The guard of one server.
pub struct ClockGuard {
    clock: Clock,
    started: Instant,
    watch: Mutex<Watch>,
}

impl ClockGuard {
    /// A guard that has not looked yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let watch = Mutex::new(Watch::new(clock.now()));
        Self { clock, started: Instant::now(), watch }
    }

    /// Looks at the clock; entries may be deleted by the time this returns.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be asked; inside, why the clock is not to be trusted.
    pub async fn look(&self, store: &dyn Store) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let organizations = store.organizations().await?;
        let noted = noted(store, &organizations).await?;
        self.judge(store, &organizations, noted).await
    }

    /// As [`Self::look`], for a caller that has listed the organizations already.
    pub(super) async fn look_among(
        &self,
        store: &dyn Store,
        organizations: &[Organization],
    ) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let noted = noted(store, organizations).await?;
        self.judge(store, organizations, noted).await
    }

    async fn judge(
        &self,
        store: &dyn Store,
        organizations: &[Organization],
        noted: Option<(OrgId, Option<ClockSeen>)>,
    ) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let seen = match noted {
            Some((_, None)) => evidence(store, organizations).await,
            Some((_, seen)) => seen,
            None => None,
        };
        let (now, passed) = (self.clock.now(), self.started.elapsed());
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(watch.look(now, passed, seen).map(|()| now))
    }

    /// Notes the present time in the store, when it is plausible.
    ///
    /// # Errors
    /// As [`ClockGuard::look`].
    pub async fn note(&self, store: &dyn Store) -> Result<Result<Timestamp, ClockImplausible>, StoreError> {
        let organizations = store.organizations().await?;
        let noted = noted(store, &organizations).await?;
        let looked = self.judge(store, &organizations, noted).await?;
        if let (Ok(now), Some((org, _))) = (looked, noted) {
            store.note_clock(org, ClockSeen { at: now, is_confirmed: false }).await?;
        }
        Ok(looked)
    }

    /// Takes an operator's word that the clock is right.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be noted.
    pub async fn confirm(&self, store: &dyn Store) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some((org, _)) = noted(store, &store.organizations().await?).await? {
            store.note_clock(org, ClockSeen { at: now, is_confirmed: true }).await?;
        }
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).last = Some((now, self.started.elapsed()));
        Ok(())
    }
}

/// With which organization the time is noted, and the time that stands there: the first there was is there for ever. On
/// Citus its node may be away; then the next organization that answers stands in for it.
async fn noted(
    store: &dyn Store,
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

/// The organizations that may hold what concerns all of them, in the order to try: the oldest, and a few more.
pub(super) fn oldest(organizations: &[Organization]) -> impl Iterator<Item = OrgId> + use<> {
    let mut ids: Vec<_> = organizations.iter().map(|it| it.id).collect();
    ids.sort_unstable_by_key(|id| id.number());
    ids.into_iter().take(MOST_TRIED)
}

/// The latest time that the newest entries and prunes tell.
async fn evidence(store: &dyn Store, organizations: &[Organization]) -> Option<ClockSeen> {
    let mut latest = None;
    for organization in organizations {
        // What cannot be read proves nothing; the others may.
        if let Ok(at) = newest(store, organization.id).await {
            latest = latest.max(at);
        }
    }
    latest.map(|at| ClockSeen { at, is_confirmed: false })
}

async fn newest(store: &dyn Store, org: OrgId) -> Result<Option<Timestamp>, StoreError> {
    let pruned = store.last_prune(org).await?.map(|prune| prune.finished_at.unwrap_or(prune.started_at));
    let head = store.holdings(org, Timestamp::MIN).await?.head;
    let recorded = match store.entry(org, head).await? {
        Lookup::Found(entry) => Some(entry.recorded_at),
        Lookup::Pruned(_) | Lookup::Missing => None,
    };
    Ok(recorded.max(pruned))
}

/// Notes the time for as long as the server runs, and tells when it is not plausible.
pub(super) async fn run(store: Arc<dyn Store>, guard: Arc<ClockGuard>, metrics: Arc<Metrics>) {
    loop {
        match guard.note(store.as_ref()).await {
            Ok(Ok(_)) => drop(metrics.clock_implausible.set(0)),
            Ok(Err(implausible)) => {
                metrics.clock_implausible.set(1);
                tracing::error!(
                    "{implausible}; nothing is pruned until it is right or `prune --clock-is-right` confirms it"
                );
            }
            Err(error) => tracing::warn!(%error, "the time could not be noted and will be tried again"),
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn seen(text: &str, is_confirmed: bool) -> Option<ClockSeen> {
        Some(ClockSeen { at: at(text), is_confirmed })
    }

    #[test]
    fn a_clock_that_runs_with_time_or_behind_it_is_trusted_and_one_that_leaps_is_not() {
        let mut watch = Watch::new(at("2026-11-22T08:00:00Z"));
        let mut look = |text: &str, passed| watch.look(at(text), passed, None);
        assert_eq!(look("2026-11-22T08:00:00Z", Duration::ZERO), Ok(()));
        assert_eq!(look("2026-11-22T09:00:00Z", HOUR), Ok(()));
        assert_eq!(look("2026-11-22T10:05:00Z", 2 * HOUR), Ok(()), "five minutes are allowed");
        assert_eq!(look("2026-11-22T03:00:00Z", 3 * HOUR), Ok(()), "backwards deletes too little");
        let now = at("2026-11-22T04:05:01Z");
        let stepped = ClockImplausible::Stepped { now, by: TimeDelta::seconds(301) };
        assert_eq!(look("2026-11-22T04:05:01Z", 4 * HOUR), Err(stepped));
        assert!(look("2029-11-22T03:00:00Z", 4 * HOUR).is_err());
        assert_eq!(look("2026-11-22T04:00:00Z", 4 * HOUR), Ok(()), "put right again");
    }

    #[test]
    fn a_clock_that_starts_far_ahead_of_what_the_store_has_seen_is_not_trusted() {
        let start = |now: &str, seen| Watch::new(at(now)).look(at(now), Duration::ZERO, seen);
        let last = seen("2026-11-22T08:00:00Z", false);
        assert_eq!(start("2026-11-22T08:00:01Z", last), Ok(()));
        assert_eq!(start("2026-11-26T08:00:00Z", last), Ok(()), "nothing ran for a long weekend");
        assert!(start("2026-11-26T08:00:01Z", last).is_err());
        assert!(start("2027-02-14T08:00:00Z", last).is_err(), "84 days ahead");
        assert_eq!(start("2027-02-14T08:00:00Z", None), Ok(()), "nothing is known of a new store");
        assert_eq!(start("1970-01-01T00:00:00Z", last), Ok(()), "behind");
    }

    #[test]
    fn a_clock_that_is_put_right_after_the_start_is_trusted() {
        let mut watch = Watch::new(at("1970-01-01T00:00:00Z"));
        let last = seen("2026-11-22T08:00:00Z", false);
        assert_eq!(watch.look(at("1970-01-01T00:00:01Z"), Duration::from_secs(1), last), Ok(()));
        assert_eq!(watch.look(at("2026-11-22T09:00:00Z"), HOUR, last), Ok(()));
        assert!(watch.look(at("2026-11-22T12:00:00Z"), 2 * HOUR, last).is_err(), "and watched from then on");
    }

    #[test]
    fn a_step_before_the_first_look_counts() {
        let last = seen("2026-11-22T07:00:00Z", false);
        for known in [None, last] {
            let mut watch = Watch::new(at("2026-11-22T08:00:00Z"));
            assert!(watch.look(at("2026-11-24T09:00:00Z"), HOUR, known).is_err(), "two days");
        }
    }

    #[test]
    fn an_operator_confirms_a_clock_that_stepped() {
        let mut watch = Watch::new(at("2026-11-22T08:00:00Z"));
        assert_eq!(watch.look(at("2026-11-22T08:00:00Z"), Duration::ZERO, None), Ok(()));
        let now = at("2027-11-22T09:00:00Z");
        assert!(watch.look(now, HOUR, seen("2026-11-22T08:30:00Z", true)).is_err(), "another time was meant");
        assert!(watch.look(now, HOUR, seen("2027-11-22T08:59:00Z", false)).is_err(), "nobody confirmed it");
        assert_eq!(watch.look(now, HOUR, seen("2027-11-22T08:59:00Z", true)), Ok(()));
        assert!(
            watch.look(at("2028-11-22T09:00:00Z"), 2 * HOUR, seen("2027-11-22T08:59:00Z", true)).is_err()
        );
    }
}
