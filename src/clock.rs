//! The one place that asks what time it is. Everything else is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::timestamp::Timestamp;

/// A source of the present moment.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands until it is set, in microseconds since the epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn fixed(now: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now.micros())))
    }

    /// The present moment. A machine's clock outside the years 1970 to 9999 reads as the nearer edge.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let micros = match self {
            #[expect(clippy::disallowed_methods, reason = "this is the door the ban points to")]
            Self::System => chrono::Utc::now().timestamp_micros(),
            Self::Manual(micros) => micros.load(Ordering::SeqCst),
        };
        let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_micros(micros).unwrap_or(nearest)
    }
}
