//! The calls about legal holds.

use crate::model::hold::{Hold, HoldName, Release};
use crate::store::calls::OrgId;
use crate::store::database::{Engine, Store};
use crate::store::error::StoreError;
use crate::store::holds;
use crate::store::postgres::Connection;
use crate::store::session::Retry;
use crate::store::sqlite::run_now;

impl Store {
    /// Adds a hold. When this returns, no prune deletes an entry that it covers, on any server of the store.
    pub async fn create_hold(&self, org: OrgId, hold: Hold) -> Result<(), StoreError> {
        run!(self.write(Retry::IfUndone), |db| holds::create(db, org, &hold))
    }

    /// Releases a hold. Returns whether this call did: the first release stays.
    pub async fn release_hold(
        &self,
        org: OrgId,
        name: HoldName,
        release: Release,
    ) -> Result<bool, StoreError> {
        run!(self.write(Retry::IfUndone), |db| holds::release(db, org, name.as_str(), &release))
    }

    /// Adds a hold of another store, or updates what is known of it: its release, and texts that no longer name an erased person.
    pub async fn restore_hold(&self, org: OrgId, hold: Hold) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| holds::restore(db, org, &hold))
    }

    /// Every hold of an organization, active or released, by name.
    pub async fn holds(&self, org: OrgId) -> Result<Vec<Hold>, StoreError> {
        run!(self.read(Some(org)), |db| holds::list(db, org))
    }
}
