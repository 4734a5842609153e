//! The threads that read, each on its own connection. A query is interrupted when its caller has gone.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::session::QueryKind;
use crate::store::sqlite::scheduler::{QueryFlags, QueryJob, QueryQueue, QueueState};
use crate::store::sqlite::threads::{caught, control};

/// How many steps of SQLite's virtual machine pass between two checks for cancellation.
const STEPS: i32 = 2000;
/// How often a query restarts so that the write-ahead log can be emptied, before it may run to its end.
const MAX_RESTARTS: usize = 3;

/// Cancels a query when its caller is dropped.
struct UnwantedOnDrop(Arc<QueryFlags>);

impl Drop for UnwantedOnDrop {
    fn drop(&mut self) {
        self.0.is_unwanted.store(true, Ordering::Relaxed);
    }
}

/// The threads that read.
pub(super) struct Readers {
    shared: Arc<QueryQueue>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Readers {
    pub(super) fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let running = connections.iter().map(|_| None).collect();
        let state = QueueState { waiting: VecDeque::new(), running, paused_until: None, is_closed: false };
        let shared =
            Arc::new(QueryQueue { state: Mutex::new(state), work: Condvar::new(), free: Condvar::new() });
        let readers = Self { shared, threads: Mutex::default() };
        for (number, mut connection) in connections.into_iter().enumerate() {
            let current = Arc::<Mutex<Arc<QueryFlags>>>::default();
            let watched = Arc::clone(&current);
            let interrupt = move || watched.lock().unwrap_or_else(PoisonError::into_inner).interrupt();
            connection.progress_handler(STEPS, Some(interrupt))?;
            let shared = Arc::clone(&readers.shared);
            let thread = thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || read_loop(number, &connection, &current, &shared))
                .map_err(|error| StoreError::Failed(error.to_string()))?;
            readers.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(readers)
    }

    /// Runs `work` on the next free connection, in a read transaction: it sees one snapshot.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        org: Option<OrgId>,
        kind: QueryKind,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(org, kind, false, &Arc::default(), work).await
    }

    /// Runs long work, which restarts a few times at most when the log has to be emptied.
    pub(super) async fn run_restartable<T: Send + 'static>(
        &self,
        org: Option<OrgId>,
        kind: QueryKind,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let work = Arc::new(work);
        for restarts in 0.. {
            let (flags, again) = (Arc::<QueryFlags>::default(), Arc::clone(&work));
            let may_restart = restarts < MAX_RESTARTS;
            match self.ask(org, kind, may_restart, &flags, move |db| again(db)).await {
                Err(_) if flags.restart.load(Ordering::Relaxed) => {}
                outcome => return outcome,
            }
        }
        Err(StoreError::Closed)
    }

    async fn ask<T: Send + 'static>(
        &self,
        org: Option<OrgId>,
        kind: QueryKind,
        may_restart: bool,
        flags: &Arc<QueryFlags>,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let wanted = UnwantedOnDrop(Arc::clone(flags));
        let work = Box::new(move |db: &Connection| {
            // Skip the query when its caller has gone.
            if !sender.is_closed() {
                drop(sender.send(in_read_transaction(db, work)));
            }
        });
        // An organization has one share for both of its logs.
        let org = org.map(OrgId::audit);
        self.shared.enter(QueryJob { org, kind, may_restart, flags: Arc::clone(flags), work })?;
        let outcome = receiver.await.map_err(|_| StoreError::Closed)?;
        drop(wanted);
        outcome
    }

    /// Starts no query and waits for running ones, for at most `longest`. Returns whether none runs. Queries start again
    /// after [`Readers::resume`], or when the time is up.
    pub(super) fn pause(&self, longest: Duration) -> bool {
        let end = Instant::now() + longest;
        let mut state = self.shared.lock();
        state.paused_until = Some(end);
        for running in state.running.iter().flatten().filter(|it| it.may_restart) {
            running.flags.restart.store(true, Ordering::Relaxed);
        }
        while state.running.iter().any(Option::is_some) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.shared.free.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Ends a pause.
    pub(super) fn resume(&self) {
        self.shared.lock().paused_until = None;
        self.shared.work.notify_all();
    }

    /// Finishes waiting queries and ends the threads with their connections.
    pub(super) async fn close(&self) {
        self.shared.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        drop(
            tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join()))).await,
        );
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.shared.close();
    }
}

fn in_read_transaction<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    control(db, "BEGIN")?;
    let result = caught(|| work(db));
    if control(db, "COMMIT").is_err() && !db.is_autocommit() {
        control(db, "ROLLBACK")?;
    }
    result
}

fn read_loop(number: usize, db: &Connection, current: &Mutex<Arc<QueryFlags>>, shared: &QueryQueue) {
    while let Some(job) = shared.begin(number) {
        *current.lock().unwrap_or_else(PoisonError::into_inner) = job.flags;
        (job.work)(db);
        *current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        shared.end(number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::store::sqlite::READERS;
    use crate::store::sqlite::scheduler::MAX_WAITING_EACH;

    fn readers(number: usize) -> Arc<Readers> {
        let connections = (0..number).map(|_| Connection::open_in_memory().expect("memory")).collect();
        Arc::new(Readers::start(connections).expect("threads"))
    }

    /// A statement that ends only when it is interrupted.
    fn endless(db: &Connection) -> Result<(), StoreError> {
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        Ok(db.query_row(sql, [], |_| Ok(()))?)
    }

    #[tokio::test]
    async fn a_panic_fails_only_its_own_query() {
        let readers = readers(1);
        for _ in 0..3 {
            let answer = readers.run::<()>(None, QueryKind::Lookup, |_| panic!("a fault of ours")).await;
            assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
        }
        assert_eq!(readers.run(None, QueryKind::Lookup, |_| Ok(7)).await.expect("the thread lives"), 7);
        readers.close().await;
    }

    #[tokio::test]
    async fn a_query_is_interrupted_when_its_caller_has_gone() {
        let readers = readers(1);
        let (tell, told) = mpsc::channel();
        let asking = Arc::clone(&readers);
        let question = tokio::spawn(async move {
            let work = move |db: &Connection| {
                tell.send(()).expect("told");
                endless(db)
            };
            asking.run(None, QueryKind::Search, work).await
        });
        tokio::task::spawn_blocking(move || told.recv().expect("it runs")).await.expect("waited");
        question.abort();
        assert_eq!(readers.run(None, QueryKind::Lookup, |_| Ok(7)).await.expect("its thread is free"), 7);
        readers.close().await;
    }

    #[tokio::test]
    async fn an_organization_never_holds_every_thread() {
        let readers = readers(3);
        let (acme, other) = (OrgId(1), OrgId(2));
        let greedy: Vec<_> = (0..20)
            .map(|number| {
                let asking = Arc::clone(&readers);
                let kind = if number % 2 == 0 { QueryKind::Search } else { QueryKind::Lookup };
                tokio::spawn(async move { asking.run(Some(acme), kind, endless).await })
            })
            .collect();
        tokio::task::yield_now().await;
        for kind in [QueryKind::Lookup, QueryKind::Search] {
            assert_eq!(readers.run(Some(other), kind, |_| Ok(7)).await.expect("answered"), 7);
        }
        greedy.iter().for_each(tokio::task::JoinHandle::abort);
        readers.close().await;
    }

    #[tokio::test]
    async fn the_two_logs_of_an_organization_share_its_threads() {
        let readers = readers(READERS);
        let (acme, other) = (OrgId(1), OrgId(2));
        let greedy: Vec<_> = [acme, acme.trail(), other]
            .into_iter()
            .flat_map(|log| (0..READERS).map(move |_| log))
            .map(|log| {
                let asking = Arc::clone(&readers);
                tokio::spawn(async move { asking.run(Some(log), QueryKind::Lookup, endless).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let third = readers.run(Some(OrgId(3)), QueryKind::Lookup, |_| Ok(7)).await;
        assert_eq!(third.expect("answered"), 7);
        greedy.iter().for_each(tokio::task::JoinHandle::abort);
        readers.close().await;
    }

    #[tokio::test]
    async fn one_organization_cannot_fill_the_queue_of_the_others() {
        let readers = readers(2);
        let mut asked = Vec::new();
        let mut refused = 0;
        for _ in 0..MAX_WAITING_EACH + 10 {
            let (asking, flags) = (Arc::clone(&readers), Arc::default());
            let mut question = Box::pin(async move {
                asking.ask(Some(OrgId(1)), QueryKind::Search, false, &flags, endless).await
            });
            match futures_poll(&mut question).await {
                Some(Err(StoreError::Busy(cause))) => {
                    assert!(cause.contains("of this organization"), "{cause}");
                    refused += 1;
                }
                Some(other) => panic!("{other:?}"),
                None => asked.push(question),
            }
        }
        assert!(refused >= 9, "{refused}");
        assert_eq!(
            readers.run(Some(OrgId(2)), QueryKind::Lookup, |_| Ok(7)).await.expect("room for others"),
            7
        );
        drop(asked);
        readers.close().await;
    }

    /// Polls once.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            use std::task::Poll;
            Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test]
    async fn a_pause_restarts_long_queries_and_delays_new_ones() {
        let readers = readers(2);
        let (tell, told) = mpsc::channel();
        let attempts = Arc::new(Mutex::new(0));
        let (asking, counted) = (Arc::clone(&readers), Arc::clone(&attempts));
        let question = tokio::spawn(async move {
            let work = move |db: &Connection| {
                let mut attempts = counted.lock().expect("a lock");
                *attempts += 1;
                if *attempts > 1 {
                    return Ok(7);
                }
                drop(attempts);
                tell.send(()).expect("told");
                endless(db).map(|()| 0)
            };
            asking.run_restartable(Some(OrgId(1)), QueryKind::Search, work).await
        });
        let pausing = Arc::clone(&readers);
        let paused = tokio::task::spawn_blocking(move || {
            told.recv().expect("it runs");
            pausing.pause(Duration::from_secs(60))
        });
        assert!(paused.await.expect("paused"), "nothing runs any more");
        let asking = Arc::clone(&readers);
        let mut waits = Box::pin(async move { asking.run(None, QueryKind::Lookup, |_| Ok(8)).await });
        assert!(futures_poll(&mut waits).await.is_none());
        readers.resume();
        assert_eq!(waits.await.expect("answered"), 8);
        assert_eq!(question.await.expect("joined").expect("answered"), 7);
        assert_eq!(*attempts.lock().expect("a lock"), 2);
        readers.close().await;
    }
}
