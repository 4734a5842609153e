//! Serving one listener: what the HTTP library is told, and what is logged when no connection can be accepted.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use prometheus_client::metrics::counter::Counter;

use crate::server::connections::Gate;

/// How long a connection may take to send a request's head, the first and any later one: an idle one is closed.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// How often is logged that no connection can be accepted, at most.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// How connections are let in.
pub(super) struct Gates {
    pub(super) most: usize,
    pub(super) is_behind_proxy: bool,
    pub(super) refused: Counter,
}

/// Serves until the handle says to stop.
pub(super) async fn on(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    router: Router,
    gates: Gates,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let Gates { most, is_behind_proxy, refused } = gates;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => {
            let server = axum_server::from_tcp(listener)?;
            let server = server.map(|inner| Gate::new(most, is_behind_proxy, refused, inner));
            limited(server, handle).serve(service).await
        }
        Some(config) => {
            let server = axum_server::from_tcp_rustls(listener, config)?;
            let server = server.map(|inner| Gate::new(most, is_behind_proxy, refused, inner));
            limited(server, handle).serve(service).await
        }
    }
}

fn limited<A>(server: Server<SocketAddr, A>, handle: Handle<SocketAddr>) -> Server<SocketAddr, A> {
    let server = server.handle(handle).http1_only().first_request_timeout(HEADER_TIME);
    let mut server = server.accept_error_handler(unaccepted());
    server.http_builder().http1().header_read_timeout(HEADER_TIME);
    server
}

/// Logs that no connection can be accepted, such as for want of open files. At most every [`LOG_EVERY`]: the library
/// tries again twenty times a second. What one connection does wrong is for debugging.
fn unaccepted() -> impl Fn(Option<&SocketAddr>, &io::Error) + Send + Sync {
    let logged = Mutex::new(None::<Instant>);
    move |peer, error| {
        if peer.is_some() {
            return tracing::debug!(%error, "a connection was given up");
        }
        let mut logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            *logged = Some(Instant::now());
            tracing::error!(%error, "cannot accept connections; trying again");
        }
    }
}
