//! The state of a store's files, shared by its threads: failed writes, the size of the write-ahead log (WAL), pruned text in it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::store::error::StoreError;

/// The WAL size, in bytes, from which it is truncated even if queries must wait. SQLite itself restarts the WAL every 4 MiB when
/// no reader needs it.
const LARGE_WAL: u64 = 16 * 1024 * 1024;

/// The work of the checkpointer.
#[derive(Default)]
struct CheckpointRequests {
    /// Pruned text is in the WAL.
    purge: bool,
    /// Callers that wait for the next attempt to truncate it.
    waiting: Vec<oneshot::Sender<()>>,
    wal_is_large: bool,
    is_closed: bool,
    /// Why the last checkpoint failed.
    checkpoint_failed: Option<String>,
}

/// The state of a store's files.
#[derive(Default)]
pub(super) struct FileState {
    write_failed: AtomicBool,
    damaged: AtomicBool,
    wal_bytes: AtomicU64,
    requests: Mutex<CheckpointRequests>,
    changed: Condvar,
}

impl FileState {
    /// Notes the outcome of a write. An error of the work itself says nothing about the files.
    pub(super) fn note_write(&self, error: Option<&StoreError>) {
        match error {
            None => self.write_failed.store(false, Ordering::Relaxed),
            Some(StoreError::Unwritable(_) | StoreError::Locked | StoreError::Damaged(_)) => {
                self.write_failed.store(true, Ordering::Relaxed);
            }
            Some(_) => {}
        }
    }

    /// Notes the outcome of a read, which may have found damage.
    pub(super) fn note_read<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Damaged(_)) = &outcome {
            self.damaged.store(true, Ordering::Relaxed);
        }
        outcome
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn write_failed(&self) -> bool {
        self.write_failed.load(Ordering::Relaxed)
    }

    pub(super) fn note_wal_size(&self, bytes: u64) {
        self.wal_bytes.store(bytes, Ordering::Relaxed);
        if bytes > LARGE_WAL {
            let mut requests = self.lock();
            if !requests.wal_is_large {
                requests.wal_is_large = true;
                self.changed.notify_all();
            }
        }
    }

    /// The WAL's size at the last check, in bytes.
    pub(super) fn wal_bytes(&self) -> u64 {
        self.wal_bytes.load(Ordering::Relaxed)
    }

    /// Requests that pruned text leaves the WAL; resolves after the first attempt.
    pub(super) fn ask_for_purge(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut requests = self.lock();
        requests.purge = true;
        if !requests.is_closed {
            requests.waiting.push(sender);
        }
        self.changed.notify_all();
        receiver
    }

    pub(super) fn has_pruned_text(&self) -> bool {
        self.lock().purge
    }

    pub(super) fn checkpoint_failure(&self) -> Option<String> {
        self.lock().checkpoint_failed.clone()
    }

    /// Waits for a request, or for the retry of an earlier one. Returns false when the store closes.
    pub(super) fn wait(&self, until_retry: Duration) -> bool {
        let mut requests = self.lock();
        let has_new_request =
            |requests: &CheckpointRequests| !requests.waiting.is_empty() || requests.is_closed;
        let has_pending_request = |requests: &CheckpointRequests| requests.purge || requests.wal_is_large;
        while !has_pending_request(&requests) && !requests.is_closed {
            requests = self.changed.wait(requests).unwrap_or_else(PoisonError::into_inner);
        }
        if !has_new_request(&requests) && !until_retry.is_zero() {
            let waited =
                self.changed.wait_timeout_while(requests, until_retry, |requests| !has_new_request(requests));
            requests = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !requests.is_closed
    }

    /// Notes the outcome of an attempt to truncate the WAL: whether it is empty, or an error.
    pub(super) fn note_attempt(&self, outcome: &Result<bool, StoreError>) {
        let mut requests = self.lock();
        match outcome {
            Ok(is_empty) => {
                requests.checkpoint_failed = None;
                // A prune that asked meanwhile waits for its own attempt.
                requests.purge &= !is_empty || !requests.waiting.is_empty();
                if *is_empty {
                    self.wal_bytes.store(0, Ordering::Relaxed);
                }
                requests.wal_is_large &= !is_empty;
            }
            Err(error) => requests.checkpoint_failed = Some(error.to_string()),
        }
    }

    /// Takes the callers that wait for the attempt that starts now.
    pub(super) fn take_waiting(&self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Ends the checkpointer.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, CheckpointRequests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
