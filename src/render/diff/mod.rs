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
pub(crate) use crate::render::diff::difference::{Difference, Place, What};
use crate::render::diff::node::{Digest, Node};

/// What differs between `old` and `new`; nothing when they mean the same.
pub(crate) fn compare(old: &Json, new: &Json) -> Option<What> {
    of_values(old, new, Strings::MayHoldJson)
}

/// Whether strings are looked into. JSON in JSON in JSON stays text: each level doubles the escapes.
#[derive(Clone, Copy)]
enum Strings {
    MayHoldJson,
    AreText,
}

fn of_values(old: &Json, new: &Json, strings: Strings) -> Option<What> {
    let key = RandomState::new();
    let (old_digest, new_digest) = (Digest::of(old, &key), Digest::of(new, &key));
    within(Node::new(old, &old_digest), Node::new(new, &new_digest), strings)
}

fn within(old: Node<'_>, new: Node<'_>, strings: Strings) -> Option<What> {
    if old.sum() == new.sum() {
        return None;
    }
    Some(match (old.value, new.value) {
        (Json::Object(was), Json::Object(is)) => {
            What::Members(members(&old.members(was), &new.members(is), strings))
        }
        (Json::Array(was), Json::Array(is)) => {
            What::Items(list::items(&old.items(was), &new.items(is), &|old, new| within(old, new, strings)))
        }
        (Json::String(was), Json::String(is)) => texts(was, is, strings),
        (was, is) => What::Replaced { old: was.clone(), new: is.clone() },
    })
}

/// Members in the order of the new object, then those that only the old one has. The second of a repeated key is
/// compared with the second.
fn members(old: &[(&str, Node<'_>)], new: &[(&str, Node<'_>)], strings: Strings) -> Vec<Difference> {
    let old: Vec<(Name<'_>, Node<'_>)> = numbered(old).collect();
    let mut left: HashMap<Name<'_>, Node<'_>> = old.iter().copied().collect();
    let mut found = Vec::new();
    for (name, new) in numbered(new) {
        let what = match left.remove(&name) {
            Some(old) => within(old, new, strings),
            None => Some(What::Added(new.value.clone())),
        };
        found.extend(what.map(|what| Difference { at: Place::Member(name.0.to_owned()), what }));
    }
    let gone = old.into_iter().filter(|(name, _)| left.contains_key(name));
    found.extend(gone.map(|(name, node)| Difference {
        at: Place::Member(name.0.to_owned()),
        what: What::Removed(node.value.clone()),
    }));
    found
}

/// A key, and how many of the same name stand before it.
type Name<'a> = (&'a str, usize);

fn numbered<'a>(members: &[(&'a str, Node<'a>)]) -> impl Iterator<Item = (Name<'a>, Node<'a>)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    members.iter().map(move |&(key, node)| {
        let count = seen.entry(key).or_default();
        *count += 1;
        ((key, *count), node)
    })
}

fn texts(old: &str, new: &str, strings: Strings) -> What {
    if matches!(strings, Strings::MayHoldJson)
        && let (Some(inner_old), Some(inner_new)) = (document(old), document(new))
        && let Some(what @ (What::Members(_) | What::Items(_))) =
            of_values(&inner_old, &inner_new, Strings::AreText)
    {
        return What::Embedded { what: Box::new(what), new: new.to_owned() };
    }
    if old.contains('\n') || new.contains('\n') {
        return What::Lines { old: old.to_owned(), new: new.to_owned() };
    }
    What::Replaced { old: Json::String(old.to_owned()), new: Json::String(new.to_owned()) }
}

/// The object or list that a string holds. A string that holds a mere number or word is just text.
fn document(text: &str) -> Option<Json> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    Json::parse(text).ok()
}

#[cfg(test)]
mod tests;
