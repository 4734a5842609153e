//! Dates as other programs print them: nginx, git, `date`, e-mail (RFC 2822), journalctl, JavaScript and basic ISO 8601.
//!
//! A text in such a form is rewritten to the form of the grammar, which then parses it. Forms in which day and month could
//! be confused (`24/11/2026`) are not rewritten.

use chrono::{Datelike, Month, NaiveDate, Weekday};

use crate::model::time::error::TimeErrorKind;
use crate::model::time::lexer::digits;

/// A folded text as the grammar writes it, or `None` if it has no other form.
///
/// # Errors
/// [`TimeErrorKind::NoSuchDay`], or [`TimeErrorKind::OtherWeekday`] when a weekday contradicts its date.
pub(super) fn rewritten(text: &str) -> Result<Option<String>, TimeErrorKind> {
    let text = text.strip_prefix('[').map_or(text, |inner| inner.strip_suffix(']').unwrap_or(inner));
    // `+0100 (CET)`: the offset says enough.
    let text = match text.split_once(" (") {
        Some((before, comment)) if comment.ends_with(')') => before,
        _ => text,
    };
    let (weekday, text) = leading_weekday(text);
    let Some((year, month, day, rest)) = date(text) else {
        // `Sat 2026-11-28 14:03:11 CET`, and dates without a year, in which a weekday proves nothing.
        return Ok(weekday.filter(|_| is_dated(text)).map(|_| text.to_owned()).or_else(|| yearless(text)));
    };
    let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(TimeErrorKind::NoSuchDay)?;
    match weekday {
        Some(weekday) if weekday != date.weekday() => Err(TimeErrorKind::OtherWeekday(date)),
        _ => Ok(Some(format!("{date}{}{rest}", if rest.is_empty() { "" } else { " " }))),
    }
}

/// The weekday at the start of a text, and the rest.
fn leading_weekday(text: &str) -> (Option<Weekday>, &str) {
    let Some((word, rest)) = text.split_once(' ') else { return (None, text) };
    match word.trim_end_matches(',').parse() {
        Ok(weekday) => (Some(weekday), rest),
        Err(_) => (None, text),
    }
}

/// Whether a text begins with a date of the grammar, and not with a time of day.
fn is_dated(text: &str) -> bool {
    let is_number = |part: Option<&str>| part.is_some_and(|part| digits::<u32>(part).is_some());
    is_number(text.get(..4)) && text.get(4..5) == Some("-") || month(text.split(' ').next()).is_some()
}

/// Year, month and day of a text, and the time of day with its zone.
fn date(text: &str) -> Option<(i32, u32, u32, String)> {
    by_slashes(text).or_else(|| without_separators(text)).or_else(|| by_words(text))
}

/// `28/nov/2026:14:03:11 +0100` of nginx and Apache, or `2026/11/28 14:03:11`.
fn by_slashes(text: &str) -> Option<(i32, u32, u32, String)> {
    let (first, rest) = text.split_once('/')?;
    let (second, rest) = rest.split_once('/')?;
    let (last, rest) = rest.split_at(rest.find([':', ' ', 't']).unwrap_or(rest.len()));
    let rest = rest.get(1..).unwrap_or_default().to_owned();
    match month(Some(second)) {
        Some(month) => Some((year(last)?, month, day(first)?, rest)),
        None => Some((year(first)?, day(second)?, day(last)?, rest)),
    }
}

/// `20261128t140311z`, `20261128t1403+0100`, `20261128`.
fn without_separators(text: &str) -> Option<(i32, u32, u32, String)> {
    let (date, rest) = text.split_at_checked(8)?;
    let date = (year(date.get(..4)?)?, digits(date.get(4..6)?)?, digits(date.get(6..)?)?);
    if rest.is_empty() {
        // Eight digits that are no date are a number.
        NaiveDate::from_ymd_opt(date.0, date.1, date.2)?;
        return Some((date.0, date.1, date.2, String::new()));
    }
    let time = rest.strip_prefix(['t', ' '])?;
    let length = time.bytes().take_while(u8::is_ascii_digit).count();
    let (clock, zone) = time.split_at(length);
    let (hour, minute) = (clock.get(..2)?, clock.get(2..4)?);
    let second = match clock.get(4..)? {
        "" => String::new(),
        second if second.len() == 2 => format!(":{second}"),
        _ => return None,
    };
    Some((date.0, date.1, date.2, format!("{hour}:{minute}{second}{zone}")))
}

/// `28 nov 2026 14:03:11 +0100`, `nov 28 14:03:11 2026 +0100`, `nov 28, 2026`: the month as a word, and the year
/// anywhere after it.
fn by_words(text: &str) -> Option<(i32, u32, u32, String)> {
    let mut words: Vec<&str> = text.split(' ').collect();
    let at = words.iter().take(2).position(|word| month(Some(word)).is_some())?;
    let named = month(Some(words.remove(at)))?;
    let number = day(words.first()?.trim_end_matches(','))?;
    words.remove(0);
    let at = words.iter().position(|word| year(word).is_some())?;
    let year = year(words.remove(at))?;
    Some((year, named, number, words.join(" ")))
}

/// `28 nov 14:03` as `nov 28 14:03`.
fn yearless(text: &str) -> Option<String> {
    let (first, rest) = text.split_once(' ')?;
    let (second, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    (day(first).is_some() && month(Some(second)).is_some()).then(|| format!("{second} {first}{rest}"))
}

fn month(word: Option<&str>) -> Option<u32> {
    word?.parse::<Month>().ok().map(|month| month.number_from_month())
}

fn day(word: &str) -> Option<u32> {
    matches!(word.len(), 1 | 2).then(|| digits(word))?
}

/// A year of the log.
fn year(word: &str) -> Option<i32> {
    if word.len() == 4 { digits(word).filter(|year| *year >= 1970) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Edge, TimeContext, When, parse};

    /// The moment that a text means in Madrid on Sunday, 2026-11-29.
    fn moment(text: &str) -> String {
        let context = TimeContext {
            now: "2026-11-29T16:00:00Z".parse().expect("a time"),
            zone: chrono_tz::Europe::Madrid,
        };
        match parse(text, Edge::Since, &context) {
            Ok(When::At { at, .. }) => at.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn times_of_other_programs_are_read() {
        for text in [
            "[28/Nov/2026:14:03:11 +0100]",
            "28/Nov/2026:14:03:11 +0100",
            "Sat Nov 28 14:03:11 2026 +0100",
            "Sat Nov 28 14:03:11 2026",
            "Sat Nov 28 14:03:11 CET 2026",
            "Sat 2026-11-28 14:03:11 CET",
            "Sat, 28 Nov 2026 14:03:11 +0100",
            "Sat, 28 Nov 2026 13:03:11 GMT",
            "28 Nov 2026 14:03:11 +0100 (CET)",
            "Sat Nov 28 2026 14:03:11 GMT+0100 (Central European Standard Time)",
            "20261128T130311Z",
            "20261128T140311+0100",
            "20261128 140311",
            "2026/11/28 14:03:11",
            "2026/11/28 14:03:11 CET",
            "2026-11-28 14:03:11,000",
            "2026-11-28T14:03:11,0+01:00",
            "28 Nov 14:03:11",
            "November 28, 2026 14:03:11",
        ] {
            assert_eq!(moment(text), "2026-11-28T13:03:11.000000Z", "{text}");
        }
        for text in [
            "20261128",
            "2026/11/28",
            "2026/11/28 ",
            "28 Nov 2026",
            "28/Nov/2026",
            "Sat Nov 28 2026",
            "Sat, 28 Nov",
        ] {
            assert_eq!(moment(text), "2026-11-27T23:00:00.000000Z", "{text}");
        }
        assert_eq!(moment("2026-11-28 14:03:11,412"), "2026-11-28T13:03:11.412000Z");
    }

    #[test]
    fn day_and_month_are_never_guessed() {
        for text in ["24/11/2026", "11/24/2026 14:03", "24.11.2026"] {
            assert!(
                moment(text).contains("OtherDate") || moment(text).contains("NotATime"),
                "{text}: {}",
                moment(text)
            );
        }
        assert!(moment("20261328").contains("BareNumber"));
        let error = rewritten("sun, 28 nov 2026 14:03").expect_err("a Saturday");
        assert_eq!(error.to_string(), "that date is a Saturday");
    }
}
