//! Time zones: finds them by name, and gives the local date and the zone's label of a moment. The caller knows which zone
//! is the machine's own.

use chrono::{DateTime, NaiveDate};
use chrono_tz::{OffsetName, TZ_VARIANTS, Tz};

use crate::model::time::lexer::{digits, quoted};
use crate::model::timestamp::Timestamp;

/// A name that no zone has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {}{} (such as Europe/Madrid, America/New_York, utc)", quoted(.text), suggestion(*.nearest))]
pub struct UnknownZone {
    /// The name as typed.
    pub text: String,
    /// The zone with the most similar name, if one is similar.
    pub nearest: Option<Tz>,
}

/// Finds a zone by its IANA name, in any case.
///
/// # Errors
/// [`UnknownZone`], with the nearest name.
pub fn zone(text: &str) -> Result<Tz, UnknownZone> {
    let name = text.trim();
    let found = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| UnknownZone { text: text.to_owned(), nearest: nearest(name) })
}

/// Finds the zone in the variable `TZ`: an IANA name, the path of its file, or a fixed offset of whole hours from UTC, as
/// in `<+03>-3`. Other rules (`CET-1CEST`) are not supported.
#[must_use]
pub fn zone_of_variable(text: &str) -> Option<Tz> {
    let name = text.strip_prefix(':').unwrap_or(text);
    // For the C library an empty variable means UTC.
    if name.is_empty() {
        return Some(Tz::UTC);
    }
    if let Some((_, name)) = name.split_once("/zoneinfo/") {
        let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
        return zone(name).ok();
    }
    zone(name).ok().or_else(|| fixed(name))
}

/// `UTC0`, `JST-9`, `<+03>-03:00`: in POSIX, as in the names `Etc/GMT±n`, offsets to the west are positive.
fn fixed(text: &str) -> Option<Tz> {
    let (name, offset) = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?,
        None => text.split_at(text.find(|c: char| !c.is_ascii_alphabetic())?),
    };
    let (sign, distance) = match offset.split_at_checked(1)? {
        (sign @ ("+" | "-"), distance) => (sign, distance),
        _ => ("+", offset),
    };
    let hours = distance.split(':').next()?;
    let is_whole = distance.split(':').skip(1).all(|part| part == "00");
    if name.len() < 3 || !is_whole || !matches!(hours.len(), 1 | 2) {
        return None;
    }
    match digits::<u8>(hours)? {
        0 => Some(Tz::UTC),
        hours => zone(&format!("Etc/GMT{sign}{hours}")).ok(),
    }
}

/// Compares with the whole name and with its last part, because people type `madrid` and `new york`.
fn nearest(name: &str) -> Option<Tz> {
    // No name has more than 32 letters, and a longer text would make the comparison slow.
    let given: String = name.chars().take(64).collect::<String>().to_ascii_lowercase().replace(' ', "_");
    let likeness = |zone: &Tz| {
        let name = zone.name().to_ascii_lowercase();
        let city = name.rsplit('/').next().unwrap_or_default();
        strsim::jaro_winkler(&given, &name).max(strsim::jaro_winkler(&given, city))
    };
    let scored = TZ_VARIANTS.iter().map(|zone| (likeness(zone), *zone));
    let (likeness, zone) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= 0.9).then_some(zone)
}

/// The local date in the zone.
#[must_use]
pub fn day(at: Timestamp, zone: Tz) -> NaiveDate {
    local(at, zone).date_naive()
}

pub(super) fn local(at: Timestamp, zone: Tz) -> DateTime<Tz> {
    at.datetime().with_timezone(&zone)
}

/// The zone's abbreviation at that time, or its offset: `CET`, `-03:00`. Names such as `-03` in the zone database would not
/// look like hours.
pub(super) fn label(at: &DateTime<Tz>) -> String {
    let name = at.offset().abbreviation().filter(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic()));
    name.map_or_else(|| at.format("%:z").to_string(), str::to_owned)
}

fn suggestion(nearest: Option<Tz>) -> String {
    nearest.map(|zone| format!(", did you mean {zone}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        for (name, expected) in [
            ("Europe/Madrid", Tz::Europe__Madrid),
            (" europe/madrid ", Tz::Europe__Madrid),
            ("AMERICA/NEW_YORK", Tz::America__New_York),
            ("utc", Tz::UTC),
            ("Etc/GMT+5", Tz::Etc__GMTPlus5),
        ] {
            assert_eq!(zone(name), Ok(expected), "{name}");
        }
    }

    #[test]
    fn the_variable_may_hold_a_name_a_path_or_an_offset() {
        for (text, expected) in [
            ("", Tz::UTC),
            (":", Tz::UTC),
            (":Europe/Berlin", Tz::Europe__Berlin),
            ("/usr/share/zoneinfo/Europe/Berlin", Tz::Europe__Berlin),
            (":/usr/share/zoneinfo/posix/America/Argentina/Ushuaia", Tz::America__Argentina__Ushuaia),
            ("UTC0", Tz::UTC),
            ("JST-9", Tz::Etc__GMTMinus9),
            ("<-03>3", Tz::Etc__GMTPlus3),
            ("<+03>-03:00", Tz::Etc__GMTMinus3),
            ("EST5EDT", Tz::EST5EDT),
        ] {
            assert_eq!(zone_of_variable(text), Some(expected), "{text}");
        }
        for text in [
            "CET-1CEST",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "IST-5:30",
            "XX1",
            "JST-99",
            "/etc/passwd",
            "<+03>",
            "ABC-",
            "/usr/share/zoneinfo/Mars",
        ] {
            assert_eq!(zone_of_variable(text), None, "{text}");
        }
    }

    #[test]
    fn an_unknown_name_gets_a_suggestion() {
        for (name, nearest) in [
            ("Europe/Madird", Tz::Europe__Madrid),
            ("madrid", Tz::Europe__Madrid),
            ("new york", Tz::America__New_York),
        ] {
            assert_eq!(zone(name).expect_err(name).nearest, Some(nearest), "{name}");
        }
        assert_eq!(
            zone("madrid").expect_err("unknown").to_string(),
            r#"unknown time zone "madrid", did you mean Europe/Madrid? (such as Europe/Madrid, America/New_York, utc)"#
        );
        for name in ["", "\u{202e}", "qqqqqq", "12345", "Mars"] {
            let error = zone(name).expect_err(name);
            assert_eq!(error.nearest, None, "{name}");
            assert!(error.to_string().is_ascii(), "{error}");
        }
    }
}
