//! Reads request bodies and query strings within limits of size and time. Error messages never quote the request.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::body::{Bytes, HttpBody as _};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use http_body::Frame;

use crate::api::problem::Code;
use crate::api::routes::{MAX_BODY_BYTES, NDJSON};
use crate::model::draft::FieldError;
use crate::server::budget::{BudgetExceeded, CallerKey, MemoryBudget, Reservation};
use crate::server::error::ApiError;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// The memory that all request bodies may take: sixteen of the largest size.
const MAX_BODIES_BYTES: usize = 16 * MAX_BODY_BYTES;

/// Other names of [`NDJSON`] that clients send.
const NDJSON_ALIASES: &[&str] = &["application/ndjson", "application/jsonl", "application/x-jsonlines"];

#[derive(Clone, Copy, PartialEq)]
pub(super) enum MediaType {
    Json,
    NdJson,
}

pub(super) fn media_type(headers: &HeaderMap) -> Result<MediaType, ApiError> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "compressed bodies are not supported: leave out Content-Encoding",
        ));
    }
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    match sent.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(MediaType::Json),
        media_type if media_type == NDJSON || NDJSON_ALIASES.contains(&media_type) => Ok(MediaType::NdJson),
        _ => Err(unsupported("application/json or application/x-ndjson")),
    }
}

pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Refuses an `Idempotency-Key` where it would have no effect.
pub(super) fn without_idempotency_key(headers: &HeaderMap) -> Result<(), ApiError> {
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(());
    }
    Err(vec![FieldError::new(IDEMPOTENCY_KEY, "has no effect on this call: leave it out")].into())
}

pub(super) fn unsupported(expected: &str) -> ApiError {
    ApiError::new(Code::UnsupportedMediaType, format!("the body's Content-Type must be {expected}"))
}

pub(super) struct BodyBudget(Arc<MemoryBudget>);

impl Default for BodyBudget {
    fn default() -> Self {
        Self(MemoryBudget::new(MAX_BODIES_BYTES))
    }
}

/// A complete body, and its memory reservation while the request is processed.
pub(super) struct ReceivedBody {
    pub(super) bytes: Vec<u8>,
    pub(super) reservation: Reservation,
    /// Whether any of it arrived after the head. The token may have expired meanwhile.
    pub(super) was_waited_for: bool,
}

impl BodyBudget {
    /// Reads a body. Memory is reserved as bytes arrive, not as announced by `Content-Length`.
    pub(super) async fn read(&self, caller: CallerKey, body: Body) -> Result<ReceivedBody, ApiError> {
        match tokio::time::timeout(BODY_TIMEOUT, self.read_to_end(caller, body)).await {
            Ok(read) => read,
            Err(_) => Err(ApiError::new(Code::Timeout, "the body did not arrive within 60 seconds")),
        }
    }

    async fn read_to_end(&self, caller: CallerKey, mut body: Body) -> Result<ReceivedBody, ApiError> {
        let (bytes, reservation) = (Vec::new(), self.0.reserve(caller));
        let mut received = ReceivedBody { bytes, reservation, was_waited_for: false };
        while let Some(frame) = next_frame(&mut body, &mut received.was_waited_for).await {
            let broken = |_| ApiError::new(Code::Malformed, "the body is incomplete");
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if received.bytes.len() + data.len() > MAX_BODY_BYTES {
                let detail = "the body is larger than 8 MiB: send fewer entries at a time";
                return Err(ApiError::new(Code::TooLarge, detail));
            }
            received.reservation.grow(data.len()).map_err(|exceeded| {
                let detail = match exceeded {
                    BudgetExceeded::Own => "too many request bytes in progress for this token or its organization: send less at a time, or try again in a moment",
                    BudgetExceeded::All => "too many request bytes in progress on this server: try again in a moment",
                };
                ApiError::new(Code::Unavailable, detail)
            })?;
            received.bytes.extend_from_slice(&data);
        }
        Ok(received)
    }
}

/// Reads the next frame, and notes whether it had to wait for it.
async fn next_frame(body: &mut Body, was_waited_for: &mut bool) -> Option<Result<Frame<Bytes>, axum::Error>> {
    poll_fn(|cx| {
        let polled = Pin::new(&mut *body).poll_frame(cx);
        *was_waited_for |= polled.is_pending();
        polled
    })
    .await
}

pub(super) fn utf8(bytes: Vec<u8>) -> Result<String, ApiError> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ApiError::new(Code::Malformed, format!("the body is not UTF-8 at byte {at}"))
    })
}

/// Refuses all query parameters: `?dry_run=true` must not be ignored on a call that does not support it.
pub(super) struct NoParameters;

impl<S: Sync> FromRequestParts<S> for NoParameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        check_parameters(parts.uri.query(), &[], "this call takes no parameters").map(|()| Self)
    }
}

/// Refuses query parameters other than `own`. `expected` says which the call takes.
pub(super) fn check_parameters(query: Option<&str>, own: &[&str], expected: &str) -> Result<(), ApiError> {
    let names = pairs(query)?.into_iter().map(|(name, _)| name);
    let unknown: Vec<_> = names.filter(|name| !own.contains(&name.as_str())).collect();
    match unknown_parameters(&unknown, expected) {
        errors if errors.is_empty() => Ok(()),
        errors => Err(errors.into()),
    }
}

/// How many unknown parameters an error lists, and how many characters of each name.
const LISTED_PARAMETERS: (usize, usize) = (8, 64);

/// Lists the parameters that a call does not take. `expected` says which it takes.
pub(super) fn unknown_parameters(names: &[String], expected: &str) -> Vec<FieldError> {
    let (count, characters) = LISTED_PARAMETERS;
    let more = names.len().saturating_sub(count);
    let listed = names.iter().take(count).enumerate().map(|(index, name)| {
        let others = if more > 0 && index + 1 == count {
            format!(" (and {more} more are not)")
        } else {
            String::new()
        };
        let name: String = name.chars().take(characters).collect();
        FieldError::new(name, format!("is no parameter here{others}: {expected}"))
    });
    listed.collect()
}

pub(super) fn pairs(query: Option<&str>) -> Result<Vec<(String, String)>, ApiError> {
    let query = query.unwrap_or("");
    if percent_encoding::percent_decode_str(query).decode_utf8().is_err() {
        return Err(ApiError::new(Code::Malformed, "the query string is not UTF-8"));
    }
    Ok(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::budget::tests::organizations;

    #[tokio::test]
    async fn bodies_reserve_memory_and_release_it() {
        let [one, other] = organizations().await;
        let caller = |organization, token| CallerKey { organization, token: [token; 32] };
        let bodies = BodyBudget(MemoryBudget::new(40));
        let first = bodies.read(caller(one, 1), Body::from("1234567")).await.expect("room");
        assert_eq!((first.bytes.as_slice(), first.was_waited_for), (&b"1234567"[..], false));
        let code = |read: Result<ReceivedBody, ApiError>| read.map(|_| ()).expect_err("no room").code();
        assert_eq!(code(bodies.read(caller(one, 1), Body::from("1234")).await), Code::Unavailable);
        bodies.read(caller(one, 1), Body::from("123")).await.expect("a refused body has released its memory");
        bodies
            .read(caller(other, 2), Body::from("1234567890"))
            .await
            .expect("another organization has its own share");
        drop(first);
        bodies.read(caller(one, 1), Body::from("1234567890")).await.expect("room again");
        let large = Body::from(vec![b'x'; MAX_BODY_BYTES + 1]);
        assert_eq!(code(BodyBudget::default().read(caller(one, 1), large).await), Code::TooLarge);
    }

    #[test]
    fn an_error_lists_few_of_many_unknown_parameters() {
        let names: Vec<_> = (0..10_000).map(|number| format!("{number}{}", "x".repeat(100))).collect();
        let errors = unknown_parameters(&names, "this call takes no parameters");
        assert_eq!(errors.len(), 8);
        assert_eq!(errors[0].detail, "is no parameter here: this call takes no parameters");
        assert_eq!(
            errors[7].detail,
            "is no parameter here (and 9992 more are not): this call takes no parameters"
        );
        assert!(errors.iter().all(|error| error.field.len() == 64));
        assert!(unknown_parameters(&[], "").is_empty());
    }
}
