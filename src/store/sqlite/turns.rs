//! Which question gets the next free thread.
//!
//! The organization with the fewest running questions comes first, and no organization gets every thread: a caller who
//! asks much waits for its own questions, not others for them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::Connection;

use crate::store::OrgId;
use crate::store::error::StoreError;

/// How many questions may wait in all.
const MAX_WAITING: usize = 1024;
/// How many questions of one organization may wait.
pub(super) const MAX_WAITING_EACH: usize = 256;

/// How much a question reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A few rows that an index finds.
    Lookup,
    /// Possibly every entry. One thread is always left to lookups.
    Search,
}

/// What a running question is told.
#[derive(Default)]
pub(super) struct Flags {
    /// The caller has gone.
    pub(super) is_unwanted: AtomicBool,
    /// It is to end now, and begins again afterwards.
    pub(super) restart: AtomicBool,
}

impl Flags {
    /// Whether it is to end.
    pub(super) fn interrupt(&self) -> bool {
        self.is_unwanted.load(Ordering::Relaxed) || self.restart.load(Ordering::Relaxed)
    }
}

/// A question that waits for a thread.
pub(super) struct Job {
    /// None for an operator's report over all organizations.
    pub(super) org: Option<OrgId>,
    pub(super) kind: Kind,
    pub(super) may_restart: bool,
    pub(super) flags: Arc<Flags>,
    pub(super) work: Box<dyn FnOnce(&Connection) + Send>,
}

pub(super) struct Running {
    pub(super) org: Option<OrgId>,
    pub(super) kind: Kind,
    pub(super) may_restart: bool,
    pub(super) flags: Arc<Flags>,
}

pub(super) struct State {
    pub(super) waiting: VecDeque<Job>,
    /// What each thread does.
    pub(super) running: Vec<Option<Running>>,
    /// Until when no question begins, so that the write-ahead log can be emptied.
    pub(super) paused_until: Option<Instant>,
    pub(super) is_closed: bool,
}

impl State {
    /// The next question to run: of those that may begin, the oldest of the organization with the fewest running.
    fn next(&mut self) -> Option<Job> {
        if self.paused_until.is_some_and(|end| Instant::now() < end) && !self.is_closed {
            return None;
        }
        let threads = self.running.len();
        let count = |is: &dyn Fn(&Running) -> bool| self.running.iter().flatten().filter(|it| is(it)).count();
        let searches = count(&|it| it.kind == Kind::Search);
        let mut best: Option<(usize, usize)> = None;
        for (place, job) in self.waiting.iter().enumerate() {
            let own = count(&|it| it.org == job.org);
            let own_searches = count(&|it| it.org == job.org && it.kind == Kind::Search);
            let fits = own < threads.saturating_sub(1).max(1)
                && (job.kind == Kind::Lookup
                    || (searches < threads.saturating_sub(1).max(1)
                        && own_searches < threads.saturating_sub(2).max(1)));
            if fits && best.is_none_or(|(fewest, _)| own < fewest) {
                best = Some((own, place));
            }
        }
        best.and_then(|(_, place)| self.waiting.remove(place))
    }
}

/// The questions that wait and those that run.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Something may begin, or the threads are to end.
    pub(super) work: Condvar,
    /// A thread has become free.
    pub(super) free: Condvar,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a question wait for its turn.
    pub(super) fn enter(&self, job: Job) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(StoreError::Closed);
        }
        let own = state.waiting.iter().filter(|it| it.org == job.org).count();
        if own >= MAX_WAITING_EACH || state.waiting.len() >= MAX_WAITING {
            return Err(StoreError::Busy(format!(
                "{own} questions of this organization are waiting already"
            )));
        }
        state.waiting.push_back(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Waits for a question; none when the threads are to end.
    pub(super) fn begin(&self, thread: usize) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.next() {
                let (org, kind, may_restart) = (job.org, job.kind, job.may_restart);
                state.running[thread] =
                    Some(Running { org, kind, may_restart, flags: Arc::clone(&job.flags) });
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

    /// The thread has answered.
    pub(super) fn end(&self, thread: usize) {
        self.lock().running[thread] = None;
        // What waited for its organization's turn may begin now, on any thread.
        self.work.notify_all();
        self.free.notify_all();
    }

    /// Lets the threads end once nothing waits.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
    }
}
