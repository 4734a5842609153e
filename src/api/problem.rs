//! Errors on the wire (RFC 9457, `application/problem+json`), with codes a program can rely on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::draft::FieldError;

/// What went wrong, for programs. Closed words; a client meeting one it does not know reads it as `unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 400: not HTTP, not JSON, not UTF-8, or not of the documented shape.
    Malformed,
    /// 401: no token, an unknown one, one that has expired or was revoked.
    Unauthorized,
    /// 403: the token lacks the scope.
    Forbidden,
    /// 404: nothing there.
    NotFound,
    /// 405: not with this method.
    MethodNotAllowed,
    /// 408: the request took too long to arrive.
    Timeout,
    /// 409: the uuid is taken by an entry with other content.
    UuidConflict,
    /// 409: another prune of this organization runs.
    PruneRunning,
    /// 409: the server's clock may be ahead, and what it calls expired young.
    ClockImplausible,
    /// 410: the entry was pruned.
    Pruned,
    /// 413: the request is larger than 8 MiB.
    TooLarge,
    /// 415: neither `application/json` nor `application/x-ndjson`.
    UnsupportedMediaType,
    /// 422: understood, and against the contract.
    Invalid,
    /// 422: the cursor belongs to another question.
    CursorMismatch,
    /// 422: the prune would delete what the plan still keeps.
    InsideRetention,
    /// 422: more has expired than the request allows to delete.
    OverMaxDelete,
    /// 424: not stored because of another line of an atomic request.
    NotStored,
    /// 429: too many requests; see `Retry-After`.
    TooManyRequests,
    /// 500: a fault of the server's; its log has the details under the request id.
    Internal,
    /// 503: the store cannot be reached; see `Retry-After`.
    Unavailable,
    /// A code of a later version of this contract.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// The word it is written as.
    #[must_use]
    pub fn word(self) -> String {
        let word = serde_json::to_value(self).ok();
        word.and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
    }

    /// The HTTP status it is answered with.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::UuidConflict | Self::PruneRunning | Self::ClockImplausible => 409,
            Self::Pruned => 410,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid | Self::CursorMismatch | Self::InsideRetention | Self::OverMaxDelete => 422,
            Self::NotStored => 424,
            Self::TooManyRequests => 429,
            Self::Internal | Self::Unknown => 500,
            Self::Unavailable => 503,
        }
    }

    /// What it means, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::Unauthorized => "Not signed in",
            Self::Forbidden => "The token lacks a scope",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Not with this method",
            Self::Timeout => "The request took too long",
            Self::UuidConflict => "The uuid is taken by another entry",
            Self::PruneRunning => "Another prune is running",
            Self::ClockImplausible => "The clock may be ahead",
            Self::Pruned => "The entry was pruned",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "The media type is not supported",
            Self::Invalid => "The request is not valid",
            Self::CursorMismatch => "The cursor belongs to another question",
            Self::InsideRetention => "Inside the retention period",
            Self::OverMaxDelete => "More would go than allowed",
            Self::NotStored => "Not stored",
            Self::TooManyRequests => "Too many requests",
            Self::Internal | Self::Unknown => "The server failed",
            Self::Unavailable => "The store cannot be reached",
        }
    }
}

/// An error, as every endpoint answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URN made of the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:krosyn-audit:problem:invalid")]
    pub kind: String,
    /// What it means, in a few words.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What happened, and what to do about it.
    pub detail: String,
    /// What went wrong, for programs.
    pub code: Code,
    /// The request, as the server's log knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is wrong with which field or parameter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem with this code and these words.
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

    /// A 422 that names each fault, up to [`MAX_ERRORS`], and says how many others there are. It stays short however
    /// long the request was.
    #[must_use]
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let others = errors.len().saturating_sub(MAX_ERRORS);
        errors.truncate(MAX_ERRORS);
        for FieldError { field, detail } in &mut errors {
            shorten(field, MAX_FIELD_NAME);
            shorten(detail, MAX_FAULT);
        }
        let mut sentences: Vec<_> =
            errors.iter().map(|error| format!("{} {}", error.field, error.detail)).collect();
        if others > 0 {
            sentences.push(format!("and {others} more"));
        }
        Self { errors, ..Self::new(Code::Invalid, sentences.join("; ")) }
    }
}

/// The most faults that one answer names.
pub const MAX_ERRORS: usize = 20;
/// How much of a field's or a parameter's name is repeated, in characters.
const MAX_FIELD_NAME: usize = 100;
/// How long the words about one fault are, in characters.
const MAX_FAULT: usize = 600;

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
    fn an_answer_does_not_grow_with_the_request() {
        let long = "é".repeat(1 << 16);
        let fault = |place: usize| FieldError::new(format!("{place}{long}"), long.clone());
        let problem = Problem::invalid((0..500).map(fault).collect());
        assert_eq!(problem.errors.len(), MAX_ERRORS);
        assert!(problem.detail.ends_with("; and 480 more"), "{}", problem.detail);
        assert!(serde_json::to_string(&problem).expect("JSON").len() < 64 << 10);
        let one = Problem::invalid(vec![FieldError::new("limit", "is a whole number")]);
        assert_eq!(one.detail, "limit is a whole number");
    }
}
