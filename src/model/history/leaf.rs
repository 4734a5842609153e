//! Leaves: what stands at a place without named parts, where it comes from, and how values are taken apart into them.

use std::collections::HashSet;

use crate::model::history::KeyPath;
use crate::model::json::Json;
use crate::model::redaction::{REDACTED, REDACTED_CHANGED};

/// What stands at a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// This value. A text in it may hold the mark of something redacted.
    Value(Json),
    /// Something that was redacted: it was set, to what is not known.
    Redacted,
    /// Not known, because of the entry with this index: it contradicts what was before, or changed a part of a list.
    Unknown(usize),
}

/// Where a leaf's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The entry with this index set it.
    Entry(usize),
    /// It was there before the log tells: the entry with this index is the first that shows it.
    Before(usize),
    /// It is not what the log had before: the entry with this index shows it, and nobody recorded who set it.
    Unrecorded(usize),
}

/// A leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// What stands there.
    pub content: Content,
    /// Where it comes from.
    pub origin: Origin,
    /// Leaves stand in the order in which they came.
    pub(super) order: usize,
}

/// A leaf of one side of a change.
#[derive(Debug, Clone)]
pub(super) struct SideLeaf {
    pub(super) path: KeyPath,
    pub(super) content: Content,
    /// Marked as another secret than before, which no comparison can tell.
    pub(super) is_changed: bool,
}

impl Content {
    /// Whether both stand for the same, as far as it was kept.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(a), Self::Value(b)) => a.same(b),
            _ => self == other,
        }
    }

    pub(super) fn is_empty_object(&self) -> bool {
        matches!(self, Self::Value(Json::Object(members)) if members.is_empty())
    }

    pub(super) const fn is_list_or_unknown(&self) -> bool {
        matches!(self, Self::Value(Json::Array(_)) | Self::Unknown(_))
    }

    /// Whether this is the whole truth: known, and nothing of it redacted.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Value(value) if !holds_redacted(value))
    }
}

impl SideLeaf {
    pub(super) const fn redacted(path: KeyPath) -> Self {
        Self { path, content: Content::Redacted, is_changed: true }
    }
}

/// Takes a value apart into its leaves. An object with a repeated key stays whole: its parts have no names of their own.
pub(super) fn flatten(path: &[String], value: &Json) -> Vec<SideLeaf> {
    fn walk(path: &mut KeyPath, value: &Json, items: &mut Vec<SideLeaf>) {
        match value {
            Json::Object(members) if !members.is_empty() && has_distinct_keys(members) => {
                for (key, value) in members {
                    path.push(key.clone());
                    walk(path, value, items);
                    path.pop();
                }
            }
            _ => {
                let is_changed = holds(value, REDACTED_CHANGED);
                let content = match value {
                    Json::String(text) if text == REDACTED || text == REDACTED_CHANGED => Content::Redacted,
                    _ if is_changed => Content::Value(normalised(value)),
                    _ => Content::Value(value.clone()),
                };
                items.push(SideLeaf { path: path.clone(), content, is_changed });
            }
        }
    }
    let mut items = Vec::new();
    walk(&mut path.to_vec(), value, &mut items);
    items
}

fn has_distinct_keys(members: &[(String, Json)]) -> bool {
    let mut seen = HashSet::with_capacity(members.len());
    members.iter().all(|(key, _)| seen.insert(key))
}

/// Tells whether a value holds the mark of something redacted.
#[must_use]
pub(super) fn holds_redacted(value: &Json) -> bool {
    holds(value, REDACTED) || holds(value, REDACTED_CHANGED)
}

fn holds(value: &Json, mark: &str) -> bool {
    match value {
        Json::String(text) => text.contains(mark),
        Json::Array(items) => items.iter().any(|item| holds(item, mark)),
        Json::Object(members) => members.iter().any(|(_, value)| holds(value, mark)),
        _ => false,
    }
}

/// The value with one mark for all that is redacted, whether or not it was another before.
fn normalised(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(text.replace(REDACTED_CHANGED, REDACTED)),
        Json::Array(items) => Json::Array(items.iter().map(normalised).collect()),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(key, value)| (key.clone(), normalised(value))).collect())
        }
        other => other.clone(),
    }
}

impl Origin {
    /// The entry it is about.
    pub(super) const fn index(self) -> usize {
        let (Self::Entry(index) | Self::Before(index) | Self::Unrecorded(index)) = self;
        index
    }
}
