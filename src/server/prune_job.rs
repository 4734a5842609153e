//! The deed of a prune, by hand or by the sweep: batch after batch, so that readers and recorders are never blocked for
//! long. It takes no lease and closes no record; whoever began the run does.

use std::time::{Duration, Instant};

use crate::server::settings::Settings;
use crate::store::error::StoreError;
use crate::store::{OrgId, PruneRun, Store};

/// Deletes until nothing is left or `may_go_on` says no. Tells how many went, whatever came of it, and whether nothing
/// is left.
pub(super) async fn batches(
    store: &dyn Store,
    settings: &Settings,
    org: OrgId,
    run: &PruneRun,
    may_go_on: impl Fn() -> bool,
) -> (u64, Result<bool, StoreError>) {
    let mut deleted = 0;
    let mut size = FIRST_BATCH.min(settings.prune_batch);
    while may_go_on() {
        let begun = Instant::now();
        match store.prune_batch(org, run.clone(), size, settings.clock.now()).await {
            Err(error) => return (deleted, Err(error)),
            Ok(batch) => {
                deleted += batch;
                if batch < u64::from(size) {
                    return (deleted, Ok(true));
                }
            }
        }
        size = next_size(size, begun.elapsed()).min(settings.prune_batch);
    }
    (deleted, Ok(false))
}

/// How many entries are deleted first, when nobody knows yet how long that takes.
const FIRST_BATCH: u32 = 500;
/// How long a batch should take, the wait for its turn and for the disk in it: no recorder waits much longer.
const BATCH_TIME: Duration = Duration::from_millis(10);

/// How many entries the next batch should hold, when one of `size` took `elapsed`: as many as fit the time, but at most
/// twice and at least half as many.
fn next_size(size: u32, elapsed: Duration) -> u32 {
    let fitting = u128::from(size) * BATCH_TIME.as_micros() / elapsed.as_micros().max(1);
    let fitting = u32::try_from(fitting).unwrap_or(u32::MAX);
    fitting.clamp((size / 2).max(1), size.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_follows_the_time_the_last_one_took() {
        let next = |size, ms| next_size(size, Duration::from_millis(ms));
        assert_eq!(next(500, 10), 500);
        assert_eq!(next(500, 8), 625);
        assert_eq!(next(500, 16), 312);
        assert_eq!((next(500, 0), next(500, 1)), (1000, 1000), "it may have been a lucky moment");
        assert_eq!((next(500, 10_000), next(1, 10_000)), (250, 1), "or an unlucky one");
        assert_eq!(next(u32::MAX, 0), u32::MAX);
    }
}
