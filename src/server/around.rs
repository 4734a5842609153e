//! What surrounds every request, in one place: its id, one log line, the counters, the body of a problem, and the
//! headers that every answer has.
//!
//! The log line holds method, route, status, time and id. Never a query string, a header, a body or a token.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, AUTHORIZATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use crate::server::{Server, error};

/// The header that carries a request's id both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id of a caller's that is kept.
const MAX_REQUEST_ID: usize = 128;

/// What every answer says to browsers and caches on its way: an audit log is no page, and nobody keeps a copy.
pub(super) const HARDENING: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

pub(super) async fn around(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    if let header::Entry::Occupied(mut tokens) = request.headers_mut().entry(AUTHORIZATION) {
        tokens.iter_mut().for_each(|token| token.set_sensitive(true));
    }
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!("request", request_id = id);
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = error::with_problem(response, &id);
    let (elapsed, status) = (started.elapsed(), response.status().as_u16());
    let route = route.as_ref().map(MatchedPath::as_str);
    server.metrics.answered(&method, route, status, elapsed);
    span.in_scope(|| {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(%method, route = route.unwrap_or("(none)"), status, elapsed_ms, "answered");
    });
    let headers = response.headers_mut();
    headers.extend(HARDENING);
    headers.extend(HeaderValue::from_str(&id).map(|id| (REQUEST_ID, id)));
    response
}

/// The caller's id for the request when it can stand in a log line, or one of ours.
fn request_id(headers: &HeaderMap) -> String {
    let fit = |id: &&str| {
        !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let theirs = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(fit);
    theirs.map_or_else(new_request_id, str::to_owned)
}

/// An id for a request that came without one.
pub(super) fn new_request_id() -> String {
    format!("req_{}", uuid::Uuid::now_v7().simple())
}
