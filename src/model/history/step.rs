//! An entry prepared for replay: the path of each changed field, and its old and new leaves.

use std::collections::{HashMap, HashSet};

use crate::model::change::Change;
use crate::model::history::field_paths::FieldPaths;
use crate::model::history::leaf::{LeafContent, SideLeaf, flatten};
use crate::model::history::path::KeyPath;
use crate::model::json::{JsonError, RawJson};
use crate::model::words::Action;

#[derive(Debug)]
pub(super) struct ReplayStep {
    pub(super) action: Action,
    pub(super) parts: Vec<FieldStep>,
}

#[derive(Debug)]
pub(super) struct FieldStep {
    pub(super) path: KeyPath,
    pub(super) old: Vec<SideLeaf>,
    pub(super) new: Vec<SideLeaf>,
    /// Neither side's value is stored.
    pub(super) is_redacted: bool,
    /// The entry shows that the field changed, but not to what: an item of a list recorded by index, or a secret without
    /// marks for its sides.
    pub(super) is_opaque: bool,
}

impl ReplayStep {
    pub(super) fn new(action: Action, changes: &[Change], places: &FieldPaths) -> Result<Self, JsonError> {
        let parts = changes.iter().map(|change| part(change, action, places)).collect::<Result<_, _>>()?;
        Ok(Self { action, parts })
    }

    pub(super) fn changed(&self) -> Vec<KeyPath> {
        self.parts.iter().flat_map(FieldStep::differences).cloned().collect()
    }
}

fn part(change: &Change, action: Action, places: &FieldPaths) -> Result<FieldStep, JsonError> {
    let place = places.resolve(&change.field);
    if change.redacted {
        let secret =
            |is_there: bool| Vec::from_iter(is_there.then(|| SideLeaf::redacted(place.path.clone())));
        let (had_old, has_new) = match action {
            Action::Updated => (change.old.is_some(), change.new.is_some()),
            Action::Deleted => (true, false),
            _ => (false, true),
        };
        // Entries of earlier versions do not tell whether a secret was added, changed or removed.
        let is_opaque = place.is_within_list || !(had_old || has_new);
        let (old, new) = (secret(had_old), secret(has_new));
        return Ok(FieldStep { path: place.path, old, new, is_redacted: true, is_opaque });
    }
    let side = |side: &Option<RawJson>| -> Result<Vec<SideLeaf>, JsonError> {
        let value = side.as_ref().map(RawJson::parse).transpose()?;
        Ok(value.map(|value| flatten(&place.path, &value)).unwrap_or_default())
    };
    let (old, new) = (side(&change.old)?, side(&change.new)?);
    Ok(FieldStep { path: place.path, old, new, is_redacted: false, is_opaque: place.is_within_list })
}

impl FieldStep {
    /// The leaves that differ between both sides.
    pub(super) fn differences(&self) -> Vec<&KeyPath> {
        if self.is_redacted || self.is_opaque {
            return vec![&self.path];
        }
        let old: HashMap<&KeyPath, &LeafContent> =
            self.old.iter().map(|item| (&item.path, &item.content)).collect();
        let new: HashSet<&KeyPath> = self.new.iter().map(|item| &item.path).collect();
        let gone = self.old.iter().filter(|item| !new.contains(&item.path)).map(|item| &item.path);
        let differs = |item: &&SideLeaf| {
            item.is_changed || old.get(&item.path).is_none_or(|old| !old.same(&item.content))
        };
        self.new.iter().filter(differs).map(|item| &item.path).chain(gone).collect()
    }
}
