//! Days, weeks, months and times of day by their names: `yesterday`, `monday 9:00`, `14:03`, `last week`, `2026-11`.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::model::time::error::TimeErrorKind;
use crate::model::time::lexer::{digits, folded};
use crate::model::time::spoken::rewritten;
use crate::model::time::wall_clock::{WallClock, WallTime};
use crate::model::time::when::{Edge, TimeContext, When};
use crate::model::time::zone;

/// Parses a folded text if it has one of these forms.
pub(super) fn read(text: &str, edge: Edge, context: &TimeContext) -> Option<Result<When, TimeErrorKind>> {
    let today = zone::day(context.now, context.zone);
    if is_time_of_day(text) {
        return Some(time_of_day(text, today, edge, context));
    }
    if let Some(span) = span(text, today) {
        return Some(span.and_then(|span| span.end(edge, context)));
    }
    let (name, time) = text.split_once(' ').unwrap_or((text, ""));
    let (date, is_weekday) = day(name, today)?;
    if time.is_empty() {
        return Some(WallClock::Zone(context.zone).day(date, edge));
    }
    let time = time.strip_prefix("at ").unwrap_or(time);
    Some(is_time_of_day(time).then_some(()).ok_or(TimeErrorKind::NotATime).and_then(|()| {
        let time = clock(time, context)?;
        let found = time.on(date, edge)?;
        match date.checked_sub_days(Days::new(7)) {
            // The hour of that weekday has not come yet.
            Some(week_before) if is_weekday && is_future(&found, context) => time.on(week_before, edge),
            _ => Ok(found),
        }
    }))
}

/// Whether a text is a time of day without a date: `14:03`, `9:00 utc`.
#[must_use]
pub(super) fn is_time_of_day(text: &str) -> bool {
    let text = rewritten(&folded(text));
    matches!(text.find(':'), Some(hour @ (1 | 2)) if digits::<u32>(&text[..hour]).is_some())
}

fn clock<'a>(text: &'a str, context: &TimeContext) -> Result<WallTime<'a>, TimeErrorKind> {
    WallTime::of_day(text, context.zone)
}

fn is_future(when: &When, context: &TimeContext) -> bool {
    matches!(when, When::At { at, .. } if *at > context.now)
}

/// Today's moment. As the start of a range, a time that has not come yet means yesterday's: a range that starts in the
/// future has no entries.
fn time_of_day(
    text: &str,
    today: NaiveDate,
    edge: Edge,
    context: &TimeContext,
) -> Result<When, TimeErrorKind> {
    let time = clock(text, context)?;
    let found = time.on(today, edge)?;
    if edge == Edge::Until || !is_future(&found, context) {
        return Ok(found);
    }
    let yesterday = today.pred_opt().ok_or(TimeErrorKind::OutOfRange)?;
    let said = format!("{text} is still to come today; taken as that of yesterday, {yesterday}");
    match time.on(yesterday, edge)? {
        When::At { at, note } => Ok(When::At {
            at,
            note: Some(note.map_or_else(|| said.clone(), |note| format!("{said}; {note}"))),
        }),
        entry @ When::Entry(_) => Ok(entry),
    }
}

/// `today`, `yesterday`, or the most recent day with a weekday's name, and whether it is such a day.
fn day(name: &str, today: NaiveDate) -> Option<(NaiveDate, bool)> {
    match name {
        "today" => Some((today, false)),
        "yesterday" => Some((today.pred_opt()?, false)),
        name => {
            let weekday: Weekday = name.parse().ok()?;
            let back = today.weekday().days_since(weekday);
            Some((today.checked_sub_days(Days::new(back.into()))?, true))
        }
    }
}

/// A span of whole days.
struct Span {
    first: NaiveDate,
    last: NaiveDate,
    /// Whether the text is ambiguous about the days.
    needs_note: bool,
}

impl Span {
    fn end(self, edge: Edge, context: &TimeContext) -> Result<When, TimeErrorKind> {
        let clock = WallClock::Zone(context.zone);
        let found = match edge {
            Edge::Since => clock.day(self.first, edge)?,
            Edge::Until => clock.day(self.last, edge)?,
        };
        Ok(match found {
            When::At { at, note: None } if self.needs_note => {
                let note = if self.first == self.last {
                    format!("taken as {}", self.first)
                } else {
                    format!("taken as the days from {} to {}", self.first, self.last)
                };
                When::At { at, note: Some(note) }
            }
            found => found,
        })
    }
}

/// `this week`, `last month`, `last monday`, `2026-11`.
fn span(text: &str, today: NaiveDate) -> Option<Result<Span, TimeErrorKind>> {
    if let Some((year, month)) =
        text.split_once('-').filter(|(year, month)| (year.len(), month.len()) == (4, 2))
    {
        let (year, month) = (digits(year)?, digits(month)?);
        let first = NaiveDate::from_ymd_opt(year, month, 1).ok_or(TimeErrorKind::NoSuchDay);
        return Some(first.and_then(|first| month_of(first).ok_or(TimeErrorKind::OutOfRange)));
    }
    let (which, unit) = text.split_once(' ')?;
    let is_last = match which {
        "last" | "previous" => true,
        "this" => false,
        _ => return None,
    };
    let span = match unit {
        "week" => {
            let monday = today.checked_sub_days(Days::new(today.weekday().num_days_from_monday().into()))?;
            let first = if is_last { monday.checked_sub_days(Days::new(7))? } else { monday };
            first.checked_add_days(Days::new(6)).map(|last| Span { first, last, needs_note: true })
        }
        "month" => {
            let first = today.with_day(1)?;
            month_of(if is_last { first.checked_sub_months(Months::new(1))? } else { first })
                .map(|span| Span { needs_note: true, ..span })
        }
        "year" => {
            let year = today.year() - i32::from(is_last);
            let days = NaiveDate::from_ymd_opt(year, 1, 1).zip(NaiveDate::from_ymd_opt(year, 12, 31));
            days.map(|(first, last)| Span { first, last, needs_note: true })
        }
        // `last monday` is never today.
        name => {
            let weekday: Weekday = name.parse().ok()?;
            let back = match today.weekday().days_since(weekday) {
                0 if is_last => 7,
                back => back,
            };
            let day = today.checked_sub_days(Days::new(back.into()))?;
            Some(Span { first: day, last: day, needs_note: true })
        }
    };
    Some(span.ok_or(TimeErrorKind::OutOfRange))
}

/// The month that begins on a day.
fn month_of(first: NaiveDate) -> Option<Span> {
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    Some(Span { first, last, needs_note: false })
}

#[cfg(test)]
mod tests {
    use crate::model::time::{Edge, TimeContext, When, parse};

    /// Since and until in UTC on Sunday, 2026-11-29, 16:00, and the note.
    fn read(text: &str) -> (String, String, Option<String>) {
        let now = "2026-11-29T16:00:00Z".parse().expect("a time");
        let context = TimeContext { now, zone: chrono_tz::Tz::UTC };
        let end = |edge| match parse(text, edge, &context) {
            Ok(When::At { at, note }) => (at.to_string()[..16].to_owned(), note),
            other => panic!("{text}: {other:?}"),
        };
        let (since, note) = end(Edge::Since);
        (since, end(Edge::Until).0, note)
    }

    #[test]
    fn times_of_day_belong_to_a_day() {
        for (text, since, until) in [
            ("14:03", "2026-11-29T14:03", "2026-11-29T14:03"),
            ("9:00 UTC", "2026-11-29T09:00", "2026-11-29T09:00"),
            ("17:30", "2026-11-28T17:30", "2026-11-29T17:30"),
            ("today 17:30", "2026-11-29T17:30", "2026-11-29T17:30"),
            ("yesterday 14:03", "2026-11-28T14:03", "2026-11-28T14:03"),
            ("Yesterday at 14:03", "2026-11-28T14:03", "2026-11-28T14:03"),
            ("monday 9:00", "2026-11-23T09:00", "2026-11-23T09:00"),
            ("sunday 9:00", "2026-11-29T09:00", "2026-11-29T09:00"),
            ("sunday 17:00", "2026-11-22T17:00", "2026-11-22T17:00"),
            ("-1h", "2026-11-29T15:00", "2026-11-29T15:00"),
            ("now-1h", "2026-11-29T15:00", "2026-11-29T15:00"),
            ("last 24h", "2026-11-28T16:00", "2026-11-28T16:00"),
            ("an hour ago", "2026-11-29T15:00", "2026-11-29T15:00"),
            ("2pm", "2026-11-29T14:00", "2026-11-29T14:00"),
            ("monday 9am", "2026-11-23T09:00", "2026-11-23T09:00"),
            ("yesterday noon", "2026-11-28T12:00", "2026-11-28T12:00"),
            ("+1h", "2026-11-29T17:00", "2026-11-29T17:00"),
        ] {
            let (from, to, _) = read(text);
            assert_eq!((from.as_str(), to.as_str()), (since, until), "{text}");
        }
        let (_, _, note) = read("17:30");
        assert_eq!(
            note.as_deref(),
            Some("17:30 is still to come today; taken as that of yesterday, 2026-11-28")
        );
        assert_eq!(read("14:03").2, None);
    }

    #[test]
    fn weeks_months_and_years_are_whole() {
        for (text, since, until) in [
            ("2026-11", "2026-11-01T00:00", "2026-12-01T00:00"),
            ("2028-02", "2028-02-01T00:00", "2028-03-01T00:00"),
            ("last week", "2026-11-16T00:00", "2026-11-23T00:00"),
            ("this week", "2026-11-23T00:00", "2026-11-30T00:00"),
            ("last month", "2026-10-01T00:00", "2026-11-01T00:00"),
            ("this month", "2026-11-01T00:00", "2026-12-01T00:00"),
            ("last year", "2025-01-01T00:00", "2026-01-01T00:00"),
            ("last sunday", "2026-11-22T00:00", "2026-11-23T00:00"),
            ("last monday", "2026-11-23T00:00", "2026-11-24T00:00"),
        ] {
            let (from, to, note) = read(text);
            assert_eq!((from.as_str(), to.as_str()), (since, until), "{text}");
            assert_eq!(note.is_some(), text.contains(' '), "{text}");
        }
        assert_eq!(read("last week").2.as_deref(), Some("taken as the days from 2026-11-16 to 2026-11-22"));
    }
}
