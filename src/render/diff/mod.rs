//! What differs between two JSON values: members by name, list items by identity or place, the rest by value.
//!
//! It finds differences and knows nothing of how they look. Work is bounded: no pair of values, however chosen,
//! costs more than a few passes over it and a bounded search for each part of a list.

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

/// What differs between `old` and `new`; nothing when they mean the same.
pub(crate) fn compare(old: &Json, new: &Json) -> Option<ValueDiff> {
    compare_values(old, new, StringMode::ParseJson)
}

/// Whether strings are looked into. JSON in JSON in JSON stays text: each level doubles the escapes.
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
            ValueDiff::Items(list::items(&old.items(was), &new.items(is), &|old, new| compare_nodes(old, new, strings)))
        }
        (Json::String(was), Json::String(is)) => compare_texts(was, is, strings),
        (was, is) => ValueDiff::Replaced { old: was.clone(), new: is.clone() },
    })
}

/// Members in the order of the new object, then those that only the old one has. The second of a repeated key is
/// compared with the second.
fn compare_members(old: &[(&str, Node<'_>)], new: &[(&str, Node<'_>)], strings: StringMode) -> Vec<Difference> {
    let old: Vec<(NumberedKey<'_>, Node<'_>)> = numbered(old).collect();
    let mut left: HashMap<NumberedKey<'_>, Node<'_>> = old.iter().copied().collect();
    let mut found = Vec::new();
    for (name, new) in numbered(new) {
        let what = match left.remove(&name) {
            Some(old) => compare_nodes(old, new, strings),
            None => Some(ValueDiff::Added(new.value.clone())),
        };
        found.extend(what.map(|what| Difference { at: PathStep::Member(name.0.to_owned()), what }));
    }
    let gone = old.into_iter().filter(|(name, _)| left.contains_key(name));
    found.extend(gone.map(|(name, node)| Difference {
        at: PathStep::Member(name.0.to_owned()),
        what: ValueDiff::Removed(node.value.clone()),
    }));
    found
}

/// A key, and how many of the same name stand before it.
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
        && let Some(what @ (ValueDiff::Members(_) | ValueDiff::Items(_))) =
            compare_values(&inner_old, &inner_new, StringMode::PlainText)
    {
        return ValueDiff::Embedded { what: Box::new(what), new: new.to_owned() };
    }
    if old.contains('\n') || new.contains('\n') {
        return ValueDiff::Lines { old: old.to_owned(), new: new.to_owned() };
    }
    ValueDiff::Replaced { old: Json::String(old.to_owned()), new: Json::String(new.to_owned()) }
}

/// The object or list that a string holds. A string that holds a mere number or word is just text.
fn embedded_json(text: &str) -> Option<Json> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    Json::parse(text).ok()
}

#[cfg(test)]
mod tests;
