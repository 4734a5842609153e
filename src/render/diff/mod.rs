//! What differs between two JSON values: members by name, list items by identity or place, the rest by value.
//!
//! It finds differences and knows nothing of how they look. Work is bounded: no pair of values, however chosen,
//! costs more than a few passes over it and a bounded search for each part of a list.

mod difference;
mod list;
mod sequence;
pub mod text;

use std::collections::HashMap;

use crate::model::json::Json;
pub use crate::render::diff::difference::{Difference, Place, What};

/// What differs between `old` and `new`; nothing when they mean the same.
#[must_use]
pub fn compare(old: &Json, new: &Json) -> Option<What> {
    within(old, new, Strings::MayHoldJson)
}

/// Whether strings are looked into. JSON in JSON in JSON stays text: each level doubles the escapes.
#[derive(Clone, Copy)]
enum Strings {
    MayHoldJson,
    AreText,
}

fn within(old: &Json, new: &Json, strings: Strings) -> Option<What> {
    match (old, new) {
        (Json::Object(old), Json::Object(new)) => {
            let found = members(old, new, strings);
            (!found.is_empty()).then_some(What::Members(found))
        }
        _ if old.same(new) => None,
        (Json::Array(old), Json::Array(new)) => {
            Some(What::Items(list::items(old, new, &|old, new| within(old, new, strings))))
        }
        (Json::String(old), Json::String(new)) => Some(texts(old, new, strings)),
        _ => Some(What::Replaced { old: old.clone(), new: new.clone() }),
    }
}

/// Members in the order of the new object, then those that only the old one has. The second of a repeated key is
/// compared with the second.
fn members(old: &[(String, Json)], new: &[(String, Json)], strings: Strings) -> Vec<Difference> {
    let old: Vec<(Name<'_>, &Json)> = numbered(old).collect();
    let mut left: HashMap<Name<'_>, &Json> = old.iter().copied().collect();
    let mut found = Vec::new();
    for (name, new) in numbered(new) {
        let what = match left.remove(&name) {
            Some(old) => within(old, new, strings),
            None => Some(What::Added(new.clone())),
        };
        found.extend(what.map(|what| Difference { at: Place::Member(name.0.to_owned()), what }));
    }
    let gone = old.into_iter().filter(|(name, _)| left.contains_key(name));
    found.extend(gone.map(|(name, value)| Difference {
        at: Place::Member(name.0.to_owned()),
        what: What::Removed(value.clone()),
    }));
    found
}

/// A key, and how many of the same name stand before it.
type Name<'a> = (&'a str, usize);

fn numbered(members: &[(String, Json)]) -> impl Iterator<Item = (Name<'_>, &Json)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    members.iter().map(move |(key, value)| {
        let count = seen.entry(key).or_default();
        *count += 1;
        ((key.as_str(), *count), value)
    })
}

fn texts(old: &str, new: &str, strings: Strings) -> What {
    if matches!(strings, Strings::MayHoldJson)
        && let (Some(old), Some(new)) = (document(old), document(new))
        && let Some(what @ (What::Members(_) | What::Items(_))) = within(&old, &new, Strings::AreText)
    {
        return What::Embedded(Box::new(what));
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
