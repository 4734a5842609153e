//! The PostgreSQL store. Any number of processes can share one database. The same schema runs on Citus, distributed by
//! organization.
//!
//! Every statement names one organization, except operators' reports and statements on the two small tables that are
//! copied to every node. Transactions are READ COMMITTED, touch one organization and lock only rows. The schema has no
//! triggers or sequences, and no advisory locks are taken.

mod address;
mod append;
mod citus;
mod error;
mod partitions;
mod pool;
mod queue;
mod rewrite;
mod scan;
mod schema;
mod session;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::Object;
use tokio::sync::Semaphore;

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::prune::Prune;
use crate::model::timestamp::Timestamp;
use crate::store::address::without_password;
use crate::store::calls::{Appended, OrgId, PruneRun};
use crate::store::error::StoreError;
use crate::store::postgres::address::DatabaseAddress;
use crate::store::postgres::append::AppendRequest;
use crate::store::postgres::error::DatabaseError;
use crate::store::postgres::partitions::Partitions;
use crate::store::postgres::pool::{Connections, PoolKind};
use crate::store::postgres::queue::Queue;
use crate::store::postgres::session::in_transaction;
use crate::store::session::{QueryKind, Retry};
use crate::store::{prunes, rollup};

pub(super) use crate::store::postgres::pool::Connection;

/// The most searches that run at once. The other connections of the pool stay free for lookups.
const SEARCHES: usize = 5;

/// The most queries of one organization that run at once: half of the connections, so that one organization cannot
/// exhaust the pool.
const QUERIES: usize = 4;

/// Entries in a PostgreSQL database.
pub(super) struct PostgresStore {
    connections: Arc<Connections>,
    queries: Connections,
    watch: Connections,
    partitions: Arc<Partitions>,
    queue: Arc<Queue>,
    searches: Semaphore,
    /// The query permits of each organization, at most [`QUERIES`].
    shares: Mutex<HashMap<OrgId, Arc<Semaphore>>>,
}

impl PostgresStore {
    /// Connects to the database and migrates it to the current schema.
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let location = without_password(url);
        let unusable = |cause| StoreError::Address { location: location.clone(), cause };
        let address = DatabaseAddress::read(url).map_err(unusable)?;
        let share = |share| Connections::new(&address, share).map_err(unusable);
        let (connections, queries, watch) =
            (Arc::new(share(PoolKind::Work)?), share(PoolKind::Queries)?, share(PoolKind::Health)?);
        let migrated = connections.run(Retry::Always, |db| schema::migrate(db, &location)).await;
        migrated.map_err(|error| match error {
            StoreError::Unreachable(cause) => StoreError::Unreachable(format!("{location}: {cause}")),
            StoreError::Failed(cause) => StoreError::Open { location: location.clone(), cause },
            error => error,
        })?;
        if let Err(error) = connections.run(Retry::Always, schema::log_checksums).await {
            tracing::warn!(%error, "cannot tell whether the database has data checksums");
        }
        let partitions = Arc::new(Partitions::new(Arc::clone(&connections)));
        let queue = Arc::new(Queue::new(Arc::clone(&connections), Arc::clone(&partitions)));
        let searches = Semaphore::new(SEARCHES);
        Ok(Self { connections, queries, watch, partitions, queue, searches, shares: Mutex::default() })
    }

    /// Runs work in a transaction.
    pub(super) async fn write<T, F>(
        &self,
        retry: Retry,
        work: impl Fn(Connection) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, DatabaseError>>,
    {
        let work = &work;
        let transaction = |db: Connection| async move { in_transaction(&db, work(Arc::clone(&db))).await };
        self.connections.run(retry, transaction).await
    }

    /// Reads a few rows, for an organization or for an operator.
    pub(super) async fn read<T, F>(
        &self,
        _: Option<OrgId>,
        work: impl Fn(Connection) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, DatabaseError>>,
    {
        self.connections.run(Retry::Always, work).await
    }

    /// Queries entries. Waits until the limits on searches and on the organization's queries allow one more.
    pub(super) async fn query<T, F>(
        &self,
        org: Option<OrgId>,
        kind: QueryKind,
        work: impl Fn(Connection) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, DatabaseError>>,
    {
        let searching = match kind {
            QueryKind::Search => Some(self.searches.acquire().await.map_err(|_| StoreError::Closed)?),
            QueryKind::Lookup => None,
        };
        let share = org.map(|org| {
            // One share for both logs of an organization.
            let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(shares.entry(org.audit()).or_insert_with(|| Arc::new(Semaphore::new(QUERIES))))
        });
        let turn = match &share {
            Some(share) => Some(share.acquire().await.map_err(|_| StoreError::Closed)?),
            None => None,
        };
        let outcome = self.queries.run(Retry::Always, work).await;
        drop((turn, searching));
        outcome
    }

    /// Reads a row or two on connections of its own, so that it does not wait for other queries.
    pub(super) async fn read_quickly<T, F>(&self, work: impl Fn(Connection) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, DatabaseError>>,
    {
        self.watch.run(Retry::Always, work).await
    }

    pub(super) async fn append(
        &self,
        org: OrgId,
        drafts: Vec<Draft>,
        atomic: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        self.queue.append(org, AppendRequest { drafts, atomic }).await
    }

    pub(super) async fn restore_entries(
        &self,
        org: OrgId,
        entries: Vec<(Entry, Option<[u8; 16]>)>,
    ) -> Result<(), StoreError> {
        let entries = &entries;
        let restore = |db: Connection| async move {
            self.partitions.or_forget(append::restore(&db, org, entries).await)
        };
        self.partitions
            .store(entries.iter().map(|(entry, _)| entry), || self.connections.run(Retry::Always, restore))
            .await
    }

    pub(super) async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError> {
        let run = &run;
        let finish = |db: Connection| async move { finish_prune(&db, org, run, complete, now).await };
        let record = self.connections.run(Retry::Always, finish).await?;
        if record.is_some() {
            // The prune is complete even if no partition can be dropped now.
            let drop_months = |db| partitions::drop_empty(db, run.cutoff);
            if let Err(error) = self.connections.run(Retry::Always, drop_months).await {
                tracing::warn!(%error, "empty months are left to the next prune");
            }
        }
        Ok(record)
    }

    /// Deletes users without entries and empty rows of the rollup. PostgreSQL frees their space when it vacuums.
    pub(super) async fn delete_unused(&self, org: OrgId) -> Result<(), StoreError> {
        let free = |db: Connection| async move { in_transaction(&db, delete_unused(&db, org)).await };
        self.connections.run(Retry::Always, free).await
    }

    pub(super) async fn ready(&self) -> Result<(), StoreError> {
        let ready = self.watch.run(Retry::Always, schema::ready);
        let silent = || StoreError::Unreachable("no answer in time".to_owned());
        tokio::time::timeout(PoolKind::Health.statement_timeout(), ready)
            .await
            .unwrap_or_else(|_| Err(silent()))
    }

    pub(super) fn close(&self) {
        for connections in [&*self.connections, &self.queries, &self.watch] {
            connections.close();
        }
    }
}

/// Deletes users without entries and empty rows of the rollup, in a transaction.
async fn delete_unused(db: &Object, org: OrgId) -> Result<(), DatabaseError> {
    // The lock makes recorders wait. Otherwise a new entry could refer to a user that is deleted here.
    rollup::lock_head(db, org).await?;
    prunes::delete_unused_users(db, org, 0, i64::MAX).await?;
    rollup::delete_empty(db, org).await
}

/// Closes a prune, and deletes unused users and empty rollup rows.
async fn finish_prune(
    db: &Object,
    org: OrgId,
    run: &PruneRun,
    complete: bool,
    now: Timestamp,
) -> Result<Option<Prune>, DatabaseError> {
    let close = async {
        let has_record = prunes::close(db, org, run, complete, now).await?;
        if has_record {
            delete_unused(db, org).await?;
        }
        Ok(has_record)
    };
    if in_transaction(db, close).await? { prunes::one(db, org, run.id).await } else { Ok(None) }
}
