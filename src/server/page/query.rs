//! Reads the query string of a list of the page: the API's filters, times as people type them, and a cursor.

use crate::api::query::{filter_pairs, read_only_filter};
use crate::model::draft::FieldError;
use crate::model::filter::Filter;
use crate::model::page::Cursor;
use crate::model::time::{Edge, TimeContext, When, parse};
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::page::filters::KEPT;
use crate::server::body;
use crate::server::error::ApiError;
use crate::server::page::session::VIEWER;

/// Which way a page continues from its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Older,
    Newer,
}

/// The most errors of a query that are shown.
const MAX_ERRORS: usize = 20;

/// Refuses parameters of a view that takes none but `own`.
pub(super) fn check_parameters(raw: Option<&str>, own: &[&str]) -> Result<(), ApiError> {
    body::check_parameters(raw, own, "this view takes none")
}

/// What asks for entries of a log. Each takes the filter, and some parameters of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    List(Log),
    Tail(Log),
    Export(Log),
}

impl Request {
    const fn log(self) -> Log {
        let (Self::List(log) | Self::Tail(log) | Self::Export(log)) = self;
        log
    }

    const fn own(self) -> &'static [&'static str] {
        match self {
            Self::List(_) => &["older", "newer", "total"],
            Self::Tail(_) => &["after_id", VIEWER],
            Self::Export(_) => &[VIEWER],
        }
    }
}

/// A query of a list.
#[derive(Debug, Default)]
pub(super) struct PageQuery {
    pub(super) filter: Filter,
    /// The filter's parameters as typed, without blank ones.
    pub(super) typed: Vec<(String, String)>,
    pub(super) errors: Vec<FieldError>,
    pub(super) cursor: Option<(Direction, Cursor)>,
    /// Entries up to this id are known to the viewer.
    pub(super) after_id: Option<u64>,
    /// Whether to count all matches, at any cost.
    pub(super) total: bool,
}

impl PageQuery {
    fn set_filter(&mut self, filter: Filter) {
        // One text for each value, as the checkboxes have them.
        self.typed.retain(|(name, _)| Filter::TIMES.contains(&name.as_str()));
        let lists = filter_pairs(&filter).into_iter();
        let lists = lists.filter(|(name, _)| !Filter::TIMES.contains(name));
        self.typed.splice(0..0, lists.map(|(name, value)| (name.to_owned(), value)));
        if filter.since.zip(filter.until).is_some_and(|(since, until)| since >= until) {
            self.errors.push(FieldError::new("until", "is not after since, so no entry can match"));
        }
        self.filter = filter;
    }
}

/// Reads the time of `since` or `until`, as people type it.
fn time(name: &str, text: &str, context: &TimeContext) -> Result<Timestamp, String> {
    let edge = if name == "since" { Edge::Since } else { Edge::Until };
    match parse(text, edge, context).map_err(|error| error.to_string())? {
        When::At { at, .. } => Ok(at),
        When::Entry(_) => Err("must be a time: open the entry to see when it happened".to_owned()),
    }
}

/// Reads a query string. Errors are part of the result, so that each can be shown beside its control.
pub(super) fn read(
    request: Request,
    raw: Option<&str>,
    context: &TimeContext,
) -> Result<PageQuery, ApiError> {
    let mut query = PageQuery::default();
    let mut pairs = Vec::new();
    let mut given = Vec::new();
    for (name, value) in body::pairs(raw)? {
        match &*name {
            KEPT => given.extend(form_urlencoded::parse(value.as_bytes()).into_owned()),
            _ => given.push((name, value)),
        }
    }
    for (name, exact) in given {
        let value = exact.trim();
        // A form sends its blank controls too.
        if value.is_empty() {
            continue;
        }
        // Others than its own are unknown to the filter, and so refused.
        let own = request.own().contains(&name.as_str());
        match name.as_str() {
            // Compared with the viewer before.
            VIEWER if own => {}
            "older" | "newer" if own => {
                let direction = if name == "older" { Direction::Older } else { Direction::Newer };
                match Cursor::decode(value).filter(|_| query.cursor.is_none()) {
                    Some(cursor) => query.cursor = Some((direction, cursor)),
                    None => query.errors.push(FieldError::new(name, "is not a position in this list")),
                }
            }
            "after_id" if own => match value.parse() {
                Ok(id) => query.after_id = Some(id),
                Err(_) => query.errors.push(FieldError::new(name, "must be an entry id")),
            },
            "total" if own => query.total = value == "true",
            "since" | "until" => {
                query.typed.push((name.clone(), value.to_owned()));
                match time(&name, value, context) {
                    Ok(at) => pairs.push((name, at.to_string())),
                    Err(detail) => query.errors.push(FieldError::new(name, detail)),
                }
            }
            _ => {
                // Blanks belong to a value, as in the API.
                query.typed.push((name.clone(), exact.clone()));
                pairs.push((name, exact));
            }
        }
    }
    match read_only_filter(request.log(), &pairs) {
        Ok(filter) => query.set_filter(filter),
        Err(errors) => query.errors.extend(errors),
    }
    query.errors.truncate(MAX_ERRORS);
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::in_madrid;

    fn errors(raw: &str) -> Vec<String> {
        let query = read(Request::List(Log::Audit), Some(raw), &in_madrid()).expect("UTF-8");
        query.errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn blank_controls_are_no_filter_and_times_are_read_in_the_viewers_zone() {
        let raw = "action=created&action=deleted&user=&q=+&field=&since=2026-11-20&until=";
        let query = read(Request::List(Log::Audit), Some(raw), &in_madrid()).expect("UTF-8");
        assert!(query.errors.is_empty(), "{:?}", query.errors);
        assert_eq!(query.filter.action.include.len(), 2);
        assert_eq!(query.filter.since, Some("2026-11-19T23:00:00Z".parse().expect("a time")));
        let typed: Vec<_> = query.typed.iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(typed, ["action=created", "action=deleted", "since=2026-11-20"]);
    }

    #[test]
    fn values_keep_their_blanks_and_line_breaks() {
        let typed = |raw: &str| {
            let query = read(Request::List(Log::Audit), Some(raw), &in_madrid()).expect("UTF-8");
            assert!(query.errors.is_empty(), "{:?}", query.errors);
            query.typed
        };
        let text = |text: &str| vec![("q".to_owned(), text.to_owned())];
        assert_eq!(typed("q=+a+b+"), text(" a b "));
        assert_eq!(typed("q=a%0Ab"), text("a\nb"));
        // As the form sends it: a browser would change a line break in a value of its own.
        assert_eq!(typed("kept=q%3Da%250Ab"), text("a\nb"));
        let nested = read(Request::List(Log::Audit), Some("kept=kept%3Dq"), &in_madrid()).expect("UTF-8");
        assert_eq!(nested.errors[0].field, "kept");
    }

    #[test]
    fn each_bad_parameter_is_an_error_of_its_own_control() {
        assert_eq!(errors("action=explode"), ["action"]);
        assert_eq!(errors("since=whenever&until=id:7"), ["since", "until"]);
        assert_eq!(errors("acton=created&older=x&newer=y"), ["older", "newer", "acton"]);
        assert_eq!(errors("since=2026-11-20&until=2026-11-19"), ["until"], "no time is between these");
        assert_eq!(errors("limit=5"), ["limit"], "an API parameter is no silent no-op");
    }
}
