//! Leaves, the smallest parts of a resource with a known origin: values without named members.

use std::collections::HashSet;

use crate::model::history::path::KeyPath;
use crate::model::json::Json;
use crate::model::redaction::{REDACTED, REDACTED_CHANGED};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeafContent {
    /// This value. Texts in it may hold marks of redacted secrets.
    Value(Json),
    /// A redacted value: it was set, but is unknown.
    Redacted,
    /// Unknown because of the entry with this index, which contradicts earlier entries or changed one item of a list.
    Unknown(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueOrigin {
    /// The entry with this index set it.
    Entry(usize),
    /// It was set before the known entries; the entry with this index is the first that shows it.
    Before(usize),
    /// An unrecorded change set it; the entry with this index is the first that shows it.
    Unrecorded(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) content: LeafContent,
    pub(crate) origin: ValueOrigin,
    /// Its position among its neighbours.
    pub(super) order: usize,
}

/// A leaf of the old or the new side of a change.
#[derive(Debug, Clone)]
pub(super) struct SideLeaf {
    pub(super) path: KeyPath,
    pub(super) content: LeafContent,
    /// Marked as a secret that differs from the old one, which comparing the marks cannot tell.
    pub(super) is_changed: bool,
}

impl LeafContent {
    /// Whether the stored parts of both are equal.
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

    /// Whether the value is known and nothing in it was redacted.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self, Self::Value(value) if !holds_redacted(value))
    }
}

impl SideLeaf {
    pub(super) const fn redacted(path: KeyPath) -> Self {
        Self { path, content: LeafContent::Redacted, is_changed: true }
    }
}

/// Splits a value into leaves. An object with a repeated key is one leaf: a path cannot tell its members apart.
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
                    Json::String(text) if text == REDACTED || text == REDACTED_CHANGED => {
                        LeafContent::Redacted
                    }
                    _ if is_changed => LeafContent::Value(normalised(value)),
                    _ => LeafContent::Value(value.clone()),
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

/// Whether a value holds the mark of a redacted secret.
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

/// The value with the same mark for changed and unchanged secrets.
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

impl ValueOrigin {
    /// The index of its entry.
    pub(super) const fn index(self) -> usize {
        let (Self::Entry(index) | Self::Before(index) | Self::Unrecorded(index)) = self;
        index
    }
}
