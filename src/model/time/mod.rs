//! The one grammar of time, for every flag: `2h`, `yesterday`, `2026-11-20 14:03`, `@1763730247`, `id:1287`.
//!
//! Whatever `format` prints is read back here to the same moment. The present and the zone are passed in; no clock,
//! environment or flag is known.

mod age;
pub mod format;
mod moment;
mod zone;

#[cfg(test)]
pub(crate) mod properties;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;

use crate::model::time::moment::{WallClock, WallTime, micros};
use crate::model::timestamp::Timestamp;

pub use crate::model::time::age::{Age, AgeError, AgeFault};
pub use crate::model::time::zone::{UnknownZone, zone, zone_of_variable};

/// From where a time is read or shown: the present, and the zone of times that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeContext {
    /// The present.
    pub now: Timestamp,
    /// The zone.
    pub zone: Tz,
}

/// Which end of a range a text gives. It decides what a day alone means, and a time the clocks showed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The beginning, which is in the range: of a day its first instant.
    Since,
    /// The end, which is not: of a day the first instant after it.
    Until,
}

/// What a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// A moment.
    At {
        /// The moment.
        at: Timestamp,
        /// A sentence for the user when the clocks showed the time twice or never, and what it was taken for.
        note: Option<String>,
    },
    /// The moment of the entry with this id, which the caller has to look up.
    Entry(u64),
}

impl When {
    const fn moment(at: Timestamp) -> Self {
        Self::At { at, note: None }
    }
}

/// A text that stands for no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}: {} (such as 2h, yesterday, 2026-11-20 14:03, @1763730247)", quoted(.text))]
pub struct TimeError {
    /// The text as typed.
    pub text: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no text.
    #[error("no time is given")]
    Empty,
    /// No form of the grammar.
    #[error("not a time")]
    NotATime,
    /// Digits alone, which could be seconds, a year or hours.
    #[error("a bare number is not a time, write @1763730247 for seconds since 1970 or add a unit as in 15m")]
    BareNumber,
    /// After `@` is something else than seconds.
    #[error("after @ come seconds since 1970 in digits, as in @1763730247.412")]
    Epoch,
    /// After `id:` is something else than an id.
    #[error("after id: comes the whole number of an entry, from 1")]
    Entry,
    /// `24.11.2026` or `2026/11/24`, which could be one of two days somewhere.
    #[error("a date is written as in 2026-11-24")]
    OtherDate,
    /// A date the calendar does not have.
    #[error("there is no such day")]
    NoSuchDay,
    /// A time of day no clock shows.
    #[error("there is no such time of day")]
    NoSuchTimeOfDay,
    /// A date or time the zone's clocks left out, where the end of the gap is not known.
    #[error("the clocks of that zone never showed this time")]
    NeverShown,
    /// The offset from UTC is not one.
    #[error("an offset from UTC is written as in +01:00 or -0330")]
    Offset,
    /// The abbreviation is not the zone's own at that time. Abbreviations are no names: `IST` is used by three zones.
    #[error(
        "{name} is not what {zone} calls its time then, write an offset such as +01:00 or name the zone with --tz"
    )]
    Abbreviation {
        /// The abbreviation.
        name: String,
        /// The zone it was looked for in.
        zone: Tz,
    },
    /// A moment this log cannot hold.
    #[error("outside the years 1970 to 9999 in UTC")]
    OutOfRange,
    /// It begins like an age and is none.
    #[error(transparent)]
    Age(#[from] AgeFault),
}

/// Reads `text` by the grammar, without regard to case and outer blanks.
///
/// # Errors
/// [`TimeError`], whose message names the fault, the text and four examples.
pub fn parse(text: &str, edge: Edge, context: &TimeContext) -> Result<When, TimeError> {
    let read = match is_capital_m(text) {
        true => Err(Fault::Age(AgeFault::AmbiguousM)),
        false => read(&folded(text), edge, context),
    };
    read.map_err(|fault| TimeError { text: text.to_owned(), fault })
}

/// Reads a text that was [`folded`].
fn read(text: &str, edge: Edge, context: &TimeContext) -> Result<When, Fault> {
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    if is_other_date(text) {
        return Err(Fault::OtherDate);
    }
    if text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return Err(Fault::BareNumber);
    }
    if let Some(id) = text.strip_prefix("id:") {
        return digits(id.trim_start()).filter(|id| *id > 0).map(When::Entry).ok_or(Fault::Entry);
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return epoch(seconds).map(When::moment);
    }
    if matches!(text, "now" | "just now") {
        return Ok(When::moment(context.now));
    }
    if let Some(date) = named_day(text, format::day(context.now, context.zone)) {
        return WallClock::Zone(context.zone).day(date, edge);
    }
    if let Some((date, rest)) = iso_date(text) {
        return WallTime::parse(rest, context.zone)?.on(date?, edge);
    }
    if let Some((month, day, rest)) = month_and_day(text) {
        return most_recent(month, day, WallTime::parse(rest, context.zone)?, edge, context);
    }
    distance(text, context.now).map(When::moment)
}

/// Lower case, with single blanks between words.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// Whether a number is followed by the bare unit `M`, which many take for months; a small `m` is a minute.
fn is_capital_m(text: &str) -> bool {
    text.match_indices('M').any(|(at, _)| {
        let (before, after) = (text[..at].trim_end(), &text[at + 1..]);
        before.ends_with(|c: char| c.is_ascii_digit()) && !after.starts_with(char::is_alphabetic)
    })
}

/// A number of nothing but digits: `parse` alone would take `+5` as well.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn epoch(text: &str) -> Result<Timestamp, Fault> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let micros = micros(fraction).ok_or(Fault::Epoch)?;
    if seconds.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Epoch);
    }
    let seconds: Option<i64> = digits(seconds);
    seconds
        .and_then(|seconds| seconds.checked_mul(1_000_000)?.checked_add(i64::from(micros)))
        .and_then(Timestamp::from_micros)
        .ok_or(Fault::OutOfRange)
}

/// `today`, `yesterday`, or the most recent day with the weekday's name.
fn named_day(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let weekday = match text {
        "today" => return Some(today),
        "yesterday" => return today.pred_opt(),
        "mon" | "monday" => Weekday::Mon,
        "tue" | "tuesday" => Weekday::Tue,
        "wed" | "wednesday" => Weekday::Wed,
        "thu" | "thursday" => Weekday::Thu,
        "fri" | "friday" => Weekday::Fri,
        "sat" | "saturday" => Weekday::Sat,
        "sun" | "sunday" => Weekday::Sun,
        _ => return None,
    };
    today.checked_sub_days(Days::new(u64::from(today.weekday().days_since(weekday))))
}

/// `2026-11-20` and what follows it, when the text begins like that.
fn iso_date(text: &str) -> Option<(Result<NaiveDate, Fault>, &str)> {
    let (date, rest) = text.split_at_checked(10)?;
    let (year, rest_of_date) = date.split_once('-')?;
    let (month, day) = rest_of_date.split_once('-')?;
    if (year.len(), month.len()) != (4, 2) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(digits(year)?, digits(month)?, digits(day)?);
    Some((date.ok_or(Fault::NoSuchDay), rest))
}

/// Whether a text begins with a date in another form than ours.
fn is_other_date(text: &str) -> bool {
    let date = text.split(' ').next().unwrap_or_default();
    let numbers: Vec<_> = date.split(['-', '.', '/']).collect();
    let is_short = |number: &&str| (1..=4).contains(&number.len()) && digits::<u32>(number).is_some();
    numbers.len() == 3 && numbers.iter().all(is_short) && iso_date(text).is_none()
}

/// `nov 22` and what follows it, when the text begins like that.
fn month_and_day(text: &str) -> Option<(u32, u32, &str)> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (name, rest) = text.split_once(' ')?;
    let (_, month) =
        MONTHS.iter().zip(1..).find(|(month, _)| **month == name || month.get(..3) == Some(name))?;
    let (day, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    (day.len() <= 2).then_some((month, digits(day)?, rest))
}

/// A date without its year: the most recent that is not after tomorrow, so that a clock a little behind the
/// server's still reads what it is shown.
fn most_recent(
    month: u32,
    day: u32,
    time: WallTime<'_>,
    edge: Edge,
    context: &TimeContext,
) -> Result<When, Fault> {
    let latest = context.now.plus(TimeDelta::days(1));
    let year = format::day(latest, context.zone).year();
    let mut fault = Fault::NoSuchDay;
    // By another zone's clocks it can be next year already, and between leap days there can be eight years.
    for year in (year - 8..=year + 1).rev() {
        let Some(date) = NaiveDate::from_ymd_opt(year, month, day) else { continue };
        match time.on(date, Edge::Since) {
            Ok(When::At { at, .. }) if at <= latest => return time.on(date, edge),
            Ok(_) => {}
            Err(other) => fault = other,
        }
    }
    Err(fault)
}

/// `2h`, `2 hours ago` and `in 2 hours`: a moment by its distance from now.
fn distance(text: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let future = text.strip_prefix("in ");
    let span = future.or_else(|| text.strip_suffix(" ago")).unwrap_or(text);
    if !span.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(Fault::NotATime);
    }
    let age = age::read(span, Some(age::Unit::Minute))?;
    let at = if future.is_some() { age.after(now) } else { age.ago(now) };
    at.ok_or(Fault::OutOfRange)
}

/// The text as an error shows it: escaped, since it may be hostile, and cut, since it may be long.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
