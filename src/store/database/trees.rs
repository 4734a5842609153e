//! The calls about the trees of logs.

use std::collections::HashSet;
use std::sync::PoisonError;

use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::note::SigningKey;
use crate::model::integrity::tile_content::CollapsedTile;
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::database::{Engine, Store};
use crate::store::error::StoreError;
use crate::store::pages;
use crate::store::postgres::Connection;
use crate::store::session::{QueryKind, Retry, Session as _};
use crate::store::sqlite::run_now;
use crate::store::tree::grow::Step;
use crate::store::tree::{checkpoint, copy, grow, leaves, row};
use crate::store::tree_calls::{DeletedLeaves, Roots, StoredTile, TreeState};

impl Store {
    /// Notes that a log has entries that may be neither in its tree nor in its text index.
    pub fn note_growth(&self, org: OrgId) {
        self.note_unindexed(org);
        self.grown.lock().unwrap_or_else(PoisonError::into_inner).insert(org);
    }

    /// The logs in which entries were recorded through this store since the last call.
    pub fn take_grown(&self) -> HashSet<OrgId> {
        std::mem::take(&mut *self.grown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The state of a log's tree.
    pub async fn tree(&self, org: OrgId) -> Result<TreeState, StoreError> {
        run!(self.read(Some(org)), |db| row::state(db, org))
    }

    /// Adds the entries that the log has now to its tree. Any number of servers may do so at once. Returns what checkpoints
    /// before and after state, if this call added every leaf between them.
    pub async fn grow_tree(&self, org: OrgId) -> Result<Option<(Checkpoint, Checkpoint)>, StoreError> {
        let head = run!(self.read(Some(org)), |db| pages::head(db, org))?;
        let mut grown: Option<(Checkpoint, Checkpoint)> = None;
        loop {
            match run!(self.query(Some(org), QueryKind::Lookup), |db| grow::step(db, org))? {
                Step::Current => return Ok(grown),
                Step::Unseeded(first, last) => {
                    run!(self.write(Retry::Always), |db| db.fill_seeds(org, first, last))?;
                }
                Step::Growth(growth) => {
                    let (before, after) = growth.checkpoints(org);
                    let is_done = after.size >= head;
                    let is_stored = run!(self.write(Retry::Always), |db| grow::commit(db, org, &growth))?;
                    grown = match grown {
                        // Another caller was faster. Its step may have been computed before the last entries came.
                        _ if !is_stored => None,
                        None => Some((before, after)),
                        Some((first, last)) if last == before => Some((first, after)),
                        Some(_) => None,
                    };
                    if is_done && is_stored {
                        return Ok(grown);
                    }
                }
            }
        }
    }

    /// What a checkpoint of the tree states, and the stored signed checkpoint, which may be older.
    pub async fn checkpoint(&self, org: OrgId) -> Result<(Checkpoint, Option<String>), StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| checkpoint::checkpoint(db, org))
    }

    /// Stores a signed checkpoint of the tree of this size; returns whether the tree still has it.
    pub async fn set_checkpoint(&self, org: OrgId, size: u64, note: String) -> Result<bool, StoreError> {
        run!(self.write(Retry::Always), |db| checkpoint::set_checkpoint(db, org, size, &note))
    }

    /// The roots that the tree had at this size, which must not be larger than its size now.
    pub async fn roots_at(&self, org: OrgId, size: u64) -> Result<Roots, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| checkpoint::roots_at(db, org, size))
    }

    /// Whether the stored hashes of the tile after the first `from` leaves, and of the last tile, are those of their leaves.
    pub async fn has_right_hashes(&self, org: OrgId, from: u64) -> Result<bool, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| checkpoint::has_right_hashes(db, org, from))
    }

    /// Removes the tiles after the first `from` leaves from a tree of `size` leaves, so that it grows again from the entries;
    /// returns whether the tree still had that size.
    pub async fn forget_hashes(&self, org: OrgId, from: u64, size: u64) -> Result<bool, StoreError> {
        run!(self.write(Retry::Always), |db| checkpoint::forget_hashes(db, org, from, size))
    }

    /// The first `width` leaves of a tile, as the store finds them now.
    pub async fn tile(&self, org: OrgId, tile: u64, width: u64) -> Result<StoredTile, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| leaves::tile(db, org, tile, width))
    }

    /// The hashes of a level (from 1) at the positions from `from` up to and without `until`.
    pub async fn tile_hashes(
        &self,
        org: OrgId,
        level: u32,
        from: u64,
        until: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| row::tile_hashes(db, org, level, from, until))
    }

    /// The collapsed tiles from `from` up to and without `until`.
    pub async fn collapsed_tiles(
        &self,
        org: OrgId,
        from: u64,
        until: u64,
    ) -> Result<Vec<CollapsedTile>, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| leaves::collapsed(db, org, from, until))
    }

    /// The leaf records of deleted entries in the tiles from `from_tile` up to and without `until_tile`.
    pub async fn deleted_leaves(
        &self,
        org: OrgId,
        from_tile: u64,
        until_tile: u64,
    ) -> Result<DeletedLeaves, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| copy::deleted(db, org, from_tile, until_tile))
    }

    /// Stores the leaf records of deleted entries of another store. Entries up to `unprotected` were recorded before the log had a
    /// tree.
    pub async fn restore_deleted_leaves(
        &self,
        org: OrgId,
        deleted: DeletedLeaves,
        unprotected: u64,
    ) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| async {
            copy::restore_deleted(db, org, &deleted).await?;
            copy::set_unprotected(db, org, unprotected).await
        })
    }

    /// The seeds of the entries between two ids.
    pub async fn seeds(
        &self,
        org: OrgId,
        first: u64,
        last: u64,
    ) -> Result<Vec<(u64, Option<[u8; 16]>)>, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| copy::seeds(db, org, first, last))
    }

    /// The key of the store that signs checkpoints. It is generated on the first call.
    pub async fn signing_key(&self, now: Timestamp) -> Result<SigningKey, StoreError> {
        let failed = |error: &dyn std::fmt::Display| StoreError::Failed(format!("the signing key: {error}"));
        let secret = match self.stored_signing_key().await? {
            Some(secret) => secret,
            None => {
                let new = SigningKey::generate().map_err(|error| failed(&error))?;
                self.store_signing_key(*new.secret(), now).await?
            }
        };
        SigningKey::from_secret(&secret).map_err(|error| failed(&error))
    }

    /// The secret of the store's signing key, if it has one.
    pub async fn stored_signing_key(&self) -> Result<Option<[u8; 32]>, StoreError> {
        run!(self.read(None), |db| checkpoint::signing_key(db))
    }

    /// Stores a signing key, unless the store has one; returns the store's key.
    pub async fn store_signing_key(&self, secret: [u8; 32], now: Timestamp) -> Result<[u8; 32], StoreError> {
        run!(self.write(Retry::Always), |db| checkpoint::store_signing_key(db, &secret, now))
    }
}
