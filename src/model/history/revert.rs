//! Plans how to revert one entry: the patch that restores the old values, later changes, and values that cannot be
//! restored. A plan changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::model::history::known_state::{Assignment, KnownState};
use crate::model::history::leaf::{Leaf, LeafContent, SideLeaf, holds_redacted};
use crate::model::history::patch::{Operation, pointer};
use crate::model::history::path::KeyPath;
use crate::model::history::replay::Existence;
use crate::model::history::resource_history::History;
use crate::model::history::state::object;
use crate::model::history::step::FieldStep;
use crate::model::history::target::RevertTarget;
use crate::model::json::Json;
use crate::model::words::Action;

/// The plan to revert one entry.
#[derive(Debug)]
pub(crate) struct Revert {
    /// What to do.
    pub(crate) action: RevertAction,
    /// The known part of the object after the revert. None if there would be no object, the entry changed nothing, or the
    /// resource was deleted since.
    pub(crate) object: Option<Json>,
    /// Whether `object` is complete, with nothing redacted or unknown.
    pub(crate) is_whole: bool,
    /// Paths that cannot be restored, because their value was redacted or is unknown.
    pub(crate) lost: Vec<KeyPath>,
    /// Later entries, by index, with the paths of this entry that each of them changed.
    pub(crate) since: Vec<(usize, Vec<KeyPath>)>,
}

/// What to do to revert an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RevertAction {
    /// Apply this patch to the current resource. A test guards each operation on a known value.
    Patch(Vec<Operation>),
    /// Create the resource again: the patch builds it from nothing.
    Create(Vec<Operation>),
    /// Delete the resource, which reverts its creation.
    Delete,
    /// Nothing: the entry changed nothing or is undone already, or the old values were never stored.
    Nothing,
    /// Impossible: the entry with this index deleted the resource since. Revert that one first.
    DeletedSince(usize),
    /// Impossible: the resource exists again. The index is that of the first later entry that created or updated it.
    ExistsAgain(usize),
}

impl History {
    /// The plan to revert the requested entry; none if it is not in this history.
    pub(crate) fn revert(&self) -> Option<Revert> {
        let target = self.target.as_ref()?;
        Some(match target.step.action {
            Action::Created => self.revert_creation(target),
            Action::Updated => self.revert_update(target),
            Action::Deleted => self.revert_deletion(target),
            _ => self.nothing_to_revert(target),
        })
    }

    /// The plan for an entry that did not change the resource.
    fn nothing_to_revert(&self, target: &RevertTarget) -> Revert {
        let since = target.since.clone();
        Revert { action: RevertAction::Nothing, object: None, is_whole: true, lost: Vec::new(), since }
    }

    fn revert_creation(&self, target: &RevertTarget) -> Revert {
        let action = match self.end.existence {
            Existence::Absent(_) => RevertAction::Nothing,
            Existence::Exists | Existence::Unknown => RevertAction::Delete,
        };
        let since = target.since.clone();
        Revert { action, object: None, is_whole: true, lost: Vec::new(), since }
    }

    fn revert_deletion(&self, target: &RevertTarget) -> Revert {
        let mut known = KnownState::complete_and_empty(target.index);
        for part in &target.step.parts {
            known.assign(&part.path, &part.old, Assignment::Observed(target.index));
        }
        let exact = |(_, leaf): &(&KeyPath, &Leaf)| leaf.content.is_exact();
        let value = object(known.in_order().into_iter().filter(exact).collect(), 0);
        let is_back = self.end.existence == Existence::Exists;
        let action = match target.back.filter(|_| is_back) {
            Some(back) => RevertAction::ExistsAgain(back),
            None => RevertAction::Create(vec![Operation::Add { path: String::new(), value: value.clone() }]),
        };
        let (lost, since) = (known.inexact_paths(), target.since.clone());
        let is_whole = lost.is_empty() && !target.step.parts.is_empty();
        Revert { action, object: Some(value), is_whole, lost, since }
    }

    fn revert_update(&self, target: &RevertTarget) -> Revert {
        let since = target.since.clone();
        if let Existence::Absent(gone) = self.end.existence {
            let action = RevertAction::DeletedSince(gone);
            return Revert { action, object: None, is_whole: false, lost: Vec::new(), since };
        }
        let now = &self.end.known;
        let mut known = now.clone();
        let mut lost = Vec::new();
        for part in &target.step.parts {
            restore(&mut known, part, target.index, &mut lost);
        }
        let changed = differences(now, &known);
        let patch = operations(now, &known, &changed);
        let action = if patch.is_empty() { RevertAction::Nothing } else { RevertAction::Patch(patch) };
        let leaves = known.in_order();
        let is_whole = now.is_known(&[]) && leaves.iter().all(|(_, leaf)| leaf.content.is_exact());
        Revert { action, object: Some(object(leaves, 0)), is_whole, lost, since }
    }
}

/// Restores the leaves that a change touched, and no others.
fn restore(known: &mut KnownState, part: &FieldStep, index: usize, lost: &mut Vec<KeyPath>) {
    // A secret that the entry added can be removed; other secrets were never stored.
    if part.is_opaque || part.is_redacted && !part.old.is_empty() {
        lost.push(part.path.clone());
        return;
    }
    let old: BTreeMap<&KeyPath, &SideLeaf> = part.old.iter().map(|item| (&item.path, item)).collect();
    let touched: BTreeSet<&KeyPath> = part.differences().into_iter().collect();
    let holds = |path: &KeyPath| {
        let behind = (Bound::Excluded(path), Bound::Unbounded);
        old.range::<KeyPath, _>(behind).next().is_some_and(|(item, _)| item.starts_with(path))
    };
    for path in touched.iter().copied().filter(|path| !old.contains_key(path)) {
        // An empty object disappears when its members are restored below.
        if !holds(path) {
            known.assign(path, &[], Assignment::Set(index));
            remove_emptied(known, path, &|at| old.contains_key(at) || holds(at), part.path.len());
        }
    }
    for (path, item) in old.iter().filter(|(path, _)| touched.contains(*path)) {
        let is_hidden = match &item.content {
            LeafContent::Value(value) => holds_redacted(value),
            LeafContent::Redacted | LeafContent::Unknown(_) => true,
        };
        let is_empty_object = item.content.is_empty_object();
        if is_hidden {
            lost.push((*path).clone());
        } else if !(is_empty_object && known.beneath(path).any(|(it, _)| it.len() > path.len())) {
            // The object becomes empty when its members are removed; members added since stay.
            known.remove_leaves_above(path);
            known.assign(path, std::slice::from_ref(*item), Assignment::Set(index));
        }
    }
}

/// Removes objects that the change created and that are empty now.
fn remove_emptied(
    known: &mut KnownState,
    path: &KeyPath,
    was_there: &dyn Fn(&KeyPath) -> bool,
    least: usize,
) {
    for end in (least.max(1)..path.len()).rev() {
        let parent = &path[..end].to_vec();
        let is_empty = known.leaf(parent).is_some_and(
            |leaf| matches!(&leaf.content, LeafContent::Value(Json::Object(members)) if members.is_empty()),
        );
        if !is_empty || was_there(parent) {
            return;
        }
        known.assign(parent, &[], Assignment::Set(0));
    }
}

/// The paths of all leaves that differ.
fn differences(now: &KnownState, then: &KnownState) -> Vec<KeyPath> {
    let paths: BTreeSet<&KeyPath> = now.beneath(&[]).chain(then.beneath(&[])).map(|(path, _)| path).collect();
    let differs = |path: &&KeyPath| match (now.leaf(path), then.leaf(path)) {
        (Some(now), Some(then)) => !now.content.same(&then.content),
        (now, then) => now.is_some() != then.is_some(),
    };
    paths.into_iter().filter(differs).cloned().collect()
}

/// What a patch must know about a path.
#[derive(PartialEq)]
enum PlaceKind {
    Nothing,
    Unknown,
    Leaf,
    Object,
}

fn place_kind(known: &KnownState, path: &[String]) -> PlaceKind {
    match known.leaf(path) {
        Some(leaf) if leaf.content.is_empty_object() => PlaceKind::Object,
        Some(_) => PlaceKind::Leaf,
        None if known.beneath(path).next().is_some() => PlaceKind::Object,
        None if known.is_known(path) => PlaceKind::Nothing,
        None => PlaceKind::Unknown,
    }
}

/// The operations that turn `now` into `then`, each at the deepest path whose parent exists.
fn operations(now: &KnownState, then: &KnownState, changed: &[KeyPath]) -> Vec<Operation> {
    let mut done = BTreeSet::new();
    let mut operations = Vec::new();
    for path in changed {
        let place = (1..path.len()).map(|end| &path[..end]).find(|at| {
            let (now, then) = (place_kind(now, at), place_kind(then, at));
            matches!(now, PlaceKind::Nothing | PlaceKind::Leaf)
                || matches!(then, PlaceKind::Nothing | PlaceKind::Leaf)
        });
        let place = place.unwrap_or(path);
        if !done.insert(place.to_vec()) {
            continue;
        }
        let (was, path) = (place_kind(now, place), pointer(place));
        let stays_object = was == PlaceKind::Object && place_kind(then, place) == PlaceKind::Object;
        if stays_object {
            continue;
        }
        operations.extend(test(now, place, &path));
        operations.push(match (was, subtree(then, place)) {
            (PlaceKind::Nothing | PlaceKind::Unknown, Some(value)) => Operation::Add { path, value },
            (_, Some(value)) => Operation::Replace { path, value },
            (_, None) => Operation::Remove { path },
        });
    }
    operations
}

/// A test that the current value is still the logged one. None if that value is absent, redacted or unknown.
fn test(now: &KnownState, place: &[String], path: &str) -> Option<Operation> {
    let is_exact = now.beneath(place).all(|(_, leaf)| leaf.content.is_exact());
    let is_sure = is_exact && now.is_known(place);
    let value = subtree(now, place).filter(|_| is_sure)?;
    Some(Operation::Test { path: path.to_owned(), value })
}

fn subtree(known: &KnownState, place: &[String]) -> Option<Json> {
    let leaves = known.in_order_beneath(place);
    if leaves.is_empty() {
        return None;
    }
    let mut value = object(leaves, 0);
    for key in place {
        value = value.get(key)?.clone();
    }
    Some(value)
}
