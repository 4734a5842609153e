//! Adds recorded entries to the trees of their logs in the background, and signs a checkpoint of each. Entries are in the
//! tree about a second after their recording.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

use crate::clock::Clock;
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::note::SigningKey;
use crate::model::integrity::tile::TILE;
use crate::server::signed_checkpoints::{Signed, SignedCheckpoints};
use crate::store::error::StoreError;
use crate::store::{OrgId, Store};

/// How often new entries are added: each log gets one checkpoint in this time at most, except when one is requested.
const INTERVAL: Duration = Duration::from_secs(1);

/// A key with what it has signed.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The key.
    pub key: Arc<SigningKey>,
    /// What it has signed.
    pub signed: Arc<SignedCheckpoints>,
}

/// Grows trees and signs their checkpoints.
pub(super) struct TreeJob {
    key: OnceCell<Arc<SigningKey>>,
    signed: Option<Arc<SignedCheckpoints>>,
    /// Held while a checkpoint is signed and remembered.
    signing: Mutex<()>,
    clock: Clock,
}

/// The latest checkpoint of a log.
pub(super) enum Latest {
    /// It is of all entries.
    Current(Checkpoint, String),
    /// The log no longer continues the signed one, so no other is signed: verifiers shall see the difference.
    Refused(String),
}

impl TreeJob {
    /// Signs with this key, or with the store's.
    pub(super) fn new(signer: Option<Signer>, clock: Clock) -> Self {
        let (key, signed) = signer.map(|Signer { key, signed }| (key, signed)).unzip();
        Self { key: OnceCell::new_with(key), signed, signing: Mutex::default(), clock }
    }

    /// The key that signs checkpoints. The first call may generate it.
    pub(super) async fn key(&self, store: &Store) -> Result<&SigningKey, StoreError> {
        let read = || async { store.signing_key(self.clock.now()).await.map(Arc::new) };
        self.key.get_or_try_init(read).await.map(|key| &**key)
    }

    /// Grows the trees of all logs that have grown. A log that fails is tried again the next time.
    pub(super) async fn grow(&self, store: &Store) {
        for log in store.take_grown() {
            if let Err(error) = self.checkpoint(store, log).await {
                tracing::warn!(log = log.number(), %error, "cannot add entries to the tree of a log; retrying");
                store.note_growth(log);
            }
        }
    }

    /// Adds the entries that a log has now to its tree, and signs a checkpoint of them.
    pub(super) async fn checkpoint(&self, store: &Store, log: OrgId) -> Result<Latest, StoreError> {
        let key = self.key(store).await?;
        loop {
            let grown = store.grow_tree(log).await?;
            let _signing = self.signing.lock().await;
            let (checkpoint, stored) = store.checkpoint(log).await?;
            let verifier = key.verifier(&checkpoint.origin);
            // A key in the store has no memory: a person who can change the tree can use that key.
            if let Some(remembered) = &self.signed
                && let Some(signed) = remembered.last(&verifier).await?
                && !continues(store, log, &checkpoint, &signed, grown.as_ref()).await?
            {
                let (signed_size, size) = (signed.checkpoint.size, checkpoint.size);
                tracing::error!(
                    log = log.number(),
                    signed_size,
                    size,
                    "no checkpoint is signed: the log does not continue the one that this key has signed. Either the \
                         database was changed: run verify --server. Or a backup was restored: use a new signing key"
                );
                return Ok(Latest::Refused(signed.note));
            }
            let is_current = |note: &String| verifier.open(note).is_ok_and(|signed| signed == checkpoint);
            if let Some(note) = stored.filter(is_current) {
                return Ok(Latest::Current(checkpoint, note));
            }
            let note = key.sign(&checkpoint);
            if let Some(signed) = &self.signed {
                let full_tiles = store.roots_at(log, checkpoint.size / TILE * TILE).await?.full_tiles;
                signed.remember(&checkpoint, &note, full_tiles).await?;
            }
            if store.set_checkpoint(log, checkpoint.size, note.clone()).await? {
                return Ok(Latest::Current(checkpoint, note));
            }
        }
    }
}

/// Whether the tree of a checkpoint begins with that of a signed one.
async fn continues(
    store: &Store,
    log: OrgId,
    checkpoint: &Checkpoint,
    signed: &Signed,
    grown: Option<&(Checkpoint, Checkpoint)>,
) -> Result<bool, StoreError> {
    let earlier = &signed.checkpoint;
    if earlier.size >= checkpoint.size {
        return Ok(earlier == checkpoint);
    }
    // The usual case: this call added all leaves behind the signed ones.
    if grown.is_some_and(|(before, after)| before == earlier && after == checkpoint) {
        return Ok(true);
    }
    let roots = store.roots_at(log, earlier.size).await?;
    Ok(roots.root.is_none_or(|root| root == earlier.root) && roots.full_tiles == signed.full_tiles)
}

/// How many rounds pass before all logs are looked at again: other processes record, too, such as operator commands.
const ROUNDS: u32 = 600;

/// Grows trees until the server ends. With `all`, it notes every log first and then every ten minutes, and not only those in
/// which this process records.
pub(super) async fn run(store: Arc<Store>, job: Arc<TreeJob>, all: bool) {
    for round in (0..ROUNDS).cycle() {
        if all && round == 0 {
            match store.organizations().await {
                Ok(organizations) => organizations.iter().for_each(|organization| {
                    store.note_growth(organization.id);
                    store.note_growth(organization.id.trail());
                }),
                Err(error) => {
                    tracing::warn!(%error, "cannot list the logs whose trees and text indexes may be behind")
                }
            }
        }
        job.grow(&store).await;
        tokio::time::sleep(INTERVAL).await;
    }
}
