//! Errors of API calls.

use std::fmt::Display;

use crate::api::problem::Problem;

/// Why an API call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The client cannot be built.
    #[error("cannot set up TLS: {0}")]
    Setup(String),
    /// The connection failed or broke.
    #[error("cannot reach {server}: {cause}")]
    Unreachable {
        /// The server.
        server: String,
        /// The cause from the network library.
        cause: String,
    },
    /// The server's certificate is not accepted.
    #[error("cannot trust {server}: {cause}")]
    Untrusted {
        /// The server.
        server: String,
        /// What is wrong with its certificate.
        cause: String,
    },
    /// The server answered with a problem.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// The response does not follow the API.
    #[error("{server} answered {status}, but not as a Krosyn audit API does: {cause}")]
    UnexpectedResponse {
        /// The server.
        server: String,
        /// The HTTP status.
        status: u16,
        /// What was wrong with it.
        cause: String,
    },
}

impl ClientError {
    /// Returns whether the same call may succeed later: after a network or server failure, not after a refusal.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Setup(_) | Self::Untrusted { .. } => false,
            Self::Unreachable { .. } => true,
            Self::Problem(problem) => matches!(problem.status, 408 | 429 | 500..),
            Self::UnexpectedResponse { status, .. } => *status >= 500,
        }
    }

    pub(super) fn unexpected(server: &str, status: u16, cause: &dyn Display) -> Self {
        Self::UnexpectedResponse { server: server.to_owned(), status, cause: cause.to_string() }
    }
}
