//! Reading request bodies and query strings: bounded in size and time, and never quoting what was sent.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::problem::{Code, Problem};
use crate::api::routes::{MAX_BODY_BYTES, NDJSON};
use crate::model::draft::FieldError;
use crate::server::error::ApiError;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);

/// How much of all bodies together may be in memory: sixteen of the largest.
const MAX_BODIES_BYTES: usize = 16 * MAX_BODY_BYTES;

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
        NDJSON => Ok(MediaType::NdJson),
        _ => Err(unsupported("application/json or application/x-ndjson")),
    }
}

pub(super) fn unsupported(expected: &str) -> ApiError {
    ApiError::new(Code::UnsupportedMediaType, format!("the body's Content-Type must be {expected}"))
}

/// The memory all bodies together may take, in bytes; one byte is one permit.
pub(super) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BODIES_BYTES)))
    }
}

/// A body that has arrived, and its part of the room for as long as it is worked on.
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) taken: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Reads a body. Room is taken as bytes arrive: who announces much and sends little takes little.
    pub(super) async fn read(&self, body: Body) -> Result<Received, ApiError> {
        match tokio::time::timeout(BODY_TIME, self.read_on(body)).await {
            Ok(read) => read,
            Err(_) => Err(ApiError::new(Code::Timeout, "the body took longer than a minute to arrive")),
        }
    }

    async fn read_on(&self, mut body: Body) -> Result<Received, ApiError> {
        let mut received = Received { bytes: Vec::new(), taken: None };
        while let Some(frame) = body.frame().await {
            let broken = |_| ApiError::new(Code::Malformed, "the body ended before it was whole");
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if received.bytes.len() + data.len() > MAX_BODY_BYTES {
                let detail = "the body is larger than 8 MiB: send fewer entries at a time";
                return Err(ApiError::new(Code::TooLarge, detail));
            }
            let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
            let more = Arc::clone(&self.0).try_acquire_many_owned(size).map_err(|_| {
                let detail = "the server is reading as much as it can hold: try again in a moment";
                ApiError::new(Code::Unavailable, detail)
            })?;
            match &mut received.taken {
                Some(taken) => taken.merge(more),
                None => received.taken = Some(more),
            }
            received.bytes.extend_from_slice(&data);
        }
        Ok(received)
    }
}

pub(super) fn utf8(bytes: Vec<u8>) -> Result<String, ApiError> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ApiError::new(Code::Malformed, format!("the body is not UTF-8 at byte {at}"))
    })
}

/// Reads a JSON object of a documented shape.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T, Box<Problem>> {
    // A list would be read as members in their order, and `[]` as a prune with nothing but defaults.
    let is_object = text.trim_ascii_start().starts_with('{');
    if !is_object && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Err(Box::new(Problem::invalid(vec![FieldError::new("body", "is not a JSON object")])));
    }
    // The second reading finds out which member is at fault; only a faulty body pays for it.
    serde_json::from_str(text).map_err(|error| {
        let at = format!("line {} column {}", error.line(), error.column());
        if !error.is_data() {
            return Box::new(Problem::new(Code::Malformed, format!("the body is not JSON at {at}")));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let located = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
        let path = located.map(|error| error.path().to_string()).filter(|path| path != ".");
        Box::new(Problem::invalid(vec![FieldError::new(
            known_part(path.as_deref()),
            said(&error.to_string()),
        )]))
    })
}

/// A path of members, cut before the first that is not of our own naming: a key may be a secret by mistake.
fn known_part(path: Option<&str>) -> String {
    const OURS: &[&str] = &[
        "uuid",
        "occurred_at",
        "action",
        "model_type",
        "model_id",
        "model_name",
        "user",
        "id",
        "email",
        "name",
        "role",
        "kind",
        "context",
        "via",
        "ip",
        "user_agent",
        "request_id",
        "reason",
        "before",
        "after",
        "changes",
        "field",
        "old",
        "new",
        "redacted",
        "dry_run",
        "older_than",
        "max_delete",
        "cutoff",
        "as_of",
        "max_seconds",
    ];
    let ours = |part: &&str| OURS.contains(&part.split('[').next().unwrap_or(""));
    let known: Vec<_> = path.unwrap_or("").split('.').take_while(ours).collect();
    if known.is_empty() { "body".to_owned() } else { known.join(".") }
}

/// What the parser said, without what it quoted: the value it met may be a secret.
fn said(words: &str) -> String {
    let words = words.split(" at line ").next().unwrap_or(words);
    if words.starts_with("missing field") || words.starts_with("duplicate field") {
        return words.to_owned();
    }
    match words.rfind("expected ") {
        Some(at) if words.starts_with("unknown field") => format!("has an unknown member: {}", &words[at..]),
        Some(at) => format!("is not what it should be: {}", &words[at..]),
        None => "is not of the documented shape".to_owned(),
    }
}

/// A call that takes no parameters, and says so: `?dry_run=true` on the wrong call must not pass unheard.
pub(super) struct NoParameters;

impl<S: Sync> FromRequestParts<S> for NoParameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let unknown = |(name, _)| FieldError::new(name, "is no parameter here: this call takes none");
        let errors: Vec<_> = pairs(parts.uri.query())?.into_iter().map(unknown).collect();
        if errors.is_empty() { Ok(Self) } else { Err(errors.into()) }
    }
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
    use crate::model::proposal::Proposal;

    #[tokio::test]
    async fn bodies_take_room_while_they_are_there_and_give_it_back() {
        let room = Room(Arc::new(Semaphore::new(10)));
        let first = room.read(Body::from("1234567")).await.expect("room");
        assert_eq!(first.bytes, b"1234567");
        let code = |read: Result<Received, ApiError>| read.map(|_| ()).expect_err("no room").code();
        assert_eq!(code(room.read(Body::from("1234")).await), Code::Unavailable);
        room.read(Body::from("123")).await.expect("a refused body has given back what it took");
        drop(first);
        room.read(Body::from("1234567890")).await.expect("room again");
        let large = Body::from(vec![b'x'; MAX_BODY_BYTES + 1]);
        assert_eq!(code(Room::default().read(large).await), Code::TooLarge);
    }

    #[test]
    fn faults_are_located_and_nothing_that_was_sent_is_quoted() {
        for (text, field, detail) in [
            (
                r#"{"action":"c4n4ry"}"#,
                "action",
                "is not what it should be: expected one of created, updated, deleted",
            ),
            (
                r#"{"action":"created","model_type":7}"#,
                "model_type",
                "is not what it should be: expected a string",
            ),
            (r#"{"action":"created"}"#, "body", "missing field `model_type`"),
            (
                r#"{"user":{"kind":"c4n4ry"}}"#,
                "user.kind",
                "is not what it should be: expected one of user, token, service, system",
            ),
            (
                r#"{"user":{"c4n4ry":1}}"#,
                "user",
                "has an unknown member: expected one of `id`, `email`, `name`, `role`, `kind`",
            ),
            (
                r#"{"changes":[{"field":"c4n4ry"},{"field":{}}]}"#,
                "changes[1].field",
                "is not what it should be: expected a string",
            ),
            (r#"{"user":["c4n4ry"]}"#, "user", "is not what it should be: expected an object"),
            (r#"["c4n4ry"]"#, "body", "is not a JSON object"),
        ] {
            let problem = json::<Proposal>(text).map(|_| ()).expect_err(text);
            assert_eq!(problem.code, Code::Invalid, "{text}");
            assert_eq!(problem.errors[0].field, field, "{text}");
            assert_eq!(problem.errors[0].detail, detail, "{text}");
            assert!(!serde_json::to_string(&problem).expect("serialises").contains("c4n4ry"), "{problem:?}");
        }
        assert_eq!(json::<Proposal>("{c4n4ry").map(|_| ()).expect_err("no JSON").code, Code::Malformed);
    }
}
