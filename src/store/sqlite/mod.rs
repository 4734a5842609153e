//! The SQLite store: one file (or memory), one thread that writes, a few that read.
//!
//! An acknowledged entry survives a power cut: WAL with `synchronous=FULL`, and nothing is answered before its commit.

mod accounts;
mod append;
mod count;
mod counts;
mod prune;
mod read;
mod restore;
mod rows;
mod schema;
mod tally;
mod threads;
#[cfg(test)]
mod work;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::api::page::Facets;
use crate::api::prune::Prune;
use crate::model::count::Counting;
use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::plan::Retention;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::sqlite::threads::{Readers, Writer};
use crate::store::{
    Appended, Counted, Holdings, Lookup, OrgId, Organization, PageRead, PageRequest, Past, PruneRun,
    PruneRunning, Store, StoredToken, TokenUse,
};

/// How many connections read at once beside the one that writes.
const READERS: usize = 3;

/// Entries in a SQLite database.
pub struct SqliteStore {
    writer: Writer,
    /// None in memory, where a second connection would be another database: there the writer reads as well.
    readers: Option<Readers>,
    /// For what every request asks first: who is there, and is the store. It is a look at a row or two, asked on the
    /// thread of whoever asks, for handing it to another takes longer. None in memory, and when closed.
    quick: Mutex<Option<Connection>>,
    /// For what has to look into every entry. One reader is always left to questions that an index answers.
    searches: Arc<Semaphore>,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable by its owner alone.
    ///
    /// # Errors
    /// [`StoreError`], with the path.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = Writer::start(schema::open_for_writing(path)?)?;
        let connections =
            (0..READERS).map(|_| schema::open_for_reading(path)).collect::<Result<Vec<_>, _>>()?;
        let quick = schema::open_for_reading(path)?;
        Ok(Self {
            writer,
            readers: Some(Readers::start(connections)?),
            quick: Mutex::new(Some(quick)),
            searches: Arc::new(Semaphore::new(READERS - 1)),
        })
    }

    /// Opens an empty database in memory.
    ///
    /// # Errors
    /// [`StoreError`] when the engine cannot start.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self {
            writer: Writer::start(schema::open_in_memory()?)?,
            readers: None,
            quick: Mutex::new(None),
            searches: Arc::new(Semaphore::new(1)),
        })
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.in_transaction(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.readers {
            Some(readers) => readers.run(work).await,
            None => self.writer.in_transaction(work).await,
        }
    }

    /// Waits for its turn when it has to look into every entry. The turn lasts as long as the work, also when nobody
    /// waits for it any more.
    async fn search<T: Send + 'static>(
        &self,
        looks_inside: bool,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = match looks_inside {
            true => Some(Arc::clone(&self.searches).acquire_owned().await.map_err(|_| StoreError::Closed)?),
            false => None,
        };
        self.read(move |db| {
            let result = work(db);
            drop(turn);
            result
        })
        .await
    }

    async fn read_quickly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(db) = &*self.quick.lock().unwrap_or_else(PoisonError::into_inner) {
            return work(db);
        }
        match self.readers {
            Some(_) => Err(StoreError::Closed),
            None => self.writer.in_transaction(work).await,
        }
    }
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
        self.search(request.filter.looks_inside(), move |db| read::page(db, org, &request)).await
    }

    async fn entry(&self, org: OrgId, id: u64) -> Result<Lookup, StoreError> {
        self.read(move |db| read::entry(db, org, id)).await
    }

    async fn count(&self, org: OrgId, filter: Filter, as_of: u64) -> Result<u64, StoreError> {
        self.search(filter.looks_inside(), move |db| count::count(db, org, &filter, as_of)).await
    }

    async fn facets(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError> {
        self.search(true, move |db| count::facets(db, org, &filter)).await
    }

    async fn counts(
        &self,
        org: OrgId,
        counting: Counting,
        as_of: Option<u64>,
    ) -> Result<Counted, StoreError> {
        self.search(true, move |db| counts::counts(db, org, &counting, as_of)).await
    }

    async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
        self.read(move |db| count::holdings(db, org, cutoff)).await
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
        let record = self.write(move |db| prune::finish(db, org, &run, complete, now)).await?;
        if record.is_some() {
            // Page by page, so that recorders get their turn; then the log, in which the old pages still stand.
            while self.write(prune::give_back_space).await? {}
            self.writer.alone(prune::empty_the_log).await?;
        }
        Ok(record)
    }

    async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError> {
        self.read(move |db| prune::list(db, org)).await
    }

    async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError> {
        self.read(move |db| prune::last(db, org)).await
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

    async fn past(&self, org: OrgId) -> Result<Past, StoreError> {
        self.read(move |db| restore::past(db, org)).await
    }

    async fn restore_entries(&self, org: OrgId, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.write(move |db| restore::entries(db, org, &entries)).await
    }

    async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError> {
        self.write(move |db| restore::restore_past(db, org, &past)).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.read(accounts::organizations).await
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
        self.read(move |db| accounts::tokens(db, org)).await
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
        self.read_quickly(|db| {
            Ok(db
                .query_row("SELECT 1 FROM org_heads LIMIT 1", [], |_| Ok(()))
                .or_else(schema::none_is_fine)?)
        })
        .await
    }

    async fn close(&self) {
        // The writer last: the connection that closes last brings what stands in the log into the file.
        drop(self.quick.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(readers) = &self.readers {
            readers.close().await;
        }
        self.writer.close().await;
    }
}

/// The engine's errors, in the store's terms.
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let words = error.to_string();
        if matches!(error, rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::Utf8Error(..)) {
            return Self::Damaged(words);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure) => {
                Self::Unwritable(words)
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(words),
            _ => Self::Failed(words),
        }
    }
}
