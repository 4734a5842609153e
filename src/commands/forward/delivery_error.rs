//! Why a delivery failed: whether another attempt may succeed.

use std::time::Duration;

use crate::error::Failure;

#[derive(Debug)]
pub(super) enum DeliveryError {
    /// Another attempt may succeed: the network, the receiver or the disk.
    Transient {
        /// What failed and why.
        cause: String,
        /// What the user can do, if it lasts.
        hint: Option<&'static str>,
        /// The shortest time to wait, if the receiver named one.
        retry_after: Option<Duration>,
    },
    /// Another attempt would fail the same way.
    Permanent(Failure),
}

impl DeliveryError {
    pub(super) fn transient(cause: impl Into<String>) -> Self {
        Self::Transient { cause: cause.into(), hint: None, retry_after: None }
    }

    /// Adds what the user can do.
    pub(super) fn hint(self, words: &'static str) -> Self {
        match self {
            Self::Transient { cause, retry_after, .. } => {
                Self::Transient { cause, hint: Some(words), retry_after }
            }
            Self::Permanent(failure) => Self::Permanent(failure.hint(words)),
        }
    }
}
