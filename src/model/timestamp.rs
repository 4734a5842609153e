//! A moment in UTC with microseconds: the stored form and the wire form (RFC 3339). `time` reads and formats times for
//! people.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::words::shortened;

/// Microseconds since 1970-01-01T00:00:00Z, from 1970 to 9999: RFC 3339 has four digits for the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not a moment in the supported range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time between the years 1970 and 9999: {:?} (such as 2026-11-22T08:14:07.412033Z)", shortened(.0))]
pub struct InvalidTimestamp(pub String);

impl Timestamp {
    /// The first moment, 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The last moment, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// Converts microseconds since the epoch, or returns `None` outside the years 1970 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 { None } else { Some(Self(micros)) }
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment `delta` later (earlier when negative), clamped to the years 1970 to 9999.
    #[must_use]
    pub fn plus(self, delta: TimeDelta) -> Self {
        let beyond = if delta < TimeDelta::zero() { i64::MIN } else { i64::MAX };
        let micros = self.0.saturating_add(delta.num_microseconds().unwrap_or(beyond));
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The time since `earlier`.
    #[must_use]
    pub const fn since(self, earlier: Self) -> TimeDelta {
        TimeDelta::microseconds(self.0 - earlier.0)
    }

    /// The moment as a type of chrono.
    #[must_use]
    pub fn datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

/// The year, month and day that begin so many days after 1970-01-01, by Howard Hinnant's `civil_from_days`: years begin in
/// March, so that the leap day is the last of its year.
const fn date(days: u64) -> (u64, u64, u64) {
    // Days since 0000-03-01. An era is 400 years.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // March is 0.
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    if month < 10 { (year + era * 400, month + 3, day) } else { (year + era * 400 + 1, month - 9, day) }
}

/// The written form, with a `0` for each digit.
const FORM: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";

impl Timestamp {
    /// The written form. A page holds two of them for each entry, so they are computed from the number of days, without
    /// chrono's types, and written digit by digit.
    pub(crate) fn written(self) -> [u8; FORM.len()] {
        let (seconds, micros) = (self.0.cast_unsigned() / 1_000_000, self.0.cast_unsigned() % 1_000_000);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = date(days);
        let mut text = *FORM;
        let mut write = |mut place: usize, digits: u32, mut number: u64| {
            for _ in 0..digits {
                place -= 1;
                text[place] = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
        };
        write(4, 4, year);
        write(7, 2, month);
        write(10, 2, day);
        write(13, 2, second / 3600);
        write(16, 2, second / 60 % 60);
        write(19, 2, second % 60);
        write(26, 6, micros);
        text
    }

    /// Parses the form that [`Self::written`] writes, and no other.
    fn from_written(text: &[u8]) -> Option<Self> {
        let is_digit = |expected: u8| expected == b'0';
        let same = |(byte, expected): (&u8, &u8)| {
            if is_digit(*expected) { byte.is_ascii_digit() } else { byte == expected }
        };
        if text.len() != FORM.len() || !text.iter().zip(FORM).all(same) {
            return None;
        }
        let number = |from: usize, to: usize| {
            text[from..to].iter().fold(0, |number: u32, digit| number * 10 + u32::from(digit - b'0'))
        };
        let date = NaiveDate::from_ymd_opt(number(0, 4).cast_signed(), number(5, 7), number(8, 10))?;
        let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
        let time = NaiveTime::from_hms_micro_opt(hour, minute, second, number(20, 26))?;
        Self::from_micros(date.and_time(time).and_utc().timestamp_micros())
    }
}

/// Digits beyond microseconds are cut and not rounded, because an entry must not move into the next second.
impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = InvalidTimestamp;
    fn try_from(moment: DateTime<Utc>) -> Result<Self, InvalidTimestamp> {
        Self::from_micros(moment.timestamp_micros()).ok_or_else(|| InvalidTimestamp(moment.to_rfc3339()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.written()).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        if let Some(moment) = Self::from_written(text.as_bytes()) {
            return Ok(moment);
        }
        let invalid = || InvalidTimestamp(text.to_owned());
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?;
        Self::from_micros(moment.timestamp_micros()).ok_or_else(invalid)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.written()).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimestampVisitor;
        impl Visitor<'_> for TimestampVisitor {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(TimestampVisitor)
    }
}

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn utc_with_microseconds_is_written_and_any_offset_is_parsed() {
        let moment: Timestamp = "2026-11-22T09:14:07.4120339+01:00".parse().expect("RFC 3339");
        assert_eq!(moment.to_string(), "2026-11-22T08:14:07.412033Z");
        for edge in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(edge.to_string().parse(), Ok(edge));
        }
        for bad in ["2026-11-22", "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z", "", "now"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_written_form_is_that_of_chrono(micros in Timestamp::MIN.0..=Timestamp::MAX.0, at in 0..27_usize, byte in any::<u8>()) {
            let moment = Timestamp(micros);
            let text = moment.to_string();
            prop_assert_eq!(&text, &moment.datetime().to_rfc3339_opts(SecondsFormat::Micros, true));
            prop_assert_eq!(Timestamp::from_written(text.as_bytes()), Some(moment));
            let mut other = text.into_bytes();
            other[at] = byte;
            // A changed text means what chrono reads in it.
            if let Some(read) = Timestamp::from_written(&other) {
                let text = String::from_utf8(other).expect("digits");
                let by_chrono = DateTime::parse_from_rfc3339(&text).expect("a time");
                prop_assert_eq!(read.0, by_chrono.timestamp_micros());
            }
        }
    }

    #[test]
    fn arithmetic_is_clamped_to_the_range() {
        assert_eq!(Timestamp::MAX.plus(TimeDelta::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.plus(TimeDelta::MIN), Timestamp::MIN);
    }
}
