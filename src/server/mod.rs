//! The audit API over a store. It is given its listener, its store and its shutdown; it prints nothing and reads no
//! environment.

mod answer;
mod auth;
mod body;
mod budget;
pub mod clock_guard;
mod connections;
mod early_response;
mod error;
mod handlers;
mod limits;
mod listen;
mod metrics;
mod middleware;
mod places;
mod prune_job;
mod router;
mod shape;
pub mod sweeper;
mod token_usage;

use std::net::TcpListener;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use tokio::task::JoinHandle;

use crate::api::problem::Code;
use crate::clock::Clock;
use crate::model::redaction::Redaction;
use crate::model::words::Scope;
use crate::server::answer::Answers;
use crate::server::body::Bodies;
use crate::server::clock_guard::ClockGuard;
use crate::server::error::ApiError;
use crate::server::limits::Limits;
use crate::server::metrics::Metrics;
use crate::server::token_usage::TokenUsage;
use crate::store::error::StoreError;
use crate::store::{Organization, Store};

pub use crate::server::router::openapi;

/// How long running requests may take to finish once a shutdown was asked for.
const GRACE: Duration = Duration::from_secs(30);
/// How many connections there may be to the listener for metrics.
const METRICS_CONNECTIONS: usize = 8;

/// How many connections there may be at once, unless told otherwise: with the store's files and those who are told that
/// there is no place they stay below the 1,024 open files that a process usually may have.
pub const MAX_CONNECTIONS: usize = 900;

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What time it is.
    pub clock: Clock,
    /// What may not be stored.
    pub redaction: Redaction,
    /// A token that is in no store: that of the one process this server was started for.
    pub local: Option<LocalToken>,
    /// How many entries a prune deletes in one commit at most, however fast the store is.
    pub prune_batch: u32,
    /// How often what has expired is swept by itself; never, when absent.
    pub sweep_every: Option<Duration>,
    /// How often is written when tokens were last used.
    pub token_uses_every: Duration,
    /// How many wrong tokens a minute each address may send, and that many at once; any number, when absent.
    pub wrong_tokens_a_minute: Option<NonZeroU32>,
    /// How many requests a second each token may make, and twice as many at once; any number, when absent.
    pub requests_a_second: Option<NonZeroU32>,
    /// How many connections there may be at once.
    pub max_connections: usize,
    /// How long a question may take; any time, when absent.
    pub query_timeout: Option<Duration>,
    /// Whether this server notes the time in its store for as long as it runs.
    pub notes_time: bool,
    /// Whether callers' addresses are told by a proxy in front.
    pub behind_proxy: bool,
}

impl Settings {
    /// The usual behaviour, by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            redaction: Redaction::default(),
            local: None,
            prune_batch: 10_000,
            sweep_every: None,
            token_uses_every: Duration::from_secs(60),
            wrong_tokens_a_minute: NonZeroU32::new(30),
            requests_a_second: None,
            max_connections: MAX_CONNECTIONS,
            query_timeout: None,
            notes_time: false,
            behind_proxy: false,
        }
    }
}

/// A token that is in no store.
#[derive(Debug, Clone)]
pub struct LocalToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What prunes by it are recorded as.
    pub name: String,
    /// The organization it opens.
    pub organization: Organization,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// What every handler is given.
#[derive(Clone)]
struct Server(Arc<Parts>);

struct Parts {
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    limits: Limits,
    uses: Arc<TokenUsage>,
    bodies: Bodies,
    answers: Answers,
    clock: Arc<ClockGuard>,
}

impl Server {
    /// Waits for a store's answer as long as a question may take. What is given up is interrupted in the store.
    async fn question<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, ApiError> {
        within(self.settings.query_timeout, answer).await
    }
}

/// How often a running server looks through its whole store for damage.
const CHECK_EVERY: Duration = Duration::from_secs(24 * 3600);

async fn check(store: Arc<dyn Store>) {
    loop {
        if let Err(error) = store.check().await {
            tracing::error!(%error, "the store was looked through and is not sound: restore a backup, or copy what is whole");
        }
        tokio::time::sleep(CHECK_EVERY).await;
    }
}

async fn within<T>(
    longest: Option<Duration>,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, ApiError> {
    let Some(longest) = longest else { return Ok(answer.await?) };
    tokio::time::timeout(longest, answer).await.map_or_else(
        |_| {
            let detail = format!(
                "the question took longer than {} seconds (--query-timeout) and was stopped: ask for less at once, by \
                 a time or a resource",
                longest.as_secs()
            );
            Err(ApiError::new(Code::Unavailable, detail))
        },
        |answer| Ok(answer?),
    )
}

impl Deref for Server {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// A server that cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The certificate or its key cannot be used.
    #[error("cannot use the certificate {certificate} with the key {key}: {cause}")]
    Tls {
        /// The certificate's path.
        certificate: String,
        /// The key's path.
        key: String,
        /// What is wrong.
        cause: String,
    },
    /// The listener failed.
    #[error("cannot serve: {0}")]
    Listener(#[from] std::io::Error),
}

/// Reads a certificate chain and its key, both PEM.
///
/// # Errors
/// [`ServeError::Tls`], with both paths.
pub async fn tls(certificate: &Path, key: &Path) -> Result<RustlsConfig, ServeError> {
    Ok(RustlsConfig::from_config(read_tls(certificate, key).await?))
}

/// Reads them again: connections from now on see what the files hold now.
///
/// # Errors
/// [`ServeError::Tls`], with both paths; what was served before is served on.
pub async fn reload_tls(served: &RustlsConfig, certificate: &Path, key: &Path) -> Result<(), ServeError> {
    served.reload_from_config(read_tls(certificate, key).await?);
    Ok(())
}

async fn read_tls(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, ServeError> {
    let read = RustlsConfig::from_pem_file(certificate, key).await.map_err(|error| ServeError::Tls {
        certificate: certificate.display().to_string(),
        key: key.display().to_string(),
        cause: error.to_string(),
    })?;
    // One version of HTTP, whose limits are all in our hands.
    let mut config = (*read.get_inner()).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How many open files so many connections need, with those who are told that there is no place and what the server has
/// open beside them: its store, its log, its listeners.
#[must_use]
pub fn open_files(connections: usize) -> usize {
    const OTHERS: usize = 40;
    connections + connections::refusals(connections) + METRICS_CONNECTIONS + OTHERS
}

/// What is listened on.
#[derive(Debug)]
pub struct Listeners {
    /// For the API.
    pub api: TcpListener,
    /// The certificate of the API; plain HTTP without one.
    pub tls: Option<RustlsConfig>,
    /// For metrics, over plain HTTP: who can reach it sees how much all organizations record. Nobody, when absent.
    pub metrics: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    /// Plain HTTP, and no metrics.
    fn from(api: TcpListener) -> Self {
        Self { api, tls: None, metrics: None }
    }
}

/// Serves until `shutdown` resolves and the running requests have finished, then closes the store.
///
/// # Errors
/// [`ServeError`] when a listener cannot be served.
pub async fn serve(
    listeners: Listeners,
    store: Arc<dyn Store>,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let settings = Arc::new(settings);
    let metrics = Arc::<Metrics>::default();
    let clock = Arc::new(ClockGuard::new(settings.clock.clone()));
    let heartbeat = settings.notes_time.then(|| {
        tokio::spawn(clock_guard::run(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&metrics)))
    });
    let checker = settings.notes_time.then(|| tokio::spawn(check(Arc::clone(&store))));
    let sweeper = settings.sweep_every.map(|interval| {
        let (store, settings, metrics) = (Arc::clone(&store), Arc::clone(&settings), Arc::clone(&metrics));
        tokio::spawn(sweeper::run(store, settings, Arc::clone(&clock), metrics, interval))
    });
    let limits = Limits::new(settings.wrong_tokens_a_minute, settings.requests_a_second);
    let uses = Arc::<TokenUsage>::default();
    let noter =
        tokio::spawn(token_usage::run(Arc::clone(&store), Arc::clone(&uses), settings.token_uses_every));
    let uses_at_end = Arc::clone(&uses);
    let (most, is_behind_proxy) = (settings.max_connections, settings.behind_proxy);
    let (recorded, clock_at_end) = (metrics.recorded.clone(), Arc::clone(&clock));
    let (bodies, answers) = (Bodies::default(), Answers::default());
    let parts = Parts { store: Arc::clone(&store), settings, metrics, limits, uses, bodies, answers, clock };
    let server = Server(Arc::new(parts));
    let gate = |most: usize| listen::Gates { most, is_behind_proxy, refused: server.metrics.refused.clone() };
    let observed = match listeners.metrics {
        Some(listener) => {
            let serving = listen::on(
                listener,
                None,
                router::metrics_router(server.clone()),
                gate(METRICS_CONNECTIONS),
                Handle::new(),
            );
            Some(tokio::spawn(serving))
        }
        None => None,
    };
    let handle = Handle::new();
    let stopping = handle.clone();
    let stopper = tokio::spawn(async move {
        shutdown.await;
        stopping.graceful_shutdown(Some(GRACE));
    });
    let router = router::router(server.clone());
    let outcome = listen::on(listeners.api, listeners.tls, router, gate(most), handle).await;
    stopper.abort();
    // What a sweep has done is on record; its lease ends by itself.
    sweeper.inspect(JoinHandle::abort);
    heartbeat.inspect(JoinHandle::abort);
    observed.inspect(JoinHandle::abort);
    checker.inspect(JoinHandle::abort);
    noter.abort();
    // Whoever only records by commands of their own has a log that knows the time as well.
    if recorded.get() > 0
        && let Err(error) = clock_at_end.note(store.as_ref()).await
    {
        tracing::warn!(%error, "the time could not be noted");
    }
    uses_at_end.write(store.as_ref()).await;
    store.close().await;
    Ok(outcome?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_that_takes_too_long_is_given_up() {
        let longest = Some(Duration::from_millis(1));
        let answer = within(longest, std::future::pending::<Result<(), StoreError>>()).await;
        assert_eq!(answer.expect_err("given up").code(), Code::Unavailable);
        assert_eq!(within(longest, async { Ok(7) }).await.expect("in time"), 7);
        assert_eq!(within(None, async { Ok(7) }).await.expect("in time"), 7);
    }
}
