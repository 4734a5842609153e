//! The SQLite store: one file (or memory), one thread that writes, a few that read.
//!
//! An acknowledged entry survives a power cut: WAL with `synchronous=FULL`, and nothing is answered before its commit.

mod append;
mod backup;
mod checksum;
mod fault;
#[cfg(test)]
mod faults;
mod file_state;
mod files;
#[cfg(test)]
mod flips;
mod keeper;
mod reader;
mod readers;
mod schema;
mod serving;
mod session;
mod space;
mod threads;
mod turns;
#[cfg(test)]
mod work;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;
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
use crate::store::pages::PartialPage;
use crate::store::sqlite::file_state::FileState;
use crate::store::sqlite::files::Files;
use crate::store::sqlite::keeper::Keeper;
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::session::run_now;
use crate::store::sqlite::threads::{Writer, caught};
use crate::store::sqlite::turns::Kind;
use crate::store::{
    Appended, ClockSeen, Counted, Holdings, Lookup, OrgId, Organization, PageRead, PageRequest, Past,
    PruneRun, PruneRunning, Store, StoredToken, TokenUse,
};
use crate::store::{accounts, copy, facets, leases, pages, prunes, rollup, stats};

pub(in crate::store) use crate::store::sqlite::backup::backup;
pub use crate::store::sqlite::serving::ServeLock;

/// How many connections read at once beside the one that writes.
const READERS: usize = 4;

/// Entries in a SQLite database.
pub struct SqliteStore {
    writer: Arc<Writer>,
    file_state: Arc<FileState>,
    /// None in memory, where a second connection would be another database: there the writer reads as well.
    beside: Option<Beside>,
    /// For what every request asks first: who is there, and is the store. It is a look at a row or two, asked on the
    /// thread of whoever asks, for handing it to another takes longer. None in memory, and when closed.
    quick: Mutex<Option<Connection>>,
}

/// What works beside the writer on a file.
struct Beside {
    readers: Arc<Readers>,
    keeper: Keeper,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable by its owner alone.
    ///
    /// # Errors
    /// [`StoreError`], with the path.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let database = schema::open_for_writing(path)?;
        let file_state = Arc::<FileState>::default();
        let writer = Arc::new(Writer::start(database, Some(Files::open_at(path)?), Arc::clone(&file_state))?);
        let connections =
            (0..READERS).map(|_| schema::open_for_reading(path)).collect::<Result<Vec<_>, _>>()?;
        let readers = Arc::new(Readers::start(connections)?);
        let (keeps, quick) = (schema::open_for_keeping(path)?, schema::open_for_reading(path)?);
        let keeper =
            Keeper::start(keeps, Arc::clone(&file_state), Arc::clone(&writer), Arc::clone(&readers))?;
        Ok(Self {
            writer,
            file_state,
            beside: Some(Beside { readers, keeper }),
            quick: Mutex::new(Some(quick)),
        })
    }

    /// Opens an empty database in memory.
    ///
    /// # Errors
    /// [`StoreError`] when the engine cannot start.
    pub fn in_memory() -> Result<Self, StoreError> {
        let file_state = Arc::<FileState>::default();
        let writer = Arc::new(Writer::start(schema::open_in_memory()?, None, Arc::clone(&file_state))?);
        Ok(Self { writer, file_state, beside: None, quick: Mutex::new(None) })
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.in_transaction(work).await
    }

    /// Reads a few rows for an organization, or for an operator.
    async fn read<T: Send + 'static>(
        &self,
        org: impl Into<Option<OrgId>> + Send,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let outcome = match &self.beside {
            Some(beside) => beside.readers.run(org.into(), Kind::Lookup, work).await,
            None => self.writer.in_transaction(work).await,
        };
        self.file_state.note_read(outcome)
    }

    /// Reads what may be every entry of an organization.
    async fn search<T: Send + 'static>(
        &self,
        org: impl Into<Option<OrgId>> + Send,
        kind: Kind,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let outcome = match &self.beside {
            Some(beside) => beside.readers.run_restartable(org.into(), kind, work).await,
            None => self.writer.in_transaction(move |db| work(db)).await,
        };
        self.file_state.note_read(outcome)
    }

    async fn read_quickly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(db) = &*self.quick.lock().unwrap_or_else(PoisonError::into_inner) {
            return caught(|| work(db));
        }
        match self.beside {
            Some(_) => Err(StoreError::Closed),
            None => self.writer.in_transaction(work).await,
        }
    }
}

/// How much a question with this filter reads.
const fn kind(filter: &Filter) -> Kind {
    if filter.looks_inside() { Kind::Search } else { Kind::Lookup }
}

#[async_trait]
impl Store for SqliteStore {
    async fn append(
        &self,
        org: OrgId,
        drafts: Vec<Draft>,
        atomic: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        self.write(move |db| append::append(db, org, drafts, atomic)).await
    }

    async fn page(&self, org: OrgId, request: PageRequest) -> Result<PageRead, StoreError> {
        if !request.filter.looks_inside() {
            return self.search(org, Kind::Lookup, move |db| run_now(pages::page(db, org, &request))).await;
        }
        // In parts, so that others get their turn and the log can be emptied between two of them.
        let mut scan = PartialPage::new(request);
        loop {
            let part = move |db: &Connection| run_now(scan.read_on(db, org));
            let part = match &self.beside {
                Some(beside) => beside.readers.run(Some(org), Kind::Search, part).await,
                None => self.writer.in_transaction(part).await,
            };
            match self.file_state.note_read(part)? {
                ControlFlow::Break(read) => return Ok(read),
                ControlFlow::Continue(rest) => scan = rest,
            }
        }
    }

    async fn entry(&self, org: OrgId, id: u64) -> Result<Lookup, StoreError> {
        self.read(org, move |db| run_now(pages::entry(db, org, id))).await
    }

    async fn count(&self, org: OrgId, filter: Filter, as_of: u64) -> Result<u64, StoreError> {
        self.search(org, kind(&filter), move |db| run_now(facets::count(db, org, &filter, as_of))).await
    }

    async fn facets(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError> {
        self.search(org, Kind::Search, move |db| run_now(facets::facets(db, org, &filter))).await
    }

    async fn counts(
        &self,
        org: OrgId,
        counting: StatsQuery,
        as_of: Option<u64>,
    ) -> Result<Counted, StoreError> {
        self.search(org, Kind::Search, move |db| run_now(stats::stats(db, org, &counting, as_of))).await
    }

    async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
        self.search(org, Kind::Lookup, move |db| run_now(facets::holdings(db, org, cutoff))).await
    }

    async fn begin_prune(
        &self,
        org: OrgId,
        by: String,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Result<PruneRun, PruneRunning>, StoreError> {
        let holder = format!("{} {by}", Uuid::now_v7());
        self.write(move |db| run_now(prunes::begin(db, org, &holder, &by, cutoff, now))).await
    }

    async fn prune_batch(
        &self,
        org: OrgId,
        run: PruneRun,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(move |db| run_now(prunes::batch(db, org, &run, limit, now))).await
    }

    async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError> {
        // The record and the lease by themselves: whatever becomes of the rest, they are closed.
        let closing = run.clone();
        let close = move |db: &Connection| run_now(prunes::close(db, org, &closing, complete, now));
        let has_record = self.write(close).await?;
        if has_record {
            self.write(move |db| run_now(rollup::delete_empty(db, org))).await?;
            // Part by part, so that recorders get their turn; then the log, which still holds the old pages.
            let mut looked_at = Some(0);
            while let Some(after) = looked_at {
                looked_at = self.write(move |db| space::delete_unused_users(db, org, after)).await?;
            }
            while self.write(space::give_back).await? {}
            if self.beside.is_some() {
                // Told once it was tried; a reader in the way is waited for without the caller.
                self.file_state.ask_for_purge().await.unwrap_or(());
            }
        }
        if has_record {
            self.read(org, move |db| run_now(prunes::one(db, org, run.id))).await
        } else {
            Ok(None)
        }
    }

    async fn is_purged(&self) -> bool {
        !self.file_state.has_pruned_text()
    }

    async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError> {
        self.read(org, move |db| run_now(prunes::list(db, org))).await
    }

    async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError> {
        self.read(org, move |db| run_now(prunes::last(db, org))).await
    }

    async fn hold_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| run_now(leases::hold(db, org, name, &holder, now))).await
    }

    async fn release_lease(&self, org: OrgId, name: &'static str, holder: String) -> Result<(), StoreError> {
        self.write(move |db| run_now(leases::release(db, org, name, &holder))).await
    }

    async fn clock_seen(&self, org: OrgId) -> Result<Option<ClockSeen>, StoreError> {
        self.read(org, move |db| run_now(leases::clock_seen(db, org))).await
    }

    async fn note_clock(&self, org: OrgId, seen: ClockSeen) -> Result<(), StoreError> {
        self.write(move |db| run_now(leases::note_clock(db, org, seen))).await
    }

    async fn past(&self, org: OrgId) -> Result<Past, StoreError> {
        self.read(org, move |db| run_now(copy::past(db, org))).await
    }

    async fn restore_entries(&self, org: OrgId, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.write(move |db| append::restore(db, org, &entries)).await
    }

    async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError> {
        self.write(move |db| run_now(copy::restore_past(db, org, &past))).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.read(None, |db| run_now(accounts::organizations(db))).await
    }

    async fn create_organization(
        &self,
        slug: String,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Organization, StoreError> {
        self.write(move |db| run_now(accounts::create_organization(db, &slug, retention, now))).await
    }

    async fn set_retention(&self, org: OrgId, retention: Retention) -> Result<(), StoreError> {
        self.write(move |db| run_now(accounts::set_retention(db, org, retention))).await
    }

    async fn create_token(&self, org: OrgId, token: StoredToken) -> Result<(), StoreError> {
        self.write(move |db| run_now(accounts::create_token(db, org, &token))).await
    }

    async fn tokens(&self, org: OrgId) -> Result<Vec<StoredToken>, StoreError> {
        self.read(org, move |db| run_now(accounts::tokens(db, org))).await
    }

    async fn revoke_token(&self, org: OrgId, name: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| run_now(accounts::revoke_token(db, org, &name, now))).await
    }

    async fn note_token_uses(&self, org: OrgId, uses: Vec<TokenUse>) -> Result<(), StoreError> {
        self.write(move |db| run_now(accounts::note_token_uses(db, org, &uses))).await
    }

    async fn find_tokens(&self, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, StoreError> {
        self.read_quickly(move |db| run_now(accounts::find_tokens(db, hash))).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.read_quickly(schema::look).await?;
        if !self.writer.is_alive() {
            return Err(StoreError::Closed);
        }
        if let Some(cause) = self.file_state.checkpoint_failure() {
            return Err(StoreError::Unwritable(cause));
        }
        // Reading proves nothing about a disk that refused the last write: only another write does.
        if self.file_state.write_failed() { self.write(schema::touch).await } else { Ok(()) }
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.search(None, Kind::Search, schema::check).await
    }

    fn is_damaged(&self) -> bool {
        self.file_state.is_damaged()
    }

    fn log_bytes(&self) -> Option<u64> {
        self.beside.is_some().then(|| self.file_state.log_bytes())
    }

    async fn close(&self) {
        // The writer last: the connection that closes last brings what stands in the log into the file.
        drop(self.quick.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(beside) = &self.beside {
            beside.keeper.close().await;
            beside.readers.close().await;
        }
        self.writer.close().await;
    }
}
