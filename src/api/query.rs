//! The query string of `GET /audit-logs` and `/facets`: read by the server, written by the client, in one place.
//!
//! A filter never silently does nothing: an unknown parameter or word is an error that lists the accepted ones.

use std::collections::HashSet;
use std::fmt::Display;

use sha2::{Digest, Sha256};

use crate::model::draft::FieldError;
use crate::model::filter::{Choice, Filter, FilterValue};
use crate::model::page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, Order};

/// What is asked of `GET /audit-logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which entries.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// At most how many.
    pub limit: u32,
    /// From where on; the first page when absent.
    pub cursor: Option<Cursor>,
    /// In id order, from behind this id. Excludes `cursor` and another order.
    pub after_id: Option<u64>,
    /// Without entries recorded after this id.
    pub as_of: Option<u64>,
    /// Whether to count all that match.
    pub total: bool,
}

impl Default for Query {
    fn default() -> Self {
        let (filter, order) = (Filter::default(), Order::Descending);
        Self { filter, order, limit: DEFAULT_LIMIT, cursor: None, after_id: None, as_of: None, total: false }
    }
}

/// The parameters that filter, which the facets take too.
pub const FILTER_PARAMETERS: &[&str] = &[
    "action",
    "model_type",
    "user",
    "resource",
    "model_id",
    "field",
    "via",
    "request_id",
    "q",
    "since",
    "until",
];
/// The most parameters a query string may hold, repeats included.
pub const MAX_PARAMETERS: usize = 1_000;
/// The parameters that page.
pub const PAGE_PARAMETERS: &[&str] = &["order", "limit", "cursor", "after_id", "as_of", "total"];

impl Query {
    /// Reads the pairs of a query string.
    ///
    /// # Errors
    /// Every fault that was found, by parameter.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<FieldError>> {
        let mut query = Self::default();
        let mut seen = Seen::default();
        let mut ordered = false;
        for (name, value) in few_enough(pairs)? {
            if read_filter(&mut query.filter, &mut seen, name, value) {
                continue;
            }
            seen.once(name);
            let errors = &mut seen.errors;
            match name {
                "order" => {
                    ordered = true;
                    match value {
                        "desc" => query.order = Order::Descending,
                        "asc" => query.order = Order::Ascending,
                        _ => {
                            errors.push(FieldError::new(name, "is desc (newest first) or asc (oldest first)"))
                        }
                    }
                }
                "limit" => match value.parse() {
                    Ok(limit @ 1..=MAX_LIMIT) => query.limit = limit,
                    _ => {
                        errors.push(FieldError::new(name, format!("is a whole number from 1 to {MAX_LIMIT}")))
                    }
                },
                "cursor" => match Cursor::decode(value) {
                    Some(cursor) => query.cursor = Some(cursor),
                    None => errors
                        .push(FieldError::new(name, "is not a cursor: send page.next_cursor as it came")),
                },
                "after_id" => query.after_id = id(errors, name, value),
                "as_of" => query.as_of = id(errors, name, value),
                "total" => match value {
                    "true" => query.total = true,
                    "false" => query.total = false,
                    _ => errors.push(FieldError::new(name, "is true or false")),
                },
                _ => seen.unknown(name, &[FILTER_PARAMETERS, PAGE_PARAMETERS]),
            }
        }
        if query.after_id.is_some() {
            if ordered {
                seen.errors.push(FieldError::new(
                    "order",
                    "has no meaning beside after_id, which reads in id order",
                ));
            }
            query.order = Order::ById;
        }
        seen.finish(query)
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

    /// What binds a cursor to this question and to the organization, by its number, that asked it.
    #[must_use]
    pub fn binding(&self, organization: i64) -> [u8; 8] {
        let mut pairs = filter_pairs(&self.filter);
        pairs.sort_unstable();
        let question = format!("{organization} {:?} {pairs:?}", self.order);
        let digest = Sha256::digest(question);
        let mut binding = [0; 8];
        binding.copy_from_slice(&digest[..8]);
        binding
    }
}

/// The pairs, when they are not too many to be looked at one by one.
///
/// # Errors
/// One fault, which names the limit and none of the parameters.
pub(super) fn few_enough<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<(&'a str, &'a str)>, Vec<FieldError>> {
    let few: Vec<_> = pairs.into_iter().take(MAX_PARAMETERS + 1).collect();
    if few.len() > MAX_PARAMETERS {
        let detail = format!("has more than {MAX_PARAMETERS} parameters");
        return Err(vec![FieldError::new("the query string", detail)]);
    }
    Ok(few)
}

/// Reads the pairs of a query string that may only filter.
///
/// # Errors
/// Every fault that was found, by parameter.
pub fn read_only_filter<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Filter, Vec<FieldError>> {
    let mut filter = Filter::default();
    let mut seen = Seen::default();
    for (name, value) in few_enough(pairs)? {
        if !read_filter(&mut filter, &mut seen, name, value) {
            seen.unknown(name, &[FILTER_PARAMETERS]);
        }
    }
    seen.finish(filter)
}

/// The pairs of a filter.
#[must_use]
pub fn filter_pairs(filter: &Filter) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    push(&mut pairs, "action", &filter.action);
    push(&mut pairs, "model_type", &filter.model_type);
    push(&mut pairs, "user", &filter.user);
    push(&mut pairs, "resource", &filter.resource);
    push(&mut pairs, "model_id", &filter.model_id);
    push(&mut pairs, "field", &filter.field);
    push(&mut pairs, "via", &filter.via);
    push(&mut pairs, "request_id", &filter.request_id);
    push(&mut pairs, "q", &filter.text);
    pairs.extend(filter.since.map(|since| ("since", since.to_string())));
    pairs.extend(filter.until.map(|until| ("until", until.to_string())));
    pairs
}

fn push<T: FilterValue>(pairs: &mut Vec<(&'static str, String)>, name: &'static str, choice: &Choice<T>) {
    pairs.extend(choice.written().map(|value| (name, value)));
}

/// What was seen of a query string: the faults, and the parameters that may stand only once.
#[derive(Default)]
pub(super) struct Seen {
    names: HashSet<String>,
    pub(super) errors: Vec<FieldError>,
}

impl Seen {
    pub(super) fn once(&mut self, name: &str) {
        if !self.names.insert(name.to_owned()) {
            self.errors.push(FieldError::new(name, "stands more than once"));
        }
    }

    pub(super) fn unknown(&mut self, name: &str, accepted: &[&[&str]]) {
        let detail = format!("is no parameter here: expected one of {}", accepted.concat().join(", "));
        self.errors.push(FieldError::new(name, detail));
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}

/// Reads one pair when it filters; tells whether it did.
pub(super) fn read_filter(filter: &mut Filter, seen: &mut Seen, name: &str, value: &str) -> bool {
    let errors = &mut seen.errors;
    match name {
        "action" => add_list(errors, name, &mut filter.action, value),
        "model_type" => add_list(errors, name, &mut filter.model_type, value),
        "user" => add_list(errors, name, &mut filter.user, value),
        "resource" => add_list(errors, name, &mut filter.resource, value),
        "model_id" => add_list(errors, name, &mut filter.model_id, value),
        "field" => add_list(errors, name, &mut filter.field, value),
        "via" => add_list(errors, name, &mut filter.via, value),
        "request_id" => add_list(errors, name, &mut filter.request_id, value),
        "q" => {
            if let Err(error) = filter.text.add(value) {
                errors.push(FieldError::new(name, error.to_string()));
            }
        }
        "since" | "until" => {
            seen.once(name);
            match value.parse() {
                Ok(at) if name == "since" => filter.since = Some(at),
                Ok(at) => filter.until = Some(at),
                Err(error) => seen.errors.push(FieldError::new(name, format!("is {error}"))),
            }
        }
        _ => return false,
    }
    true
}

fn add_list<T>(errors: &mut Vec<FieldError>, name: &str, choice: &mut Choice<T>, value: &str)
where
    T: FilterValue<Err: Display>,
{
    if let Err(error) = choice.add_list(value) {
        errors.push(FieldError::new(name, error.to_string()));
    }
}

pub(super) fn id(errors: &mut Vec<FieldError>, name: &str, value: &str) -> Option<u64> {
    let id = value.parse().ok().filter(|id| i64::try_from(*id).is_ok());
    if id.is_none() {
        errors.push(FieldError::new(name, "is an entry's id, a whole number"));
    }
    id
}

#[cfg(test)]
mod tests;
