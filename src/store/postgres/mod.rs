//! The PostgreSQL store: any number of processes over one database, and the same schema on Citus, which distributes it
//! by organization.
//!
//! Every statement names one organization, but for operators' reports and the two small tables each node has whole.
//! Transactions are READ COMMITTED and touch one organization; locks are rows; no trigger, sequence or advisory lock.

mod address;
mod append;
mod citus;
mod fault;
mod partitions;
mod pool;
mod queue;
mod scan;
mod schema;
mod session;
mod tls;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::plan::Retention;
use crate::model::prune::Prune;
use crate::model::stats::StatsQuery;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::postgres::address::Address;
use crate::store::postgres::append::Wanted;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::partitions::Partitions;
use crate::store::postgres::pool::{Connections, Lent, Share, Twice};
use crate::store::postgres::queue::Queue;
use crate::store::postgres::session::in_transaction;
use crate::store::{
    Appended, ClockSeen, Counted, Holdings, Lookup, OrgId, Organization, PageRead, PageRequest, Past,
    PruneRun, PruneRunning, Store, StoredToken, TokenUse, without_password,
};
use crate::store::{accounts, copy, facets, leases, pages, prunes, rollup, stats};

/// How many queries that look into every entry run at once: the other connections of their share are left to queries
/// that an index answers.
const SEARCHES: usize = 5;

/// How many queries of one organization run at once: half of the connections, so that one organization alone cannot use
/// up those of all others.
const QUERIES: usize = 4;

/// Entries in a PostgreSQL database.
pub struct PostgresStore {
    connections: Arc<Connections>,
    queries: Connections,
    watch: Connections,
    partitions: Arc<Partitions>,
    queue: Arc<Queue>,
    searches: Semaphore,
    /// What is left of each organization's [`QUERIES`].
    shares: Mutex<HashMap<OrgId, Arc<Semaphore>>>,
}

impl PostgresStore {
    /// Connects to the database and brings it to the present schema.
    ///
    /// # Errors
    /// [`StoreError`], with the URL and without its password.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let location = without_password(url);
        let unusable = |cause| StoreError::Address { location: location.clone(), cause };
        let address = Address::read(url).map_err(unusable)?;
        let share = |share| Connections::new(&address, share).map_err(unusable);
        let (connections, queries, watch) =
            (Arc::new(share(Share::Work)?), share(Share::Queries)?, share(Share::Watch)?);
        let migrated = connections.run(Twice::Same, |db| schema::migrate(db, &location)).await;
        migrated.map_err(|error| match error {
            StoreError::Unreachable(cause) => StoreError::Unreachable(format!("{location}: {cause}")),
            StoreError::Failed(cause) => StoreError::Open { location: location.clone(), cause },
            error => error,
        })?;
        if let Err(error) = connections.run(Twice::Same, schema::log_checksums).await {
            tracing::warn!(%error, "cannot tell whether the database has data checksums");
        }
        let partitions = Arc::new(Partitions::new(Arc::clone(&connections)));
        let queue = Arc::new(Queue::new(Arc::clone(&connections), Arc::clone(&partitions)));
        let searches = Semaphore::new(SEARCHES);
        Ok(Self { connections, queries, watch, partitions, queue, searches, shares: Mutex::default() })
    }

    /// Runs what may be run twice.
    async fn run<T, F>(&self, work: impl Fn(Lent) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        self.connections.run(Twice::Same, work).await
    }

    /// Runs a query about entries, as one of those its organization may run at once.
    async fn query<T, F>(&self, org: OrgId, work: impl Fn(Lent) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let share = Arc::clone(self.shares().entry(org).or_insert_with(|| Arc::new(Semaphore::new(QUERIES))));
        let _turn = share.acquire().await.map_err(|_| StoreError::Closed)?;
        self.queries.run(Twice::Same, work).await
    }

    /// Runs a query that may have to look into every entry, when it is its turn.
    async fn search<T, F>(&self, org: OrgId, work: impl Fn(Lent) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let _turn = self.searches.acquire().await.map_err(|_| StoreError::Closed)?;
        self.query(org, work).await
    }

    fn shares(&self) -> MutexGuard<'_, HashMap<OrgId, Arc<Semaphore>>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn append(
        &self,
        org: OrgId,
        drafts: Vec<Draft>,
        atomic: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        self.queue.append(org, Wanted { drafts, atomic }).await
    }

    async fn page(&self, org: OrgId, request: PageRequest) -> Result<PageRead, StoreError> {
        let request = &request;
        match request.filter.looks_inside() {
            true => self.search(org, |db| async move { pages::page(&db, org, request).await }).await,
            false => self.query(org, |db| async move { pages::page(&db, org, request).await }).await,
        }
    }

    async fn entry(&self, org: OrgId, id: u64) -> Result<Lookup, StoreError> {
        self.query(org, |db| async move { pages::entry(&db, org, id).await }).await
    }

    async fn count(&self, org: OrgId, filter: Filter, as_of: u64) -> Result<u64, StoreError> {
        let filter = &filter;
        self.search(org, |db| async move { facets::count(&db, org, filter, as_of).await }).await
    }

    async fn facets(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError> {
        let filter = &filter;
        self.search(org, |db| async move { facets::facets(&db, org, filter).await }).await
    }

    async fn counts(
        &self,
        org: OrgId,
        counting: StatsQuery,
        as_of: Option<u64>,
    ) -> Result<Counted, StoreError> {
        let counting = &counting;
        self.search(org, |db| async move { stats::stats(&db, org, counting, as_of).await }).await
    }

    async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
        self.search(org, |db| async move { facets::holdings(&db, org, cutoff).await }).await
    }

    async fn begin_prune(
        &self,
        org: OrgId,
        by: String,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Result<PruneRun, PruneRunning>, StoreError> {
        let holder = format!("{} {by}", Uuid::now_v7());
        let (holder, by) = (&holder, &by);
        self.run(
            |db| async move { in_transaction(&db, prunes::begin(&db, org, holder, by, cutoff, now)).await },
        )
        .await
    }

    async fn prune_batch(
        &self,
        org: OrgId,
        run: PruneRun,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let run = &run;
        // Twice deletes what would be next, which is what was asked for: the record tells all that went.
        self.run(|db| async move { in_transaction(&db, prunes::batch(&db, org, run, limit, now)).await })
            .await
    }

    async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError> {
        let run = &run;
        let record = self.run(|db| async move { finish_prune(&db, org, run, complete, now).await }).await?;
        if record.is_some() {
            // The prune is done, whether or not a month can be dropped now.
            let dropped = self.run(|db| partitions::drop_empty(db, run.cutoff)).await;
            if let Err(error) = dropped {
                tracing::warn!(%error, "empty months are left to the next prune");
            }
        }
        Ok(record)
    }

    async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError> {
        self.run(|db| async move { prunes::list(&db, org).await }).await
    }

    async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError> {
        self.run(|db| async move { prunes::last(&db, org).await }).await
    }

    async fn hold_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let holder = &holder;
        self.run(|db| async move { leases::hold(&db, org, name, holder, now).await }).await
    }

    async fn release_lease(&self, org: OrgId, name: &'static str, holder: String) -> Result<(), StoreError> {
        let holder = &holder;
        self.run(|db| async move { leases::release(&db, org, name, holder).await }).await
    }

    async fn clock_seen(&self, org: OrgId) -> Result<Option<ClockSeen>, StoreError> {
        self.run(|db| async move { leases::clock_seen(&db, org).await }).await
    }

    async fn note_clock(&self, org: OrgId, seen: ClockSeen) -> Result<(), StoreError> {
        self.run(|db| async move { leases::note_clock(&db, org, seen).await }).await
    }

    async fn past(&self, org: OrgId) -> Result<Past, StoreError> {
        self.run(|db| async move { copy::past(&db, org).await }).await
    }

    async fn restore_entries(&self, org: OrgId, entries: Vec<Entry>) -> Result<(), StoreError> {
        let entries = &entries;
        let restore = || {
            self.run(|db| async move { self.partitions.or_forget(append::restore(&db, org, entries).await) })
        };
        self.partitions.store(entries.iter(), restore).await
    }

    async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError> {
        let past = &past;
        self.run(|db| async move { in_transaction(&db, copy::restore_past(&db, org, past)).await }).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.run(|db| async move { accounts::organizations(&db).await }).await
    }

    async fn create_organization(
        &self,
        slug: String,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Organization, StoreError> {
        let slug = &slug;
        let create = |db: Lent| async move {
            in_transaction(&db, accounts::create_organization(&db, slug, retention, now)).await
        };
        self.connections.run(Twice::Differs, create).await
    }

    async fn set_retention(&self, org: OrgId, retention: Retention) -> Result<(), StoreError> {
        self.run(|db| async move { accounts::set_retention(&db, org, retention).await }).await
    }

    async fn create_token(&self, org: OrgId, token: StoredToken) -> Result<(), StoreError> {
        let token = &token;
        self.connections
            .run(Twice::Differs, |db| async move { accounts::create_token(&db, org, token).await })
            .await
    }

    async fn tokens(&self, org: OrgId) -> Result<Vec<StoredToken>, StoreError> {
        self.run(|db| async move { accounts::tokens(&db, org).await }).await
    }

    async fn revoke_token(&self, org: OrgId, name: String, now: Timestamp) -> Result<(), StoreError> {
        let name = &name;
        self.run(|db| async move { accounts::revoke_token(&db, org, name, now).await }).await
    }

    async fn note_token_uses(&self, org: OrgId, uses: Vec<TokenUse>) -> Result<(), StoreError> {
        let uses = &uses;
        self.run(|db| async move { accounts::note_token_uses(&db, org, uses).await }).await
    }

    async fn find_tokens(&self, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, StoreError> {
        self.watch.run(Twice::Same, |db| async move { accounts::find_tokens(&db, hash).await }).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let ready = self.watch.run(Twice::Same, schema::ready);
        let silent = || StoreError::Unreachable("no answer in time".to_owned());
        tokio::time::timeout(Share::Watch.statement_timeout(), ready).await.unwrap_or_else(|_| Err(silent()))
    }

    async fn close(&self) {
        for connections in [&*self.connections, &self.queries, &self.watch] {
            connections.close();
        }
    }
}

/// Closes a prune, and removes what no longer counts.
async fn finish_prune(
    db: &Lent,
    org: OrgId,
    run: &PruneRun,
    complete: bool,
    now: Timestamp,
) -> Result<Option<Prune>, Fault> {
    let close = async {
        let has_record = prunes::close(db, org, run, complete, now).await?;
        if has_record {
            // Recorders wait meanwhile, or one could find a user here that is gone when its entry comes.
            rollup::lock_head(db, org).await?;
            prunes::delete_unused_users(db, org, 0, i64::MAX).await?;
            rollup::delete_empty(db, org).await?;
        }
        Ok(has_record)
    };
    if in_transaction(db, close).await? { prunes::one(db, org, run.id).await } else { Ok(None) }
}
