//! Adds recorded entries to the trees of their logs in the background, and signs a checkpoint of each. Entries are in the
//! tree about a second after their recording.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::clock::Clock;
use crate::model::integrity::note::SigningKey;
use crate::store::Store;
use crate::store::error::StoreError;

/// How often new entries are added: each log gets one checkpoint in this time at most, except when one is requested.
const INTERVAL: Duration = Duration::from_secs(1);

/// The key that signs checkpoints.
pub(super) struct TreeJob {
    key: OnceCell<Arc<SigningKey>>,
    clock: Clock,
}

impl TreeJob {
    /// Signs with this key, or with the store's.
    pub(super) fn new(key: Option<Arc<SigningKey>>, clock: Clock) -> Self {
        Self { key: OnceCell::new_with(key), clock }
    }

    /// The key that signs checkpoints. The first call may generate it.
    pub(super) async fn key(&self, store: &Store) -> Result<&SigningKey, StoreError> {
        let read = || async { store.signing_key(self.clock.now()).await.map(Arc::new) };
        self.key.get_or_try_init(read).await.map(|key| &**key)
    }

    /// Grows the trees of all logs that have grown. A log that fails is tried again the next time.
    pub(super) async fn grow(&self, store: &Store) {
        for log in store.take_grown() {
            let grown = match self.key(store).await {
                Ok(key) => store.grow_tree(log, Some(key)).await,
                Err(error) => Err(error),
            };
            if let Err(error) = grown {
                tracing::warn!(log = log.number(), %error, "cannot add entries to the tree of a log; retrying");
                store.note_growth(log);
            }
        }
    }
}

/// How many rounds pass before all logs are looked at again: other processes record, too, such as operator commands.
const ROUNDS: u32 = 600;

/// Grows trees until the server ends. With `all`, it looks at every log first and then every ten minutes, and not only at
/// those in which this process records.
pub(super) async fn run(store: Arc<Store>, job: Arc<TreeJob>, all: bool) {
    for round in (0..ROUNDS).cycle() {
        if all && round == 0 {
            match store.organizations().await {
                Ok(organizations) => organizations.iter().for_each(|organization| {
                    store.note_growth(organization.id);
                    store.note_growth(organization.id.trail());
                }),
                Err(error) => tracing::warn!(%error, "cannot list the logs whose trees may be behind"),
            }
        }
        job.grow(&store).await;
        tokio::time::sleep(INTERVAL).await;
    }
}
