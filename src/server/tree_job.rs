//! Adds recorded entries to the trees of their logs in the background, and signs a checkpoint of each. Entries are in the
//! tree about a second after their recording.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

use crate::clock::Clock;
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::note::{SigningKey, VerifierKey};
use crate::model::integrity::tile::TILE;
use crate::server::signed_checkpoints::{Signed, SignedCheckpoints};
use crate::store::error::StoreError;
use crate::store::{OrgId, Store};

/// How often new entries are added: each log gets one checkpoint in this time at most, except when one is requested.
const INTERVAL: Duration = Duration::from_secs(1);

/// A key in a file.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The key.
    pub key: Arc<SigningKey>,
    /// The directory that remembers what it has signed.
    pub signed: Arc<SignedCheckpoints>,
}

/// Grows trees and signs their checkpoints.
pub(super) struct TreeJob {
    key: OnceCell<Arc<SigningKey>>,
    /// Checkpoints signed by a key outside the store. None if the store holds the key.
    signed: Option<Arc<SignedCheckpoints>>,
    /// Held while a checkpoint is signed and remembered.
    signing: Mutex<()>,
    clock: Clock,
}

/// The latest checkpoint of a log.
pub(super) enum Latest {
    /// It covers all entries.
    Current(Checkpoint, String),
    /// The log does not extend the last signed checkpoint (this note). No new checkpoint is signed, so that verifiers detect it.
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
            match self.checkpoint(store, log).await {
                Ok(_) => {}
                Err(StoreError::Missing(_)) => {
                    tracing::debug!(log = log.number(), "a deleted log has no tree")
                }
                Err(error) => {
                    tracing::warn!(log = log.number(), %error, "cannot add entries to the tree of a log; retrying");
                    store.note_growth(log);
                }
            }
        }
    }

    /// Adds all entries recorded so far to the tree of a log, and signs a checkpoint.
    pub(super) async fn checkpoint(&self, store: &Store, log: OrgId) -> Result<Latest, StoreError> {
        let key = self.key(store).await?;
        let mut was_refused = false;
        // Repeated once if refused, because a prune may have deleted entries between two statements, and as often as the tree
        // grows meanwhile.
        loop {
            let grown = store.grow_tree(log).await?;
            let _signing = self.signing.lock().await;
            let _locked = match &self.signed {
                Some(signed) => Some(signed.lock().await?),
                None => None,
            };
            let (checkpoint, stored) = store.checkpoint(log).await?;
            let verifier = key.verifier(&checkpoint.origin);
            let last = self.last(&verifier, stored.as_deref()).await?;
            // With a new --signed directory, the checkpoint in the store is not yet in the directory.
            let is_remembered = last.as_ref().is_some_and(|signed| signed.checkpoint == checkpoint);
            if let Some(signed) = last {
                let continuity = match compare(store, log, &checkpoint, &signed, grown.as_ref()).await {
                    // Unreadable entries: refuse only if a directory remembers the last checkpoint.
                    Err(StoreError::Damaged(_)) if self.signed.is_none() => Continuity::Differs,
                    found => found?,
                };
                if self.refuses(continuity) {
                    if was_refused {
                        log_refusal(log, &checkpoint, &signed, continuity);
                        return Ok(Latest::Refused(signed.note));
                    }
                    was_refused = true;
                    continue;
                }
            }
            let is_current = |note: &String| verifier.open(note).is_ok_and(|signed| signed == checkpoint);
            let stored = stored.filter(is_current);
            if let (Some(note), true) = (&stored, is_remembered) {
                return Ok(Latest::Current(checkpoint, note.clone()));
            }
            let note = stored.unwrap_or_else(|| key.sign(&checkpoint));
            if let Some(signed) = &self.signed {
                let full_tiles = store.roots_at(log, checkpoint.size / TILE * TILE).await?.full_tiles;
                signed.remember(&checkpoint, &note, full_tiles).await?;
            }
            if store.set_checkpoint(log, checkpoint.size, note.clone()).await? {
                return Ok(Latest::Current(checkpoint, note));
            }
        }
    }

    const fn refuses(&self, continuity: Continuity) -> bool {
        match continuity {
            Continuity::Continues => false,
            // Refusing protects nothing if the key is in the store: an attacker who can change the tree can also sign with it.
            Continuity::Differs => self.signed.is_some(),
            Continuity::WrongHashes => true,
        }
    }

    /// The last checkpoint of a log that the key has signed: from the directory, or from the store if the key is there, too.
    async fn last(&self, key: &VerifierKey, stored: Option<&str>) -> Result<Option<Signed>, StoreError> {
        if let Some(signed) = &self.signed {
            return signed.last(key).await;
        }
        let signed = |note: &str| {
            let checkpoint = key.open(note).ok()?;
            Some(Signed { checkpoint, note: note.to_owned(), full_tiles: None })
        };
        Ok(stored.and_then(signed))
    }

    /// Recomputes stored hashes that do not match their entries, if the entries match the signed root. Called only at start:
    /// until then, verifiers must be able to see the change.
    async fn repair(&self, store: &Store, log: OrgId) -> Result<(), StoreError> {
        let key = self.key(store).await?;
        let (checkpoint, stored) = store.checkpoint(log).await?;
        let Some(signed) = self.last(&key.verifier(&checkpoint.origin), stored.as_deref()).await? else {
            return Ok(());
        };
        let from = signed.checkpoint.size;
        if compare(store, log, &checkpoint, &signed, None).await? == Continuity::WrongHashes
            && store.forget_hashes(log, from, checkpoint.size).await?
        {
            tracing::warn!(
                log = log.number(),
                signed_size = from,
                "stored hashes of the tree were changed: computing them again, because the entries are as signed"
            );
        }
        Ok(())
    }
}

/// How a tree relates to the last checkpoint that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continuity {
    /// The tree extends the signed checkpoint.
    Continues,
    /// The entries match the signed root, but stored hashes of the tree do not match the entries.
    WrongHashes,
    /// The entries do not match the signed root.
    Differs,
}

/// Compares a tree with the last signed checkpoint.
async fn compare(
    store: &Store,
    log: OrgId,
    checkpoint: &Checkpoint,
    signed: &Signed,
    grown: Option<&(Checkpoint, Checkpoint)>,
) -> Result<Continuity, StoreError> {
    let earlier = &signed.checkpoint;
    if earlier == checkpoint {
        return Ok(Continuity::Continues);
    }
    if earlier.size > checkpoint.size {
        return Ok(Continuity::Differs);
    }
    let has_right_hashes = match store.has_right_hashes(log, earlier.size).await {
        // Verification reports unreadable entries.
        Err(StoreError::Damaged(_)) => true,
        found => found?,
    };
    // Usually `grow_tree` has just added every leaf after the signed size: no roots need to be read.
    if has_right_hashes && grown.is_some_and(|(before, after)| before == earlier && after == checkpoint) {
        return Ok(Continuity::Continues);
    }
    let roots = store.roots_at(log, earlier.size).await?;
    if roots.root.is_some_and(|root| root != earlier.root)
        || signed.full_tiles.is_some_and(|root| root != roots.full_tiles)
    {
        return Ok(Continuity::Differs);
    }
    Ok(if has_right_hashes { Continuity::Continues } else { Continuity::WrongHashes })
}

/// Logs why no checkpoint is signed.
fn log_refusal(log: OrgId, checkpoint: &Checkpoint, signed: &Signed, continuity: Continuity) {
    let (log, signed_size, size) = (log.number(), signed.checkpoint.size, checkpoint.size);
    if continuity == Continuity::WrongHashes {
        tracing::error!(
            log,
            signed_size,
            size,
            "no checkpoint is signed: stored hashes of the tree were changed. The entries are as signed. Restart the server: it \
             computes the hashes again"
        );
    } else {
        tracing::error!(
            log,
            signed_size,
            size,
            "no checkpoint is signed: the log does not continue the one that this key has signed. Either the database was \
             changed: run verify --server. Or a backup was restored: use a new signing key"
        );
    }
}

/// All logs are checked every 600 rounds (ten minutes), because other processes record entries too.
const ROUNDS: u32 = 600;

/// Grows trees until the server ends. With `all`, also checks every log at start and every [`ROUNDS`] rounds.
pub(super) async fn run(store: Arc<Store>, job: Arc<TreeJob>, all: bool) {
    let mut is_started = false;
    for round in (0..ROUNDS).cycle() {
        if all && round == 0 {
            note_all(&store, &job, !is_started).await;
            is_started = true;
        }
        job.grow(&store).await;
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Notes that every log may have grown, and at the start repairs their trees.
async fn note_all(store: &Store, job: &TreeJob, repairs: bool) {
    let organizations = match store.organizations().await {
        Ok(organizations) => organizations,
        Err(error) => {
            return tracing::warn!(%error, "cannot list the logs whose trees and text indexes may be behind");
        }
    };
    for log in organizations.iter().flat_map(|organization| [organization.id, organization.id.trail()]) {
        if repairs && let Err(error) = job.repair(store, log).await {
            tracing::warn!(log = log.number(), %error, "cannot check the hashes of a tree");
        }
        store.note_growth(log);
    }
}
