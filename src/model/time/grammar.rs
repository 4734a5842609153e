//! The one grammar of time, for every flag: `2h`, `yesterday`, `2026-11-20 14:03`, `@1763730247`, `id:1287`.

use chrono::{Datelike, Month, NaiveDate, TimeDelta};

use crate::model::time::age::{self, AgeErrorKind};
use crate::model::time::error::{TimeError, TimeErrorKind};
use crate::model::time::lexer::{digits, folded};
use crate::model::time::named::{self, is_time_of_day};
use crate::model::time::other_forms::rewritten;
use crate::model::time::spoken;
use crate::model::time::wall_clock::{WallTime, micros};
use crate::model::time::when::{Edge, TimeContext, When};
use crate::model::time::zone;
use crate::model::timestamp::Timestamp;

/// A date spans at least this long, also when clocks change. A shorter span is a time that the clocks showed twice.
const SHORTEST_DAY_HOURS: i64 = 20;

/// Parses a time. Case and outer blanks do not matter.
///
/// ```
/// use krosyn_audit::model::time::{Edge, TimeContext, When, parse, zone};
///
/// let context = TimeContext { now: "2026-11-22T08:40:00Z".parse()?, zone: zone("Europe/Madrid")? };
/// let at = |text, edge| match parse(text, edge, &context) {
///     Ok(When::At { at, .. }) => at.to_string(),
///     other => format!("{other:?}"),
/// };
/// assert_eq!(at("2h", Edge::Since), "2026-11-22T06:40:00.000000Z");
/// // A day begins at midnight in the zone, and ends before the next.
/// assert_eq!(at("2026-11-20", Edge::Since), "2026-11-19T23:00:00.000000Z");
/// assert_eq!(at("2026-11-20", Edge::Until), "2026-11-20T23:00:00.000000Z");
/// assert_eq!(parse("id:1287", Edge::Since, &context), Ok(When::Entry(1287)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`TimeError`], whose message contains the reason, the text and four examples.
pub fn parse(text: &str, edge: Edge, context: &TimeContext) -> Result<When, TimeError> {
    let read = match is_capital_m(text) {
        true => Err(TimeErrorKind::Age(AgeErrorKind::AmbiguousM)),
        false => read(&spoken::rewritten(&folded(text)), edge, context),
    };
    read.map_err(|kind| TimeError { text: text.to_owned(), kind })
}

/// Parses a time as the last moment that it names: a date, week or month means its end.
///
/// # Errors
/// As [`parse`].
pub fn parse_last(text: &str, context: &TimeContext) -> Result<When, TimeError> {
    match (parse(text, Edge::Since, context)?, parse(text, Edge::Until, context)?) {
        (When::At { at: first, note }, When::At { at: end, .. }) => {
            let is_day = !is_time_of_day(text) && end.since(first).num_hours() >= SHORTEST_DAY_HOURS;
            let at = if is_day { end.plus(TimeDelta::microseconds(-1)) } else { first };
            Ok(When::At { at, note })
        }
        (entry, _) => Ok(entry),
    }
}

/// Parses a [`folded`] text, in a form of the grammar or of another program.
fn read(text: &str, edge: Edge, context: &TimeContext) -> Result<When, TimeErrorKind> {
    match rewritten(text)? {
        Some(text) => read_own(&text, edge, context),
        None => read_own(text, edge, context),
    }
}

fn read_own(text: &str, edge: Edge, context: &TimeContext) -> Result<When, TimeErrorKind> {
    if text.is_empty() {
        return Err(TimeErrorKind::Empty);
    }
    if is_other_date(text) {
        return Err(TimeErrorKind::OtherDate);
    }
    if text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        let is_year = text.len() == 4 && digits(text).is_some_and(|year: u32| (1970..2100).contains(&year));
        return Err(if is_year { TimeErrorKind::BareYear } else { TimeErrorKind::BareNumber });
    }
    if let Some(id) = text.strip_prefix("id:") {
        return digits(id.trim_start()).filter(|id| *id > 0).map(When::Entry).ok_or(TimeErrorKind::Entry);
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return epoch(seconds).map(When::moment);
    }
    if matches!(text, "now" | "just now") {
        return Ok(When::moment(context.now));
    }
    if let Some(named) = named::read(text, edge, context) {
        return named;
    }
    if let Some((date, rest)) = iso_date(text) {
        return WallTime::parse(rest, context.zone)?.on(date?, edge);
    }
    if let Some((month, day, rest)) = month_and_day(text) {
        return most_recent(month, day, WallTime::parse(rest, context.zone)?, edge, context);
    }
    distance(text, context.now).map(When::moment)
}

/// Whether a number is followed by `M` alone, which could mean months. A small `m` means minutes.
fn is_capital_m(text: &str) -> bool {
    text.match_indices('M').any(|(at, _)| {
        let (before, after) = (text[..at].trim_end(), &text[at + 1..]);
        before.ends_with(|c: char| c.is_ascii_digit()) && !after.starts_with(char::is_alphabetic)
    })
}

/// The seconds after `@`.
fn epoch(text: &str) -> Result<Timestamp, TimeErrorKind> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let micros = micros(fraction).ok_or(TimeErrorKind::Epoch)?;
    if seconds.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TimeErrorKind::Epoch);
    }
    let seconds: Option<i64> = digits(seconds);
    seconds
        .and_then(|seconds| seconds.checked_mul(1_000_000)?.checked_add(i64::from(micros)))
        .and_then(Timestamp::from_micros)
        .ok_or(TimeErrorKind::OutOfRange)
}

/// The date `2026-11-20` at the start of a text, and the rest.
fn iso_date(text: &str) -> Option<(Result<NaiveDate, TimeErrorKind>, &str)> {
    let (date, rest) = text.split_at_checked(10)?;
    let (year, rest_of_date) = date.split_once('-')?;
    let (month, day) = rest_of_date.split_once('-')?;
    if (year.len(), month.len()) != (4, 2) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(digits(year)?, digits(month)?, digits(day)?);
    Some((date.ok_or(TimeErrorKind::NoSuchDay), rest))
}

/// Whether a text begins with a date in another format.
fn is_other_date(text: &str) -> bool {
    let date = text.split(' ').next().unwrap_or_default();
    let numbers: Vec<_> = date.split(['-', '.', '/']).collect();
    let is_short = |number: &&str| (1..=4).contains(&number.len()) && digits::<u32>(number).is_some();
    let is_date = numbers.len() == 3 || numbers.len() == 2 && date.contains('/');
    is_date && numbers.iter().all(is_short) && iso_date(text).is_none()
}

/// The month and day `nov 22` at the start of a text, and the rest.
fn month_and_day(text: &str) -> Option<(u32, u32, &str)> {
    let (name, rest) = text.split_once(' ')?;
    let month = name.parse::<Month>().ok()?.number_from_month();
    let (day, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    (day.len() <= 2).then_some((month, digits(day)?, rest))
}

/// The most recent date with this month and day that is not after tomorrow. A clock slightly behind the server's still
/// reads the times that the server prints.
fn most_recent(
    month: u32,
    day: u32,
    time: WallTime<'_>,
    edge: Edge,
    context: &TimeContext,
) -> Result<When, TimeErrorKind> {
    let latest = context.now.plus(TimeDelta::days(1));
    let year = zone::day(latest, context.zone).year();
    let mut kind = TimeErrorKind::NoSuchDay;
    // In another zone the next year may have begun, and leap days may be eight years apart.
    for year in (year - 8..=year + 1).rev() {
        let Some(date) = NaiveDate::from_ymd_opt(year, month, day) else { continue };
        match time.on(date, Edge::Since) {
            Ok(When::At { at, .. }) if at <= latest => return time.on(date, edge),
            Ok(_) => {}
            Err(other) => kind = other,
        }
    }
    Err(kind)
}

/// A moment by its distance from now: `2h`, `2 hours ago`, `-2h`, `in 2 hours`, `+2h`.
fn distance(text: &str, now: Timestamp) -> Result<Timestamp, TimeErrorKind> {
    let future = text.strip_prefix("in ").or_else(|| text.strip_prefix('+'));
    let span =
        future.or_else(|| text.strip_suffix(" ago")).or_else(|| text.strip_prefix('-')).unwrap_or(text);
    // `2026-W48` is no age.
    if !span.starts_with(|first: char| first.is_ascii_digit()) || span.contains('-') {
        return Err(TimeErrorKind::NotATime);
    }
    let age = age::read(span, Some(age::Unit::Minute))?;
    let at = if future.is_some() { age.after(now) } else { age.ago(now) };
    at.ok_or(TimeErrorKind::OutOfRange)
}
