//! The store on either engine: each call is one algorithm, which runs on a session of the engine. What an engine does
//! its own way is a method of the engine.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::prune::Prune;
use crate::model::stats::StatsQuery;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{
    Appended, ClockSeen, Counted, Holdings, Lookup, OrgId, Organization, PageRead, PageRequest, Past,
    PruneBatch, PruneRun, PruneRunning, StoredToken, TokenUse,
};
use crate::store::entries::PageForm;
use crate::store::error::StoreError;
use crate::store::postgres::{Connection, PostgresStore};
use crate::store::session::{QueryKind, Retry};
use crate::store::sqlite::{SqliteStore, run_now};
use crate::store::users::KnownUsers;
use crate::store::{accounts, copy, facets, holdings, leases, pages, prunes, stats};

/// A store of entries. Many tasks may call it at once.
pub struct Store {
    pub(super) engine: Engine,
    /// The logs in which entries were recorded here since they were last asked for.
    grown: Mutex<HashSet<OrgId>>,
    /// The same, for the text index.
    unindexed: Mutex<HashSet<OrgId>>,
    users: Arc<KnownUsers>,
}

pub(super) enum Engine {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// Runs an algorithm by a method of the engine.
macro_rules! run {
    ($store:ident.$method:ident($($argument:expr),*), |$db:ident| $algorithm:expr) => {
        match &$store.engine {
            Engine::Sqlite(engine) => {
                engine.$method($($argument,)* move |$db| run_now($algorithm)).await
            }
            Engine::Postgres(engine) => {
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
        match &$store.engine {
            Engine::Sqlite(engine) => engine.$method($($argument),*).await,
            Engine::Postgres(engine) => engine.$method($($argument),*).await,
        }
    };
}

mod erasures;
mod holds;
mod organizations;
mod rows;
mod sessions;
mod text;
mod trees;

impl From<Engine> for Store {
    fn from(engine: Engine) -> Self {
        Self { engine, grown: Mutex::default(), unindexed: Mutex::default(), users: Arc::default() }
    }
}

impl Store {
    /// Appends drafts in order, in one commit that is durable when this returns. With `atomic`, a single conflict
    /// stores nothing; the result then says what each draft would have become.
    pub async fn append(
        &self,
        org: OrgId,
        drafts: Vec<Draft>,
        atomic: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        let appended = call!(self.append(org, drafts, atomic))?;
        self.note_growth(org);
        Ok(appended)
    }

    /// Reads one page as a list.
    pub async fn page(&self, org: OrgId, request: PageRequest) -> Result<PageRead, StoreError> {
        self.page_in(org, request, PageForm::List).await
    }

    /// Reads one page in this form.
    pub async fn page_in(
        &self,
        org: OrgId,
        request: PageRequest,
        form: PageForm,
    ) -> Result<PageRead, StoreError> {
        let kind = if request.filter.reads_content() { QueryKind::Search } else { QueryKind::Lookup };
        let users = Arc::clone(&self.users);
        match &self.engine {
            Engine::Sqlite(engine) if kind == QueryKind::Search => {
                engine.search_page(org, request, form, users).await
            }
            _ => run!(self.query(Some(org), kind), |db| pages::page(db, org, &request, &form, &users)),
        }
    }

    /// Looks up one entry.
    pub async fn entry(&self, org: OrgId, id: u64) -> Result<Lookup, StoreError> {
        run!(self.query(Some(org), QueryKind::Lookup), |db| pages::entry(db, org, id))
    }

    /// Counts all entries that match, up to `as_of`.
    pub async fn count(&self, org: OrgId, filter: Filter, as_of: u64) -> Result<u64, StoreError> {
        let kind = if filter.fits_rollup() { QueryKind::Lookup } else { QueryKind::Search };
        let users = Arc::clone(&self.users);
        run!(self.query(Some(org), kind), |db| facets::count(db, org, &filter, as_of, &users))
    }

    /// Counts entries by action, model type, user and day.
    pub async fn facets(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError> {
        run!(self.query(Some(org), QueryKind::Search), |db| facets::facets(db, org, &filter, true))
    }

    /// Counts entries by action, model type and user, without days: the time does not grow with the log.
    pub async fn facets_without_days(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError> {
        run!(self.query(Some(org), QueryKind::Search), |db| facets::facets(db, org, &filter, false))
    }

    /// Counts entries up to `as_of` by slots of time and by values. The rollup may answer in place of the entries.
    pub async fn counts(
        &self,
        org: OrgId,
        query: StatsQuery,
        as_of: Option<u64>,
    ) -> Result<Counted, StoreError> {
        run!(self.query(Some(org), QueryKind::Search), |db| stats::stats(db, org, &query, as_of))
    }

    /// Counts expired, held and kept entries at `cutoff`. It visits the held ones.
    pub async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
        run!(self.query(Some(org), QueryKind::Search), |db| holdings::holdings(db, org, cutoff))
    }

    /// Takes the organization's prune lease.
    pub async fn begin_prune(
        &self,
        org: OrgId,
        by: String,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Result<PruneRun, PruneRunning>, StoreError> {
        // Only entries in the tree can be deleted.
        self.grow_tree(org).await?;
        let holder = format!("{} {by}", Uuid::now_v7());
        run!(self.write(Retry::Always), |db| prunes::begin(db, org, &holder, &by, cutoff, now))
    }

    /// Deletes up to `limit` expired entries that no hold covers, oldest first, records it in the same commit, and renews the lease.
    pub async fn prune_batch(
        &self,
        org: OrgId,
        run: PruneRun,
        limit: u32,
        now: Timestamp,
    ) -> Result<PruneBatch, StoreError> {
        // A second attempt deletes what would be next, which was asked for too: the record counts all of it.
        run!(self.write(Retry::Always), |db| prunes::batch(db, org, &run, limit, now))
    }

    /// Ends a prune: removes the deleted text from the text index, releases the lease and frees space. Returns its record if it
    /// deleted anything.
    pub async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError> {
        if let Err(error) = self.remove_pruned_text(org).await {
            // The record and the lease are closed whatever happens. The server's background job tries again.
            tracing::warn!(log = org.number(), %error, "pruned text is still in the text index; retrying");
            self.note_unindexed(org);
        }
        call!(self.finish_prune(org, run, complete, now))
    }

    /// Whether the text of deleted entries has left the store's files. False while a reader needs it, and on PostgreSQL,
    /// which decides by itself.
    pub async fn is_purged(&self) -> bool {
        matches!(&self.engine, Engine::Sqlite(engine) if engine.is_purged())
    }

    /// All prunes that deleted anything, newest first.
    pub async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError> {
        run!(self.read(Some(org)), |db| prunes::list(db, org))
    }

    /// The first of [`Store::prunes`].
    pub async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError> {
        run!(self.read(Some(org)), |db| prunes::last(db, org))
    }

    /// Takes or renews a lease, unless another holder has it. Returns whether the holder has it now.
    pub async fn hold_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        run!(self.write(Retry::Always), |db| leases::hold(db, org, name, &holder, now))
    }

    /// Releases a lease, if the holder has it.
    pub async fn release_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
    ) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| leases::release(db, org, name, &holder))
    }

    /// The latest plausible time that was noted with this organization.
    pub async fn clock_seen(&self, org: OrgId) -> Result<Option<ClockSeen>, StoreError> {
        run!(self.read(Some(org)), |db| leases::clock_seen(db, org))
    }

    /// Stores the time with this organization. A confirmed time replaces any other; an unconfirmed one only earlier ones.
    pub async fn note_clock(&self, org: OrgId, seen: ClockSeen) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| leases::note_clock(db, org, seen))
    }

    /// Reads the organization's history beside its entries.
    pub async fn past(&self, org: OrgId) -> Result<Past, StoreError> {
        run!(self.read(Some(org)), |db| copy::past(db, org))
    }

    /// Copies entries of another store unchanged, each with its seed, in id order, in one commit. Entries up to the head exist already. They
    /// were redacted when they were recorded.
    pub async fn restore_entries(
        &self,
        org: OrgId,
        entries: Vec<(Entry, Option<[u8; 16]>)>,
    ) -> Result<(), StoreError> {
        call!(self.restore_entries(org, entries))
    }

    /// Copies the history of another store, and deletes the entries that it lists as pruned.
    pub async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| copy::restore_past(db, org, &past))
    }

    /// Stores a token.
    pub async fn create_token(&self, org: OrgId, token: StoredToken) -> Result<(), StoreError> {
        run!(self.write(Retry::IfUndone), |db| accounts::create_token(db, org, &token))
    }

    /// Every token of an organization, by name.
    pub async fn tokens(&self, org: OrgId) -> Result<Vec<StoredToken>, StoreError> {
        run!(self.read(Some(org)), |db| accounts::tokens(db, org))
    }

    /// Revokes a token permanently.
    pub async fn revoke_token(&self, org: OrgId, name: String, now: Timestamp) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| accounts::revoke_token(db, org, &name, now))
    }

    /// Stores when tokens were last used. The latest time is kept; unknown names are ignored.
    pub async fn note_token_uses(&self, org: OrgId, uses: Vec<TokenUse>) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| accounts::note_token_uses(db, org, &uses))
    }

    /// The tokens whose hash begins like this one, with their organizations: the caller compares the whole hash.
    pub async fn find_tokens(&self, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, StoreError> {
        run!(self.read_quickly(), |db| accounts::find_tokens(db, hash))
    }

    /// Succeeds when the store can be reached, and written if the last write failed.
    pub async fn ready(&self) -> Result<(), StoreError> {
        call!(self.ready())
    }

    /// Checks the whole store for damage. PostgreSQL checks its own.
    pub async fn check(&self) -> Result<(), StoreError> {
        if let Engine::Sqlite(engine) = &self.engine { engine.check().await } else { Ok(()) }
    }

    /// Whether a check or a read found damage since the store was opened.
    pub fn is_damaged(&self) -> bool {
        matches!(&self.engine, Engine::Sqlite(engine) if engine.is_damaged())
    }

    /// The size of the write-ahead log in bytes; absent where the store has none.
    pub fn wal_bytes(&self) -> Option<u64> {
        if let Engine::Sqlite(engine) = &self.engine { engine.wal_bytes() } else { None }
    }

    /// Finishes running work and closes the store. Later calls fail with [`StoreError::Closed`].
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close(),
        }
    }
}
