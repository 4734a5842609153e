//! The names of zones. Which zone is the machine's own is the caller's to know.

use chrono_tz::{TZ_VARIANTS, Tz};

use crate::model::time::quoted;

/// A name that is no zone's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {}{} (such as Europe/Madrid, America/New_York, utc)", quoted(.text), suggestion(*.nearest))]
pub struct UnknownZone {
    /// The name as typed.
    pub text: String,
    /// The zone with the name most like it, when one is like it at all.
    pub nearest: Option<Tz>,
}

/// Finds a zone by its IANA name, without regard to case.
///
/// # Errors
/// [`UnknownZone`], with the nearest name.
pub fn zone(text: &str) -> Result<Tz, UnknownZone> {
    let name = text.trim();
    let found = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| UnknownZone { text: text.to_owned(), nearest: nearest(name) })
}

/// Compares with the whole name and with its last part, since people type `madrid` and `new york`.
fn nearest(name: &str) -> Option<Tz> {
    // No name is longer than 32 letters; more would only make the comparison slow.
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

fn suggestion(nearest: Option<Tz>) -> String {
    nearest.map(|zone| format!(", did you mean {zone}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_by_their_own_only() {
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
    fn an_unknown_name_is_told_the_nearest() {
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
