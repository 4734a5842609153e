//! The fields of the trail's entries, and filters as they are kept there.

use serde_json::Value;

use crate::model::redaction::Redaction;
use crate::model::trail::left_out::{kept, kept_parameters};
use crate::model::words::{Action, ModelType, Scope};

/// The parameters of a filter.
pub type FilterPairs = Vec<(&'static str, String)>;

/// A field with its old and new value.
pub(super) type Field = (&'static str, Option<Value>, Option<Value>);

pub(super) fn new(name: &'static str, value: impl Into<Value>) -> Option<Field> {
    Some((name, None, Some(value.into())))
}

pub(super) fn words(scopes: &[Scope]) -> Value {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

pub(super) fn text(value: Option<impl ToString>) -> Option<Value> {
    value.map(|value| value.to_string().into())
}

/// The parts of an entry, without the fields that are absent.
pub(super) fn entry(
    action: Action,
    model_type: ModelType,
    id: &str,
    fields: impl IntoIterator<Item = Option<Field>>,
) -> (Action, ModelType, String, Vec<Field>) {
    (action, model_type, id.to_owned(), fields.into_iter().flatten().collect())
}

/// A filter as a query string. Values are redacted before they are escaped, because escapes would hide secrets. A text or
/// a value that is searched for is not kept at all: it may be a secret of any form, whose traces somebody looks for.
pub(super) fn query_string(filter: &[(&'static str, String)], redaction: &Redaction) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in filter {
        query.append_pair(name, &redaction.text(&kept(name, value)));
    }
    query.finish()
}

/// The same of a question: its first parameters, and how many are left out of a long filter.
pub(super) fn question_string(filter: &[(&'static str, String)], redaction: &Redaction) -> String {
    let (kept, left) = kept_parameters(filter);
    let query = query_string(kept, redaction);
    match left {
        0 => query,
        left => format!("{query}{}left_out={left}", if query.is_empty() { "" } else { "&" }),
    }
}
