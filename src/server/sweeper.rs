//! The automatic sweep: regularly prunes the expired entries of every organization, with the same lease, batches and
//! record as a manual prune. A lease lets only one of several servers sweep a store at a time. It expires unless
//! renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::model::trail::{Actor, TrailEvent};
use crate::model::words::Log;
use crate::server::clock_guard::{ClockGuard, oldest};
use crate::server::metrics::Metrics;
use crate::server::prune_job;
use crate::server::settings::Settings;
use crate::server::trail::{record, restate};
use crate::store::error::StoreError;
use crate::store::{LEASE_SECONDS, OrgId, Organization, PruneRun, Store};

/// The name under which sweeps are recorded.
const NAME: &str = "sweep";
/// How often the lease is renewed, well before it expires.
const HEARTBEAT: Duration = Duration::from_secs(LEASE_SECONDS as u64 / 3);

/// The result of a sweep.
#[derive(Debug, Default)]
pub struct SweepReport {
    /// The number of deleted entries.
    pub deleted: u64,
    /// The slugs of organizations that could not be swept, each with the reason.
    pub failed: Vec<(String, String)>,
    /// Whether another server holds the lease, so that this one did nothing.
    pub is_running_elsewhere: bool,
}

/// Sweeps every `interval` (plus or minus a fifth) until the server ends.
pub(super) async fn run(
    store: Arc<Store>,
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
                if !swept.is_running_elsewhere {
                    let failing = i64::try_from(swept.failed.len()).unwrap_or(i64::MAX);
                    metrics.sweep_failing.set(failing);
                }
            }
            Err(error) => {
                metrics.sweep_failures.inc();
                tracing::error!(%error, "the sweep failed; retrying later");
            }
        }
    }
}

/// Sweeps every organization once, unless another server does. The failure of one does not stop the others.
///
/// # Errors
/// [`StoreError`] when the organizations cannot be listed or the lease cannot be taken; nothing was swept then.
pub async fn once(store: &Store, settings: &Settings, guard: &ClockGuard) -> Result<SweepReport, StoreError> {
    let organizations = store.organizations().await?;
    let holder = Uuid::now_v7().to_string();
    let take_lease = |org| store.hold_lease(org, NAME, holder.clone(), settings.clock.now());
    // The lease is stored in one organization. If its node is unreachable, another organization serves: each prune
    // takes its own lease as well.
    let mut lease_org = None;
    for org in oldest(&organizations) {
        match take_lease(org).await {
            Ok(true) => {
                lease_org = Some(org);
                break;
            }
            Ok(false) => return Ok(SweepReport { is_running_elsewhere: true, ..SweepReport::default() }),
            Err(error) if error.is_away() => {
                tracing::warn!(organization = org.number(), %error, "cannot take the sweep's lease in this organization; trying the next");
            }
            Err(error) => return Err(error),
        }
    }
    let Some(org) = lease_org else {
        return match organizations.is_empty() {
            true => Ok(SweepReport::default()),
            false => {
                Err(StoreError::Unreachable("cannot take the sweep's lease in any organization".to_owned()))
            }
        };
    };
    let may_continue = AtomicBool::new(true);
    let mut work = std::pin::pin!(sweep_all(store, settings, guard, &organizations, &may_continue));
    let swept = loop {
        tokio::select! {
            swept = &mut work => break swept,
            () = tokio::time::sleep(HEARTBEAT) => match take_lease(org).await {
                Ok(true) => {}
                // The running batch still finishes, and its record is closed.
                Ok(false) => {
                    tracing::warn!("another server took over the sweep");
                    may_continue.store(false, Ordering::Relaxed);
                }
                // The lease of each organization still protects its prune.
                Err(error) => tracing::warn!(%error, "cannot renew the sweep's lease"),
            }
        }
    };
    if let Err(error) = store.release_lease(org, NAME, holder.clone()).await {
        tracing::warn!(%error, "cannot release the sweep's lease; it expires by itself");
    }
    Ok(swept)
}

async fn sweep_all(
    store: &Store,
    settings: &Settings,
    guard: &ClockGuard,
    organizations: &[Organization],
    may_continue: &AtomicBool,
) -> SweepReport {
    let mut swept = SweepReport::default();
    for organization in organizations {
        for log in Log::ALL {
            if !may_continue.load(Ordering::Relaxed) {
                return swept;
            }
            let sweep = Sweep { store, settings, guard, organizations, may_continue };
            if let Err(cause) = sweep.log(organization, *log, &mut swept.deleted).await {
                let (number, slug) = (organization.id.number(), organization.slug.clone());
                tracing::error!(organization = number, %log, error = cause, "cannot sweep a log");
                swept.failed.push((slug, cause));
                // The other log would fail for the same reason.
                break;
            }
        }
    }
    swept
}

/// A sweep in progress.
struct Sweep<'a> {
    store: &'a Store,
    settings: &'a Settings,
    guard: &'a ClockGuard,
    organizations: &'a [Organization],
    may_continue: &'a AtomicBool,
}

impl Sweep<'_> {
    async fn record(&self, org: OrgId, event: &TrailEvent) -> Result<(), StoreError> {
        let Settings { clock, redaction, .. } = self.settings;
        record(self.store, org, event, &Actor::server(), redaction, clock.now()).await
    }

    async fn log(&self, organization: &Organization, log: Log, deleted: &mut u64) -> Result<(), String> {
        let Self { store, settings, guard, organizations, may_continue } = self;
        let message = |error: StoreError| error.to_string();
        let org = organization.log(log);
        let now = guard
            .check_with(store, organizations)
            .await
            .map_err(message)?
            .map_err(|implausible| implausible.to_string())?;
        // The floor allows a shorter age in manual prunes only.
        let cutoff = organization.retention.plan.retention_of(log).before(now);
        let holdings = store.holdings(org, cutoff).await.map_err(message)?;
        // A log of which only held entries have expired needs no prune, and no record of one.
        if holdings.by_model_type.iter().all(|counts| counts.expired == 0) {
            return Ok(());
        }
        let Ok(run) = store.begin_prune(org, NAME.to_owned(), cutoff, now).await.map_err(message)? else {
            // Another prune is running. The next sweep deletes what it leaves.
            return Ok(());
        };
        let run = PruneRun { as_of: Some(holdings.head), holds: holdings.hold_names(), ..run };
        let (prune, as_of, retention) = (run.id, holdings.head, organization.retention);
        let begun = async {
            let restated = restate::restated(store, organization.id, log, cutoff, now).await?;
            let begun = TrailEvent::PruneBegun { log, prune, cutoff, as_of, retention, restated };
            self.record(organization.id, &begun).await
        };
        if let Err(error) = begun.await {
            store.finish_prune(org, run, false, settings.clock.now()).await.map_err(message)?;
            return Err(message(error));
        }
        let go_on = || may_continue.load(Ordering::Relaxed);
        let (swept, outcome) = prune_job::delete_batches(store, settings, org, &run, go_on).await;
        *deleted += swept;
        let complete = matches!(outcome, Ok(true));
        let finished = store.finish_prune(org, run, complete, settings.clock.now()).await;
        let recorded = self
            .record(organization.id, &TrailEvent::PruneEnded { log, prune, deleted: swept, complete })
            .await;
        outcome.map_err(message)?;
        finished.map_err(message)?;
        recorded.map_err(message)?;
        tracing::info!(organization = organization.id.number(), %log, deleted = swept, %cutoff, "swept");
        Ok(())
    }
}

/// Randomizes the interval, so that servers started together do not sweep together.
fn jittered(interval: Duration) -> Duration {
    let mut byte = [128];
    // Without randomness there is no jitter, which is acceptable.
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
