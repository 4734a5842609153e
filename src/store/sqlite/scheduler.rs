//! Chooses the query that gets the next free thread.
//!
//! The organization with the fewest running queries of the same kind comes first; of several, they take turns. No organization gets more than
//! half of the threads, and the last free thread goes to an organization without a running query. So two organizations with
//! many slow queries do not delay a third one.

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
    /// The audit log of the organization, also for its trail. Absent for an operator's report over all organizations.
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
    /// Takes the next query: of those that may start, the first of the organization with the fewest running.
    fn next(&mut self) -> Option<QueryJob> {
        if self.paused_until.is_some_and(|end| Instant::now() < end) && !self.is_closed {
            return None;
        }
        self.forget_unwanted();
        let mut best: Option<((usize, usize), usize)> = None;
        for (place, job) in self.waiting.iter().enumerate() {
            let of_kind = self.count(|it| it.org == job.org && it.kind == job.kind);
            let own = (of_kind, self.count(|it| it.org == job.org));
            if self.may_start(job) && best.is_none_or(|(fewest, _)| own < fewest) {
                best = Some((own, place));
            }
        }
        let job = self.waiting.remove(best?.1)?;
        // The organization's other queries go to the end, so that each organization that waits gets its turn.
        let (own, others): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|it| it.org == job.org);
        self.waiting = others;
        self.waiting.extend(own);
        Some(job)
    }

    /// Removes queries whose callers have gone: they would take turns of their organization.
    fn forget_unwanted(&mut self) {
        self.waiting.retain(|job| !job.flags.is_unwanted.load(Ordering::Relaxed));
    }

    fn count(&self, is: impl Fn(&RunningQuery) -> bool) -> usize {
        self.running.iter().flatten().filter(|it| is(it)).count()
    }

    /// Whether a query leaves enough threads to others. Searches leave one to lookups.
    fn may_start(&self, job: &QueryJob) -> bool {
        let threads = self.running.len();
        let is_own = |it: &RunningQuery| it.org == job.org;
        let is_search = |it: &RunningQuery| it.kind == QueryKind::Search;
        fits(threads, threads / 2, self.count(|_| true), self.count(is_own))
            && (job.kind == QueryKind::Lookup
                || fits(
                    threads.saturating_sub(1).max(1),
                    threads / 3,
                    self.count(is_search),
                    self.count(|it| is_own(it) && is_search(it)),
                ))
    }
}

/// Whether one more query fits beside those that run on these threads. An organization whose own queries are `own` gets
/// `most` of them, and the last one only if it has none.
fn fits(threads: usize, most: usize, running: usize, own: usize) -> bool {
    own == 0 && running < threads || own < most && running + 1 < threads
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
        state.forget_unwanted();
        let own = state.waiting.iter().filter(|it| it.org == job.org).count();
        if own >= MAX_WAITING_EACH {
            return Err(StoreError::Busy(
                "too many queries of this organization are waiting: send fewer at once",
            ));
        }
        if state.waiting.len() >= MAX_WAITING {
            return Err(StoreError::Busy("too many queries are waiting: try again"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::READERS;

    fn state(threads: usize) -> QueueState {
        let running = (0..threads).map(|_| None).collect();
        QueueState { waiting: VecDeque::new(), running, paused_until: None, is_closed: false }
    }

    fn enter(state: &mut QueueState, org: Option<i64>, kind: QueryKind) {
        let (org, flags) = (org.map(OrgId), Arc::default());
        state.waiting.push_back(QueryJob { org, kind, may_restart: false, flags, work: Box::new(|_| ()) });
    }

    /// Starts all queries that may start, and returns their organizations.
    fn start(state: &mut QueueState) -> Vec<Option<i64>> {
        let mut started = Vec::new();
        while let Some(QueryJob { org, kind, may_restart, flags, .. }) = state.next() {
            let free = state.running.iter_mut().find(|it| it.is_none()).expect("a free thread");
            *free = Some(RunningQuery { org, kind, may_restart, flags });
            started.push(org.map(|org| org.0));
        }
        started
    }

    #[test]
    fn two_organizations_never_hold_every_thread() {
        for kind in [QueryKind::Lookup, QueryKind::Search] {
            for order in [[1, 2], [2, 1]] {
                let mut state = state(READERS);
                // The check of the whole store.
                enter(&mut state, None, QueryKind::Search);
                assert_eq!(start(&mut state), [None]);
                for org in order {
                    (0..20).for_each(|_| enter(&mut state, Some(org), kind));
                    assert!(start(&mut state).len() < READERS / 2 + 1);
                }
                enter(&mut state, Some(3), kind);
                assert_eq!(start(&mut state), [Some(3)], "{kind:?} {order:?}");
            }
        }
    }

    #[test]
    fn searches_leave_a_thread_to_a_lookup() {
        let mut state = state(READERS);
        for org in 0..20 {
            (0..20).for_each(|_| enter(&mut state, Some(org), QueryKind::Search));
        }
        assert_eq!(start(&mut state).len(), READERS - 1);
        enter(&mut state, Some(20), QueryKind::Lookup);
        assert_eq!(start(&mut state), [Some(20)]);
    }

    #[test]
    fn organizations_take_turns() {
        let mut state = state(READERS);
        for org in 0..6 {
            (0..20).for_each(|_| enter(&mut state, Some(org), QueryKind::Lookup));
        }
        assert_eq!(start(&mut state).len(), READERS);
        enter(&mut state, Some(6), QueryKind::Lookup);
        let mut served = Vec::new();
        for thread in (0..READERS).cycle().take(7) {
            state.running[thread] = None;
            served.extend(start(&mut state));
        }
        assert!(served.contains(&Some(6)), "{served:?}");
    }

    #[test]
    fn queries_without_a_caller_take_no_turn() {
        let mut state = state(READERS);
        for org in 0..6 {
            (0..20).for_each(|_| enter(&mut state, Some(org), QueryKind::Lookup));
        }
        assert_eq!(start(&mut state).len(), READERS);
        (0..20).for_each(|_| enter(&mut state, Some(6), QueryKind::Lookup));
        let unwanted = state.waiting.iter().rev().take(20);
        unwanted.for_each(|job| job.flags.is_unwanted.store(true, Ordering::Relaxed));
        enter(&mut state, Some(6), QueryKind::Search);
        let mut served = Vec::new();
        for thread in (0..READERS).cycle().take(7) {
            state.running[thread] = None;
            served.extend(start(&mut state));
        }
        assert!(served.contains(&Some(6)), "{served:?}");
        assert!(state.waiting.iter().all(|job| job.org != Some(OrgId(6))));
    }

    #[test]
    fn even_one_thread_serves_everyone() {
        for threads in 1..4 {
            for kind in [QueryKind::Lookup, QueryKind::Search] {
                let mut state = state(threads);
                enter(&mut state, Some(1), kind);
                assert_eq!(start(&mut state), [Some(1)], "{threads} {kind:?}");
            }
        }
    }
}
