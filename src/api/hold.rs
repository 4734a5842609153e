//! The requests and responses about legal holds.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::query::{filter_pairs, read_only_filter};
use crate::model::draft::FieldError;
use crate::model::filter::Filter;
use crate::model::hold::{Hold, HoldFilter};
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;

/// A hold to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "case-2026-14", "reason": "court order 14/2026", "filter": "resource=connector%2F42"}))]
pub struct CreateHold {
    /// Its name: up to 64 letters, digits, hyphens, dots and underscores. A name is never reused, not even after the
    /// release.
    pub name: String,
    /// Why, in up to 500 characters.
    pub reason: String,
    /// The entries that it covers, also those recorded later: a query string of up to 16 KiB with the filters of
    /// `GET /audit-logs`, without `field`, `ip`, `reason` and `q`. Empty for the whole log.
    pub filter: String,
}

/// The release of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "case closed"}))]
pub struct ReleaseHold {
    /// Why, in up to 500 characters.
    pub reason: String,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldAnswer {
    /// Its name.
    #[schema(example = "case-2026-14")]
    pub name: String,
    /// The filter, as a query string: it selects the entries that the hold covers. Empty for the whole log.
    #[schema(example = "resource=connector%2F42")]
    pub filter: String,
    /// Why it exists.
    pub reason: String,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The token that created it.
    pub created_by: String,
    /// When it was released; absent while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub released_at: Option<Timestamp>,
    /// The token that released it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<String>,
    /// Why it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_reason: Option<String>,
    /// Counts of the entries that it covers now. Absent in lists, and after a change if they cannot be counted in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<CoveredEntries>,
}

impl From<&Hold> for HoldAnswer {
    fn from(hold: &Hold) -> Self {
        let release = hold.release.as_ref();
        Self {
            name: hold.name.to_string(),
            filter: filter_text(&hold.filter),
            reason: hold.reason.clone(),
            created_at: hold.created_at,
            created_by: hold.created_by.clone(),
            released_at: release.map(|release| release.at),
            released_by: release.map(|release| release.by.clone()),
            release_reason: release.map(|release| release.reason.clone()),
            entries: None,
        }
    }
}

impl HoldAnswer {
    /// Parses `filter`. None if it has a part that this version does not know.
    #[must_use]
    pub fn covered(&self) -> Option<Filter> {
        read_filter_text(&self.filter).ok()
    }
}

/// The filter of a hold as a query string.
#[must_use]
pub fn filter_text(filter: &HoldFilter) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(filter_pairs(filter.filter())).finish()
}

/// Reads what [`filter_text`] writes.
///
/// # Errors
/// A [`FieldError`] for each parameter that is not a filter or has an invalid value.
pub fn read_filter_text(text: &str) -> Result<Filter, Vec<FieldError>> {
    let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
    read_only_filter(Log::Audit, &pairs)
}

/// Counts of the entries that a hold covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoveredEntries {
    /// Their number.
    pub count: u64,
    /// How many of them are past their retention, held or not. (`expired` in the counts of a prune leaves held entries out.)
    pub expired: u64,
    /// When the oldest one happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest: Option<Timestamp>,
}

/// The holds of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holds {
    /// Active and released holds, by name.
    pub data: Vec<HoldAnswer>,
}
