//! The automatic sweep: from time to time, in every organization, what its plan no longer keeps is pruned. It takes the
//! same lease, batches and record as a prune by hand. Of several servers over one store one sweeps at a time, by a lease
//! that it keeps renewing and that ends by itself when it does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use uuid::Uuid;

use crate::model::timestamp::Timestamp;
use crate::server::metrics::Metrics;
use crate::server::{Settings, pruning};
use crate::store::error::StoreError;
use crate::store::{LEASE_SECONDS, Organization, Store};

/// What sweeps are recorded as.
const NAME: &str = "sweep";
/// How often the lease is renewed, well before it ends.
const HEARTBEAT: Duration = Duration::from_secs(LEASE_SECONDS as u64 / 3);
/// How far the wall clock may run ahead of the time that passed before deleting by it is no longer safe.
const MAX_STEP: TimeDelta = TimeDelta::minutes(5);

/// The wall clock went forward by more than the time that passed: what it calls expired may be young.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock went forward by {} seconds more than passed: the sweep has stopped and deletes nothing until the server is restarted with the right time", .0.num_seconds())]
pub struct ClockStepped(TimeDelta);

/// Sweeps every `interval`, jittered by a fifth, until the server ends or the clock cannot be trusted.
pub(super) async fn run(
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    interval: Duration,
) {
    let started = Instant::now();
    let mut watch = Watch::new(settings.clock.now(), Duration::ZERO);
    loop {
        tokio::time::sleep(jittered(interval)).await;
        if let Err(stepped) = watch.look(settings.clock.now(), started.elapsed()) {
            tracing::error!("{stepped}");
            return;
        }
        let (deleted, outcome) = once(store.as_ref(), &settings).await;
        metrics.pruned.inc_by(deleted);
        if let Err(error) = outcome {
            tracing::error!(%error, "the sweep failed and will be tried again");
        }
    }
}

/// Sweeps every organization once, unless another server does. Tells how many entries went, whatever came of it: what is
/// swept is on record.
pub async fn once(store: &dyn Store, settings: &Settings) -> (u64, Result<(), StoreError>) {
    let mut deleted = 0;
    let outcome = under_lease(store, settings, &mut deleted).await;
    (deleted, outcome)
}

async fn under_lease(store: &dyn Store, settings: &Settings, deleted: &mut u64) -> Result<(), StoreError> {
    let organizations = store.organizations().await?;
    // A lease stands with an organization; the first there was is there for ever.
    let Some(first) = organizations.iter().map(|it| it.id).min_by_key(|id| id.number()) else {
        return Ok(());
    };
    let holder = Uuid::now_v7().to_string();
    let hold = || store.hold_lease(first, NAME, holder.clone(), settings.clock.now());
    if !hold().await? {
        return Ok(());
    }
    let work = async {
        for organization in &organizations {
            sweep(store, settings, organization, deleted).await?;
        }
        Ok(())
    };
    let mut work = std::pin::pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = tokio::time::sleep(HEARTBEAT) => if !hold().await? {
                tracing::warn!("another server took the sweep over");
                return Ok(());
            }
        }
    };
    store.release_lease(first, NAME, holder).await?;
    outcome
}

async fn sweep(
    store: &dyn Store,
    settings: &Settings,
    organization: &Organization,
    deleted: &mut u64,
) -> Result<(), StoreError> {
    let (org, now) = (organization.id, settings.clock.now());
    // The floor lets people name a shorter age; it never shortens what is kept by itself.
    let cutoff = organization.retention.plan.retention().before(now);
    let holdings = store.holdings(org, cutoff).await?;
    if holdings.oldest.is_none_or(|oldest| oldest >= cutoff) {
        return Ok(());
    }
    let Ok(run) = store.begin_prune(org, NAME.to_owned(), cutoff, now).await? else {
        // Somebody prunes already; what they leave is there at the next sweep.
        return Ok(());
    };
    let (swept, outcome) = pruning::batches(store, settings, org, &run, || true).await;
    *deleted += swept;
    store.finish_prune(org, run, outcome.is_ok(), settings.clock.now()).await?;
    outcome?;
    tracing::info!(organization = org.number(), deleted = swept, %cutoff, "swept");
    Ok(())
}

/// Compares the wall clock with the time that passed.
struct Watch {
    wall: Timestamp,
    passed: Duration,
}

impl Watch {
    const fn new(wall: Timestamp, passed: Duration) -> Self {
        Self { wall, passed }
    }

    /// Looks again. A step backwards deletes too little, which the next sweep makes good; a step forwards would delete
    /// what is still kept.
    fn look(&mut self, wall: Timestamp, passed: Duration) -> Result<(), ClockStepped> {
        let really = TimeDelta::from_std(passed.saturating_sub(self.passed)).unwrap_or(TimeDelta::MAX);
        let step = wall.since(self.wall) - really;
        if step > MAX_STEP {
            return Err(ClockStepped(step));
        }
        (self.wall, self.passed) = (wall, passed);
        Ok(())
    }
}

/// The interval, a fifth longer or shorter by chance: servers started together do not sweep together.
fn jittered(interval: Duration) -> Duration {
    let mut byte = [128];
    // Without randomness there is no jitter, and nothing worse.
    getrandom::fill(&mut byte).unwrap_or(());
    interval.mul_f64(0.8 + 0.4 * f64::from(byte[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    #[test]
    fn a_clock_that_runs_with_time_or_behind_it_is_trusted_and_one_that_leaps_is_not() {
        let hour = Duration::from_secs(3600);
        let mut watch = Watch::new(at("2026-11-22T08:00:00Z"), Duration::ZERO);
        assert_eq!(watch.look(at("2026-11-22T09:00:00Z"), hour), Ok(()));
        assert_eq!(watch.look(at("2026-11-22T10:05:00Z"), 2 * hour), Ok(()), "five minutes are allowed");
        assert_eq!(watch.look(at("2026-11-22T03:00:00Z"), 3 * hour), Ok(()), "backwards deletes too little");
        assert_eq!(
            watch.look(at("2026-11-22T04:05:01Z"), 4 * hour),
            Err(ClockStepped(TimeDelta::seconds(301)))
        );
        assert!(watch.look(at("2029-11-22T03:00:00Z"), 4 * hour).is_err());
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        let minute = Duration::from_secs(60);
        assert!(
            (0..50)
                .map(|_| jittered(minute))
                .all(|it| it >= minute.mul_f64(0.799) && it <= minute.mul_f64(1.201))
        );
    }
}
