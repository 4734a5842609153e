//! The state of the files, as the threads tell it each other: failed writes, a log that grows, pruned text in it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::store::error::StoreError;

/// From how many bytes on the log is emptied even if questions have to wait for it. SQLite itself begins it anew every
/// 4 MiB when no reader needs it.
const LARGE_LOG: u64 = 16 * 1024 * 1024;

/// What the keeper is to do.
#[derive(Default)]
struct Wishes {
    /// Pruned text is in the log.
    purge: bool,
    /// Who waits for the next attempt to empty it.
    waiting: Vec<oneshot::Sender<()>>,
    log_is_large: bool,
    is_closed: bool,
    /// Why the log could not be brought into the database.
    checkpoint_failed: Option<String>,
}

/// The state of a store's files.
#[derive(Default)]
pub(super) struct FileState {
    write_failed: AtomicBool,
    damaged: AtomicBool,
    log_bytes: AtomicU64,
    wishes: Mutex<Wishes>,
    changed: Condvar,
}

impl FileState {
    /// Notes how a write went: one that met a fault of its own says nothing about the files.
    pub(super) fn note_write(&self, error: Option<&StoreError>) {
        match error {
            None => self.write_failed.store(false, Ordering::Relaxed),
            Some(StoreError::Unwritable(_) | StoreError::Locked | StoreError::Damaged(_)) => {
                self.write_failed.store(true, Ordering::Relaxed);
            }
            Some(_) => {}
        }
    }

    /// Notes what came of a read: damage is found by those who meet it.
    pub(super) fn note_read<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Damaged(_)) = &outcome {
            self.damaged.store(true, Ordering::Relaxed);
        }
        outcome
    }

    /// Whether damage was found since the store was opened.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Whether the last write failed.
    pub(super) fn write_failed(&self) -> bool {
        self.write_failed.load(Ordering::Relaxed)
    }

    /// Notes the log's length.
    pub(super) fn note_log(&self, bytes: u64) {
        self.log_bytes.store(bytes, Ordering::Relaxed);
        if bytes > LARGE_LOG {
            let mut wishes = self.lock();
            if !wishes.log_is_large {
                wishes.log_is_large = true;
                self.changed.notify_all();
            }
        }
    }

    /// The log's length when it was looked at last.
    pub(super) fn log_bytes(&self) -> u64 {
        self.log_bytes.load(Ordering::Relaxed)
    }

    /// Asks for pruned text to be taken out of the log; resolves after the first attempt.
    pub(super) fn ask_for_purge(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut wishes = self.lock();
        wishes.purge = true;
        if !wishes.is_closed {
            wishes.waiting.push(sender);
        }
        self.changed.notify_all();
        receiver
    }

    /// Whether pruned text may still be in the log.
    pub(super) fn has_pruned_text(&self) -> bool {
        self.lock().purge
    }

    /// Why the log cannot be brought into the database.
    pub(super) fn checkpoint_failure(&self) -> Option<String> {
        self.lock().checkpoint_failed.clone()
    }

    /// Waits until there is something to do, or something that was left undone is due again; tells whether to go on.
    pub(super) fn wait(&self, until_retry: Duration) -> bool {
        let mut wishes = self.lock();
        let is_new = |wishes: &Wishes| !wishes.waiting.is_empty() || wishes.is_closed;
        let is_open = |wishes: &Wishes| wishes.purge || wishes.log_is_large;
        while !is_open(&wishes) && !wishes.is_closed {
            wishes = self.changed.wait(wishes).unwrap_or_else(PoisonError::into_inner);
        }
        if !is_new(&wishes) && !until_retry.is_zero() {
            let waited = self.changed.wait_timeout_while(wishes, until_retry, |wishes| !is_new(wishes));
            wishes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !wishes.is_closed
    }

    /// Notes what came of an attempt to empty the log: whether it is empty, or why it cannot be.
    pub(super) fn note_attempt(&self, outcome: &Result<bool, StoreError>) {
        let mut wishes = self.lock();
        match outcome {
            Ok(is_empty) => {
                wishes.checkpoint_failed = None;
                // Unless a prune has asked meanwhile: it waits for an attempt of its own.
                wishes.purge &= !is_empty || !wishes.waiting.is_empty();
                if *is_empty {
                    self.log_bytes.store(0, Ordering::Relaxed);
                }
                wishes.log_is_large &= !is_empty;
            }
            Err(error) => wishes.checkpoint_failed = Some(error.to_string()),
        }
    }

    /// Takes those who wait for the attempt that begins now.
    pub(super) fn take_waiting(&self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Ends the keeper.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
