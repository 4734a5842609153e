//! Legal holds: no prune deletes an entry that matches an active hold. No I/O.

use std::fmt;
use std::str::FromStr;

use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::timestamp::Timestamp;

/// The most holds of an organization that are active at once. Each batch of a prune checks all of them in one statement.
pub const MAX_ACTIVE_HOLDS: usize = 32;

/// The most holds of an organization, including released ones, which are kept for ever and listed together.
pub const MAX_HOLDS: usize = 4_000;

/// The longest filter of a hold as a query string, in bytes. Each batch of a prune reads the filters of all active holds.
pub const MAX_FILTER_BYTES: usize = 16 * 1024;

/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// The name of a hold. It is part of a URL, so it needs no escapes there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldName(String);

/// A text that cannot name a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected up to 64 letters, digits, hyphens, dots and underscores, beginning with a letter or digit, such as case-2026-14"
)]
pub struct InvalidHoldName;

impl HoldName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HoldName {
    type Err = InvalidHoldName;

    fn from_str(text: &str) -> Result<Self, InvalidHoldName> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let is_valid = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.len() <= MAX_NAME_BYTES
            && text.chars().all(fits);
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidHoldName) }
    }
}

impl fmt::Display for HoldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A filter that an index or the columns of an entry answer: it reads no values and searches no text. A hold without any
/// condition covers the whole log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoldFilter(Filter);

/// A filter that is too expensive to check for each deleted entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a hold cannot filter by field, text, reason or address: each deletion checks it, and these would read every entry. Use \
     resource, type, user, action, channel, request or time"
)]
pub struct ReadsContent {
    /// The query parameter of the filter.
    pub parameter: &'static str,
}

impl HoldFilter {
    /// Accepts a filter that is cheap to check.
    ///
    /// # Errors
    /// [`ReadsContent`]
    pub fn new(filter: Filter) -> Result<Self, ReadsContent> {
        let Filter { field, text, reason, ip, .. } = &filter;
        let read = [
            ("field", !field.is_any()),
            ("q", !text.is_any()),
            ("reason", !reason.is_any()),
            ("ip", !ip.is_any()),
        ];
        match read.into_iter().find(|(_, is_read)| *is_read) {
            None => Ok(Self(filter)),
            Some((parameter, _)) => Err(ReadsContent { parameter }),
        }
    }

    /// The same as a filter of entries.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.0
    }

    /// Whether the hold covers an entry: the definition.
    #[must_use]
    pub fn covers(&self, entry: &Entry) -> bool {
        self.0.matches(entry)
    }

    /// The filter of the covered entries that happened before `cutoff`.
    #[must_use]
    pub fn expired(&self, cutoff: Timestamp) -> Filter {
        let until = self.0.until.map_or(cutoff, |until| until.min(cutoff));
        Filter { until: Some(until), ..self.0.clone() }
    }
}

/// A hold. Neither it nor its release is ever deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its name, given once in an organization.
    pub name: HoldName,
    /// The entries that it covers, also those recorded later.
    pub filter: HoldFilter,
    /// Why it exists.
    pub reason: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: String,
    /// Its end; absent while it is active.
    pub release: Option<Release>,
}

impl Hold {
    /// Whether it has not been released.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.release.is_none()
    }
}

/// The parts of an active hold that readers of entries need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveHold {
    /// Its name.
    pub name: String,
    /// Why it exists.
    pub reason: String,
    /// The entries that it covers.
    pub filter: Filter,
}

/// The active holds that cover an entry, each with its reason: `case-14: court order 14/2026`.
#[must_use]
pub fn covering(holds: &[ActiveHold], entry: &Entry) -> Vec<String> {
    let covering = holds.iter().filter(|hold| hold.filter.matches(entry));
    covering.map(|ActiveHold { name, reason, .. }| format!("{name}: {reason}")).collect()
}

/// The end of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// When it was released.
    pub at: Timestamp,
    /// Who released it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Whether a text can be the reason of a hold or of its release.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_REASON_CHARS && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_needs_no_escape_in_a_url_or_a_shell() {
        for name in ["case-14", "7", "Audit_2026.Q3", &"a".repeat(64)] {
            assert_eq!(name.parse::<HoldName>().map(|it| it.to_string()).as_deref(), Ok(name));
        }
        for name in ["", ".", "..", "-x", "a/b", "a b", "é", "a\n", "a%2e", &"a".repeat(65)] {
            assert_eq!(name.parse::<HoldName>(), Err(InvalidHoldName), "{name:?}");
        }
    }

    #[test]
    fn filters_that_read_values_are_refused() {
        let refused = |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            HoldFilter::new(filter).err().map(|refused| refused.parameter)
        };
        assert_eq!(refused(|_| ()), None, "the whole log can be held");
        assert_eq!(refused(|filter| filter.user.add("ana").expect("a user")), None);
        assert_eq!(refused(|filter| filter.field.add("status").expect("a field")), Some("field"));
        assert_eq!(refused(|filter| filter.text.add("!x").expect("a text")), Some("q"));
        assert_eq!(refused(|filter| filter.reason.add("x").expect("a text")), Some("reason"));
        assert_eq!(refused(|filter| filter.ip.add("192.0.2.1").expect("an address")), Some("ip"));
    }

    #[test]
    fn the_expired_part_ends_at_the_earlier_of_both_ends() {
        let at = |micros| Timestamp::from_micros(micros).expect("a time");
        let hold = |until| HoldFilter::new(Filter { until, ..Filter::default() }).expect("cheap");
        assert_eq!(hold(None).expired(at(5)).until, Some(at(5)));
        assert_eq!(hold(Some(at(3))).expired(at(5)).until, Some(at(3)));
        assert_eq!(hold(Some(at(7))).expired(at(5)).until, Some(at(5)));
    }
}
