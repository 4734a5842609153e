//! Ages: `90d`, `6mo`, `1y6mo`. They express how long ago something happened or how long entries are kept.
//!
//! Years and months follow the calendar in UTC; all other units are a number of seconds.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::time::lexer::{digits, folded, quoted};
use crate::model::timestamp::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// A length of time: calendar years and months in UTC, and seconds. It is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Age {
    months: u32,
    seconds: i64,
}

/// A text that is not an [`Age`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {} (such as 90d, 6mo, 1y, 120d12h)", quoted(.text))]
pub struct AgeError {
    /// The text as typed.
    pub text: String,
    /// The reason.
    pub kind: AgeErrorKind,
}

/// Why a text is not an age.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgeErrorKind {
    /// The text is not a list of numbers with units.
    #[error("an age is a number with a unit, or several")]
    NotAnAge,
    /// A word is not a unit of time.
    #[error("unknown unit of time")]
    UnknownUnit,
    /// `1,5h`. The text is the same age in whole numbers.
    #[error("an age has whole numbers, write {0}")]
    Fraction(String),
    /// `30m`, where a wrong guess could delete history.
    #[error("m could mean minutes or months, write min or mo")]
    AmbiguousM,
    /// `12h1d`, or `1d1d`.
    #[error("the units of an age go from larger to smaller, each once")]
    Order,
    /// The age exceeds the range of the type.
    #[error("the age is too long")]
    TooLong,
    /// With `0d` every entry would have expired.
    #[error("an age cannot be zero")]
    Zero,
}

/// A unit of time. Larger units come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl Age {
    /// `days` of 24 hours, at least one.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        // `From` cannot be called in a constant.
        Self { months: 0, seconds: if days == 0 { 1 } else { days as i64 } * DAY }
    }

    /// Calendar years, at least one.
    #[must_use]
    pub const fn years(years: u16) -> Self {
        Self { months: if years == 0 { 1 } else { years as u32 } * 12, seconds: 0 }
    }

    /// The moment this long before `now`: the cutoff, before which entries have expired.
    ///
    /// A day that the month does not have becomes the last of the month. A moment before 1970 becomes 1970.
    #[must_use]
    pub fn before(&self, now: Timestamp) -> Timestamp {
        self.ago(now).unwrap_or(Timestamp::MIN)
    }

    /// As [`Self::before`], but `None` before 1970.
    pub(super) fn ago(self, now: Timestamp) -> Option<Timestamp> {
        let month_day: DateTime<Utc> = now.datetime().checked_sub_months(Months::new(self.months))?;
        Timestamp::try_from(month_day.checked_sub_signed(TimeDelta::try_seconds(self.seconds)?)?).ok()
    }

    /// The moment this long after `now`, or `None` after 9999.
    pub(super) fn after(self, now: Timestamp) -> Option<Timestamp> {
        let month_day: DateTime<Utc> = now.datetime().checked_add_months(Months::new(self.months))?;
        Timestamp::try_from(month_day.checked_add_signed(TimeDelta::try_seconds(self.seconds)?)?).ok()
    }
}

/// Parses a [`folded`] age, which may be zero. `bare_m` is the meaning of `m` alone, if it has one.
pub(super) fn read(text: &str, bare_m: Option<Unit>) -> Result<Age, AgeErrorKind> {
    let (mut months, mut seconds) = (0_u32, 0_i64);
    let mut last = None;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = leading(rest, |c| c.is_ascii_digit());
        if let Some(whole) = without_fraction(number, after) {
            return Err(AgeErrorKind::Fraction(whole));
        }
        let (word, after) = leading(after.trim_start(), char::is_alphabetic);
        if number.is_empty() || word.is_empty() {
            return Err(AgeErrorKind::NotAnAge);
        }
        let number: i64 = digits(number).ok_or(AgeErrorKind::TooLong)?;
        let unit = match word {
            "m" => bare_m.ok_or(AgeErrorKind::AmbiguousM)?,
            _ => unit(word).ok_or(AgeErrorKind::UnknownUnit)?,
        };
        if last.is_some_and(|last| last >= unit) {
            return Err(AgeErrorKind::Order);
        }
        match unit {
            Unit::Year => months = add(months, number, 12)?,
            Unit::Month => months = add(months, number, 1)?,
            Unit::Week => seconds = add(seconds, number, WEEK)?,
            Unit::Day => seconds = add(seconds, number, DAY)?,
            Unit::Hour => seconds = add(seconds, number, HOUR)?,
            Unit::Minute => seconds = add(seconds, number, MINUTE)?,
            Unit::Second => seconds = add(seconds, number, 1)?,
        }
        last = Some(unit);
        rest = after.trim_start();
    }
    if last.is_none() {
        return Err(AgeErrorKind::NotAnAge);
    }
    TimeDelta::try_seconds(seconds).ok_or(AgeErrorKind::TooLong)?;
    Ok(Age { months, seconds })
}

/// `1h30min` for the parts of `1,5h` before and after the comma or point. None if that is no such age.
fn without_fraction(number: &str, after: &str) -> Option<String> {
    let (fraction, word) = leading(after.strip_prefix(['.', ','])?, |c| c.is_ascii_digit());
    let unit = unit(word.trim_start())?;
    let parts: i64 = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let many: i64 = digits::<i64>(number)?.checked_mul(parts)?.checked_add(digits(fraction)?)?;
    let whole = |each: i64| many.checked_mul(each).map(|product| product / parts);
    let age = match unit {
        Unit::Year => Age { months: u32::try_from(whole(12)?).ok()?, seconds: 0 },
        Unit::Month => return None,
        Unit::Week => Age { months: 0, seconds: whole(WEEK)? },
        Unit::Day => Age { months: 0, seconds: whole(DAY)? },
        Unit::Hour => Age { months: 0, seconds: whole(HOUR)? },
        Unit::Minute => Age { months: 0, seconds: whole(MINUTE)? },
        Unit::Second => Age { months: 0, seconds: whole(1)? },
    };
    Some(age.to_string()).filter(|text| !text.is_empty())
}

/// Splits a text after the leading characters that `accept` accepts.
fn leading(text: &str, accept: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !accept(c)).unwrap_or(text.len()))
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
        "mo" | "month" | "months" => Unit::Month,
        "w" | "week" | "weeks" => Unit::Week,
        "d" | "day" | "days" => Unit::Day,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        _ => return None,
    })
}

/// `sum + number × each`, within the range of the sum's type.
fn add<T: Into<i64> + TryFrom<i64>>(sum: T, number: i64, each: i64) -> Result<T, AgeErrorKind> {
    let total = number.checked_mul(each).and_then(|product| product.checked_add(sum.into()));
    total.and_then(|total| T::try_from(total).ok()).ok_or(AgeErrorKind::TooLong)
}

impl FromStr for Age {
    type Err = AgeError;
    fn from_str(text: &str) -> Result<Self, AgeError> {
        let zero = Self { months: 0, seconds: 0 };
        match read(&folded(text), None) {
            Ok(age) if age == zero => Err(AgeErrorKind::Zero),
            read => read,
        }
        .map_err(|kind| AgeError { text: text.to_owned(), kind })
    }
}

/// Each age has one written form, which parses to the same age: `1y6mo`, `90d`, `120d12h`.
impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (months, seconds) = (i64::from(self.months), self.seconds);
        let parts = [
            (months / 12, "y"),
            (months % 12, "mo"),
            (seconds / DAY, "d"),
            (seconds % DAY / HOUR, "h"),
            (seconds % HOUR / MINUTE, "min"),
            (seconds % MINUTE, "s"),
        ];
        let written = parts.iter().filter(|(number, _)| *number > 0);
        f.pad(&written.map(|(number, unit)| format!("{number}{unit}")).collect::<String>())
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
