//! The only module that reads the system clock. All others get a [`Clock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::timestamp::Timestamp;

/// A time source.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system clock.
    System,
    /// A clock that is set by hand, in microseconds since the epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Creates a manual clock set to `now`.
    #[must_use]
    pub fn fixed(now: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now.micros())))
    }

    /// The current time, limited to the years 1970 to 9999.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let micros = match self {
            #[expect(clippy::disallowed_methods, reason = "the only module that may read the clock")]
            Self::System => chrono::Utc::now().timestamp_micros(),
            Self::Manual(micros) => micros.load(Ordering::SeqCst),
        };
        let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_micros(micros).unwrap_or(nearest)
    }
}
