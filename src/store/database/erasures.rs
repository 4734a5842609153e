//! The calls about erasures of people.

use std::sync::Arc;

use crate::model::entry::{Entry, User};
use crate::model::erasure::{Eraser, Erasure};
use crate::model::hold::Hold;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{ErasedBatch, ErasureRun, Mention, NewErasure, OrgId, PruneRunning, StoredErasure};
use crate::store::database::{Engine, Store};
use crate::store::erasures;
use crate::store::error::StoreError;
use crate::store::postgres::Connection;
use crate::store::session::{QueryKind, Retry};
use crate::store::sqlite::run_now;
use crate::store::tree::erased;
use crate::store::tree_calls::ErasedLeaf;

impl Store {
    /// All erasures of an organization, newest first.
    pub async fn erasures(&self, org: OrgId) -> Result<Vec<StoredErasure>, StoreError> {
        run!(self.read(Some(org)), |db| erasures::list(db, org))
    }

    /// The users of a log, each snapshot once.
    pub async fn users(&self, org: OrgId) -> Result<Vec<User>, StoreError> {
        run!(self.read(Some(org)), |db| erasures::users(db, org))
    }

    /// Takes the organization's lease, which prunes also take, and records the erasure.
    pub async fn begin_erasure(
        &self,
        org: OrgId,
        new: NewErasure,
        now: Timestamp,
    ) -> Result<Result<ErasureRun, PruneRunning>, StoreError> {
        let mut random = [0; 4];
        getrandom::fill(&mut random)
            .map_err(|error| StoreError::Failed(format!("no randomness: {error}")))?;
        let random = u32::from_be_bytes(random);
        run!(self.write(Retry::Always), |db| erasures::begin(db, org, &new, random, now))
    }

    /// Takes the lease for an erasure that was interrupted, and stores what is known of the person by now.
    pub async fn resume_erasure(
        &self,
        org: OrgId,
        stored: StoredErasure,
        now: Timestamp,
    ) -> Result<Result<ErasureRun, PruneRunning>, StoreError> {
        run!(self.write(Retry::Always), |db| erasures::resume(db, org, &stored, now))
    }

    /// The entries from one id to another that name a person, each with the holds that keep it.
    pub async fn mentions(
        &self,
        log: OrgId,
        ids: (u64, u64),
        eraser: Arc<Eraser>,
        holds: Arc<Vec<Hold>>,
    ) -> Result<Vec<Mention>, StoreError> {
        run!(self.query(Some(log), QueryKind::Search), |db| erasures::mentions(db, log, ids, &eraser, &holds))
    }

    /// Erases a person from some entries, in one commit, and renews the lease.
    pub async fn erase_batch(
        &self,
        log: OrgId,
        run: ErasureRun,
        eraser: Arc<Eraser>,
        ids: Vec<u64>,
        now: Timestamp,
    ) -> Result<ErasedBatch, StoreError> {
        // A second attempt finds nothing to erase.
        run!(self.write(Retry::Always), |db| erasures::batch(db, log, &run, &eraser, &ids, now))
    }

    /// Deletes the last that names the person. Returns false if entries recorded after `seen` do.
    pub async fn finish_erasure(
        &self,
        run: ErasureRun,
        eraser: Arc<Eraser>,
        seen: Vec<(OrgId, u64)>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        run!(self.write(Retry::Always), |db| erasures::finish(db, &run, &eraser, &seen, now))
    }

    /// Ends a run: takes the person out of the text indexes, frees space and releases the lease. Returns the record.
    pub async fn close_erasure(
        &self,
        run: ErasureRun,
        is_complete: bool,
        now: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        let org = run.org;
        for log in [org, org.trail()] {
            if let Err(error) = self.remove_pruned_text(log).await {
                tracing::warn!(log = log.number(), %error, "erased text is still in the text index; retrying");
                self.note_unindexed(log);
            }
        }
        for log in [org, org.trail()] {
            call!(self.delete_unused(log))?;
        }
        run!(self.write(Retry::Always), |db| erasures::close(db, &run, is_complete, now))
    }

    /// What the tree needs of the erased entries between two ids.
    pub async fn erased_leaves(
        &self,
        log: OrgId,
        first: u64,
        last: u64,
    ) -> Result<Vec<ErasedLeaf>, StoreError> {
        let leaves =
            run!(self.query(Some(log), QueryKind::Lookup), |db| erased::between(db, log, first, last))?;
        Ok(leaves.into_values().collect())
    }

    /// Makes the erased entries between two ids of a copy those of its source. `changed` are the entries of the source that
    /// the copy may still have as they were before.
    pub async fn restore_erased(
        &self,
        log: OrgId,
        ids: (u64, u64),
        leaves: Vec<ErasedLeaf>,
        changed: Vec<Entry>,
    ) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| erasures::restore_leaves(db, log, ids, &leaves, &changed))
    }
}
