//! The query string of `GET /audit-logs` and `/facets`, and of the same calls for the trail, which the client writes and the server reads.
//!
//! An unknown parameter or word is an error that lists the accepted ones: no filter is silently ignored.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::model::draft::FieldError;
use crate::model::filter::Filter;
use crate::model::log_filter::add_text;
use crate::model::page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, Order};
use crate::model::words::Log;

/// A query of `GET /audit-logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Selects the entries.
    pub filter: Filter,
    /// The order of the entries.
    pub order: Order,
    /// The size of a page, in entries.
    pub limit: u32,
    /// Where the page starts; the first page if absent.
    pub cursor: Option<Cursor>,
    /// Reads in id order, starting after this id, or at `cursor` if there is one. Cannot be combined with `order`.
    pub after_id: Option<u64>,
    /// Leaves out entries with a higher id.
    pub as_of: Option<u64>,
    /// Whether to count all matches.
    pub total: bool,
}

impl Default for Query {
    fn default() -> Self {
        let (filter, order) = (Filter::default(), Order::Descending);
        Self { filter, order, limit: DEFAULT_LIMIT, cursor: None, after_id: None, as_of: None, total: false }
    }
}

/// The most parameters of a query string, including repeats.
pub const MAX_PARAMETERS: usize = 1_000;
/// The parameters of paging.
pub const PAGE_PARAMETERS: &[&str] = &["order", "limit", "cursor", "after_id", "as_of", "total"];

/// What a query string may say beside a filter.
pub(super) struct PageRules<'r> {
    /// The names of all other parameters.
    pub(super) names: &'r [&'static str],
    pub(super) default_limit: u32,
    pub(super) max_limit: u32,
}

impl Query {
    /// Reads the pairs of a query string about a log.
    ///
    /// # Errors
    /// All errors, by parameter.
    pub fn read(log: Log, pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<Self, Vec<FieldError>> {
        let rules = PageRules { names: PAGE_PARAMETERS, default_limit: DEFAULT_LIMIT, max_limit: MAX_LIMIT };
        Self::read_by(log, pairs, &rules, |_, _, _| false)
    }

    /// As [`Self::read`], by other rules. `other` reads a parameter that is none of paging, and returns whether it did.
    pub(super) fn read_by(
        log: Log,
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
        rules: &PageRules<'_>,
        mut other: impl FnMut(&str, &str, &mut Vec<FieldError>) -> bool,
    ) -> Result<Self, Vec<FieldError>> {
        let mut query = Self { limit: rules.default_limit, ..Self::default() };
        let mut seen = ParameterErrors::default();
        let mut ordered = false;
        for (name, value) in limited(pairs)? {
            if read_filter(log, &mut query.filter, &mut seen, name, value) {
                continue;
            }
            seen.once(name);
            if !rules.names.contains(&name) {
                seen.unknown(name, rules.names);
                continue;
            }
            ordered |= name == "order";
            if !query.read_paging(rules.max_limit, name, value, &mut seen.errors)
                && !other(name, value, &mut seen.errors)
            {
                seen.unknown(name, rules.names);
            }
        }
        if query.after_id.is_some() {
            if ordered {
                seen.errors.push(FieldError::new(
                    "order",
                    "cannot be combined with after_id, which reads in id order",
                ));
            }
            query.order = Order::ById;
        }
        seen.finish(query)
    }

    /// Reads a parameter of paging. Returns false if it is another one.
    fn read_paging(&mut self, max_limit: u32, name: &str, value: &str, errors: &mut Vec<FieldError>) -> bool {
        let mut invalid = |detail: &str| errors.push(FieldError::new(name, detail));
        match name {
            "order" => match value {
                "desc" => self.order = Order::Descending,
                "asc" => self.order = Order::Ascending,
                _ => invalid("must be desc (newest first) or asc (oldest first)"),
            },
            "limit" => match value.parse() {
                Ok(limit) if (1..=max_limit).contains(&limit) => self.limit = limit,
                _ => invalid(&format!("must be a whole number from 1 to {max_limit}")),
            },
            "cursor" => match Cursor::decode(value) {
                Some(cursor) => self.cursor = Some(cursor),
                None => invalid("is not a cursor: send page.next_cursor unchanged"),
            },
            "after_id" => self.after_id = id(errors, name, value),
            "as_of" => self.as_of = id(errors, name, value),
            "total" => match value {
                "true" => self.total = true,
                "false" => self.total = false,
                _ => invalid("must be true or false"),
            },
            _ => return false,
        }
        true
    }

    /// The pairs that [`Query::read`] reads back as this.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = filter_pairs(&self.filter);
        match self.order {
            Order::Descending | Order::ById => {}
            Order::Ascending => pairs.push(("order", "asc".to_owned())),
        }
        if self.limit != DEFAULT_LIMIT {
            pairs.push(("limit", self.limit.to_string()));
        }
        pairs.extend(self.cursor.map(|cursor| ("cursor", cursor.encode())));
        pairs.extend(self.after_id.map(|id| ("after_id", id.to_string())));
        pairs.extend(self.as_of.map(|id| ("as_of", id.to_string())));
        if self.total {
            pairs.push(("total", "true".to_owned()));
        }
        pairs
    }

    /// The first 8 bytes of a digest of the organization, order and filter. A cursor carries them: another query refuses it.
    #[must_use]
    pub fn binding(&self, organization: i64) -> [u8; 8] {
        let mut pairs = filter_pairs(&self.filter);
        pairs.sort_unstable();
        let bound = format!("{organization} {:?} {pairs:?}", self.order);
        let digest = Sha256::digest(bound);
        let mut binding = [0; 8];
        binding.copy_from_slice(&digest[..8]);
        binding
    }
}

/// Iterates over the pairs, unless there are more than [`MAX_PARAMETERS`].
///
/// # Errors
/// One error, which names the limit and repeats no parameter.
pub(super) fn limited(
    pairs: &[(impl AsRef<str>, impl AsRef<str>)],
) -> Result<impl Iterator<Item = (&str, &str)>, Vec<FieldError>> {
    if pairs.len() > MAX_PARAMETERS {
        let detail = format!("has more than {MAX_PARAMETERS} parameters");
        return Err(vec![FieldError::new("the query string", detail)]);
    }
    Ok(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
}

/// Reads the pairs of a query string that takes only a filter of a log.
///
/// # Errors
/// All errors, by parameter.
pub fn read_only_filter(
    log: Log,
    pairs: &[(impl AsRef<str>, impl AsRef<str>)],
) -> Result<Filter, Vec<FieldError>> {
    let mut filter = Filter::default();
    let mut seen = ParameterErrors::default();
    for (name, value) in limited(pairs)? {
        if !read_filter(log, &mut filter, &mut seen, name, value) {
            seen.unknown(name, &[]);
        }
    }
    seen.finish(filter)
}

/// The names of the parameters of a filter.
pub fn filter_parameters() -> impl Iterator<Item = &'static str> {
    Filter::default().lists().map(|(name, _)| name).into_iter().chain(Filter::TIMES)
}

/// The query parameters that [`read_filter`] reads back as this filter.
#[must_use]
pub fn filter_pairs(filter: &Filter) -> Vec<(&'static str, String)> {
    let lists = filter.lists().into_iter();
    let lists = lists.flat_map(|(name, list)| list.texts().into_iter().map(move |text| (name, text)));
    let times = Filter::TIMES.into_iter().zip([filter.since, filter.until]);
    lists.chain(times.filter_map(|(name, at)| Some((name, at?.to_string())))).collect()
}

/// Collects the errors of a query string, and remembers the parameters that may appear only once.
#[derive(Default)]
pub(super) struct ParameterErrors {
    names: HashSet<String>,
    pub(super) errors: Vec<FieldError>,
}

impl ParameterErrors {
    pub(super) fn once(&mut self, name: &str) {
        if !self.names.insert(name.to_owned()) {
            self.errors.push(FieldError::new(name, "appears more than once"));
        }
    }

    /// `others` are the accepted parameters beside those of a filter.
    pub(super) fn unknown(&mut self, name: &str, others: &[&'static str]) {
        let accepted: Vec<_> = filter_parameters().chain(others.iter().copied()).collect();
        let detail = format!("is not a parameter of this request: expected one of {}", accepted.join(", "));
        self.errors.push(FieldError::new(name, detail));
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}

/// Reads a pair if it belongs to a filter. Returns whether it does.
pub(super) fn read_filter(
    log: Log,
    filter: &mut Filter,
    seen: &mut ParameterErrors,
    name: &str,
    value: &str,
) -> bool {
    if let Some(added) = add_text(filter, log, name, value) {
        if let Err(error) = added {
            seen.errors.push(FieldError::new(name, error.detail));
        }
        return true;
    }
    let time = match name {
        "since" => &mut filter.since,
        "until" => &mut filter.until,
        _ => return false,
    };
    seen.once(name);
    match value.parse() {
        Ok(at) => *time = Some(at),
        Err(error) => seen.errors.push(FieldError::new(name, format!("is {error}"))),
    }
    true
}

pub(super) fn id(errors: &mut Vec<FieldError>, name: &str, value: &str) -> Option<u64> {
    let id = value.parse().ok().filter(|id| i64::try_from(*id).is_ok());
    if id.is_none() {
        errors.push(FieldError::new(name, "must be an entry id, a whole number"));
    }
    id
}

#[cfg(test)]
mod tests;
