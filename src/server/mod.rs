//! The audit API over a store. Listeners, store and shutdown are passed in; it prints nothing and reads no environment
//! variable.

mod auth;
mod body;
mod budget;
pub mod clock_guard;
mod connection_slots;
mod connections;
mod early_response;
mod erase_job;
mod error;
mod handlers;
mod limits;
mod listen;
mod lock;
mod metrics;
mod middleware;

mod page;
mod page_body;
mod prune_job;
mod read_ahead;
mod readiness;
mod reads;
mod response;
mod router;
mod row_stream;
mod settings;
mod shape;
mod signed_checkpoints;
mod state;
mod stop_on_drop;
pub mod sweeper;
mod text_job;
mod token_usage;
pub mod trail;
mod tree_job;
mod unauthenticated_log;

use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::task::JoinSet;

use crate::model::integrity::note::SigningKey;
use crate::model::trail::TrailEvent;
use crate::server::body::BodyBudget;
use crate::server::clock_guard::ClockGuard;
use crate::server::limits::Limits;
use crate::server::readiness::Readiness;
use crate::server::response::ResponseBudget;
use crate::server::state::ServerState;
use crate::server::trail::recent::RecentReads;
use crate::server::trail::{TrailQueue, lifecycle};
use crate::server::tree_job::TreeJob;
use crate::server::unauthenticated_log::UnauthenticatedLog;
use crate::store::Store;
use crate::store::error::StoreError;

pub use crate::server::page::link::session_link;
pub use crate::server::router::openapi;
pub use crate::server::settings::{LocalToken, MAX_CONNECTIONS, PageSettings, Settings};
pub use crate::server::signed_checkpoints::SignedCheckpoints;
pub use crate::server::tree_job::Signer;

/// How long running requests may take after the shutdown began.
const GRACE: Duration = Duration::from_secs(30);
const METRICS_CONNECTIONS: usize = 8;

/// How often a running server checks its whole store for damage.
const CHECK_EVERY: Duration = Duration::from_secs(24 * 3600);

async fn check(store: Arc<Store>) {
    loop {
        if let Err(error) = store.check().await {
            tracing::error!(%error, "the store is damaged: restore a backup, or copy the intact entries to a new store");
        }
        tokio::time::sleep(CHECK_EVERY).await;
    }
}

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The certificate or its key is unusable.
    #[error("cannot use the certificate {certificate} with the key {key}: {cause}")]
    Tls {
        /// The certificate's path.
        certificate: String,
        /// The key's path.
        key: String,
        /// The library's message.
        cause: String,
    },
    /// The key that signs checkpoints is unusable.
    #[error("cannot use the signing key {path}: {cause}")]
    SigningKey {
        /// The key's path.
        path: String,
        /// The library's message.
        cause: String,
    },
    /// The directory for signed checkpoints is unusable.
    #[error("cannot remember signed checkpoints in {path}: {cause}")]
    Signed {
        /// The directory's path.
        path: String,
        /// The cause.
        #[source]
        cause: std::io::Error,
    },
    /// The organizations, whose trails record the start, cannot be read.
    #[error("cannot read the organizations: {0}")]
    Trail(#[source] StoreError),
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

/// Reads the files again and uses them for new connections.
///
/// # Errors
/// [`ServeError::Tls`], with both paths. The previous certificate stays in use.
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
    // The connection limits are made for HTTP/1.1.
    let mut config = (*read.get_inner()).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Reads the Ed25519 key that signs checkpoints, as PKCS#8 in PEM, and opens the directory that remembers what it has signed:
/// `PATH.signed` by default.
///
/// # Errors
/// [`ServeError::SigningKey`], with the path of the key, and [`ServeError::Signed`], with that of the directory.
pub fn signer(path: &Path, signed: Option<&Path>) -> Result<Signer, ServeError> {
    let key = Arc::new(signing_key(path)?);
    let mut default = path.as_os_str().to_owned();
    default.push(".signed");
    let directory = signed.unwrap_or(Path::new(&default));
    let opened = SignedCheckpoints::open(directory, &key);
    let failed = |cause| ServeError::Signed { path: directory.display().to_string(), cause };
    Ok(Signer { key, signed: Arc::new(opened.map_err(failed)?) })
}

fn signing_key(path: &Path) -> Result<SigningKey, ServeError> {
    let failed = |cause: &dyn std::fmt::Display| ServeError::SigningKey {
        path: path.display().to_string(),
        cause: cause.to_string(),
    };
    let key = PrivatePkcs8KeyDer::from_pem_file(path).map_err(|error| failed(&error))?;
    SigningKey::from_pkcs8(key.secret_pkcs8_der()).map_err(|error| failed(&error))
}

/// The number of open files that so many connections need, including refused connections, the store, the log and the
/// listeners.
#[must_use]
pub fn open_files(connections: usize) -> usize {
    const OTHERS: usize = 40;
    connections + connections::max_refusals(connections) + METRICS_CONNECTIONS + OTHERS
}

/// The sockets to serve.
#[derive(Debug)]
pub struct Listeners {
    /// For the API.
    pub api: TcpListener,
    /// The certificate of the API; plain HTTP without one.
    pub tls: Option<RustlsConfig>,
    /// For metrics, over plain HTTP. Its clients see the activity of all organizations. `None` turns metrics off.
    pub metrics: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    /// Serves plain HTTP without metrics.
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
    store: Arc<Store>,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let settings = Arc::new(settings);
    let server = Arc::new(ServerState {
        limits: Limits::new(settings.wrong_tokens_a_minute, settings.requests_a_second),
        clock: Arc::new(ClockGuard::new(settings.clock.clone())),
        store: Arc::clone(&store),
        settings: Arc::clone(&settings),
        metrics: Arc::default(),
        readiness: Readiness::default(),
        unauthenticated_log: UnauthenticatedLog::default(),
        token_usage: Arc::default(),
        trees: Arc::new(TreeJob::new(settings.signer.clone(), settings.clock.clone())),
        trail: Arc::new(TrailQueue::new(settings.clock.clone(), settings.redaction.clone())),
        reads: RecentReads::default(),
        bodies: BodyBudget::default(),
        responses: ResponseBudget::default(),
        openapi: LazyLock::new(router::openapi),
    });
    let ServerState { metrics, clock, token_usage, trail, trees, .. } = &*server;
    if let Err(error) = lifecycle::begin(&store, &settings, trail).await {
        store.close().await;
        return Err(ServeError::Trail(error));
    }
    let limits = |max_connections: usize| listen::ConnectionLimits {
        max_connections,
        is_behind_proxy: settings.behind_proxy,
        refused: metrics.refused.clone(),
    };
    let mut background = background_jobs(&server);
    if let Some(listener) = listeners.metrics {
        let router = router::metrics_router(Arc::clone(&server));
        let serving = listen::on(listener, None, router, limits(METRICS_CONNECTIONS), Handle::new());
        background.spawn(async move { drop(serving.await) });
    }
    let handle = Handle::new();
    let stopping = handle.clone();
    background.spawn(async move {
        shutdown.await;
        stopping.graceful_shutdown(Some(GRACE));
    });
    let router = router::router(Arc::clone(&server));
    let outcome =
        listen::on(listeners.api, listeners.tls, router, limits(settings.max_connections), handle).await;
    // An aborted sweep has recorded its deletions, and its lease expires by itself.
    background.abort_all();
    // Also for a store that only short-lived servers use.
    if metrics.recorded.get() > 0
        && let Err(error) = clock.check_and_save(store.as_ref()).await
    {
        tracing::warn!(%error, "cannot save the current time");
    }
    token_usage.flush(store.as_ref()).await;
    // A failure is logged.
    drop(trail.flush(store.as_ref(), None).await);
    if let Some(host) = settings.host.clone() {
        let stopped = TrailEvent::Stopped { host };
        if let Err(error) = lifecycle::record_everywhere(&store, &settings, &stopped).await {
            tracing::error!(%error, "cannot record in the trail that the server stops");
        }
    }
    trees.grow(store.as_ref()).await;
    store.close().await;
    Ok(outcome?)
}

/// Starts the jobs that run while requests are served.
fn background_jobs(server: &ServerState) -> JoinSet<()> {
    let ServerState { store, settings, metrics, clock, token_usage, trail, trees, .. } = server;
    let mut background = JoinSet::new();
    if settings.notes_time {
        background.spawn(clock_guard::run(
            Arc::clone(store),
            Arc::clone(settings),
            Arc::clone(clock),
            Arc::clone(metrics),
        ));
        background.spawn(check(Arc::clone(store)));
    }
    if let Some(interval) = settings.sweep_every {
        let (settings, metrics) = (Arc::clone(settings), Arc::clone(metrics));
        background.spawn(sweeper::run(Arc::clone(store), settings, Arc::clone(clock), metrics, interval));
    }
    background.spawn(tree_job::run(Arc::clone(store), Arc::clone(trees), settings.notes_time));
    background.spawn(text_job::run(Arc::clone(store)));
    if settings.local.is_none() {
        background.spawn(erase_job::resume_all(Arc::clone(store), Arc::clone(settings)));
    }
    background.spawn(crate::server::trail::run(Arc::clone(store), Arc::clone(trail)));
    let interval = settings.token_uses_every;
    background.spawn(token_usage::run(Arc::clone(store), Arc::clone(token_usage), interval));
    background
}
