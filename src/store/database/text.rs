//! The calls about the text indexes of logs.

use std::collections::HashSet;
use std::sync::PoisonError;

use crate::store::calls::OrgId;
use crate::store::database::{Engine, Store};
use crate::store::error::StoreError;
use crate::store::postgres::Connection;
use crate::store::session::{QueryKind, Retry};
use crate::store::sqlite::run_now;
use crate::store::text::grow::{self, Step};
use crate::store::text::{self, stale};

impl Store {
    /// Notes that a log may have entries that are not in its text index.
    pub fn note_unindexed(&self, org: OrgId) {
        self.unindexed.lock().unwrap_or_else(PoisonError::into_inner).insert(org);
    }

    /// The logs noted since the last call.
    pub fn take_unindexed(&self) -> HashSet<OrgId> {
        std::mem::take(&mut *self.unindexed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Brings the text index of a log up to date by one step, which takes some ten milliseconds; returns whether more may
    /// follow. Any number of servers may do so at once. A search reads all entries that are not indexed.
    pub async fn index_text(&self, org: OrgId) -> Result<bool, StoreError> {
        // A step that another server was faster with, or that a prune made void, is computed again.
        match run!(self.query(Some(org), QueryKind::Lookup), |db| grow::step(db, org))? {
            Step::Current => return Ok(false),
            Step::Outdated => run!(self.write(Retry::Always), |db| text::reset(db, org))?,
            Step::Refresh(refresh) => {
                run!(self.write(Retry::Always), |db| stale::commit(db, org, &refresh))?;
            }
            Step::Growth(growth) => {
                run!(self.write(Retry::Always), |db| grow::commit(db, org, &growth))?;
            }
        }
        Ok(true)
    }

    /// Takes pruned text out of the index of a log.
    pub(super) async fn remove_pruned_text(&self, org: OrgId) -> Result<(), StoreError> {
        while let Step::Refresh(refresh) =
            run!(self.query(Some(org), QueryKind::Lookup), |db| grow::step(db, org))?
        {
            run!(self.write(Retry::Always), |db| stale::commit(db, org, &refresh))?;
        }
        Ok(())
    }
}
