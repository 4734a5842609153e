//! The threads SQLite runs on. One writes and commits everything that waits in one transaction (group commit): sixty
//! recorders share one wait for the disk. A few read, each on a connection of its own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::store::error::StoreError;

/// How many pieces of work may wait; a caller beyond that waits for its turn to wait.
const QUEUE: usize = 1024;
/// The most pieces of work one commit holds, so that the first does not wait for ever.
const GROUP: usize = 256;

/// Told to the caller once the commit has, or has not, happened.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Work inside the group's transaction, or told why there is none.
type Shared = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Answer + Send>;
/// Work that no transaction may surround.
type Alone = Box<dyn FnOnce(&Connection) + Send>;

enum Work {
    Shared(Shared),
    Alone(Alone),
}

/// The thread that writes.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Work>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_loop(&connection, receiver));
        let thread = thread.map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in a transaction it may share with others, within a savepoint of its own, and returns after the
    /// commit: what this returns is durable.
    pub(super) async fn in_transaction<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let shared: Shared = Box::new(move |db| {
            let result = db.and_then(|db| in_savepoint(db, work));
            // A caller that went away needs no answer.
            Box::new(move |commit| drop(sender.send(commit.and(result))))
        });
        self.send(Work::Shared(shared)).await?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` between two transactions.
    pub(super) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        self.send(Work::Alone(Box::new(move |db| drop(sender.send(work(db)))))).await?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets what waits finish and ends the thread.
    pub(super) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in the thread was told to its caller already, as a closed store.
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }

    async fn send(&self, work: Work) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        queue.ok_or(StoreError::Closed)?.send(work).await.map_err(|_| StoreError::Closed)
    }
}

/// Begins or ends a transaction or a part of one, by a statement that is parsed once.
pub(super) fn control(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

fn in_savepoint<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    control(db, "SAVEPOINT work")?;
    let result = work(db);
    // A full disk may already have rolled everything back, and the savepoint with it.
    if !db.is_autocommit() {
        if result.is_err() {
            control(db, "ROLLBACK TO work")?;
        }
        control(db, "RELEASE work")?;
    }
    result
}

fn write_loop(db: &Connection, mut queue: mpsc::Receiver<Work>) {
    let mut next = queue.blocking_recv();
    while let Some(work) = next.take() {
        match work {
            Work::Alone(work) => work(db),
            Work::Shared(first) => next = commit_group(db, first, &mut queue),
        }
        next = next.or_else(|| queue.blocking_recv());
    }
}

/// Runs `first` and what waits behind it, commits once, answers all. Returns work it met that must run alone.
fn commit_group(db: &Connection, first: Shared, queue: &mut mpsc::Receiver<Work>) -> Option<Work> {
    if let Err(error) = control(db, "BEGIN IMMEDIATE") {
        let error = StoreError::from(error);
        first(Err(error.clone()))(Err(error));
        return None;
    }
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
    let outcome = commit(db);
    for answer in answers {
        answer(outcome.clone());
    }
    left_over
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
        // Nothing was acknowledged yet; a failing rollback leaves the next BEGIN to report it.
        drop(control(db, "ROLLBACK"));
    }
    Ok(committed?)
}

type ReadWork = Box<dyn FnOnce(&Connection) + Send>;

/// The threads that read.
pub(super) struct Readers {
    queue: Mutex<Option<SyncSender<ReadWork>>>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Readers {
    pub(super) fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel::<ReadWork>(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let receiver = Arc::clone(&receiver);
            let thread = thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || read_loop(&connection, &receiver));
            threads.push(thread.map_err(|error| StoreError::Failed(error.to_string()))?);
        }
        Ok(Self { queue: Mutex::new(Some(sender)), threads: Mutex::new(threads) })
    }

    /// Runs `work` on the next free connection, in a read transaction: it sees one picture of the store.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let read: ReadWork = Box::new(move |db| {
            // Nobody waits any more for what a caller who went away had asked.
            if !sender.is_closed() {
                drop(sender.send(in_read_transaction(db, work)));
            }
        });
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A full queue is a server far beyond its means: better told than waited for on an async thread.
        queue.ok_or(StoreError::Closed)?.try_send(read).map_err(|_| StoreError::Locked)?;
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets what waits finish and ends the threads, and with them their connections.
    pub(super) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        drop(
            tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join()))).await,
        );
    }
}

fn in_read_transaction<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    control(db, "BEGIN")?;
    let result = work(db);
    control(db, "COMMIT")?;
    result
}

fn read_loop(db: &Connection, queue: &Mutex<Receiver<ReadWork>>) {
    loop {
        let work = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match work {
            Ok(work) => work(db),
            Err(_) => return,
        }
    }
}
