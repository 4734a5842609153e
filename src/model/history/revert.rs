//! Undoing one entry, as a plan: the patch that would restore the old values, what has changed since, and what cannot be
//! restored. A plan changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::model::history::known_state::{Assignment, KnownState};
use crate::model::history::leaf::{Content, SideLeaf, Leaf, holds_redacted};
use crate::model::history::patch::{Operation, pointer};
use crate::model::history::replay::Existence;
use crate::model::history::state::object;
use crate::model::history::step::{FieldStep, ReplayStep};
use crate::model::history::{History, KeyPath};
use crate::model::json::Json;
use crate::model::words::Action;

/// How one entry could be undone.
#[derive(Debug)]
pub struct Revert {
    /// What has to be done.
    pub action: RevertAction,
    /// The object as it would be then, as far as it is known; none where there would be none.
    pub object: Option<Json>,
    /// Whether `object` is sure to be the whole of it, with nothing redacted or unknown.
    pub is_whole: bool,
    /// The places that would change, each with the value now and the value then; a side that is absent is absent.
    pub restored: Vec<RestoredLeaf>,
    /// What cannot be restored, because it was redacted or is not known.
    pub lost: Vec<KeyPath>,
    /// Later entries, by index, with the places among those of this entry that each of them changed.
    pub since: Vec<(usize, Vec<KeyPath>)>,
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevertAction {
    /// Apply this patch to the resource as it is now. Each operation on a value is behind a test that it is still there.
    Patch(Vec<Operation>),
    /// Create the resource again: the patch builds it out of nothing.
    Create(Vec<Operation>),
    /// Delete the resource: what was created is undone by that alone.
    Delete,
    /// Nothing: the resource is as it was, or what would be restored was never kept.
    Nothing,
    /// Not possible: the entry with this index deleted the resource since. That comes first.
    DeletedSince(usize),
    /// Not possible: it was deleted by this entry, and the one with this index created it again.
    RecreatedSince(usize),
}

/// A place that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredLeaf {
    /// The place.
    pub path: KeyPath,
    /// The value now.
    pub now: Option<Content>,
    /// The value then.
    pub then: Option<Content>,
}

/// The entry that is to be undone, and what those behind it changed.
#[derive(Debug)]
pub(super) struct RevertTarget {
    index: usize,
    step: ReplayStep,
    /// The leaves that it changed.
    places: BTreeSet<KeyPath>,
    since: Vec<(usize, Vec<KeyPath>)>,
    /// The first entry behind it that does not delete the resource.
    back: Option<usize>,
}

impl RevertTarget {
    pub(super) fn new(index: usize, step: ReplayStep) -> Self {
        let places = step.changed().into_iter().collect();
        Self { index, step, places, since: Vec::new(), back: None }
    }

    /// Takes in an entry behind it.
    pub(super) fn step(&mut self, index: usize, step: &ReplayStep) {
        if step.action != Action::Deleted {
            self.back.get_or_insert(index);
        }
        let mut changed = step.changed();
        if self.step.action == Action::Updated {
            changed.retain(|path| self.touches(path));
            if changed.is_empty() && step.action == Action::Updated {
                return;
            }
        }
        self.since.push((index, changed));
    }

    /// Whether a place lies in one of those that the entry changed, or holds one.
    fn touches(&self, path: &KeyPath) -> bool {
        let mut behind =
            self.places.range::<[String], _>((Bound::Included(path.as_slice()), Bound::Unbounded));
        (0..path.len()).any(|end| self.places.contains(&path[..end]))
            || behind.next().is_some_and(|place| place.starts_with(path))
    }
}

impl History {
    /// Plans to undo the entry that was asked for; none when it is not among these.
    #[must_use]
    pub fn revert(&self) -> Option<Revert> {
        let undo = self.undo.as_ref()?;
        Some(match undo.step.action {
            Action::Created => self.revert_creation(undo),
            Action::Updated => self.revert_update(undo),
            Action::Deleted => self.revert_deletion(undo),
        })
    }

    fn revert_creation(&self, undo: &RevertTarget) -> Revert {
        let way = match self.end.existence {
            Existence::Absent(_) => RevertAction::Nothing,
            Existence::Exists | Existence::Unknown => RevertAction::Delete,
        };
        let since = undo.since.clone();
        Revert { action: way, object: None, is_whole: true, restored: Vec::new(), lost: Vec::new(), since }
    }

    fn revert_deletion(&self, undo: &RevertTarget) -> Revert {
        let mut known = KnownState::complete_and_empty(undo.index);
        for part in &undo.step.parts {
            known.assign(&part.path, &part.old, Assignment::Observed(undo.index));
        }
        let exact = |(_, leaf): &(&KeyPath, &Leaf)| leaf.content.is_exact();
        let value = object(known.in_order().into_iter().filter(exact).collect(), 0);
        let is_back = self.end.existence == Existence::Exists;
        let way = match undo.back.filter(|_| is_back) {
            Some(back) => RevertAction::RecreatedSince(back),
            None => RevertAction::Create(vec![Operation::Add { path: String::new(), value: value.clone() }]),
        };
        let (lost, since) = (known.inexact_paths(), undo.since.clone());
        let is_whole = lost.is_empty() && !undo.step.parts.is_empty();
        Revert { action: way, object: Some(value), is_whole, restored: Vec::new(), lost, since }
    }

    fn revert_update(&self, undo: &RevertTarget) -> Revert {
        let since = undo.since.clone();
        if let Existence::Absent(gone) = self.end.existence {
            let (lost, restored) = (Vec::new(), Vec::new());
            return Revert { action: RevertAction::DeletedSince(gone), object: None, is_whole: false, restored, lost, since };
        }
        let now = &self.end.known;
        let mut known = now.clone();
        let mut lost = Vec::new();
        for part in &undo.step.parts {
            restore(&mut known, part, undo.index, &mut lost);
        }
        let restored = differences(now, &known);
        let patch = operations(now, &known, &restored);
        let way = if patch.is_empty() { RevertAction::Nothing } else { RevertAction::Patch(patch) };
        let leaves = known.in_order();
        let is_whole = now.is_known(&[]) && leaves.iter().all(|(_, leaf)| leaf.content.is_exact());
        Revert { action: way, object: Some(object(leaves, 0)), is_whole, restored, lost, since }
    }
}

/// Puts the leaves that a change touched back to what they were, and no others.
fn restore(known: &mut KnownState, part: &FieldStep, index: usize, lost: &mut Vec<KeyPath>) {
    // A secret that the entry added goes again; the value of any other was never kept.
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
        // An empty object that gets its members back below goes by that.
        if !holds(path) {
            known.assign(path, &[], Assignment::Set(index));
            remove_emptied(known, path, &|at| old.contains_key(at) || holds(at), part.path.len());
        }
    }
    for (path, item) in old.iter().filter(|(path, _)| touched.contains(*path)) {
        let is_hidden = match &item.content {
            Content::Value(value) => holds_redacted(value),
            Content::Redacted | Content::Unknown(_) => true,
        };
        let is_empty_object = item.content.is_empty_object();
        if is_hidden {
            lost.push((*path).clone());
        } else if !(is_empty_object && known.beneath(path).any(|(it, _)| it.len() > path.len())) {
            // The object is left empty by itself when its members go; those that came since stay.
            known.remove_leaves_above(path);
            known.assign(path, std::slice::from_ref(*item), Assignment::Set(index));
        }
    }
}

/// Takes away the objects that the change had made and that hold nothing any more.
fn remove_emptied(known: &mut KnownState, path: &KeyPath, was_there: &dyn Fn(&KeyPath) -> bool, least: usize) {
    for end in (least.max(1)..path.len()).rev() {
        let parent = &path[..end].to_vec();
        let is_empty = known.leaf(parent).is_some_and(
            |leaf| matches!(&leaf.content, Content::Value(Json::Object(members)) if members.is_empty()),
        );
        if !is_empty || was_there(parent) {
            return;
        }
        known.assign(parent, &[], Assignment::Set(0));
    }
}

fn differences(now: &KnownState, then: &KnownState) -> Vec<RestoredLeaf> {
    let content = |known: &KnownState, path: &KeyPath| known.leaf(path).map(|leaf| leaf.content.clone());
    let paths: BTreeSet<&KeyPath> = now.beneath(&[]).chain(then.beneath(&[])).map(|(path, _)| path).collect();
    let restored = paths.into_iter().map(|path| RestoredLeaf {
        path: path.clone(),
        now: content(now, path),
        then: content(then, path),
    });
    let differs = |it: &RestoredLeaf| match (&it.now, &it.then) {
        (Some(now), Some(then)) => !now.same(then),
        (now, then) => now.is_some() != then.is_some(),
    };
    restored.filter(differs).collect()
}

/// What stands at a place, as far as a patch has to know.
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

/// The operations that make `then` of `now`, each at the deepest place that is sure to have a parent.
fn operations(now: &KnownState, then: &KnownState, restored: &[RestoredLeaf]) -> Vec<Operation> {
    let mut done = BTreeSet::new();
    let mut operations = Vec::new();
    for RestoredLeaf { path, .. } in restored {
        let place = (1..path.len()).map(|end| &path[..end]).find(|at| {
            let (now, then) = (place_kind(now, at), place_kind(then, at));
            matches!(now, PlaceKind::Nothing | PlaceKind::Leaf) || matches!(then, PlaceKind::Nothing | PlaceKind::Leaf)
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

/// A test that what is about to be replaced is still what the log says; none where that was redacted.
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
