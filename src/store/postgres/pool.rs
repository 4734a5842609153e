//! Connections: a few, kept and lent, each set up once; and trying again what failed for another's sake or because the
//! connection went. It knows no table.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use crate::store::error::StoreError;
use crate::store::postgres::address::Address;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::tls;

/// The most connections one process holds. PostgreSQL takes a hundred in all unless told otherwise.
const CONNECTIONS: usize = 16;
/// How long to wait for a free connection, or for a new one.
const WAIT: Duration = Duration::from_secs(5);
/// How often work is tried before its failure is told. Short, so that callers hear soon that the database is away.
const ATTEMPTS: u32 = 4;
/// How long to wait before the second attempt; each further wait is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What each connection is told first. Whoever waits for a lock or dies in a transaction must not hold up the others
/// for ever. A database that was told not to wait for the disk is told to wait: what was acknowledged is kept.
const SET_UP: &str = "SET search_path TO krosyn_audit; SET statement_timeout TO '60s'; SET lock_timeout TO '10s'; \
     SET idle_in_transaction_session_timeout TO '30s'; \
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Whether doing something twice is the same as doing it once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Twice {
    /// It is: it may be tried again even when nobody knows whether it was done.
    Same,
    /// It is not: it is tried again only when it certainly was not done.
    Differs,
}

/// The connections to one database.
pub(super) struct Connections {
    pool: Pool,
}

impl Connections {
    /// Prepares to connect; nothing is connected yet.
    ///
    /// # Errors
    /// What about TLS cannot be used.
    pub(super) fn new(address: &Address) -> Result<Self, String> {
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let config = address.config.clone();
        let manager = match config.get_ssl_mode() {
            SslMode::Disable => Manager::from_config(config, NoTls, settings),
            _ => Manager::from_config(config, tls::connector(address)?, settings),
        };
        let set_up = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async { client.batch_execute(SET_UP).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .runtime(Runtime::Tokio1)
            .post_create(set_up)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool })
    }

    /// Lends a connection.
    pub(super) async fn get(&self) -> Result<Object, Fault> {
        Ok(self.pool.get().await?)
    }

    /// Runs `work` on a connection, again where that may help.
    pub(super) async fn run<T, F>(&self, twice: Twice, work: impl Fn(Object) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let outcome = match self.get().await {
                Ok(connection) => work(connection).await,
                Err(fault) => Err(fault),
            };
            match outcome {
                Ok(done) => return Ok(done),
                Err(fault) if attempt < ATTEMPTS && self.may_help(&fault, twice) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(StoreError::Locked)
    }

    fn may_help(&self, fault: &Fault, twice: Twice) -> bool {
        match fault {
            Fault::Undone(_) | Fault::Away(_) => true,
            Fault::Lost(_) => {
                // One lost connection is seldom alone: those that wait in the pool go before they are lent again.
                self.pool.retain(|_, _| false);
                twice == Twice::Same
            }
            Fault::NoPartition | Fault::Final(_) => false,
        }
    }

    /// Lends no more connections and closes those that come back.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}
