//! Request middleware: request id, log line, metrics, problem bodies, and the headers of every response.
//!
//! The log line contains method, route, status, duration, request id, the client's address, and the name of the token and
//! of its organization, and never a query string, another header, a body or a token.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, AUTHORIZATION, CONNECTION, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body::{Frame, SizeHint};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::api::problem::Code;
use crate::model::redaction::Redaction;
use crate::server::auth::{RequestId, client_address};
use crate::server::connection_slots::Slot;
use crate::server::error;
use crate::server::error::ApiError;
use crate::server::state::Server;

/// Carries the request id in requests and responses.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is accepted from a client, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// Headers of every response: no caching, no content sniffing, no embedding.
pub(super) const HARDENING: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

pub(super) async fn handle_request(
    State(server): State<Server>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers(), &server.settings.redaction);
    if let header::Entry::Occupied(mut tokens) = request.headers_mut().entry(AUTHORIZATION) {
        tokens.iter_mut().for_each(|token| token.set_sensitive(true));
    }
    let slot = request.extensions().get::<Arc<Slot>>().cloned();
    let _working = slot.as_ref().map(Slot::mark_busy);
    let address = client_address(&server, request.headers(), request.extensions());
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    let (request, unread) = tracked(request);
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    // Authentication fills in the token and its organization.
    let span = tracing::info_span!(
        "request",
        request_id = id,
        address = address.map(tracing::field::display),
        organization = Empty,
        token = Empty
    );
    let started = Instant::now();
    let response = match check_host(request.version(), request.headers()) {
        Ok(()) => next.run(request).instrument(span.clone()).await,
        Err(error) => error.into_response(),
    };
    let mut response = error::with_problem(response, &id);
    let (elapsed, status) = (started.elapsed(), response.status().as_u16());
    let route = route.as_ref().map(MatchedPath::as_str);
    server.metrics.observe_response(method, route, status, elapsed);
    span.in_scope(|| {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let route = route.unwrap_or("(none)");
        // A connection may have shown a valid token before.
        let is_unauthenticated = slot.as_ref().is_some_and(|slot| !slot.is_authenticated())
            || matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
        match if is_unauthenticated { server.unauthenticated_log.next_line(Instant::now()) } else { Some(0) }
        {
            Some(left_out) => {
                let left_out = (left_out > 0).then_some(left_out);
                tracing::info!(method, route, status, elapsed_ms, left_out, "answered");
            }
            None => tracing::debug!(method, route, status, elapsed_ms, "answered"),
        }
    });
    let headers = response.headers_mut();
    if unread.is_some_and(|unread| unread.load(Ordering::Relaxed)) {
        // The rest of the body would be read as the next request.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        slot.iter().for_each(|slot| slot.mark_unread_body());
    }
    // The page has a policy of its own.
    let policy = headers.remove(header::CONTENT_SECURITY_POLICY);
    headers.extend(HARDENING);
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.extend(HeaderValue::from_str(&id).map(|id| (REQUEST_ID, id)));
    response
}

/// The client's request id, or a new one if the client's is unsafe to log or contains a secret.
fn request_id(headers: &HeaderMap, redaction: &Redaction) -> String {
    let is_loggable = |id: &&str| {
        !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let is_token = |id: &str| {
        let mut sent = headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.to_str().ok());
        sent.any(|value| {
            value
                .split_ascii_whitespace()
                .any(|part| part.contains(id) || id.contains(part) && part.len() >= 8)
        })
    };
    let theirs = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_loggable);
    let theirs = theirs.filter(|id| redaction.text(id) == *id && !is_token(id));
    theirs.map_or_else(new_request_id, str::to_owned)
}

/// An id for a request that came without one.
pub(super) fn new_request_id() -> String {
    format!("req_{}", uuid::Uuid::now_v7().simple())
}

/// The method for logs and metrics. A client may send any word, so unknown methods become `other`.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// A request must name its host exactly once (RFC 9112, 3.2). A proxy and this server could read two names differently.
fn check_host(version: Version, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(HOST).iter();
    let fault = match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => "lacks its Host header",
        (None, _) => return Ok(()),
        (Some(_), Some(_)) => "has more than one Host header",
        (Some(host), None)
            if host.is_empty()
                || Authority::try_from(host.as_bytes()).is_ok_and(|it| !it.as_str().contains('@')) =>
        {
            return Ok(());
        }
        (Some(_), None) => "has an invalid Host header",
    };
    Err(ApiError::new(Code::Malformed, format!("the request {fault}")))
}

/// A request body that notes whether it was read to the end.
struct TrackedBody {
    body: Body,
    is_unread: Arc<AtomicBool>,
}

/// Tracks whether the request body is read to the end. `None` for a request without a body.
fn tracked(request: Request) -> (Request, Option<Arc<AtomicBool>>) {
    if request.body().is_end_stream() {
        return (request, None);
    }
    let is_unread = Arc::new(AtomicBool::new(true));
    let unread = Arc::clone(&is_unread);
    (request.map(|body| Body::new(TrackedBody { body, is_unread })), Some(unread))
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || polled.is_ready() && self.body.is_end_stream() {
            self.is_unread.store(false, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn a_request_id_that_contains_a_token_is_replaced() {
        let redaction = Redaction::default();
        let token = crate::secret::Token::generate().expect("randomness");
        let bearer = format!("Bearer {}", token.expose());
        let of =
            |id: &str| request_id(&headers(&[("x-request-id", id), ("authorization", &bearer)]), &redaction);
        for id in [
            "my-request",
            "req_1/2:3;=\"'<>",
            "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
        ] {
            assert_eq!(of(id), id);
        }
        let other = crate::secret::Token::generate().expect("randomness");
        let half = &token.expose()[10..];
        let longer = format!("id-{}", token.expose());
        for id in [token.expose(), half, &longer, other.expose(), "password=hunter2hunter2"] {
            assert!(of(id).starts_with("req_"), "{id}");
        }
        // A token of unknown format, known only because it is sent as one.
        let sent = headers(&[("x-request-id", "opensesame"), ("authorization", "Bearer opensesame")]);
        assert!(request_id(&sent, &redaction).starts_with("req_"));
    }

    #[test]
    fn a_request_must_name_one_host() {
        let judged = |pairs: &[(&'static str, &str)], version| {
            check_host(version, &headers(pairs)).map_err(|error| error.code())
        };
        for host in ["audit.example", "audit.example:7744", "127.0.0.1:7744", "[::1]:7744", "x", ""] {
            assert_eq!(judged(&[("host", host)], Version::HTTP_11), Ok(()), "{host}");
        }
        for host in ["a, b", "a b", "user@a", "a/b", "http://a"] {
            assert_eq!(judged(&[("host", host)], Version::HTTP_11), Err(Code::Malformed), "{host}");
        }
        assert_eq!(judged(&[("host", "a"), ("host", "a")], Version::HTTP_11), Err(Code::Malformed));
        assert_eq!(judged(&[], Version::HTTP_11), Err(Code::Malformed));
        assert_eq!(judged(&[], Version::HTTP_10), Ok(()));
    }

    #[test]
    fn an_unknown_method_is_not_logged() {
        assert_eq!(known_method(&Method::PATCH), "PATCH");
        assert_eq!(known_method(&Method::from_bytes(b"kra_secret").expect("a method")), "other");
    }
}
