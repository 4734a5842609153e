//! Turns errors into problem responses. Internal errors are logged once and never sent.

use axum::Json;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api::problem::{Code, Problem};
use crate::api::routes::PROBLEM_JSON;
use crate::model::draft::FieldError;
use crate::server::page_body::PageBody;
use crate::store::PruneRunning;
use crate::store::error::StoreError;

/// The `Retry-After` of a 503 response, in seconds.
pub(super) const RETRY_SECONDS: u64 = 2;

/// A problem to be sent to the caller.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    problem: Box<Problem>,
    /// The value of `Retry-After`.
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

    pub(super) const fn problem(&self) -> &Problem {
        &self.problem
    }

    pub(super) const fn retry_seconds(&self) -> Option<u64> {
        self.retry_seconds
    }

    pub(super) fn code(&self) -> Code {
        self.problem.code
    }

    pub(super) fn internal() -> Self {
        Self::new(Code::Internal, "internal error: the server's log has the details under this request id")
    }
}

impl From<Box<Problem>> for ApiError {
    fn from(problem: Box<Problem>) -> Self {
        let is_passing = matches!(problem.code, Code::Unavailable | Code::Unwritable);
        let retry_seconds = is_passing.then_some(RETRY_SECONDS);
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

impl From<PruneRunning> for ApiError {
    fn from(running: PruneRunning) -> Self {
        Self::new(Code::PruneRunning, format!("{}: try again later", running.description()))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unwritable(_) => {
                tracing::error!(error = %error, "the store cannot be written");
                Self::new(
                    Code::Unwritable,
                    "the store cannot be written, its disk is full, failed or read-only: nothing of this request was stored",
                )
            }
            StoreError::Locked | StoreError::Closed | StoreError::Open { .. } => {
                tracing::error!(error = %error, "the store is unusable");
                Self::new(
                    Code::Unavailable,
                    "the store is temporarily unavailable: nothing of this request was stored",
                )
            }
            StoreError::TimedOut => {
                tracing::warn!("a statement timed out");
                Self::new(Code::Unavailable, error.to_string())
            }
            StoreError::Busy(cause) => Self::new(Code::Unavailable, cause),
            StoreError::Unreachable(_) => {
                tracing::error!(error = %error, "the database is unreachable");
                Self::new(
                    Code::Unavailable,
                    "the database is temporarily unreachable: try again (an entry with the same uuid is stored only once)",
                )
            }
            StoreError::LeaseLost => Self::new(
                Code::PruneRunning,
                "another prune or erasure took over; what this one did is on record",
            ),
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
        // `with_problem` writes the body, because it knows the request's id.
        response.extensions_mut().insert(self);
        response
    }
}

/// Adds the problem body with the request's id to an error response of a handler, a layer or the framework.
pub(super) fn with_problem(mut response: Response, request_id: &str) -> Response {
    let status = response.status();
    let is_page = response.extensions().get::<PageBody>().is_some();
    if is_page || !status.is_client_error() && !status.is_server_error() {
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

/// The problem for an error response of a layer or of the framework.
fn problem_of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "no such path"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::MethodNotAllowed, "this path does not support this method")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge, "the request is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(Code::UnsupportedMediaType, "the media type is not supported")
        }
        status if status.is_client_error() => Problem::new(Code::Malformed, "the request is malformed"),
        _ => Problem::new(
            Code::Internal,
            "internal error: the server's log has the details under this request id",
        ),
    }
}
