//! Errors of the time grammar.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::model::time::age::AgeErrorKind;
use crate::model::time::lexer::quoted;

/// A text that is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {} (such as 2h, yesterday, 2026-11-20 14:03, @1763730247)", quoted(.text))]
pub struct TimeError {
    /// The text as typed.
    pub text: String,
    /// The reason.
    pub kind: TimeErrorKind,
}

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeErrorKind {
    /// The text is empty.
    #[error("no time is given")]
    Empty,
    /// The text has no form of the grammar.
    #[error("not a time")]
    NotATime,
    /// Digits alone could be seconds, a year or hours.
    #[error(
        "a bare number is not a time, write id:1287 for an entry, @1763730247 for seconds since 1970, or add a unit as in 15m"
    )]
    BareNumber,
    /// A year without a month.
    #[error("a year alone is not a time, write 2026-01-01 or this year")]
    BareYear,
    /// No seconds follow `@`.
    #[error("write @ and the seconds since 1970 in digits, as in @1763730247.412")]
    Epoch,
    /// No id follows `id:`.
    #[error("write id: and the number of an entry, as in id:1287")]
    Entry,
    /// `24.11.2026` or `11/24/2026`, which have different meanings in different countries.
    #[error("a date is written as in 2026-11-24")]
    OtherDate,
    /// The calendar does not have this date.
    #[error("there is no such day")]
    NoSuchDay,
    /// The weekday before a date is not that of the date.
    #[error("that date is a {}", .0.format("%A"))]
    OtherWeekday(NaiveDate),
    /// No clock shows this time of day.
    #[error("there is no such time of day")]
    NoSuchTimeOfDay,
    /// The zone's clocks skipped this date or time, and the end of the gap is not known.
    #[error("the clocks of that zone never showed this time")]
    NeverShown,
    /// The offset from UTC is malformed.
    #[error("an offset from UTC is written as in +01:00 or -0330")]
    Offset,
    /// The zone does not use this abbreviation at that time. Abbreviations are ambiguous: three zones use `IST`.
    #[error(
        "{name} is not used in {zone} at that time, write an offset such as +01:00 or name the zone with --tz"
    )]
    Abbreviation {
        /// The abbreviation.
        name: String,
        /// The zone.
        zone: Tz,
    },
    /// The log cannot hold this moment.
    #[error("outside the years 1970 to 9999 in UTC")]
    OutOfRange,
    /// The text begins like an age.
    #[error(transparent)]
    Age(#[from] AgeErrorKind),
}
