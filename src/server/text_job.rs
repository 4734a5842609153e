//! Adds recorded entries to the text indexes of their logs in the background, a while after their recording: until then,
//! a search reads them one by one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::store::Store;
use crate::store::error::StoreError;

/// How often noted logs are looked at. `tree_job` notes all of them every ten minutes, for the text index too.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many steps a log gets before it is the turn of the next.
const STEPS_A_TURN: usize = 32;

/// Grows the text indexes of noted logs until the server ends.
pub(super) async fn run(store: Arc<Store>) {
    loop {
        let mut logs = store.take_unindexed();
        while !logs.is_empty() {
            let mut unfinished = HashSet::new();
            for log in logs {
                for _ in 0..STEPS_A_TURN {
                    match store.index_text(log).await {
                        Ok(true) => drop(unfinished.insert(log)),
                        Ok(false) => {
                            unfinished.remove(&log);
                            break;
                        }
                        Err(StoreError::Missing(_)) => {
                            tracing::debug!(log = log.number(), "a deleted log has no text index");
                            unfinished.remove(&log);
                            break;
                        }
                        Err(error) => {
                            tracing::warn!(log = log.number(), %error, "cannot index the text of a log; retrying");
                            unfinished.remove(&log);
                            store.note_unindexed(log);
                            break;
                        }
                    }
                }
            }
            logs = unfinished;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
