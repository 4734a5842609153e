//! Compares the states at two times, field by field.

use std::collections::{HashMap, HashSet};

use crate::model::change::Change;
use crate::model::history::leaf::{Leaf, LeafContent};
use crate::model::history::path::KeyPath;
use crate::model::history::state::{Confidence, State, object};
use crate::model::json::{Json, RawJson};
use crate::model::redaction::REDACTED_CHANGED;

/// The difference between two states.
#[derive(Debug, Default)]
pub(crate) struct StateDiff {
    /// The differing fields, as an update from the earlier to the later state. If the resource exists at only one of
    /// the times, every field is reported as added or removed.
    pub(crate) changes: Vec<Change>,
    /// The fields that are unknown at one of the times.
    pub(crate) unknown: Vec<String>,
}

impl StateDiff {
    /// Compares two states of one resource.
    pub(crate) fn of(earlier: &State, later: &State) -> Self {
        let mut between = Self::default();
        let (mut before, mut after) = (values(earlier, None), values(later, Some(earlier)));
        let mut seen = HashSet::new();
        for (field, _) in later.fields().into_iter().chain(earlier.fields()) {
            if !seen.insert(field.clone()) {
                continue;
            }
            let path = std::slice::from_ref(&field);
            let is_known =
                |state: &State| !matches!(state.confidence(path), Confidence::Unknown | Confidence::Partial);
            if !(is_known(earlier) && is_known(later)) {
                between.unknown.push(field);
                continue;
            }
            let (old, new) = (before.remove(&field), after.remove(&field));
            let differs = !matches!((&old, &new), (Some(old), Some(new)) if old.same(new));
            if differs && (old.is_some() || new.is_some()) {
                let raw = |side: Option<Json>| side.as_ref().map(RawJson::from);
                between.changes.push(Change { field, old: raw(old), new: raw(new), redacted: false });
            }
        }
        between
    }
}

/// The value of each field. A secret set since `before` is marked as changed.
fn values(state: &State, before: Option<&State>) -> HashMap<String, Json> {
    let is_new_secret = |path: &KeyPath, leaf: &Leaf| {
        let earlier = before.and_then(|before| before.known().leaf(path));
        leaf.content == LeafContent::Redacted
            && earlier.is_some_and(|earlier| {
                earlier.content == LeafContent::Redacted && earlier.origin != leaf.origin
            })
    };
    let leaves = state.leaves();
    let changed: Vec<Option<Leaf>> = leaves
        .iter()
        .map(|(path, leaf)| {
            let content = LeafContent::Value(Json::String(REDACTED_CHANGED.to_owned()));
            is_new_secret(path, leaf).then(|| Leaf { content, ..(*leaf).clone() })
        })
        .collect();
    let marked = leaves.iter().zip(&changed);
    let marked = marked.map(|((path, leaf), changed)| (*path, changed.as_ref().unwrap_or(leaf)));
    match object(marked.collect(), 0) {
        Json::Object(members) => members.into_iter().collect(),
        _ => HashMap::new(),
    }
}
