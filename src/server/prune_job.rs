//! Deletes the entries of a prune, manual or automatic, in batches that block readers and recorders only briefly. The
//! caller takes the lease and closes the record.

use std::time::{Duration, Instant};

use crate::server::settings::Settings;
use crate::store::error::StoreError;
use crate::store::{OrgId, PruneRun, Store};

/// Deletes until no expired entry is left but held ones, or `may_continue` returns false. Returns the number of deleted
/// entries, also on failure, and whether the prune is complete.
pub(super) async fn delete_batches(
    store: &Store,
    settings: &Settings,
    org: OrgId,
    run: &PruneRun,
    may_continue: impl Fn() -> bool,
) -> (u64, Result<bool, StoreError>) {
    let (mut run, mut deleted) = (run.clone(), 0);
    let mut size = FIRST_BATCH.min(settings.prune_batch);
    while may_continue() {
        let begun = Instant::now();
        match store.prune_batch(org, run.clone(), size, settings.clock.now()).await {
            Err(error) => return (deleted, Err(error)),
            Ok(batch) => {
                deleted += batch.deleted;
                run.after = batch.next;
                if batch.next.is_none() {
                    return (deleted, Ok(true));
                }
            }
        }
        size = next_size(size, begun.elapsed()).min(settings.prune_batch);
    }
    (deleted, Ok(false))
}

/// The size of the first batch.
const FIRST_BATCH: u32 = 500;
/// How long a batch should take, including the wait for its turn and for the disk. Recorders wait this long at most.
const BATCH_TIME: Duration = Duration::from_millis(10);

/// The smallest batch: on a slow disk smaller ones would only make a prune longer.
const MIN_BATCH: u32 = 50;

/// The size of the next batch after one of `size` took `elapsed`: as many as fit [`BATCH_TIME`], but at most twice and
/// at least half as many. Each commit has a cost of its own, so a batch has at least [`MIN_BATCH`].
fn next_size(size: u32, elapsed: Duration) -> u32 {
    let fitting = u128::from(size) * BATCH_TIME.as_micros() / elapsed.as_micros().max(1);
    let fitting = u32::try_from(fitting).unwrap_or(u32::MAX);
    fitting.clamp(size / 2, size.saturating_mul(2)).max(MIN_BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_size_follows_the_time_of_the_last_batch() {
        let next = |size, ms| next_size(size, Duration::from_millis(ms));
        assert_eq!(next(500, 10), 500);
        assert_eq!(next(500, 8), 625);
        assert_eq!(next(500, 16), 312);
        assert_eq!((next(500, 0), next(500, 1)), (1000, 1000), "grows by a factor of two at most");
        assert_eq!(
            (next(500, 10_000), next(60, 10_000), next(50, 10_000)),
            (250, 50, 50),
            "shrinks by half at most"
        );
        assert_eq!(next(u32::MAX, 0), u32::MAX);
    }
}
