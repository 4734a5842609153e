//! Reading request bodies and query strings: bounded in size and time, and never quoting what was sent.

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
use crate::server::budget::{Budget, Full, Holder, Share};
use crate::server::error::ApiError;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);

/// How much of all bodies together may be in memory: sixteen of the largest.
const MAX_BODIES_BYTES: usize = 16 * MAX_BODY_BYTES;

/// Other names of [`NDJSON`] that clients send.
const NDJSON_ALIASES: &[&str] = &["application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// The media types a body may have.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum MediaType {
    Json,
    NdJson,
}

pub(super) fn media_type(headers: &HeaderMap) -> Result<MediaType, ApiError> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "bodies are taken as they are, without Content-Encoding",
        ));
    }
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    match sent.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(MediaType::Json),
        media_type if media_type == NDJSON || NDJSON_ALIASES.contains(&media_type) => Ok(MediaType::NdJson),
        _ => Err(unsupported("application/json or application/x-ndjson")),
    }
}

/// The header by which some clients name a retry.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Refuses an `Idempotency-Key` where it would do nothing.
pub(super) fn without_idempotency_key(headers: &HeaderMap) -> Result<(), ApiError> {
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(());
    }
    Err(vec![FieldError::new(IDEMPOTENCY_KEY, "does nothing here: leave it out")].into())
}

pub(super) fn unsupported(expected: &str) -> ApiError {
    ApiError::new(Code::UnsupportedMediaType, format!("the body's Content-Type must be {expected}"))
}

/// The bodies that are read and worked on.
pub(super) struct Bodies(Arc<Budget>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Budget::new(MAX_BODIES_BYTES))
    }
}

/// A body that has arrived, and its share of memory for as long as it is worked on.
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) share: Share,
    /// Whether any of it arrived later than the head: its sender's token may have ended since.
    pub(super) was_waited_for: bool,
}

impl Bodies {
    /// Reads a body. Memory is accounted for as bytes arrive: who announces much and sends little takes little.
    pub(super) async fn read(&self, holder: Holder, body: Body) -> Result<Received, ApiError> {
        match tokio::time::timeout(BODY_TIME, self.read_on(holder, body)).await {
            Ok(read) => read,
            Err(_) => Err(ApiError::new(Code::Timeout, "the body took longer than a minute to arrive")),
        }
    }

    async fn read_on(&self, holder: Holder, mut body: Body) -> Result<Received, ApiError> {
        let (bytes, share) = (Vec::new(), self.0.share(holder));
        let mut received = Received { bytes, share, was_waited_for: false };
        while let Some(frame) = next_frame(&mut body, &mut received.was_waited_for).await {
            let broken = |_| ApiError::new(Code::Malformed, "the body ended before it was whole");
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if received.bytes.len() + data.len() > MAX_BODY_BYTES {
                let detail = "the body is larger than 8 MiB: send fewer entries at a time";
                return Err(ApiError::new(Code::TooLarge, detail));
            }
            received.share.grow(data.len()).map_err(|full| {
                let detail = match full {
                    Full::Own => "the server is reading as much of this token or its organization as it takes at once: send less at a time, or try again in a moment",
                    Full::All => "the server is reading as much as it can hold: try again in a moment",
                };
                ApiError::new(Code::Unavailable, detail)
            })?;
            received.bytes.extend_from_slice(&data);
        }
        Ok(received)
    }
}

/// The next frame, and whether it had to be waited for.
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

/// A call that takes no parameters, and says so: `?dry_run=true` on the wrong call must not pass unheard.
pub(super) struct NoParameters;

impl<S: Sync> FromRequestParts<S> for NoParameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let unknown: Vec<_> = pairs(parts.uri.query())?.into_iter().map(|(name, _)| name).collect();
        match unknown_parameters(&unknown, "this call takes none") {
            errors if errors.is_empty() => Ok(Self),
            errors => Err(errors.into()),
        }
    }
}

/// The most unknown parameters an answer lists, and the most characters of each name: an answer does not repeat what
/// was sent.
const LISTED_PARAMETERS: (usize, usize) = (8, 64);

/// Says which parameters a call does not take. `expected` says what it takes.
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

/// The pairs of a query string.
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
    async fn bodies_take_memory_while_they_are_there_and_give_it_back() {
        let [one, other] = organizations().await;
        let holder = |organization, token| Holder { organization, token: [token; 32] };
        let bodies = Bodies(Budget::new(40));
        let first = bodies.read(holder(one, 1), Body::from("1234567")).await.expect("room");
        assert_eq!((first.bytes.as_slice(), first.was_waited_for), (&b"1234567"[..], false));
        let code = |read: Result<Received, ApiError>| read.map(|_| ()).expect_err("no room").code();
        assert_eq!(code(bodies.read(holder(one, 1), Body::from("1234")).await), Code::Unavailable);
        bodies
            .read(holder(one, 1), Body::from("123"))
            .await
            .expect("a refused body has given back what it took");
        bodies.read(holder(other, 2), Body::from("1234567890")).await.expect("others have their own");
        drop(first);
        bodies.read(holder(one, 1), Body::from("1234567890")).await.expect("room again");
        let large = Body::from(vec![b'x'; MAX_BODY_BYTES + 1]);
        assert_eq!(code(Bodies::default().read(holder(one, 1), large).await), Code::TooLarge);
    }

    #[test]
    fn an_answer_lists_few_of_many_unknown_parameters() {
        let names: Vec<_> = (0..10_000).map(|number| format!("{number}{}", "x".repeat(100))).collect();
        let errors = unknown_parameters(&names, "this call takes none");
        assert_eq!(errors.len(), 8);
        assert_eq!(errors[0].detail, "is no parameter here: this call takes none");
        assert_eq!(errors[7].detail, "is no parameter here (and 9992 more are not): this call takes none");
        assert!(errors.iter().all(|error| error.field.len() == 64));
        assert!(unknown_parameters(&[], "").is_empty());
    }
}
