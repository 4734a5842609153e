//! The thread that empties the write-ahead log when SQLite does not: after a prune, whose text is still in it, and when
//! it has grown because some reader always needs it. No recorder waits for a reader meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use crate::store::error::StoreError;
use crate::store::sqlite::file_state::FileState;
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::schema::without_waiting;
use crate::store::sqlite::threads::{Writer, caught};

/// How long new queries wait at most while running ones end.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The first pause before a retry; each pause is twice as long as the one before.
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// The longest pause before a retry.
const LAST_RETRY: Duration = Duration::from_secs(8);

/// The thread that empties the log.
pub(super) struct Checkpointer {
    file_state: Arc<FileState>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Checkpointer {
    /// Starts the thread, with a connection of its own.
    pub(super) fn start(
        connection: Connection,
        file_state: Arc<FileState>,
        writer: Arc<Writer>,
        readers: Arc<Readers>,
    ) -> Result<Self, StoreError> {
        let kept = Arc::clone(&file_state);
        let thread = thread::Builder::new()
            .name("sqlite-keeper".to_owned())
            .spawn(move || keep(&connection, &kept, &writer, &readers))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { file_state, thread: Mutex::new(Some(thread)) })
    }

    /// Ends the thread.
    pub(super) async fn close(&self) {
        self.file_state.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.file_state.close();
    }
}

fn keep(db: &Connection, file_state: &FileState, writer: &Writer, readers: &Readers) {
    let mut retry = Duration::ZERO;
    while file_state.wait(retry) {
        let waiting = file_state.take_waiting();
        let outcome = caught(|| empty(db, writer, readers));
        match &outcome {
            Ok(true) => retry = Duration::ZERO,
            Ok(false) => retry = (retry * 2).clamp(FIRST_RETRY, LAST_RETRY),
            Err(error) => {
                tracing::error!(%error, "the write-ahead log cannot be brought into the database file");
                retry = LAST_RETRY;
            }
        }
        file_state.note_attempt(&outcome);
        // Dropping the senders wakes the waiting callers.
        drop(waiting);
    }
}

/// Truncates the WAL, unless a reader of another process needs it. Returns whether it is empty.
fn empty(db: &Connection, writer: &Writer, readers: &Readers) -> Result<bool, StoreError> {
    // This copies most of the WAL while recorders write, so little is left for the writer's thread.
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    if writer.alone(truncate)? {
        return Ok(true);
    }
    let is_quiet = readers.pause(LONGEST_PAUSE);
    let truncated = if is_quiet { writer.alone(truncate) } else { Ok(false) };
    readers.resume();
    truncated
}

/// How often it is tried at once: token look-ups end within a moment.
const TRIES: usize = 8;

/// Truncates the WAL now or not at all.
fn truncate(db: &Connection) -> Result<bool, StoreError> {
    without_waiting(db, |db| {
        for _ in 0..TRIES {
            if db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))? == 0 {
                return Ok(true);
            }
            thread::yield_now();
        }
        Ok(false)
    })
}
