//! The SQLite store: one file (or memory), one thread that writes, a few that read.
//!
//! An acknowledged entry survives a power cut: WAL with `synchronous=FULL`, and nothing is answered before its commit.

mod accounts;
mod append;
mod backup;
mod checksum;
mod count;
mod counts;
mod fault;
#[cfg(test)]
mod faults;
mod file_state;
mod files;
#[cfg(test)]
mod flips;
mod keeper;
mod prune;
mod read;
mod readers;
mod restore;
mod rows;
mod schema;
mod serving;
mod tally;
mod threads;
mod turns;
#[cfg(test)]
mod work;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::plan::Retention;
use crate::model::prune::Prune;
use crate::model::stats::StatsQuery;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::sqlite::file_state::FileState;
use crate::store::sqlite::files::Files;
use crate::store::sqlite::keeper::Keeper;
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::threads::{Writer, caught};
use crate::store::sqlite::turns::Kind;
use crate::store::{
    Appended, ClockSeen, Counted, Holdings, Lookup, OrgId, Organization, PageRead, PageRequest, Past,
    PruneRun, PruneRunning, Store, StoredToken, TokenUse,
};

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
            return self.search(org, Kind::Lookup, move |db| read::page(db, org, &request)).await;
        }
        // In parts, so that others get their turn and the log can be emptied between two of them.
        let mut scan = read::Scan::new(request);
        loop {
            let part = move |db: &Connection| scan.go_on(db, org);
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
        self.read(org, move |db| read::entry(db, org, id)).await
    }

    async fn count(&self, org: OrgId, filter: Filter, as_of: u64) -> Result<u64, StoreError> {
        self.search(org, kind(&filter), move |db| count::count(db, org, &filter, as_of)).await
    }

    async fn facets(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError> {
        self.search(org, Kind::Search, move |db| count::facets(db, org, &filter)).await
    }

    async fn counts(
        &self,
        org: OrgId,
        counting: StatsQuery,
        as_of: Option<u64>,
    ) -> Result<Counted, StoreError> {
        self.search(org, Kind::Search, move |db| counts::counts(db, org, &counting, as_of)).await
    }

    async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
        self.search(org, Kind::Lookup, move |db| count::holdings(db, org, cutoff)).await
    }

    async fn begin_prune(
        &self,
        org: OrgId,
        by: String,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Result<PruneRun, PruneRunning>, StoreError> {
        self.write(move |db| prune::begin(db, org, by, cutoff, now)).await
    }

    async fn prune_batch(
        &self,
        org: OrgId,
        run: PruneRun,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(move |db| prune::batch(db, org, &run, limit, now)).await
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
        let record = self.write(move |db| prune::finish(db, org, &closing, complete, now)).await?;
        if record.is_some() {
            self.write(move |db| tally::forget_empty(db, org)).await?;
            // Part by part, so that recorders get their turn; then the log, in which the old pages still stand.
            let mut looked_at = Some(0);
            while let Some(after) = looked_at {
                looked_at = self.write(move |db| prune::forget_users(db, org, after)).await?;
            }
            while self.write(prune::give_back_space).await? {}
            if self.beside.is_some() {
                // Told once it was tried; a reader in the way is waited for without the caller.
                self.file_state.ask_for_purge().await.unwrap_or(());
            }
        }
        Ok(record)
    }

    async fn is_purged(&self) -> bool {
        !self.file_state.has_pruned_text()
    }

    async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError> {
        self.read(org, move |db| prune::list(db, org)).await
    }

    async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError> {
        self.read(org, move |db| prune::last(db, org)).await
    }

    async fn hold_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| prune::hold(db, org, name, &holder, now)).await
    }

    async fn release_lease(&self, org: OrgId, name: &'static str, holder: String) -> Result<(), StoreError> {
        self.write(move |db| prune::release(db, org, name, &holder)).await
    }

    async fn clock_seen(&self, org: OrgId) -> Result<Option<ClockSeen>, StoreError> {
        self.read(org, move |db| prune::clock_seen(db, org)).await
    }

    async fn note_clock(&self, org: OrgId, seen: ClockSeen) -> Result<(), StoreError> {
        self.write(move |db| prune::note_clock(db, org, seen)).await
    }

    async fn past(&self, org: OrgId) -> Result<Past, StoreError> {
        self.read(org, move |db| restore::past(db, org)).await
    }

    async fn restore_entries(&self, org: OrgId, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.write(move |db| restore::entries(db, org, &entries)).await
    }

    async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError> {
        self.write(move |db| restore::restore_past(db, org, &past)).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.read(None, accounts::organizations).await
    }

    async fn create_organization(
        &self,
        slug: String,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Organization, StoreError> {
        self.write(move |db| accounts::create_organization(db, slug, retention, now)).await
    }

    async fn set_retention(&self, org: OrgId, retention: Retention) -> Result<(), StoreError> {
        self.write(move |db| accounts::set_retention(db, org, retention)).await
    }

    async fn create_token(&self, org: OrgId, token: StoredToken) -> Result<(), StoreError> {
        self.write(move |db| accounts::create_token(db, org, &token)).await
    }

    async fn tokens(&self, org: OrgId) -> Result<Vec<StoredToken>, StoreError> {
        self.read(org, move |db| accounts::tokens(db, org)).await
    }

    async fn revoke_token(&self, org: OrgId, name: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| accounts::revoke_token(db, org, &name, now)).await
    }

    async fn note_token_uses(&self, org: OrgId, uses: Vec<TokenUse>) -> Result<(), StoreError> {
        self.write(move |db| accounts::note_token_uses(db, org, &uses)).await
    }

    async fn find_tokens(&self, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, StoreError> {
        self.read_quickly(move |db| accounts::find_tokens(db, hash)).await
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
