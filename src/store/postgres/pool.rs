//! Connection pools, one for each share of the work; retries; and cancelling the query of a caller that has gone away.
//! It knows no table.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, NoTls};

use crate::store::error::StoreError;
use crate::store::postgres::address::Address;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::tls;

/// How long to wait for a free connection, or for a new one.
const WAIT: Duration = Duration::from_secs(5);
/// How often work is tried before its failure is told. Short, so that callers hear soon that the database is away.
const ATTEMPTS: u32 = 4;
/// How long to wait before the second attempt; each further wait is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// A node that let us wait for so long is not asked again: others need the connection.
const SLOW: Duration = Duration::from_secs(2);

/// What a pool's connections are for. One process holds at most 16 in all, since PostgreSQL accepts a hundred unless
/// told otherwise. Each share has its own, so that one kind of work cannot use up the connections of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// Recording, pruning, and what operators ask.
    Work,
    /// Queries about entries.
    Queries,
    /// Whether the database answers, and whose token this is: both must be answered whatever else runs.
    Watch,
}

impl Share {
    const fn connections(self) -> usize {
        match self {
            Self::Work => 6,
            Self::Queries => 8,
            Self::Watch => 2,
        }
    }

    /// How long a statement may run. A server ends queries of its callers earlier (`--query-timeout`) by dropping them;
    /// for them this is only the bound of what is left running when a process dies.
    pub(super) const fn statement_timeout(self) -> Duration {
        match self {
            Self::Work => Duration::from_secs(60),
            Self::Queries => Duration::from_secs(600),
            Self::Watch => Duration::from_secs(5),
        }
    }

    /// What each connection is told first. Whoever waits for a lock or dies in a transaction must not hold up the
    /// others for ever. A shorter `statement_timeout` of the role, the database or the URL is kept. A database that was
    /// told not to wait for the disk is told to wait: what was acknowledged is kept.
    fn set_up(self) -> String {
        let limit = self.statement_timeout().as_millis();
        format!(
            "SET search_path TO krosyn_audit; SET lock_timeout TO '10s'; \
             SET idle_in_transaction_session_timeout TO '30s'; \
             SELECT set_config('statement_timeout', '{limit}', false) FROM pg_settings \
             WHERE name = 'statement_timeout' AND setting::bigint NOT BETWEEN 1 AND {limit}; \
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    }
}

/// Whether doing something twice is the same as doing it once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Twice {
    /// It is: it may be tried again even when nobody knows whether it was done.
    Same,
    /// It is not: it is tried again only when it certainly was not done.
    Differs,
}

/// Asks the server to cancel what a connection runs.
type Cancel = Arc<dyn Fn(CancelToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// One share of the connections to a database.
pub(super) struct Connections {
    pool: Pool,
    cancel: Cancel,
}

impl Connections {
    /// Prepares to connect; nothing is connected yet.
    ///
    /// # Errors
    /// What about TLS cannot be used.
    pub(super) fn new(address: &Address, share: Share) -> Result<Self, String> {
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let config = address.config.clone();
        let (manager, cancel): (_, Cancel) = match config.get_ssl_mode() {
            SslMode::Disable => (
                Manager::from_config(config, NoTls, settings),
                Arc::new(|token| Box::pin(async move { drop(token.cancel_query(NoTls).await) })),
            ),
            _ => {
                let connector = tls::connector(address)?;
                let cancel = connector.clone();
                (
                    Manager::from_config(config, connector, settings),
                    Arc::new(move |token| {
                        let connector = cancel.clone();
                        Box::pin(async move { drop(token.cancel_query(connector).await) })
                    }),
                )
            }
        };
        let set_up = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(&share.set_up()).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(share.connections())
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .runtime(Runtime::Tokio1)
            .post_create(set_up)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool, cancel })
    }

    /// Runs `work` on a connection, again where that may help. When the caller drops this before its end, the server is
    /// asked to cancel the query, and the connection is closed.
    pub(super) async fn run<T, F>(&self, twice: Twice, work: impl Fn(Lent) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
        for attempt in 1.. {
            let outcome = match self.lend().await {
                Ok((lent, mut watch)) => {
                    let outcome = work(lent).await;
                    watch.is_over = true;
                    outcome
                }
                Err(fault) => Err(fault),
            };
            match outcome {
                Ok(done) => return Ok(done),
                Err(fault) if attempt < ATTEMPTS && self.may_help(&fault, twice, begun.elapsed()) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(StoreError::Locked)
    }

    async fn lend(&self) -> Result<(Lent, Watch), Fault> {
        let connection = self.pool.get().await?;
        let token = connection.cancel_token();
        let back = Arc::new(Mutex::new(None));
        let watch =
            Watch { token, cancel: Arc::clone(&self.cancel), back: Arc::clone(&back), is_over: false };
        Ok((Lent { connection: Some(connection), back }, watch))
    }

    fn may_help(&self, fault: &Fault, twice: Twice, elapsed: Duration) -> bool {
        match fault {
            Fault::Undone(_) | Fault::Away(_) => true,
            Fault::Lost(_) => {
                // One lost connection is seldom alone: those that wait in the pool go before they are lent again.
                self.pool.retain(|_, _| false);
                twice == Twice::Same
            }
            Fault::NodeAway(_) => twice == Twice::Same && elapsed < SLOW,
            Fault::Internal(_) => twice == Twice::Same,
            Fault::NoPartition | Fault::Final(_) => false,
        }
    }

    /// Lends no more connections and closes those that come back.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Where a connection lies between the end of the work and the pool.
type Back = Arc<Mutex<Option<Object>>>;

/// A connection lent to work. It goes back to the pool by way of its [`Watch`], which alone knows whether the work was
/// finished.
pub(super) struct Lent {
    connection: Option<Object>,
    back: Back,
}

#[expect(clippy::expect_used, reason = "only `drop` takes the connection out")]
impl Deref for Lent {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.connection.as_ref().expect("there until it is dropped")
    }
}

#[expect(clippy::expect_used, reason = "only `drop` takes the connection out")]
impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Object {
        self.connection.as_mut().expect("there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.connection.take();
    }
}

/// Stands beside work on a connection and is dropped after it. Work that was dropped in the middle left a query behind:
/// on this connection the next caller would wait for its end.
struct Watch {
    token: CancelToken,
    cancel: Cancel,
    back: Back,
    is_over: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let connection = self.back.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(connection) = connection.filter(|_| !self.is_over) else { return };
        let cancelled = (self.cancel)(self.token.clone());
        match tokio::runtime::Handle::try_current() {
            // Until the server has been asked, the connection counts as used.
            Ok(runtime) => drop(runtime.spawn(async move {
                drop(tokio::time::timeout(WAIT, cancelled).await);
                drop(Object::take(connection));
            })),
            Err(_) => drop(Object::take(connection)),
        }
    }
}
