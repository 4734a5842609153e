//! Counts by one or two dimensions: the query string and response of `GET /audit-logs/counts`.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::query::{ParameterErrors, filter_pairs, id, limited, read_filter};
use crate::model::draft::FieldError;
use crate::model::filter::Filter;
use crate::model::prune::Pruned;
use crate::model::stats::Group;
use crate::model::time;
use crate::model::words::{Dimension, Log};

/// The most dimensions at once: two make a table.
pub const MAX_DIMENSIONS: usize = 2;

/// The parameters of `GET /audit-logs/counts` besides the filters.
pub const COUNT_PARAMETERS: &[&str] = &["by", "tz", "as_of"];

/// The query of `GET /audit-logs/counts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountsQuery {
    /// Which entries to count.
    pub filter: Filter,
    /// One or two different dimensions.
    pub by: Vec<Dimension>,
    /// The time zone of days and hours.
    pub zone: Tz,
    /// Excludes entries with a higher id.
    pub as_of: Option<u64>,
}

/// Counts for a filter by the requested dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// How many entries match in all. Counts by `field` may sum to more: an entry counts for each of its fields.
    #[schema(example = 1284)]
    pub total: u64,
    /// The dimensions, in the requested order.
    pub by: Vec<Dimension>,
    /// The time zone of days and hours.
    #[schema(example = "Europe/Madrid")]
    pub tz: String,
    /// The groups with entries: in chronological order for a time dimension, else by descending count.
    pub groups: Vec<Group>,
    /// The pruned range; absent if nothing was ever pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned: Option<Pruned>,
}

impl CountsQuery {
    /// Parses the pairs of a query string about a log.
    ///
    /// # Errors
    /// All errors, by parameter.
    pub fn read(log: Log, pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<Self, Vec<FieldError>> {
        let mut query = Self { filter: Filter::default(), by: Vec::new(), zone: Tz::UTC, as_of: None };
        let mut seen = ParameterErrors::default();
        for (name, value) in limited(pairs)? {
            if read_filter(log, &mut query.filter, &mut seen, name, value) {
                continue;
            }
            match name {
                "by" => {
                    // One more than the limit is enough to detect too many.
                    for word in value.split(',').take(MAX_DIMENSIONS + 1) {
                        match word.parse() {
                            Ok(dimension) => query.by.push(dimension),
                            Err(error) => seen.errors.push(FieldError::new(name, error.to_string())),
                        }
                    }
                }
                "tz" => {
                    seen.once(name);
                    match time::zone(value) {
                        Ok(zone) => query.zone = zone,
                        Err(error) => seen.errors.push(FieldError::new(name, error.to_string())),
                    }
                }
                "as_of" => {
                    seen.once(name);
                    query.as_of = id(&mut seen.errors, name, value);
                }
                _ => seen.unknown(name, COUNT_PARAMETERS),
            }
        }
        let is_repeated = |(index, by): (usize, &Dimension)| query.by[..index].contains(by);
        let has_repeated = query.by.iter().enumerate().any(is_repeated);
        if query.by.is_empty() && seen.errors.is_empty() {
            let words: Vec<_> = Dimension::ALL.iter().map(|by| by.as_str()).collect();
            let detail = format!("is missing: one or two of {}", words.join(", "));
            seen.errors.push(FieldError::new("by", detail));
        } else if query.by.len() > MAX_DIMENSIONS || has_repeated {
            seen.errors.push(FieldError::new("by", "takes one dimension, or two different ones"));
        }
        seen.finish(query)
    }

    /// The query string's pairs. [`CountsQuery::read`] parses them back to an equal query.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<_> = self.by.iter().map(|by| ("by", by.to_string())).collect();
        pairs.push(("tz", self.zone.name().to_owned()));
        pairs.extend(self.as_of.map(|id| ("as_of", id.to_string())));
        pairs.extend(filter_pairs(&self.filter));
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CountsQuery, Vec<FieldError>> {
        let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        CountsQuery::read(Log::Audit, &pairs)
    }

    #[test]
    fn a_query_string_parses_back_to_the_same_query() {
        let query = read("by=Weekday,user&tz=europe/madrid&as_of=7&action=created").expect("a query");
        assert_eq!(
            (&query.by[..], query.zone),
            (&[Dimension::Weekday, Dimension::User][..], Tz::Europe__Madrid)
        );
        let pairs = query.pairs();
        assert_eq!(CountsQuery::read(Log::Audit, &pairs), Ok(query));
    }

    #[test]
    fn invalid_dimensions_get_an_error_with_the_accepted_values() {
        for (text, words) in [
            ("", "one or two of day, hour"),
            ("by=day,day", "two different ones"),
            ("by=day&by=user&by=via", "two different ones"),
            ("by=minute", "unknown dimension \"minute\""),
            ("by=day&tz=Madrid", "did you mean Europe/Madrid?"),
            ("by=day&limit=5", "is not a parameter of this request"),
            ("by=day&tz=utc&tz=utc", "more than once"),
            ("by=", "unknown dimension"),
        ] {
            let errors = read(text).expect_err(text);
            assert!(errors.iter().any(|error| error.detail.contains(words)), "{text}: {errors:?}");
        }
    }
}
