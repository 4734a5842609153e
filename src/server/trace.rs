//! One log line a request: method, route, status, time and id. Never a query string, a header, a body or a token.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::server::router::REQUEST_ID;

pub(super) async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let request_id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let span = tracing::info_span!("request", request_id = request_id.as_deref().unwrap_or(""));
    let started = Instant::now();
    let response = tracing::Instrument::instrument(next.run(request), span.clone()).await;
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (route, status) = (route.as_deref().unwrap_or("(none)"), response.status().as_u16());
    span.in_scope(|| tracing::info!(%method, route, status, elapsed_ms, "answered"));
    response
}
