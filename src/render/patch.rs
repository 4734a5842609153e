//! The changed fields of an entry before and after it, and the change as a JSON Patch (RFC 6902).
//!
//! Fields without stored values are left out. Marks within a value, such as `[redacted]`, stay; callers tell the reader.

use std::collections::HashSet;

use crate::model::change::Change;
use crate::model::json::{Json, JsonError};
use crate::render::diff::{Difference, PathStep, ValueDiff, compare};
use crate::render::json::text;
use crate::render::value::is_redacted;

/// The changed fields, as one object before and one after.
pub(crate) struct BeforeAfter {
    /// The fields and values before; empty for a creation.
    pub before: Json,
    /// The fields and values after; empty for a deletion.
    pub after: Json,
    /// Fields that are left out or hold marks, because a secret in them was redacted.
    pub not_kept: Vec<String>,
}

impl BeforeAfter {
    /// # Errors
    /// [`JsonError`] for an invalid value.
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

    /// The operations that turn `before` into `after`.
    pub(crate) fn patch(&self) -> Json {
        let mut operations = Vec::new();
        if repeats_a_key(&self.before) || repeats_a_key(&self.after) {
            // A JSON Pointer cannot address the second of two equal keys.
            operations.push(operation("replace", "", Some(&self.after)));
        } else if let Some(diff) = compare(&self.before, &self.after) {
            push(&mut operations, "", &diff);
        }
        Json::Array(operations)
    }
}

fn push(operations: &mut Vec<Json>, path: &str, diff: &ValueDiff) {
    match diff {
        ValueDiff::Added(new) => operations.push(operation("add", path, Some(new))),
        ValueDiff::Removed(_) => operations.push(operation("remove", path, None)),
        ValueDiff::Replaced { new, .. } => operations.push(operation("replace", path, Some(new))),
        ValueDiff::Lines { new, .. } | ValueDiff::Embedded { new, .. } => {
            operations.push(operation("replace", path, Some(&text(new))));
        }
        ValueDiff::Members(found) => {
            for Difference { at, diff } in found {
                push(operations, &beneath(path, at), diff);
            }
        }
        ValueDiff::Items(found) => items(operations, path, found),
        // `items` writes both steps of a move.
        ValueDiff::Moved { .. } => {}
    }
}

/// Removes from the last index to the first, then adds from the first to the last, so that each index is valid when its
/// operation runs. Changes within kept items come last.
fn items(operations: &mut Vec<Json>, path: &str, found: &[Difference]) {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for Difference { at, diff } in found {
        let PathStep::Item(index) = *at else { continue };
        match diff {
            ValueDiff::Removed(_) => removed.push(index),
            ValueDiff::Added(new) => added.push((index, new)),
            ValueDiff::Moved { from, item } => {
                removed.push(*from);
                added.push((index, item));
            }
            _ => {}
        }
    }
    removed.sort_unstable();
    added.sort_unstable_by_key(|(index, _)| *index);
    let remove = removed.iter().rev().map(|index| operation("remove", &format!("{path}/{index}"), None));
    operations.extend(remove);
    let add = added.iter().map(|(index, new)| operation("add", &format!("{path}/{index}"), Some(new)));
    operations.extend(add);
    let stays = found.iter().filter(|one| !matches!(one.diff, ValueDiff::Removed(_) | ValueDiff::Added(_)));
    for Difference { at, diff } in stays {
        push(operations, &beneath(path, at), diff);
    }
}

fn operation(op: &str, path: &str, value: Option<&Json>) -> Json {
    let mut members = vec![("op".to_owned(), text(op)), ("path".to_owned(), text(path))];
    members.extend(value.map(|value| ("value".to_owned(), value.clone())));
    Json::Object(members)
}

/// Appends a step to a JSON Pointer (RFC 6901).
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
