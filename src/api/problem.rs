//! Error responses (RFC 9457, `application/problem+json`) with stable codes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::draft::FieldError;

/// The error code, for programs. Clients read a code that they do not know as `unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 400: not HTTP, not JSON, not UTF-8, or not of the documented shape.
    Malformed,
    /// 401: no token, or one that is unknown, expired or revoked.
    Unauthorized,
    /// 403: the token lacks the scope.
    Forbidden,
    /// 404: no such path, entry, resource, hold, user or tile.
    NotFound,
    /// 405: the path does not support this method.
    MethodNotAllowed,
    /// 408: the request took too long to arrive.
    Timeout,
    /// 409: an entry with this uuid and other content exists.
    UuidConflict,
    /// 409: another prune or an erasure of this organization is running.
    PruneRunning,
    /// 409: the server's clock may be ahead, so that young entries look expired.
    ClockImplausible,
    /// 409: a hold of this name exists, or the hold has been released already.
    HoldConflict,
    /// 409: a hold covers entries that would be changed.
    Held,
    /// 410: the entry, or every entry of the tile, was pruned.
    Pruned,
    /// 413 (414 for the URL, 431 for headers): body, entry, lines, URL or headers exceed a limit; `detail` names it.
    TooLarge,
    /// 415: neither JSON nor NDJSON (`application/json`, `application/x-ndjson` or one of its aliases), or a compressed body.
    UnsupportedMediaType,
    /// 422: a parameter or member is invalid.
    Invalid,
    /// 422: the cursor belongs to another query.
    CursorMismatch,
    /// 422: the prune would delete entries inside the retention period.
    InsideRetention,
    /// 422: more entries have expired than `max_delete` allows.
    OverMaxDelete,
    /// 424: not stored because of another line of an atomic request.
    NotStored,
    /// 429: too many requests; see `Retry-After`.
    TooManyRequests,
    /// 500: internal error; the server's log has the details under the request id.
    Internal,
    /// 503: temporarily unavailable: the store cannot be reached, a query took too long, or a limit is reached; see `Retry-After`.
    Unavailable,
    /// 503: the store cannot be written: its disk is full, failed or read-only.
    Unwritable,
    /// A code of a later version of the API.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// The code in JSON.
    #[must_use]
    pub fn word(self) -> String {
        let word = serde_json::to_value(self).ok();
        word.and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::UuidConflict
            | Self::PruneRunning
            | Self::ClockImplausible
            | Self::HoldConflict
            | Self::Held => 409,
            Self::Pruned => 410,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid | Self::CursorMismatch | Self::InsideRetention | Self::OverMaxDelete => 422,
            Self::NotStored => 424,
            Self::TooManyRequests => 429,
            Self::Internal | Self::Unknown => 500,
            Self::Unavailable | Self::Unwritable => 503,
        }
    }

    /// A short description.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::Unauthorized => "Not signed in",
            Self::Forbidden => "The token lacks a scope",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Timeout => "The request took too long",
            Self::UuidConflict => "The uuid belongs to another entry",
            Self::PruneRunning => "A prune or an erasure is running",
            Self::ClockImplausible => "The clock may be ahead",
            Self::HoldConflict => "The hold exists or is released already",
            Self::Held => "Entries are held",
            Self::Pruned => "The entry was pruned",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "The media type is not supported",
            Self::Invalid => "The request is not valid",
            Self::CursorMismatch => "The cursor belongs to another query",
            Self::InsideRetention => "Inside the retention period",
            Self::OverMaxDelete => "More entries than max_delete allows",
            Self::NotStored => "Not stored",
            Self::TooManyRequests => "Too many requests",
            Self::Internal | Self::Unknown => "Internal error",
            Self::Unavailable => "Temporarily unavailable",
            Self::Unwritable => "The store cannot be written",
        }
    }
}

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URN made of the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:krosyn-audit:problem:invalid")]
    pub kind: String,
    /// A short description of the code.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What happened, and how to fix it.
    pub detail: String,
    /// The error code, for programs.
    pub code: Code,
    /// The request id, as in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The errors by field or parameter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// Creates a problem with this code and message.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:krosyn-audit:problem:{}", code.word()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            request_id: None,
            errors: Vec::new(),
        }
    }

    /// Creates a 422 that lists up to [`MAX_ERRORS`] errors and the number of further ones. Its size is bounded,
    /// however long the request was.
    #[must_use]
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let others = errors.len().saturating_sub(MAX_ERRORS);
        errors.truncate(MAX_ERRORS);
        for FieldError { field, detail } in &mut errors {
            shorten(field, MAX_FIELD_NAME);
            shorten(detail, MAX_DETAIL);
        }
        let mut sentences: Vec<_> =
            errors.iter().map(|error| format!("{} {}", error.field, error.detail)).collect();
        if others > 0 {
            sentences.push(format!("and {others} more"));
        }
        Self { errors, ..Self::new(Code::Invalid, sentences.join("; ")) }
    }
}

/// The most errors that one response lists.
pub const MAX_ERRORS: usize = 20;
/// The longest name of a field or parameter in a response, in characters.
const MAX_FIELD_NAME: usize = 100;
/// The longest message about one field, in characters.
const MAX_DETAIL: usize = 600;

fn shorten(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_does_not_grow_with_the_request() {
        let long = "é".repeat(1 << 16);
        let fault = |place: usize| FieldError::new(format!("{place}{long}"), long.clone());
        let problem = Problem::invalid((0..500).map(fault).collect());
        assert_eq!(problem.errors.len(), MAX_ERRORS);
        assert!(problem.detail.ends_with("; and 480 more"), "{}", problem.detail);
        assert!(serde_json::to_string(&problem).expect("JSON").len() < 64 << 10);
        let one = Problem::invalid(vec![FieldError::new("limit", "must be a whole number")]);
        assert_eq!(one.detail, "limit must be a whole number");
    }
}
