//! Serves one listener: configures the HTTP library and logs accept errors.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use prometheus_client::metrics::counter::Counter;

use crate::server::connections::SlotAcceptor;
use crate::server::lock::lock;

/// How long a connection may take to send the head of a request. Idle connections are closed after the same time.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The shortest time between two log lines about accept errors.
const LOG_EVERY: Duration = Duration::from_secs(10);

pub(super) struct ConnectionLimits {
    pub(super) max_connections: usize,
    pub(super) is_behind_proxy: bool,
    pub(super) refused: Counter,
}

/// Serves until the handle is shut down.
pub(super) async fn on(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    router: Router,
    limits: ConnectionLimits,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let ConnectionLimits { max_connections, is_behind_proxy, refused } = limits;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => {
            let server = axum_server::from_tcp(listener)?;
            let server =
                server.map(|inner| SlotAcceptor::new(max_connections, is_behind_proxy, refused, inner));
            configured(server, handle).serve(service).await
        }
        Some(config) => {
            let server = axum_server::from_tcp_rustls(listener, config)?;
            let server =
                server.map(|inner| SlotAcceptor::new(max_connections, is_behind_proxy, refused, inner));
            configured(server, handle).serve(service).await
        }
    }
}

fn configured<A>(server: Server<SocketAddr, A>, handle: Handle<SocketAddr>) -> Server<SocketAddr, A> {
    let server = server.handle(handle).http1_only().first_request_timeout(HEADER_TIMEOUT);
    let mut server = server.accept_error_handler(log_accept_errors());
    server.http_builder().http1().header_read_timeout(HEADER_TIMEOUT);
    server
}

/// Logs when connections cannot be accepted, for instance when no file descriptor is left. The library retries twenty
/// times a second, so it logs at most once per [`LOG_EVERY`]. Errors of a single connection are logged for debugging.
fn log_accept_errors() -> impl Fn(Option<&SocketAddr>, &io::Error) + Send + Sync {
    let logged = Mutex::new(None::<Instant>);
    move |peer, error| {
        if peer.is_some() {
            return tracing::debug!(%error, "a connection failed");
        }
        let mut logged = lock(&logged);
        if logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            *logged = Some(Instant::now());
            tracing::error!(%error, "cannot accept connections; retrying");
        }
    }
}
