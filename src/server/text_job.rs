//! Adds recorded entries to the text indexes of their logs in the background, a while after their recording: until then,
//! a search reads them one by one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::store::Store;

/// How often logs are looked at in which this process has recorded.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many intervals pass before all logs are looked at again: other processes record and prune, too.
const ROUNDS: u32 = 600;
/// How many steps a log gets before it is the turn of the next.
const STEPS_A_TURN: usize = 32;

/// Grows the text indexes until the server ends. With `all`, it looks at every log first and then every ten minutes, and
/// not only at those in which this process records.
pub(super) async fn run(store: Arc<Store>, all: bool) {
    for round in (0..ROUNDS).cycle() {
        if all && round == 0 {
            match store.organizations().await {
                Ok(organizations) => organizations.iter().for_each(|organization| {
                    store.note_unindexed(organization.id);
                    store.note_unindexed(organization.id.trail());
                }),
                Err(error) => tracing::warn!(%error, "cannot list the logs whose text index may be behind"),
            }
        }
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
