//! Compares two JSON values: members by name, list items by identity or position, all others by value.
//!
//! It must not know how differences look. The cost is bounded for every input: a few passes over both values and a bounded
//! search for each list.

mod difference;
mod list;
mod node;
mod sequence;
pub(crate) mod text;
pub(crate) mod words;

use std::collections::HashMap;
use std::hash::RandomState;

use crate::model::json::Json;
pub(crate) use crate::render::diff::difference::{Difference, PathStep, ValueDiff};
use crate::render::diff::node::{Digest, Node};

/// The difference between `old` and `new`; none if they mean the same.
pub(crate) fn compare(old: &Json, new: &Json) -> Option<ValueDiff> {
    compare_values(old, new, StringMode::ParseJson)
}

/// Whether JSON in strings is compared. JSON within such JSON stays text: each level doubles the escapes.
#[derive(Clone, Copy)]
enum StringMode {
    ParseJson,
    PlainText,
}

fn compare_values(old: &Json, new: &Json, strings: StringMode) -> Option<ValueDiff> {
    let key = RandomState::new();
    let (old_digest, new_digest) = (Digest::of(old, &key), Digest::of(new, &key));
    compare_nodes(Node::new(old, &old_digest), Node::new(new, &new_digest), strings)
}

fn compare_nodes(old: Node<'_>, new: Node<'_>, strings: StringMode) -> Option<ValueDiff> {
    if old.sum() == new.sum() {
        return None;
    }
    Some(match (old.value, new.value) {
        (Json::Object(was), Json::Object(is)) => {
            ValueDiff::Members(compare_members(&old.members(was), &new.members(is), strings))
        }
        (Json::Array(was), Json::Array(is)) => {
            ValueDiff::Items(list::items(&old.items(was), &new.items(is), &|old, new| {
                compare_nodes(old, new, strings)
            }))
        }
        (Json::String(was), Json::String(is)) => compare_texts(was, is, strings),
        (was, is) => ValueDiff::Replaced { old: was.clone(), new: is.clone() },
    })
}

/// Compares members in the order of the new object, then reports removed ones. Repeated keys are paired by position.
fn compare_members(
    old: &[(&str, Node<'_>)],
    new: &[(&str, Node<'_>)],
    strings: StringMode,
) -> Vec<Difference> {
    let old: Vec<(NumberedKey<'_>, Node<'_>)> = numbered(old).collect();
    let mut left: HashMap<NumberedKey<'_>, Node<'_>> = old.iter().copied().collect();
    let mut found = Vec::new();
    for (name, new) in numbered(new) {
        let diff = match left.remove(&name) {
            Some(old) => compare_nodes(old, new, strings),
            None => Some(ValueDiff::Added(new.value.clone())),
        };
        found.extend(diff.map(|diff| Difference { at: PathStep::Member(name.0.to_owned()), diff }));
    }
    let gone = old.into_iter().filter(|(name, _)| left.contains_key(name));
    found.extend(gone.map(|(name, node)| Difference {
        at: PathStep::Member(name.0.to_owned()),
        diff: ValueDiff::Removed(node.value.clone()),
    }));
    found
}

/// A key and its number among equal keys of the object.
type NumberedKey<'a> = (&'a str, usize);

fn numbered<'a>(members: &[(&'a str, Node<'a>)]) -> impl Iterator<Item = (NumberedKey<'a>, Node<'a>)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    members.iter().map(move |&(key, node)| {
        let count = seen.entry(key).or_default();
        *count += 1;
        ((key, *count), node)
    })
}

fn compare_texts(old: &str, new: &str, strings: StringMode) -> ValueDiff {
    if matches!(strings, StringMode::ParseJson)
        && let (Some(inner_old), Some(inner_new)) = (embedded_json(old), embedded_json(new))
        && let Some(diff @ (ValueDiff::Members(_) | ValueDiff::Items(_))) =
            compare_values(&inner_old, &inner_new, StringMode::PlainText)
    {
        return ValueDiff::Embedded { diff: Box::new(diff), new: new.to_owned() };
    }
    if old.contains('\n') || new.contains('\n') {
        return ValueDiff::Lines { old: old.to_owned(), new: new.to_owned() };
    }
    ValueDiff::Replaced { old: Json::String(old.to_owned()), new: Json::String(new.to_owned()) }
}

/// The object or list in a string. A string with a scalar is plain text.
fn embedded_json(text: &str) -> Option<Json> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    Json::parse(text).ok()
}

#[cfg(test)]
mod tests;
