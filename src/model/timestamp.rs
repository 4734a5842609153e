//! A moment in UTC with microseconds: the only kind of time the log keeps.
//!
//! What people type and read is `time`'s business; this is the stored and the wire form (RFC 3339).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since 1970-01-01T00:00:00Z, within the years 1970 to 9999 that RFC 3339 can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Not a moment this log can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time between the years 1970 and 9999: {0:?} (such as 2026-11-22T08:14:07.412033Z)")]
pub struct InvalidTimestamp(pub String);

impl Timestamp {
    /// The first moment, 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The last moment, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// From microseconds since the epoch; none outside the years 1970 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 { None } else { Some(Self(micros)) }
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment `delta` later (or earlier, when negative), held within the years 1970 to 9999.
    #[must_use]
    pub fn plus(self, delta: TimeDelta) -> Self {
        let beyond = if delta < TimeDelta::zero() { i64::MIN } else { i64::MAX };
        let micros = self.0.saturating_add(delta.num_microseconds().unwrap_or(beyond));
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The time from `earlier` to this.
    #[must_use]
    pub const fn since(self, earlier: Self) -> TimeDelta {
        TimeDelta::microseconds(self.0 - earlier.0)
    }

    /// As chrono knows it.
    #[must_use]
    pub fn datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

/// Finer digits than microseconds are cut, not rounded: an entry must not move into the next second.
impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = InvalidTimestamp;
    fn try_from(moment: DateTime<Utc>) -> Result<Self, InvalidTimestamp> {
        Self::from_micros(moment.timestamp_micros()).ok_or_else(|| InvalidTimestamp(moment.to_rfc3339()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.datetime().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let invalid = || InvalidTimestamp(text.to_owned());
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?;
        Self::from_micros(moment.timestamp_micros()).ok_or_else(invalid)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_utc_with_microseconds_and_reads_any_offset() {
        let moment: Timestamp = "2026-11-22T09:14:07.4120339+01:00".parse().expect("RFC 3339");
        assert_eq!(moment.to_string(), "2026-11-22T08:14:07.412033Z");
        for edge in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(edge.to_string().parse(), Ok(edge));
        }
        for bad in ["2026-11-22", "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z", "", "now"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn arithmetic_stays_within_the_range() {
        assert_eq!(Timestamp::MAX.plus(TimeDelta::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.plus(TimeDelta::MIN), Timestamp::MIN);
    }
}
