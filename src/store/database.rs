//! The store on either engine: each call is one algorithm, which runs on a session of the engine. What an engine does
//! its own way is a method of the engine.

use async_trait::async_trait;
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
use crate::store::postgres::{Connection, PostgresStore};
use crate::store::session::{QueryKind, Retry};
use crate::store::sqlite::{SqliteStore, run_now};
use crate::store::{
    Appended, ClockSeen, Counted, Holdings, Lookup, OrgId, Organization, PageRead, PageRequest, Past,
    PruneRun, PruneRunning, Store, StoredToken, TokenUse,
};
use crate::store::{accounts, copy, facets, leases, pages, prunes, stats};

/// Entries in a database.
pub(super) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// Runs an algorithm by a method of the engine.
macro_rules! run {
    ($store:ident.$method:ident($($argument:expr),*), |$db:ident| $algorithm:expr) => {
        match $store {
            Database::Sqlite(engine) => {
                engine.$method($($argument,)* move |$db| run_now($algorithm)).await
            }
            Database::Postgres(engine) => {
                let work = |$db| async {
                    let session: Connection = $db;
                    let $db = &*session;
                    $algorithm.await
                };
                engine.$method($($argument,)* work).await
            }
        }
    };
}

/// Calls a method that both engines have.
macro_rules! call {
    ($store:ident.$method:ident($($argument:expr),*)) => {
        match $store {
            Database::Sqlite(engine) => engine.$method($($argument),*).await,
            Database::Postgres(engine) => engine.$method($($argument),*).await,
        }
    };
}

#[async_trait]
impl Store for Database {
    async fn append(
        &self,
        org: OrgId,
        drafts: Vec<Draft>,
        atomic: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        call!(self.append(org, drafts, atomic))
    }

    async fn page(&self, org: OrgId, request: PageRequest) -> Result<PageRead, StoreError> {
        let kind = if request.filter.looks_inside() { QueryKind::Search } else { QueryKind::Lookup };
        match self {
            Self::Sqlite(engine) if kind == QueryKind::Search => engine.search_page(org, request).await,
            _ => run!(self.query(Some(org), kind), |db| pages::page(db, org, &request)),
        }
    }

    async fn entry(&self, org: OrgId, id: u64) -> Result<Lookup, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| pages::entry(db, org, id))
    }

    async fn count(&self, org: OrgId, filter: Filter, as_of: u64) -> Result<u64, StoreError> {
        let kind = if filter.is_tallied() { QueryKind::Lookup } else { QueryKind::Search };
        run!(self.query(Some(org), kind), |db| facets::count(db, org, &filter, as_of))
    }

    async fn facets(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError> {
        run!(self.query(Some(org), QueryKind::Search), |db| facets::facets(db, org, &filter))
    }

    async fn counts(&self, org: OrgId, query: StatsQuery, as_of: Option<u64>) -> Result<Counted, StoreError> {
        run!(self.query(Some(org), QueryKind::Search), |db| stats::stats(db, org, &query, as_of))
    }

    async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| facets::holdings(db, org, cutoff))
    }

    async fn begin_prune(
        &self,
        org: OrgId,
        by: String,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Result<PruneRun, PruneRunning>, StoreError> {
        let holder = format!("{} {by}", Uuid::now_v7());
        run!(self.write(Retry::Always), |db| prunes::begin(db, org, &holder, &by, cutoff, now))
    }

    async fn prune_batch(
        &self,
        org: OrgId,
        run: PruneRun,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        // A second attempt deletes what would be next, which was asked for too: the record counts all of it.
        run!(self.write(Retry::Always), |db| prunes::batch(db, org, &run, limit, now))
    }

    async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError> {
        call!(self.finish_prune(org, run, complete, now))
    }

    async fn is_purged(&self) -> bool {
        matches!(self, Self::Sqlite(engine) if engine.is_purged())
    }

    async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError> {
        run!(self.read(Some(org)), |db| prunes::list(db, org))
    }

    async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError> {
        run!(self.read(Some(org)), |db| prunes::last(db, org))
    }

    async fn hold_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        run!(self.write(Retry::Always), |db| leases::hold(db, org, name, &holder, now))
    }

    async fn release_lease(&self, org: OrgId, name: &'static str, holder: String) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| leases::release(db, org, name, &holder))
    }

    async fn clock_seen(&self, org: OrgId) -> Result<Option<ClockSeen>, StoreError> {
        run!(self.read(Some(org)), |db| leases::clock_seen(db, org))
    }

    async fn note_clock(&self, org: OrgId, seen: ClockSeen) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| leases::note_clock(db, org, seen))
    }

    async fn past(&self, org: OrgId) -> Result<Past, StoreError> {
        run!(self.read(Some(org)), |db| copy::past(db, org))
    }

    async fn restore_entries(&self, org: OrgId, entries: Vec<Entry>) -> Result<(), StoreError> {
        call!(self.restore_entries(org, entries))
    }

    async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| copy::restore_past(db, org, &past))
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        run!(self.read(None), |db| accounts::organizations(db))
    }

    async fn create_organization(
        &self,
        slug: String,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Organization, StoreError> {
        run!(self.write(Retry::IfUndone), |db| accounts::create_organization(db, &slug, retention, now))
    }

    async fn set_retention(&self, org: OrgId, retention: Retention) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| accounts::set_retention(db, org, retention))
    }

    async fn create_token(&self, org: OrgId, token: StoredToken) -> Result<(), StoreError> {
        run!(self.write(Retry::IfUndone), |db| accounts::create_token(db, org, &token))
    }

    async fn tokens(&self, org: OrgId) -> Result<Vec<StoredToken>, StoreError> {
        run!(self.read(Some(org)), |db| accounts::tokens(db, org))
    }

    async fn revoke_token(&self, org: OrgId, name: String, now: Timestamp) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| accounts::revoke_token(db, org, &name, now))
    }

    async fn note_token_uses(&self, org: OrgId, uses: Vec<TokenUse>) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| accounts::note_token_uses(db, org, &uses))
    }

    async fn find_tokens(&self, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, StoreError> {
        run!(self.read_quickly(), |db| accounts::find_tokens(db, hash))
    }

    async fn ready(&self) -> Result<(), StoreError> {
        call!(self.ready())
    }

    async fn check(&self) -> Result<(), StoreError> {
        if let Self::Sqlite(engine) = self { engine.check().await } else { Ok(()) }
    }

    fn is_damaged(&self) -> bool {
        matches!(self, Self::Sqlite(engine) if engine.is_damaged())
    }

    fn log_bytes(&self) -> Option<u64> {
        if let Self::Sqlite(engine) = self { engine.log_bytes() } else { None }
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close(),
        }
    }
}
