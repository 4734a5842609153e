//! The result of parsing a time, and its context.

use chrono_tz::Tz;

use crate::model::timestamp::Timestamp;

/// The present, and the default zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeContext {
    /// The present.
    pub now: Timestamp,
    /// The zone.
    pub zone: Tz,
}

/// The end of a range that a text gives. It decides the meaning of a day without a time, and of a time that occurs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The inclusive start: of a day, its first instant.
    Since,
    /// The exclusive end: of a day, the first instant after it.
    Until,
}

/// The meaning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// A moment.
    At {
        /// The moment.
        at: Timestamp,
        /// An explanation for the user, when the time occurs twice or never in the zone.
        note: Option<String>,
    },
    /// The moment of the entry with this id, which the caller looks up.
    Entry(u64),
}

impl When {
    pub(super) const fn moment(at: Timestamp) -> Self {
        Self::At { at, note: None }
    }
}
