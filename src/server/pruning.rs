//! The deed of a prune, by hand or by the sweep: batch after batch, so that readers and recorders are never blocked for
//! long. It takes no lease and closes no record; whoever began the run does.

use crate::server::Settings;
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
    while may_go_on() {
        match store.prune_batch(org, run.clone(), settings.prune_batch, settings.clock.now()).await {
            Err(error) => return (deleted, Err(error)),
            Ok(batch) => {
                deleted += batch;
                if batch < u64::from(settings.prune_batch) {
                    return (deleted, Ok(true));
                }
            }
        }
    }
    (deleted, Ok(false))
}
