//! Local dates and times of day: the moments at which the clocks of a zone show them.
//!
//! Clocks skip times in spring and repeat times in autumn. This file decides which moment is meant, and explains it in a
//! note.

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::{GapInfo, Tz};

use crate::model::time::error::TimeErrorKind;
use crate::model::time::lexer::digits;
use crate::model::time::when::{Edge, When};
use crate::model::time::zone::label;
use crate::model::timestamp::Timestamp;

/// The clocks that show a date or a time of day.
#[derive(Debug, Clone, Copy)]
pub(super) enum WallClock<'a> {
    /// The clocks of a zone.
    Zone(Tz),
    /// The clocks of a zone while it uses this abbreviation.
    Named(Tz, &'a str),
    /// The clocks at a fixed offset from UTC.
    Offset(FixedOffset),
}

impl<'a> WallClock<'a> {
    /// Parses the zone after a time. An empty text means `zone`.
    fn parse(text: &'a str, zone: Tz) -> Result<Self, TimeErrorKind> {
        match text.as_bytes() {
            [] => Ok(Self::Zone(zone)),
            b"z" | b"utc" | b"gmt" => Ok(Self::Offset(Utc.fix())),
            // As JavaScript prints it.
            [b'g', b'm', b't', b'+' | b'-', ..] | [b'u', b't', b'c', b'+' | b'-', ..] => {
                Self::parse(&text[3..], zone)
            }
            [b'+' | b'-', ..] => offset(text).map(Self::Offset).ok_or(TimeErrorKind::Offset),
            name if name.iter().all(u8::is_ascii_alphabetic) => Ok(Self::Named(zone, text)),
            _ => Err(TimeErrorKind::NotATime),
        }
    }

    /// The start or the end of a day, which lasts 23 to 25 hours.
    pub(super) fn day(self, date: NaiveDate, edge: Edge) -> Result<When, TimeErrorKind> {
        let next = date.succ_opt().ok_or(TimeErrorKind::OutOfRange)?;
        let (zone, name) = match self {
            Self::Zone(zone) => (zone, None),
            Self::Named(zone, name) => (zone, Some(name)),
            Self::Offset(_) => {
                let first = if edge == Edge::Since { date } else { next };
                return self.moment(first.and_time(NaiveTime::MIN), edge);
            }
        };
        let first = first_instant(date, zone)?;
        let after = instant_after(date, next, zone)?;
        let last = after - TimeDelta::microseconds(1);
        if let Some(name) = name
            && ![&first, &last].iter().any(|at| label(at).eq_ignore_ascii_case(name))
        {
            return Err(abbreviation(name, zone));
        }
        let skipped = first.date_naive() != date;
        let note = skipped.then(|| gap_note(&date.to_string(), &first));
        moment(if edge == Edge::Since { &first } else { &after }, note)
    }

    fn moment(self, local: NaiveDateTime, edge: Edge) -> Result<When, TimeErrorKind> {
        match self {
            Self::Zone(zone) => in_zone(local, zone, None, edge),
            Self::Named(zone, name) => in_zone(local, zone, Some(name), edge),
            Self::Offset(offset) => {
                moment(&offset.from_local_datetime(&local).single().ok_or(TimeErrorKind::OutOfRange)?, None)
            }
        }
    }
}

/// A time of day and its clocks, both optional after a date.
#[derive(Debug, Clone, Copy)]
pub(super) struct WallTime<'a> {
    time: Option<NaiveTime>,
    clock: WallClock<'a>,
}

impl<'a> WallTime<'a> {
    /// Parses `t14:03:11.412+01:00`, ` 14:03 cet`, ` utc`, or an empty text.
    pub(super) fn parse(text: &'a str, zone: Tz) -> Result<Self, TimeErrorKind> {
        let clock_face =
            text.strip_prefix(['t', ' ']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        match clock_face {
            Some(rest) => Self::of_day(rest, zone),
            None => Ok(Self { time: None, clock: WallClock::parse(text.trim_start(), zone)? }),
        }
    }

    /// Parses `14:03:11.412+01:00` or `14:03 cet`.
    pub(super) fn of_day(rest: &'a str, zone: Tz) -> Result<Self, TimeErrorKind> {
        let is_clock = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ',');
        let end = rest.find(|c| !is_clock(c)).unwrap_or(rest.len());
        let (time, clock) = rest.split_at(end);
        let time = time_of_day(time).ok_or(TimeErrorKind::NoSuchTimeOfDay)?;
        Ok(Self { time: Some(time), clock: WallClock::parse(clock.trim_start(), zone)? })
    }

    /// The moment on a date, or the start or end of the day when there is no time of day.
    pub(super) fn on(self, date: NaiveDate, edge: Edge) -> Result<When, TimeErrorKind> {
        match self.time {
            Some(time) => self.clock.moment(date.and_time(time), edge),
            None => self.clock.day(date, edge),
        }
    }
}

fn in_zone(local: NaiveDateTime, zone: Tz, name: Option<&str>, edge: Edge) -> Result<When, TimeErrorKind> {
    let shown = zone.from_local_datetime(&local);
    let named = |at: &DateTime<Tz>| name.is_none_or(|name| label(at).eq_ignore_ascii_case(name));
    match (shown.earliest().filter(named), shown.latest().filter(named), name) {
        (Some(earlier), Some(later), _) if earlier != later => {
            let (at, which) = if edge == Edge::Since { (earlier, "earlier") } else { (later, "later") };
            let (time, label) = (clock_face(local), label(&at));
            let note = format!(
                "{} {time} happens twice in {zone}; taken as the {which}, {time} {label}",
                local.date()
            );
            moment(&at, Some(note))
        }
        (Some(at), _, _) | (None, Some(at), _) => moment(&at, None),
        (None, None, Some(name)) => Err(abbreviation(name, zone)),
        (None, None, None) => {
            let end = gap_end(local, zone)?;
            let text = format!("{} {}", local.date(), clock_face(local));
            moment(&end, Some(gap_note(&text, &end)))
        }
    }
}

/// The first instant of a day, even where the clocks skip midnight (Beirut) or the whole day (Apia, 2011-12-30).
fn first_instant(date: NaiveDate, zone: Tz) -> Result<DateTime<Tz>, TimeErrorKind> {
    let midnight = date.and_time(NaiveTime::MIN);
    zone.from_local_datetime(&midnight).earliest().map_or_else(|| gap_end(midnight, zone), Ok)
}

/// The first instant after a day. Where clocks went back over midnight (St. John's, at 00:01) the next day began twice,
/// and the last hour of the day lies between.
fn instant_after(date: NaiveDate, next: NaiveDate, zone: Tz) -> Result<DateTime<Tz>, TimeErrorKind> {
    let midnight = zone.from_local_datetime(&next.and_time(NaiveTime::MIN));
    match midnight.latest() {
        Some(later) if (later - TimeDelta::microseconds(1)).date_naive() == date => Ok(later),
        _ => first_instant(next, zone),
    }
}

fn gap_end(local: NaiveDateTime, zone: Tz) -> Result<DateTime<Tz>, TimeErrorKind> {
    GapInfo::new(&local, &zone).and_then(|gap| gap.end).ok_or(TimeErrorKind::NeverShown)
}

fn gap_note(text: &str, end: &DateTime<Tz>) -> String {
    let (zone, resumed, label) = (end.timezone(), end.naive_local(), label(end));
    let time = clock_face(resumed);
    format!("{text} does not exist in {zone}; taken as the end of the gap, {} {time} {label}", resumed.date())
}

fn moment<Z: TimeZone>(at: &DateTime<Z>, note: Option<String>) -> Result<When, TimeErrorKind> {
    let at = Timestamp::try_from(at.to_utc()).map_err(|_| TimeErrorKind::OutOfRange)?;
    Ok(When::At { at, note })
}

fn abbreviation(name: &str, zone: Tz) -> TimeErrorKind {
    TimeErrorKind::Abbreviation { name: name.to_ascii_uppercase(), zone }
}

/// `14:03`, with seconds and a fraction if there are any.
fn clock_face(local: NaiveDateTime) -> String {
    let whole_minute = local.second() == 0 && local.nanosecond() == 0;
    local.format(if whole_minute { "%H:%M" } else { "%H:%M:%S%.f" }).to_string()
}

/// `14:03`, `14:03:11`, `14:03:11.412` or `14:03:11,412`. Leap seconds are refused.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
    let (second, fraction) = second.split_once(['.', ',']).unwrap_or((second, "0"));
    if !matches!(hour.len(), 1 | 2) || (minute.len(), second.len()) != (2, 2) {
        return None;
    }
    NaiveTime::from_hms_micro_opt(digits(hour)?, digits(minute)?, digits(second)?, micros(fraction)?)
}

/// The digits after a decimal point as microseconds. Further digits are cut, because a time must not move into the next
/// second.
pub(super) fn micros(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits(format!("{fraction:0<6}").get(..6)?)
}

/// `+01:00`, `+0100` or `+01`.
fn offset(text: &str) -> Option<FixedOffset> {
    let (sign, distance) = text.split_at_checked(1)?;
    let (hours, minutes) = match distance.len() {
        2 => (distance, "00"),
        4 => distance.split_at_checked(2)?,
        5 => distance.split_once(':').filter(|(hours, _)| hours.len() == 2)?,
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (digits(hours)?, digits(minutes)?);
    let east = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    FixedOffset::east_opt(if sign == "-" { -east } else { east })
}
