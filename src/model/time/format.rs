//! Formats moments for people.
//!
//! Each result is parsed again. If it means another moment, as in the second of two equal hours, a more explicit form is
//! used.

use chrono::{Datelike, Months, TimeDelta};
use chrono_tz::Tz;

use crate::model::time::grammar::parse;
use crate::model::time::when::{Edge, TimeContext, When};
use crate::model::time::zone::{label, local};
use crate::model::timestamp::Timestamp;

pub use crate::model::time::zone::day;

/// For lists, to the second: `Nov 22 09:14:07` in the current year, else `2025-11-22 09:14:07`. The later of two equal
/// hours has an offset: `2026-10-25 02:30:00+01:00`. Parsed as the start of a range, it gives the same second.
#[must_use]
pub fn short(at: Timestamp, context: &TimeContext) -> String {
    let local = local(at, context.zone);
    let this_year = day(context.now, context.zone).year() == local.year();
    let recent = this_year.then(|| local.format("%b %d %H:%M:%S").to_string());
    let reads_back = |text: &String| {
        let second = |moment: Timestamp| moment.micros() / 1_000_000;
        read(text, Edge::Since, context).is_some_and(|read| second(read) == second(at))
    };
    recent
        .into_iter()
        .chain(["%F %T", "%F %T%:z"].map(|form| local.format(form).to_string()))
        .find(reads_back)
        .unwrap_or_else(|| at.datetime().format("%F %TZ").to_string())
}

/// In full: `2026-11-22 09:14:07.412 CET`, with microseconds if there are any. It parses to the same moment.
#[must_use]
pub fn full(at: Timestamp, context: &TimeContext) -> String {
    let local = local(at, context.zone);
    let form = if at.micros() % 1000 == 0 { "%F %T%.3f" } else { "%F %T%.6f" };
    let reads_back =
        |text: &String| [Edge::Since, Edge::Until].iter().all(|edge| read(text, *edge, context) == Some(at));
    [label(&local), local.format("%:z").to_string()]
        .map(|zone| format!("{} {zone}", local.format(form)))
        .into_iter()
        .find(reads_back)
        .unwrap_or_else(|| format!("{} UTC", at.datetime().format(form)))
}

/// As [`full`], cut to milliseconds.
#[must_use]
pub fn milliseconds(at: Timestamp, context: &TimeContext) -> String {
    full(at.plus(TimeDelta::microseconds(-(at.micros() % 1000))), context)
}

/// The distance from now in its largest unit, rounded down: `26 minutes ago`, `just now`, `in 2 minutes`.
#[must_use]
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let (earlier, later) = (at.min(now), at.max(now));
    let distance = later.since(earlier);
    if distance < TimeDelta::seconds(10) {
        return "just now".to_owned();
    }
    let months = whole_months(earlier, later);
    let distance = match months {
        24.. => count(i64::from(months / 12), "year"),
        2.. => count(i64::from(months), "month"),
        _ => span(distance),
    };
    if at < now { format!("{distance} ago") } else { format!("in {distance}") }
}

/// A length of time without its sign, in its largest unit up to days, rounded down: `90 days`, `1 hour`.
#[must_use]
pub fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds().saturating_abs();
    match seconds {
        86_400.. => count(seconds / 86_400, "day"),
        3_600.. => count(seconds / 3_600, "hour"),
        60.. => count(seconds / 60, "minute"),
        _ => count(seconds, "second"),
    }
}

/// The zone's abbreviation at that time, or its offset: `CET`, `-03:00`.
#[must_use]
pub fn zone_label(at: Timestamp, zone: Tz) -> String {
    label(&local(at, zone))
}

fn read(text: &str, edge: Edge, context: &TimeContext) -> Option<Timestamp> {
    match parse(text, edge, context) {
        Ok(When::At { at, .. }) => Some(at),
        Ok(When::Entry(_)) | Err(_) => None,
    }
}

/// The whole calendar months in UTC between two moments, as the grammar counts them.
fn whole_months(earlier: Timestamp, later: Timestamp) -> u32 {
    let (first, last) = (earlier.datetime(), later.datetime());
    let months = (last.year() - first.year()) * 12 + last.month().cast_signed() - first.month().cast_signed();
    let months = u32::try_from(months).unwrap_or(0);
    let passed = last.checked_sub_months(Months::new(months)).is_some_and(|back| back >= first);
    if passed { months } else { months.saturating_sub(1) }
}

fn count(number: i64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
