//! The state of the changed fields before and after an entry, and the change as a JSON Patch (RFC 6902).
//!
//! A field whose values were never kept is in none of them. Marks within a value, such as `[redacted]`, stand as they
//! are kept: whoever shows this says so.

use std::collections::HashSet;

use crate::model::change::Change;
use crate::model::json::{Json, JsonError};
use crate::render::diff::{Difference, PathStep, ValueDiff, compare};
use crate::render::value::is_redacted;

/// The changed fields, as one object before and one after.
pub(crate) struct BeforeAfter {
    /// The fields and values before; empty for a creation.
    pub before: Json,
    /// The fields and values after; empty for a deletion.
    pub after: Json,
    /// The fields that are left out, or hold marks, because something in them was never kept.
    pub not_kept: Vec<String>,
}

impl BeforeAfter {
    /// Reads them from the changes.
    ///
    /// # Errors
    /// [`JsonError`] for a value that breaks the contract.
    pub(crate) fn of(changes: &[Change]) -> Result<Self, JsonError> {
        let (mut before, mut after, mut not_kept) = (Vec::new(), Vec::new(), Vec::new());
        for Change { field, old, new, redacted } in changes {
            if *redacted {
                not_kept.push(field.clone());
                continue;
            }
            let mut has_marks = false;
            for (side, raw) in [(&mut before, old), (&mut after, new)] {
                if let Some(raw) = raw {
                    let value = raw.parse()?;
                    has_marks |= holds_marks(&value);
                    side.push((field.clone(), value));
                }
            }
            not_kept.extend(has_marks.then(|| field.clone()));
        }
        Ok(Self { before: Json::Object(before), after: Json::Object(after), not_kept })
    }

    /// The operations that make `after` of `before`.
    pub(crate) fn patch(&self) -> Json {
        let mut operations = Vec::new();
        if repeats_a_key(&self.before) || repeats_a_key(&self.after) {
            // A path cannot tell the second of a repeated key from the first.
            operations.push(operation("replace", "", Some(&self.after)));
        } else if let Some(what) = compare(&self.before, &self.after) {
            push(&mut operations, "", &what);
        }
        Json::Array(operations)
    }
}

fn push(operations: &mut Vec<Json>, path: &str, what: &ValueDiff) {
    let text = |text: &String| Json::String(text.clone());
    match what {
        ValueDiff::Added(new) => operations.push(operation("add", path, Some(new))),
        ValueDiff::Removed(_) => operations.push(operation("remove", path, None)),
        ValueDiff::Replaced { new, .. } => operations.push(operation("replace", path, Some(new))),
        ValueDiff::Lines { new, .. } | ValueDiff::Embedded { new, .. } => {
            operations.push(operation("replace", path, Some(&text(new))));
        }
        ValueDiff::Members(found) => {
            for Difference { at, what } in found {
                push(operations, &beneath(path, at), what);
            }
        }
        ValueDiff::Items(found) => items(operations, path, found),
        // A move is two steps of its list.
        ValueDiff::Moved { .. } => {}
    }
}

/// First everything that leaves its place, from the last to the first, then everything that takes one, from the first
/// to the last: so each index means what it says when its turn comes. What stays and differs comes last.
fn items(operations: &mut Vec<Json>, path: &str, found: &[Difference]) {
    let (mut left, mut taken) = (Vec::new(), Vec::new());
    for Difference { at, what } in found {
        let PathStep::Item(index) = *at else { continue };
        match what {
            ValueDiff::Removed(_) => left.push(index),
            ValueDiff::Added(new) => taken.push((index, new)),
            ValueDiff::Moved { from, item } => {
                left.push(*from);
                taken.push((index, item));
            }
            _ => {}
        }
    }
    left.sort_unstable();
    taken.sort_unstable_by_key(|(index, _)| *index);
    let remove = left.iter().rev().map(|index| operation("remove", &format!("{path}/{index}"), None));
    operations.extend(remove);
    let add = taken.iter().map(|(index, new)| operation("add", &format!("{path}/{index}"), Some(new)));
    operations.extend(add);
    let stays = found.iter().filter(|one| !matches!(one.what, ValueDiff::Removed(_) | ValueDiff::Added(_)));
    for Difference { at, what } in stays {
        push(operations, &beneath(path, at), what);
    }
}

fn operation(op: &str, path: &str, value: Option<&Json>) -> Json {
    let text = |text: &str| Json::String(text.to_owned());
    let mut members = vec![("op".to_owned(), text(op)), ("path".to_owned(), text(path))];
    members.extend(value.map(|value| ("value".to_owned(), value.clone())));
    Json::Object(members)
}

/// A JSON Pointer (RFC 6901) one step longer.
fn beneath(path: &str, at: &PathStep) -> String {
    match at {
        PathStep::Item(index) | PathStep::Named(index, _) => format!("{path}/{index}"),
        PathStep::Member(name) => format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")),
    }
}

fn holds_marks(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(holds_marks),
        Json::Object(members) => members.iter().any(|(_, value)| holds_marks(value)),
        other => is_redacted(other),
    }
}

fn repeats_a_key(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(repeats_a_key),
        Json::Object(members) => {
            let mut seen = HashSet::new();
            members.iter().any(|(key, value)| !seen.insert(key) || repeats_a_key(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
