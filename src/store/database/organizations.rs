//! The calls about organizations as a whole.

use uuid::Uuid;

use crate::model::plan::Retention;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{OrgId, Organization};
use crate::store::database::{Engine, Store};
use crate::store::deletions::{Deletion, DeletionRefused};
use crate::store::error::StoreError;
use crate::store::postgres::Connection;
use crate::store::session::Retry;
use crate::store::sqlite::run_now;
use crate::store::{accounts, deletions};

impl Store {
    /// Every organization, by slug: an operator's report.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        run!(self.read(None), |db| accounts::organizations(db))
    }

    /// Creates an organization with an empty log and an empty trail.
    pub async fn create_organization(
        &self,
        slug: String,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Organization, StoreError> {
        self.copy_organization(Uuid::now_v7(), slug, retention, now).await
    }

    /// Creates an organization that exists in another store.
    pub async fn copy_organization(
        &self,
        uuid: Uuid,
        slug: String,
        retention: Retention,
        created_at: Timestamp,
    ) -> Result<Organization, StoreError> {
        run!(self.write(Retry::IfUndone), |db| accounts::create_organization(
            db, uuid, &slug, retention, created_at
        ))
    }

    /// Changes an organization's plan and retention.
    pub async fn set_retention(&self, org: OrgId, retention: Retention) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| accounts::set_retention(db, org, retention))
    }

    /// Gives an organization another slug. Tokens, logs and checkpoints name it by number and uuid, and stay as they are.
    pub async fn rename_organization(&self, org: OrgId, slug: String) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| accounts::rename_organization(db, org, &slug))
    }

    /// Begins to delete an organization: it has no tokens any more, and its logs accept and show nothing. To be followed by
    /// [`Store::deletion_batch`].
    pub async fn begin_deletion(
        &self,
        org: OrgId,
        by: String,
        now: Timestamp,
    ) -> Result<Result<(), DeletionRefused>, StoreError> {
        self.keep_clock(org).await?;
        run!(self.write(Retry::Always), |db| deletions::begin(db, org, &by, now))
    }

    /// The latest plausible time is kept with the oldest organization. When that is deleted, the next one keeps it.
    async fn keep_clock(&self, org: OrgId) -> Result<(), StoreError> {
        let mut organizations = self.organizations().await?;
        organizations.sort_unstable_by_key(|it| it.id.number());
        match &organizations[..] {
            [oldest, next, ..] if oldest.id == org => match self.clock_seen(org).await? {
                Some(seen) => self.note_clock(next.id, seen).await,
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Deletes up to `limit` rows of an organization that is being deleted, in one commit. Returns whether there were any.
    pub async fn deletion_batch(&self, org: OrgId, limit: u32) -> Result<bool, StoreError> {
        // A second attempt deletes what would be next.
        run!(self.write(Retry::Always), |db| deletions::batch(db, org, limit))
    }

    /// Ends a deletion without rows left, and frees their space.
    pub async fn finish_deletion(&self, org: OrgId, now: Timestamp) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| deletions::finish(db, org, now))?;
        if let Engine::Sqlite(engine) = &self.engine { engine.free_space().await } else { Ok(()) }
    }

    /// Every organization that was deleted or is being deleted: an operator's report.
    pub async fn deletions(&self) -> Result<Vec<Deletion>, StoreError> {
        run!(self.read(None), |db| deletions::all(db))
    }

    /// Adds the record of a deletion from another store. Returns false if this store has an organization with its uuid.
    pub async fn restore_deletion(&self, deletion: Deletion) -> Result<bool, StoreError> {
        run!(self.write(Retry::IfUndone), |db| deletions::restore(db, &deletion))
    }
}
