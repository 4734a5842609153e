//! What differs between the states of two moments, field by field.

use crate::model::change::Change;
use crate::model::history::leaf::{Content, Leaf};
use crate::model::history::state::{Certainty, State, object};
use crate::model::history::{History, Path};
use crate::model::json::{Json, RawJson};
use crate::model::redaction::REDACTED_CHANGED;

/// What differs between two moments, and of which fields that cannot be told.
#[derive(Debug, Default)]
pub struct Between {
    /// The fields that differ, as an update from the earlier to the later state would have them.
    pub changes: Vec<Change>,
    /// The fields of which one side is not known.
    pub unknown: Vec<String>,
}

impl History {
    /// See [`Between`].
    #[must_use]
    pub fn between(&self, earlier: &State, later: &State) -> Between {
        let mut between = Between::default();
        let mut fields: Vec<String> = Vec::new();
        for (field, _) in later.fields().into_iter().chain(earlier.fields()) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        for field in fields {
            let path = std::slice::from_ref(&field);
            let is_known =
                |state: &State| !matches!(state.certainty(path), Certainty::Unknown | Certainty::Partial);
            if !(is_known(earlier) && is_known(later)) {
                between.unknown.push(field);
                continue;
            }
            let (before, after) = (value(earlier, path, None), value(later, path, Some(earlier)));
            let differs = !matches!((&before, &after), (Some(before), Some(after)) if before.same(after));
            if differs && (before.is_some() || after.is_some()) {
                let raw = |side: Option<Json>| side.as_ref().map(RawJson::from);
                let change = Change { field, old: raw(before), new: raw(after), redacted: false };
                between.changes.push(change);
            }
        }
        between
    }
}

/// A field's value; a secret that another entry set than the one before is marked as another secret.
fn value(state: &State, field: &[String], before: Option<&State>) -> Option<Json> {
    let is_new_secret = |path: &Path, leaf: &Leaf| {
        let earlier = before.and_then(|before| before.known().leaf(path));
        leaf.content == Content::Redacted
            && earlier
                .is_some_and(|earlier| earlier.content == Content::Redacted && earlier.origin != leaf.origin)
    };
    let leaves = state.leaves().into_iter().filter(|(path, _)| path.starts_with(field));
    let marked: Vec<(Path, Leaf)> = leaves
        .map(|(path, leaf)| {
            let mut leaf = leaf.clone();
            if is_new_secret(path, &leaf) {
                leaf.content = Content::Value(Json::String(REDACTED_CHANGED.to_owned()));
            }
            (path.clone(), leaf)
        })
        .collect();
    object(marked.iter().map(|(path, leaf)| (path, leaf)).collect(), 0).get(&field[0]).cloned()
}
