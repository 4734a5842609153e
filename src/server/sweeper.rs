//! The automatic sweep: from time to time, in every organization, what its plan no longer keeps is pruned. It takes the
//! same lease, batches and record as a prune by hand. Of several servers over one store one sweeps at a time, by a lease
//! that it keeps renewing and that ends by itself when it does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::server::clock_guard::{ClockGuard, oldest};
use crate::server::metrics::Metrics;
use crate::server::prune_job;
use crate::server::settings::Settings;
use crate::store::error::StoreError;
use crate::store::{LEASE_SECONDS, Organization, Store};

/// What sweeps are recorded as.
const NAME: &str = "sweep";
/// How often the lease is renewed, well before it ends.
const HEARTBEAT: Duration = Duration::from_secs(LEASE_SECONDS as u64 / 3);

/// What came of a sweep.
#[derive(Debug, Default)]
pub struct Swept {
    /// How many entries went.
    pub deleted: u64,
    /// The organizations that could not be swept, by slug, with the reason.
    pub failed: Vec<(String, String)>,
    /// Whether another server sweeps at the moment.
    pub left_to_another: bool,
}

/// Sweeps every `interval`, jittered by a fifth, until the server ends.
pub(super) async fn run(
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
    guard: Arc<ClockGuard>,
    metrics: Arc<Metrics>,
    interval: Duration,
) {
    loop {
        tokio::time::sleep(jittered(interval)).await;
        match once(store.as_ref(), &settings, &guard).await {
            Ok(swept) => {
                metrics.pruned.inc_by(swept.deleted);
                metrics.sweep_failures.inc_by(swept.failed.len() as u64);
                if !swept.left_to_another {
                    let failing = i64::try_from(swept.failed.len()).unwrap_or(i64::MAX);
                    metrics.sweep_failing.set(failing);
                }
            }
            Err(error) => {
                metrics.sweep_failures.inc();
                tracing::error!(%error, "the sweep failed and will be tried again");
            }
        }
    }
}

/// Sweeps every organization once, unless another server does. An organization that fails keeps no other from its turn.
///
/// # Errors
/// [`StoreError`] when the organizations cannot be listed or the lease cannot be taken; nothing was swept then.
pub async fn once(store: &dyn Store, settings: &Settings, guard: &ClockGuard) -> Result<Swept, StoreError> {
    let organizations = store.organizations().await?;
    let holder = Uuid::now_v7().to_string();
    let take = |org| store.hold_lease(org, NAME, holder.clone(), settings.clock.now());
    // A lease stands with an organization. Where its node is away another's will do: each prune has a lease of its own.
    let mut taken = None;
    for org in oldest(&organizations) {
        match take(org).await {
            Ok(true) => {
                taken = Some(org);
                break;
            }
            Ok(false) => return Ok(Swept { left_to_another: true, ..Swept::default() }),
            Err(error) if error.is_away() => {
                tracing::warn!(organization = org.number(), %error, "the sweep's lease is taken with another organization");
            }
            Err(error) => return Err(error),
        }
    }
    let Some(org) = taken else {
        return match organizations.is_empty() {
            true => Ok(Swept::default()),
            false => Err(StoreError::Unreachable("no organization's lease can be taken".to_owned())),
        };
    };
    let hold = || take(org);
    let may_go_on = AtomicBool::new(true);
    let mut work = std::pin::pin!(every(store, settings, guard, &organizations, &may_go_on));
    let swept = loop {
        tokio::select! {
            swept = &mut work => break swept,
            () = tokio::time::sleep(HEARTBEAT) => match hold().await {
                Ok(true) => {}
                // The batch that runs is finished and its record closed.
                Ok(false) => {
                    tracing::warn!("another server took the sweep over");
                    may_go_on.store(false, Ordering::Relaxed);
                }
                // Each organization's own lease still keeps others out.
                Err(error) => tracing::warn!(%error, "the sweep's lease could not be renewed"),
            }
        }
    };
    if let Err(error) = store.release_lease(org, NAME, holder.clone()).await {
        tracing::warn!(%error, "the sweep's lease could not be given back and ends by itself");
    }
    Ok(swept)
}

async fn every(
    store: &dyn Store,
    settings: &Settings,
    guard: &ClockGuard,
    organizations: &[Organization],
    may_go_on: &AtomicBool,
) -> Swept {
    let mut swept = Swept::default();
    for organization in organizations {
        if !may_go_on.load(Ordering::Relaxed) {
            break;
        }
        if let Err(cause) =
            sweep(store, settings, guard, organizations, organization, may_go_on, &mut swept.deleted).await
        {
            let (number, slug) = (organization.id.number(), organization.slug.clone());
            tracing::error!(organization = number, error = cause, "an organization could not be swept");
            swept.failed.push((slug, cause));
        }
    }
    swept
}

async fn sweep(
    store: &dyn Store,
    settings: &Settings,
    guard: &ClockGuard,
    organizations: &[Organization],
    organization: &Organization,
    may_go_on: &AtomicBool,
    deleted: &mut u64,
) -> Result<(), String> {
    let told = |error: StoreError| error.to_string();
    let org = organization.id;
    let now = guard
        .look_among(store, organizations)
        .await
        .map_err(told)?
        .map_err(|implausible| implausible.to_string())?;
    // The floor lets people name a shorter age; it never shortens what is kept by itself.
    let cutoff = organization.retention.plan.retention().before(now);
    let holdings = store.holdings(org, cutoff).await.map_err(told)?;
    if holdings.oldest.is_none_or(|oldest| oldest >= cutoff) {
        return Ok(());
    }
    let Ok(run) = store.begin_prune(org, NAME.to_owned(), cutoff, now).await.map_err(told)? else {
        // Somebody prunes already; what they leave is there at the next sweep.
        return Ok(());
    };
    let go_on = || may_go_on.load(Ordering::Relaxed);
    let (swept, outcome) = prune_job::batches(store, settings, org, &run, go_on).await;
    *deleted += swept;
    let complete = matches!(outcome, Ok(true));
    let finished = store.finish_prune(org, run, complete, settings.clock.now()).await;
    outcome.map_err(told)?;
    finished.map_err(told)?;
    tracing::info!(organization = org.number(), deleted = swept, %cutoff, "swept");
    Ok(())
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
