//! What can go wrong between a command and the API.

use std::fmt::Display;

use crate::api::problem::Problem;

/// A call's failure.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The client cannot be built.
    #[error("cannot set up TLS: {0}")]
    Setup(String),
    /// No connection, or none that lasts.
    #[error("cannot reach {server}: {cause}")]
    Unreachable {
        /// The server.
        server: String,
        /// The network's words.
        cause: String,
    },
    /// Somebody answers, and cannot show that it is the server.
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
    /// Something answered that does not speak our contract.
    #[error("{server} answered {status}, but not as a Krosyn audit API does: {cause}")]
    Foreign {
        /// The server.
        server: String,
        /// The HTTP status.
        status: u16,
        /// What was wrong with it.
        cause: String,
    },
}

impl ClientError {
    /// Tells whether the same call may do better later: the network and the server's own troubles pass, a refusal
    /// does not.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Setup(_) | Self::Untrusted { .. } => false,
            Self::Unreachable { .. } => true,
            Self::Problem(problem) => matches!(problem.status, 408 | 429 | 500..),
            Self::Foreign { status, .. } => *status >= 500,
        }
    }

    pub(super) fn foreign(server: &str, status: u16, cause: &dyn Display) -> Self {
        Self::Foreign { server: server.to_owned(), status, cause: cause.to_string() }
    }
}
