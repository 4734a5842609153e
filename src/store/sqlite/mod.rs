//! The SQLite store: one file (or memory), one thread that writes, a few that read.
//!
//! An acknowledged entry survives a power cut: WAL with `synchronous=FULL`, and nothing is answered before its commit.

mod append;
mod backup;
mod by_id;
mod check;
mod checkpointer;
mod checksum;
mod consecutive;
mod error;
#[cfg(test)]
mod faults;
mod file_state;
mod files;
#[cfg(test)]
mod flips;
mod free_space;
mod page;
#[cfg(test)]
mod query_cost;
mod reader;
mod readers;
mod rewrite;
mod scheduler;
mod schema;
mod serving;
mod session;
mod snapshots;
mod space;
#[cfg(test)]
mod text_index;
mod threads;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::prune::Prune;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{Appended, OrgId, PageRead, PageRequest, PruneRun};
use crate::store::entries::PageForm;
use crate::store::error::StoreError;
use crate::store::pages::PartialPage;
use crate::store::session::{QueryKind, Retry};
use crate::store::sqlite::checkpointer::Checkpointer;
use crate::store::sqlite::file_state::FileState;
use crate::store::sqlite::files::Files;
use crate::store::sqlite::free_space::{check_space, directory_of};
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::threads::{Writer, caught};
use crate::store::users::KnownUsers;
use crate::store::{prunes, rollup};

pub(super) use crate::store::sqlite::backup::{backup, is_current};
pub(super) use crate::store::sqlite::check::check_file;
pub use crate::store::sqlite::schema::CheckedFile;
pub use crate::store::sqlite::serving::ServeLock;
pub(super) use crate::store::sqlite::session::run_now;

/// How many connections read at once beside the one that writes. The check of the whole store takes one, and two organizations
/// with many slow searches take three, which leaves one to the searches and one to the lookups of others.
const READERS: usize = 6;

/// Entries in a SQLite database.
pub(super) struct SqliteStore {
    writer: Arc<Writer>,
    file_state: Arc<FileState>,
    /// Absent in memory, where a second connection would be another database: there the writer reads as well.
    file_threads: Option<FileThreads>,
    /// For authentication and readiness: a few rows, read on the caller's thread, because handing them to another takes
    /// longer. Absent in memory, and when closed.
    quick_reader: Mutex<Option<Connection>>,
    /// The directory of the file; absent in memory.
    directory: Option<PathBuf>,
}

/// The threads that work on a file beside the writer.
struct FileThreads {
    readers: Arc<Readers>,
    checkpointer: Checkpointer,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable by its owner alone.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = schema::open_for_writing(path)?;
        let file_state = Arc::<FileState>::default();
        let writer = Arc::new(Writer::start(database, Some(Files::open_at(path)?), Arc::clone(&file_state))?);
        let connections =
            (0..READERS).map(|_| schema::open_for_reading(path)).collect::<Result<Vec<_>, _>>()?;
        let readers = Arc::new(Readers::start(connections)?);
        let (checkpoints, quick) = (schema::open_for_keeping(path)?, schema::open_for_reading(path)?);
        let checkpointer = Checkpointer::start(
            checkpoints,
            Arc::clone(&file_state),
            Arc::clone(&writer),
            Arc::clone(&readers),
        )?;
        Ok(Self {
            writer,
            file_state,
            file_threads: Some(FileThreads { readers, checkpointer }),
            quick_reader: Mutex::new(Some(quick)),
            directory: directory_of(path),
        })
    }

    pub(super) fn in_memory() -> Result<Self, StoreError> {
        let file_state = Arc::<FileState>::default();
        let writer = Arc::new(Writer::start(schema::open_in_memory()?, None, Arc::clone(&file_state))?);
        Ok(Self { writer, file_state, file_threads: None, quick_reader: Mutex::new(None), directory: None })
    }

    /// Runs work in a transaction that is durable when this returns.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        _: Retry,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.in_transaction(work).await
    }

    /// Reads a few rows, for an organization or for an operator.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        org: Option<OrgId>,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_as(org, QueryKind::Lookup, work).await
    }

    async fn read_as<T: Send + 'static>(
        &self,
        org: Option<OrgId>,
        kind: QueryKind,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let outcome = match &self.file_threads {
            Some(file_threads) => file_threads.readers.run(org, kind, work).await,
            None => self.writer.in_transaction(work).await,
        };
        self.file_state.note_read(outcome)
    }

    /// Queries entries. A query that keeps the write-ahead log from being emptied is begun again.
    pub(super) async fn query<T: Send + 'static>(
        &self,
        org: Option<OrgId>,
        kind: QueryKind,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let outcome = match &self.file_threads {
            Some(file_threads) => file_threads.readers.run_restartable(org, kind, work).await,
            None => self.writer.in_transaction(move |db| work(db)).await,
        };
        self.file_state.note_read(outcome)
    }

    /// Reads a row or two at once.
    pub(super) async fn read_quickly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(db) = &*self.quick_reader.lock().unwrap_or_else(PoisonError::into_inner) {
            return caught(|| work(db));
        }
        match self.file_threads {
            Some(_) => Err(StoreError::Closed),
            None => self.writer.in_transaction(work).await,
        }
    }

    pub(super) async fn append(
        &self,
        org: OrgId,
        drafts: Vec<Draft>,
        atomic: bool,
    ) -> Result<Vec<Appended>, StoreError> {
        self.writer.in_transaction(move |db| append::append(db, org, drafts, atomic)).await
    }

    pub(super) async fn restore_entries(
        &self,
        org: OrgId,
        entries: Vec<(Entry, Option<[u8; 16]>)>,
    ) -> Result<(), StoreError> {
        self.writer.in_transaction(move |db| append::restore(db, org, &entries)).await
    }

    /// Reads a page by a search, in parts: others get their turn between two of them, and the log can be emptied.
    pub(super) async fn search_page(
        &self,
        org: OrgId,
        request: PageRequest,
        form: PageForm,
        users: Arc<KnownUsers>,
    ) -> Result<PageRead, StoreError> {
        let mut page = PartialPage::new(request, form, users);
        loop {
            let part = move |db: &Connection| run_now(page.read_on(db, org));
            match self.read_as(Some(org), QueryKind::Search, part).await? {
                ControlFlow::Break(read) => return Ok(read),
                ControlFlow::Continue(rest) => page = rest,
            }
        }
    }

    pub(super) async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError> {
        // The record and the lease by themselves: whatever becomes of the rest, they are closed.
        let close = move |db: &Connection| {
            let has_record = run_now(prunes::close(db, org, &run, complete, now))?;
            if has_record { run_now(prunes::one(db, org, run.id)) } else { Ok(None) }
        };
        let record = self.writer.in_transaction(close).await?;
        if record.is_some() {
            self.delete_unused(org).await?;
        }
        Ok(record)
    }

    /// Deletes users without entries and empty rows of the rollup, and removes deleted text from the files.
    pub(super) async fn delete_unused(&self, org: OrgId) -> Result<(), StoreError> {
        self.writer.in_transaction(move |db| run_now(rollup::delete_empty(db, org))).await?;
        // Part by part, so that recorders get their turn; then the log, which still holds the old pages.
        let mut looked_at = Some(0);
        while let Some(after) = looked_at {
            let delete = move |db: &Connection| space::delete_unused_users(db, org, after);
            looked_at = self.writer.in_transaction(delete).await?;
        }
        self.free_space().await
    }

    /// Gives free pages back to the file system, and removes deleted text from the log.
    pub(super) async fn free_space(&self) -> Result<(), StoreError> {
        while self.writer.in_transaction(space::give_back).await? {}
        if self.file_threads.is_some() {
            // Resolves after the first attempt: the caller does not wait for a reader in the way.
            self.file_state.ask_for_purge().await.unwrap_or(());
        }
        Ok(())
    }

    pub(super) fn is_purged(&self) -> bool {
        !self.file_state.has_pruned_text()
    }

    pub(super) async fn ready(&self) -> Result<(), StoreError> {
        self.read_quickly(schema::look).await?;
        if !self.writer.is_alive() {
            return Err(StoreError::Closed);
        }
        if let Some(cause) = self.file_state.checkpoint_failure() {
            return Err(StoreError::Unwritable(cause));
        }
        if let Some(directory) = &self.directory {
            check_space(directory)?;
        }
        // Reading proves nothing about a disk that refused the last write: only another write does.
        if self.file_state.write_failed() { self.writer.in_transaction(schema::touch).await } else { Ok(()) }
    }

    pub(super) async fn check(&self) -> Result<(), StoreError> {
        self.query(None, QueryKind::Search, schema::check).await
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.file_state.is_damaged()
    }

    pub(super) fn wal_bytes(&self) -> Option<u64> {
        self.file_threads.is_some().then(|| self.file_state.wal_bytes())
    }

    pub(super) async fn close(&self) {
        // The writer last: the last connection to close moves the write-ahead log into the file.
        drop(self.quick_reader.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(file_threads) = &self.file_threads {
            file_threads.checkpointer.close().await;
            file_threads.readers.close().await;
        }
        self.writer.close().await;
    }
}
