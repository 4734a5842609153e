//! The thread that writes. It commits all waiting work in one transaction (group commit), so many recorders share one
//! wait for the disk. It waits only for the disk and for another process's write lock, never for a reader.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::store::error::StoreError;
use crate::store::sqlite::file_state::FileState;
use crate::store::sqlite::files::Files;

/// How many pieces of work may wait; further callers wait before they queue.
const QUEUE: usize = 1024;
/// The most pieces of work in one commit, so that the first does not wait too long.
const GROUP: usize = 256;

/// Answers the caller after the commit succeeded or failed.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Work inside the group's transaction, or the reason why there is none.
type Shared = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Reply + Send>;
/// Work outside any transaction.
type Alone = Box<dyn FnOnce(&Connection) + Send>;

enum Work {
    Shared(Shared),
    Alone(Alone),
}

/// The thread that writes.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Work>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    file_state: Arc<FileState>,
}

impl Writer {
    /// Starts the thread; `files` are those behind the connection, unless it is in memory.
    pub(super) fn start(
        connection: Connection,
        files: Option<Files>,
        file_state: Arc<FileState>,
    ) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let mut writing =
            WriterThread { db: connection, files, file_state: Arc::clone(&file_state), lost: None };
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writing.run(receiver))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), file_state })
    }

    /// Runs `work` in a shared transaction, within its own savepoint. The result is durable when this returns.
    pub(super) async fn in_transaction<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let file_state = Arc::clone(&self.file_state);
        let shared: Shared = Box::new(move |db| {
            let result = db.and_then(|db| in_savepoint(db, work));
            Box::new(move |commit| {
                let outcome = commit.and(result);
                file_state.note_write(outcome.as_ref().err());
                // A caller that went away needs no answer.
                drop(sender.send(outcome));
            })
        });
        self.send(Work::Shared(shared)).await?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` between two transactions. This blocks the calling thread, which must not be one of the runtime's.
    pub(super) fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let alone = Work::Alone(Box::new(move |db| drop(sender.send(caught(|| work(db))))));
        self.queue()?.blocking_send(alone).map_err(|_| StoreError::Closed)?;
        receiver.blocking_recv().map_err(|_| StoreError::Closed)?
    }

    /// Whether the thread takes work.
    pub(super) fn is_alive(&self) -> bool {
        self.queue().is_ok_and(|queue| !queue.is_closed())
    }

    /// Finishes waiting work and ends the thread.
    pub(super) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A caller has already seen a panic of the thread as a closed store.
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }

    fn queue(&self) -> Result<mpsc::Sender<Work>, StoreError> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)
    }

    async fn send(&self, work: Work) -> Result<(), StoreError> {
        self.queue()?.send(work).await.map_err(|_| StoreError::Closed)
    }
}

/// Runs work that may panic: a bug fails only the request that met it, and the thread continues.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // The work borrows a connection, whose statements end when the stack unwinds. The caller rolls back its writes.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Failed("an operation panicked; please report it".to_owned())))
}

/// Begins or ends a transaction or savepoint, by a cached statement.
pub(super) fn control(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

fn in_savepoint<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    control(db, "SAVEPOINT work")?;
    let result = caught(|| work(db));
    // A full disk may already have rolled everything back, and the savepoint with it.
    if !db.is_autocommit() {
        if result.is_err() {
            control(db, "ROLLBACK TO work")?;
        }
        control(db, "RELEASE work")?;
    }
    result
}

/// The state of the thread that writes.
struct WriterThread {
    db: Connection,
    files: Option<Files>,
    file_state: Arc<FileState>,
    /// Why writes are refused, after the files were lost.
    lost: Option<StoreError>,
}

impl WriterThread {
    fn run(&mut self, mut queue: mpsc::Receiver<Work>) {
        let mut next = queue.blocking_recv();
        while let Some(work) = next.take() {
            match work {
                Work::Alone(work) => work(&self.db),
                Work::Shared(first) => next = self.commit_group(first, &mut queue),
            }
            next = next.or_else(|| queue.blocking_recv());
        }
    }

    /// Runs `first` and the work that waits after it, commits once, and answers all. Returns work that must run alone.
    fn commit_group(&mut self, first: Shared, queue: &mut mpsc::Receiver<Work>) -> Option<Work> {
        let begun = self.look_at_files().and_then(|()| Ok(control(&self.db, "BEGIN IMMEDIATE")?));
        if let Err(error) = begun {
            first(Err(error.clone()))(Err(error));
            return None;
        }
        let db = &self.db;
        let mut answers = vec![first(Ok(db))];
        let mut left_over = None;
        while answers.len() < GROUP && !db.is_autocommit() {
            match queue.try_recv() {
                Ok(Work::Shared(work)) => answers.push(work(Ok(db))),
                Ok(alone) => {
                    left_over = Some(alone);
                    break;
                }
                Err(_) => break,
            }
        }
        // Check the files again before acknowledging: a commit into a deleted log is lost.
        let outcome = commit(db).and_then(|()| self.look_at_files());
        for answer in answers {
            answer(outcome.clone());
        }
        left_over
    }

    /// Refuses all work once the files are not those that were opened.
    fn look_at_files(&mut self) -> Result<(), StoreError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let Some(files) = &self.files else { return Ok(()) };
        match files.look() {
            Ok(wal_bytes) => {
                self.file_state.note_wal_size(wal_bytes);
                Ok(())
            }
            Err(lost) => {
                tracing::error!(error = %lost, "nothing more is accepted");
                // Acknowledged entries are in the log, which only this process can still read.
                if files.can_be_rescued() {
                    match self.db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                        Ok(()) => tracing::error!("what was acknowledged is in the database file"),
                        Err(error) => tracing::error!(%error, "what stood in the log may be lost"),
                    }
                }
                self.lost = Some(lost.clone());
                Err(lost)
            }
        }
    }
}

fn commit(db: &Connection) -> Result<(), StoreError> {
    if db.is_autocommit() {
        // A full disk or a failing one made SQLite roll back by itself.
        return Err(StoreError::Unwritable(
            "the disk is full or failed; nothing of this was stored".to_owned(),
        ));
    }
    let committed = control(db, "COMMIT");
    if committed.is_err() && !db.is_autocommit() {
        // Nothing was acknowledged yet. If the rollback fails, the next BEGIN reports it.
        drop(control(db, "ROLLBACK"));
    }
    Ok(committed?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let db = Connection::open_in_memory().expect("memory");
        db.execute_batch("CREATE TABLE t (a INTEGER)").expect("made");
        Writer::start(db, None, Arc::default()).expect("a thread")
    }

    fn add(db: &Connection, number: i64) -> Result<(), StoreError> {
        db.execute("INSERT INTO t VALUES (?1)", [number])?;
        Ok(())
    }

    async fn sum(writer: &Writer) -> i64 {
        let sum =
            |db: &Connection| Ok(db.query_row("SELECT coalesce(sum(a), 0) FROM t", [], |row| row.get(0))?);
        writer.in_transaction(sum).await.expect("the thread lives")
    }

    #[tokio::test]
    async fn a_panic_rolls_back_only_its_own_work() {
        let writer = writer();
        let broken = writer.in_transaction::<()>(|db| {
            add(db, 1)?;
            let mut select = db.prepare_cached("SELECT a FROM t")?;
            let mut rows = select.query([])?;
            rows.next()?;
            panic!("a fault of ours, with a statement open")
        });
        let (broken, sound) = tokio::join!(broken, writer.in_transaction(|db| add(db, 10)));
        assert!(matches!(broken, Err(StoreError::Failed(_))), "{broken:?}");
        sound.expect("in the same transaction");
        assert_eq!(sum(&writer).await, 10);
        let writer = Arc::new(writer);
        let alone = Arc::clone(&writer);
        let broken = tokio::task::spawn_blocking(move || alone.alone::<()>(|_| panic!("a fault of ours")));
        assert!(matches!(broken.await.expect("caught"), Err(StoreError::Failed(_))));
        assert_eq!(sum(&writer).await, 10);
        assert!(writer.is_alive());
        writer.close().await;
        assert!(!writer.is_alive());
    }
}
