//! From what went wrong to what is answered: one total match, internals logged once and never sent.

use axum::Json;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api::problem::{Code, Problem};
use crate::api::routes::PROBLEM_JSON;
use crate::model::draft::FieldError;
use crate::store::error::StoreError;

/// How soon a caller may try again when the store cannot be reached, in seconds.
pub(super) const RETRY_SECONDS: u64 = 2;

/// An error on its way to the caller.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    problem: Box<Problem>,
    /// How soon the caller may try again.
    retry_seconds: Option<u64>,
}

impl ApiError {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    pub(super) fn too_many_requests(wait: std::time::Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let detail = format!("too many requests: try again in {seconds} seconds");
        Self { retry_seconds: Some(seconds), ..Self::new(Code::TooManyRequests, detail) }
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> Code {
        self.problem.code
    }

    pub(super) fn internal() -> Self {
        Self::new(Code::Internal, "the server failed; its log has the details under this request id")
    }
}

impl From<Box<Problem>> for ApiError {
    fn from(problem: Box<Problem>) -> Self {
        let retry_seconds = (problem.code == Code::Unavailable).then_some(RETRY_SECONDS);
        Self { problem, retry_seconds }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Box::new(problem).into()
    }
}

impl From<Vec<FieldError>> for ApiError {
    fn from(errors: Vec<FieldError>) -> Self {
        Problem::invalid(errors).into()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Locked | StoreError::Unwritable(_) | StoreError::Closed | StoreError::Open { .. } => {
                tracing::error!(error = %error, "the store cannot be used");
                Self::new(
                    Code::Unavailable,
                    "the store cannot be reached or written at the moment; nothing of this request was stored",
                )
            }
            StoreError::TimedOut => {
                tracing::warn!("a statement took too long and was stopped");
                Self::new(Code::Unavailable, error.to_string())
            }
            StoreError::Busy(_) => Self::new(
                Code::Unavailable,
                "too many questions of this organization wait to be answered: ask fewer at once, and try again",
            ),
            StoreError::Unreachable(_) => {
                tracing::error!(error = %error, "the database is away");
                Self::new(
                    Code::Unavailable,
                    "the database cannot be reached at the moment: try again; a recording under the same uuid is stored once",
                )
            }
            StoreError::LeaseLost => {
                Self::new(Code::PruneRunning, "another prune took over; what this one deleted is on record")
            }
            StoreError::Exists(_) | StoreError::Missing(_) => Self::new(Code::Invalid, error.to_string()),
            StoreError::NewerSchema { .. }
            | StoreError::UnknownUrl(_)
            | StoreError::Address { .. }
            | StoreError::Damaged(_)
            | StoreError::Served(_)
            | StoreError::Backup { .. }
            | StoreError::Failed(_) => {
                tracing::error!(error = %error, "the store failed");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if self.problem.code == Code::Unauthorized {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_seconds {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The body is written by `with_problem`, which knows the request's id.
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives an error answer, whoever made it, its problem body with the request's id.
pub(super) fn with_problem(mut response: Response, request_id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions_mut().remove::<ApiError>().map(|error| *error.problem);
    let problem = problem.unwrap_or_else(|| problem_of_status(status));
    let request_id = Some(request_id.to_owned());
    let problem = Problem { request_id, status: status.as_u16(), ..problem };
    let (mut parts, _) = response.into_parts();
    let body = Json(problem).into_response().into_body();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    Response::from_parts(parts, body)
}

/// A problem for a status that was answered without one, by a layer or by the framework.
fn problem_of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "there is nothing at this path"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::MethodNotAllowed, "this path does not take this method")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge, "the request is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(Code::UnsupportedMediaType, "the media type is not supported")
        }
        status if status.is_client_error() => Problem::new(Code::Malformed, "the request cannot be read"),
        _ => Problem::new(Code::Internal, "the server failed; its log has the details under this request id"),
    }
}
