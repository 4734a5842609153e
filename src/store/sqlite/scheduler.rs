//! Chooses the query that gets the next free thread.
//!
//! The organization with the fewest running queries comes first, and no organization gets every thread. So a caller with
//! many queries does not delay others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::Connection;

use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::session::QueryKind;

/// How many queries may wait in all.
const MAX_WAITING: usize = 1024;
/// How many queries of one organization may wait.
pub(super) const MAX_WAITING_EACH: usize = 256;

/// Signals to a running query.
#[derive(Default)]
pub(super) struct QueryFlags {
    /// The caller has gone.
    pub(super) is_unwanted: AtomicBool,
    /// It must end now, and starts again later.
    pub(super) restart: AtomicBool,
}

impl QueryFlags {
    /// Whether it must end.
    pub(super) fn interrupt(&self) -> bool {
        self.is_unwanted.load(Ordering::Relaxed) || self.restart.load(Ordering::Relaxed)
    }
}

/// A query that waits for a thread.
pub(super) struct QueryJob {
    /// Absent for an operator's report over all organizations.
    pub(super) org: Option<OrgId>,
    pub(super) kind: QueryKind,
    pub(super) may_restart: bool,
    pub(super) flags: Arc<QueryFlags>,
    pub(super) work: Box<dyn FnOnce(&Connection) + Send>,
}

pub(super) struct RunningQuery {
    pub(super) org: Option<OrgId>,
    pub(super) kind: QueryKind,
    pub(super) may_restart: bool,
    pub(super) flags: Arc<QueryFlags>,
}

pub(super) struct QueueState {
    pub(super) waiting: VecDeque<QueryJob>,
    /// The query of each thread.
    pub(super) running: Vec<Option<RunningQuery>>,
    /// Until when no query starts, so that the write-ahead log can be emptied.
    pub(super) paused_until: Option<Instant>,
    pub(super) is_closed: bool,
}

impl QueueState {
    /// Takes the next query: of those that may start, the oldest of the organization with the fewest running.
    fn next(&mut self) -> Option<QueryJob> {
        if self.paused_until.is_some_and(|end| Instant::now() < end) && !self.is_closed {
            return None;
        }
        let threads = self.running.len();
        let count =
            |is: &dyn Fn(&RunningQuery) -> bool| self.running.iter().flatten().filter(|it| is(it)).count();
        let searches = count(&|it| it.kind == QueryKind::Search);
        let mut best: Option<(usize, usize)> = None;
        for (place, job) in self.waiting.iter().enumerate() {
            let own = count(&|it| it.org == job.org);
            let own_searches = count(&|it| it.org == job.org && it.kind == QueryKind::Search);
            let fits = own < threads.saturating_sub(1).max(1)
                && (job.kind == QueryKind::Lookup
                    || (searches < threads.saturating_sub(1).max(1)
                        && own_searches < threads.saturating_sub(2).max(1)));
            if fits && best.is_none_or(|(fewest, _)| own < fewest) {
                best = Some((own, place));
            }
        }
        best.and_then(|(_, place)| self.waiting.remove(place))
    }
}

/// The waiting and running queries.
pub(super) struct QueryQueue {
    pub(super) state: Mutex<QueueState>,
    /// A query may start, or the threads must end.
    pub(super) work: Condvar,
    /// A thread has become free.
    pub(super) free: Condvar,
}

impl QueryQueue {
    pub(super) fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a query.
    pub(super) fn enter(&self, job: QueryJob) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(StoreError::Closed);
        }
        let own = state.waiting.iter().filter(|it| it.org == job.org).count();
        if own >= MAX_WAITING_EACH || state.waiting.len() >= MAX_WAITING {
            return Err(StoreError::Busy(format!("{own} queries of this organization are already waiting")));
        }
        state.waiting.push_back(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Waits for a query; none when the threads must end.
    pub(super) fn begin(&self, thread: usize) -> Option<QueryJob> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.next() {
                let (org, kind, may_restart) = (job.org, job.kind, job.may_restart);
                state.running[thread] =
                    Some(RunningQuery { org, kind, may_restart, flags: Arc::clone(&job.flags) });
                return Some(job);
            }
            if state.is_closed && state.waiting.is_empty() {
                return None;
            }
            let pause = state.paused_until.map(|end| end.saturating_duration_since(Instant::now()));
            state = match pause.filter(|pause| !pause.is_zero()) {
                Some(pause) => self.work.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0,
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Frees the thread.
    pub(super) fn end(&self, thread: usize) {
        self.lock().running[thread] = None;
        // Queries that waited for their organization's turn may start now, on any thread.
        self.work.notify_all();
        self.free.notify_all();
    }

    /// Ends the threads when no query waits.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
    }
}
