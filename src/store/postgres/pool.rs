//! Connection pools, one for each kind of work; retries; and cancelling the query of a caller that has gone. It knows no
//! table.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, NoTls};

use crate::store::error::StoreError;
use crate::store::postgres::address::DatabaseAddress;
use crate::store::postgres::error::DatabaseError;
use crate::store::postgres::tls;
use crate::store::session::Retry;

/// How long to wait for a free connection, or for a new one.
const WAIT: Duration = Duration::from_secs(5);
/// How often work is tried before it fails. Few attempts, so that callers learn soon that the database is unavailable.
const ATTEMPTS: u32 = 4;
/// The pause before the second attempt; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Work that an unreachable node interrupts is retried only this long after its first attempt: others need the connection.
const MAX_NODE_RETRY_TIME: Duration = Duration::from_secs(2);

/// What a pool's connections are for, so that one kind of work cannot use up the connections of another. One process
/// holds at most 16 in all, because PostgreSQL accepts a hundred by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolKind {
    /// Recording, pruning and operators' commands.
    Work,
    /// Queries about entries.
    Queries,
    /// Readiness and authentication, which must work whatever else runs.
    Health,
}

impl PoolKind {
    const fn connections(self) -> usize {
        match self {
            Self::Work => 6,
            Self::Queries => 8,
            Self::Health => 2,
        }
    }

    /// How long a statement may run. The server cancels queries earlier (`--query-timeout`); for them, this only limits
    /// what still runs after a process has died.
    pub(super) const fn statement_timeout(self) -> Duration {
        match self {
            Self::Work => Duration::from_secs(60),
            Self::Queries => Duration::from_secs(600),
            Self::Health => Duration::from_secs(5),
        }
    }

    /// The first statements of each connection. Neither a wait for a lock nor an abandoned transaction may block others
    /// for long. A shorter `statement_timeout` of the role, the database or the URL is kept. `synchronous_commit` is
    /// turned on, so that acknowledged entries are durable.
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

/// Asks the server to cancel what a connection runs.
type Cancel = Arc<dyn Fn(CancelToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A connection that is lent to work.
pub(in crate::store) type Connection = Arc<Object>;

/// The connections to a database for one kind of work.
pub(super) struct Connections {
    pool: Pool,
    cancel: Cancel,
}

impl Connections {
    /// Prepares a pool without connecting; fails with what is wrong with the TLS settings.
    pub(super) fn new(address: &DatabaseAddress, share: PoolKind) -> Result<Self, String> {
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

    /// Runs `work` on a connection, and retries it where that may help. When the caller drops this before its end, the
    /// server is asked to cancel the query, and the connection is closed.
    pub(super) async fn run<T, F>(
        &self,
        retry: Retry,
        work: impl Fn(Connection) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, DatabaseError>>,
    {
        let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
        for attempt in 1.. {
            let outcome = match self.pool.get().await.map(Arc::new) {
                Ok(connection) => {
                    let cancel = Arc::clone(&self.cancel);
                    let mut guard =
                        CancelOnDrop { connection: Some(Arc::clone(&connection)), cancel, is_over: false };
                    let outcome = work(connection).await;
                    guard.is_over = true;
                    outcome
                }
                Err(error) => Err(error.into()),
            };
            match outcome {
                Ok(done) => return Ok(done),
                Err(fault) if attempt < ATTEMPTS && self.prepare_retry(&fault, retry, begun.elapsed()) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(StoreError::Locked)
    }

    /// Whether to retry after this error. After a lost connection, also discards the idle ones: they may be lost, too.
    fn prepare_retry(&self, fault: &DatabaseError, retry: Retry, elapsed: Duration) -> bool {
        match fault {
            DatabaseError::Undone(_) | DatabaseError::Away(_) => true,
            DatabaseError::Lost(_) => {
                self.pool.retain(|_, _| false);
                retry == Retry::Always
            }
            DatabaseError::NodeAway(_) => retry == Retry::Always && elapsed < MAX_NODE_RETRY_TIME,
            DatabaseError::Internal(_) => retry == Retry::Always,
            DatabaseError::NoPartition | DatabaseError::Final(_) => false,
        }
    }

    /// Closes idle connections, and the others when they return.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Cancels the query of a caller that has gone, and closes the connection: its next user would wait for the query. This is
/// dropped after the future of the work, and so holds the last reference to the connection.
struct CancelOnDrop {
    connection: Option<Connection>,
    cancel: Cancel,
    is_over: bool,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take().filter(|_| !self.is_over).and_then(Arc::into_inner)
        else {
            return;
        };
        let cancelled = (self.cancel)(connection.cancel_token());
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
