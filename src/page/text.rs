//! Small parts of views: sanitized text, times, users, resources and links.

use std::borrow::Cow;

use maud::{Markup, html};

use crate::model::entry::Entry;
use crate::model::time::{TimeContext, format};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Log, ModelType};
use crate::render::sanitize::sanitize;
use crate::render::summary::nameless;

/// Text of the log with its hidden characters made visible.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    sanitize(text)
}

/// A path with a query string.
pub(crate) fn href<N: AsRef<str>, V: AsRef<str>>(
    path: &str,
    pairs: impl IntoIterator<Item = (N, V)>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A time in the viewer's zone. The title is exact.
pub(crate) fn time(at: Timestamp, context: &TimeContext) -> Markup {
    html! {
        time datetime=(at.to_string()) title=(format::full(at, context)) { (format::short(at, context)) }
    }
}

/// A time with date, fraction and zone.
pub(crate) fn full_time(at: Timestamp, context: &TimeContext) -> Markup {
    html! { time datetime=(at.to_string()) { (format::full(at, context)) } }
}

/// The path of the list of a log.
pub(crate) const fn list_path(log: Log) -> &'static str {
    match log {
        Log::Audit => "/audit-logs",
        Log::Trail => "/trail",
    }
}

/// The path of an entry.
pub(crate) fn entry_path(log: Log, id: u64) -> String {
    format!("{}/{id}", list_path(log))
}

/// The path of a resource. The id is in the query, because it may hold any character.
pub(crate) fn resource_path(log: Log, model_type: ModelType, id: &str) -> String {
    href(&format!("{}/resource", list_path(log)), [("type", model_type.as_str()), ("id", id)])
}

/// The name of the entry's resource, or its id.
pub(crate) fn resource_name(entry: &Entry) -> String {
    match entry.model_name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => nameless(entry.model_type, &entry.model_id),
    }
}

/// A number with its digits in groups.
pub(crate) fn number(number: u64) -> String {
    crate::render::filter_summary::grouped(number)
}
