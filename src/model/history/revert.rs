//! Undoing one entry, as a plan: the patch that would restore the old values, what has changed since, and what cannot be
//! restored. A plan changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::history::known::{How, Known};
use crate::model::history::leaf::{Content, Item, holds_redacted};
use crate::model::history::patch::{Operation, pointer};
use crate::model::history::replay::Existence;
use crate::model::history::state::object;
use crate::model::history::{History, Part, Path};
use crate::model::json::Json;
use crate::model::words::Action;

/// How one entry could be undone.
#[derive(Debug)]
pub struct Revert {
    /// What has to be done.
    pub way: Way,
    /// The object as it would be then, as far as it is known; none where there would be none.
    pub object: Option<Json>,
    /// Whether `object` is sure to be the whole of it, with nothing redacted or unknown.
    pub is_whole: bool,
    /// The places that would change, each with the value now and the value then; a side that is absent is absent.
    pub restored: Vec<Restored>,
    /// What cannot be restored, because it was redacted or is not known.
    pub lost: Vec<Path>,
    /// Later entries, by index, with the places among those of this entry that each of them changed.
    pub since: Vec<(usize, Vec<Path>)>,
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Apply this patch to the resource as it is now. Each operation on a value is behind a test that it is still there.
    Patch(Vec<Operation>),
    /// Create the resource again: the patch builds it out of nothing.
    Create(Vec<Operation>),
    /// Delete the resource: what was created is undone by that alone.
    Delete,
    /// Nothing: the resource is as it was, or what would be restored was never kept.
    Nothing,
    /// Not possible: the entry with this index deleted the resource since. That comes first.
    Gone(usize),
    /// Not possible: it was deleted by this entry, and the one with this index created it again.
    BackSince(usize),
}

/// A place that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The place.
    pub path: Path,
    /// The value now.
    pub now: Option<Content>,
    /// The value then.
    pub then: Option<Content>,
}

impl History {
    /// Plans to undo the entry with this id; none when it is not among these.
    #[must_use]
    pub fn revert(&self, id: u64) -> Option<Revert> {
        let index = self.entries.iter().position(|entry| entry.id == id)?;
        Some(match self.steps[index].action {
            Action::Created => self.revert_creation(index),
            Action::Updated => self.revert_update(index),
            Action::Deleted => self.revert_deletion(index),
        })
    }

    fn revert_creation(&self, index: usize) -> Revert {
        let way = match self.now().existence {
            Existence::NotThere(_) => Way::Nothing,
            Existence::There | Existence::Unknown => Way::Delete,
        };
        let since = (index + 1..self.steps.len()).map(|later| (later, self.changed_by(later))).collect();
        Revert { way, object: None, is_whole: true, restored: Vec::new(), lost: Vec::new(), since }
    }

    fn revert_deletion(&self, index: usize) -> Revert {
        let mut known = Known::nothing(index);
        for part in &self.steps[index].parts {
            known.assign(&part.path, &part.old, How::Found(index));
        }
        let lost: Vec<Path> = hidden(&known);
        let later = self.steps.iter().enumerate().skip(index + 1);
        let back = later.clone().find(|(_, step)| step.action != Action::Deleted).map(|(later, _)| later);
        let is_back = self.now().existence == Existence::There;
        let exact: Vec<_> = known.in_order().into_iter().filter(|(path, _)| !lost.contains(path)).collect();
        let value = object(exact, 0);
        let way = match back.filter(|_| is_back) {
            Some(back) => Way::BackSince(back),
            None => Way::Create(vec![Operation::Add { path: String::new(), value: value.clone() }]),
        };
        let since = later.map(|(later, _)| (later, self.changed_by(later))).collect();
        let is_whole = lost.is_empty() && !self.steps[index].parts.is_empty();
        Revert { way, object: Some(value), is_whole, restored: Vec::new(), lost, since }
    }

    fn revert_update(&self, index: usize) -> Revert {
        let parts = &self.steps[index].parts;
        let since = self.since(index, parts);
        let now = self.now();
        if let Existence::NotThere(gone) = now.existence {
            let (lost, restored) = (Vec::new(), Vec::new());
            return Revert { way: Way::Gone(gone), object: None, is_whole: false, restored, lost, since };
        }
        let mut known = now.known().clone();
        let mut lost = Vec::new();
        for part in parts {
            restore(&mut known, part, index, &mut lost);
        }
        let restored = differences(now.known(), &known);
        let patch = operations(now.known(), &known, &restored);
        let way = if patch.is_empty() { Way::Nothing } else { Way::Patch(patch) };
        let is_whole = now.is_complete() && known.in_order().iter().all(|(_, leaf)| leaf.content.is_exact());
        Revert { way, object: Some(object(known.in_order(), 0)), is_whole, restored, lost, since }
    }

    /// Which later entries changed what the one with this index changed.
    fn since(&self, index: usize, parts: &[Part]) -> Vec<(usize, Vec<Path>)> {
        let places: Vec<&Path> = parts.iter().flat_map(Part::differences).collect();
        let touches =
            |path: &Path| places.iter().any(|place| place.starts_with(path) || path.starts_with(place));
        let later = (index + 1..self.steps.len()).map(|later| {
            let changed = self.changed_by(later).into_iter().filter(|path| touches(path)).collect::<Vec<_>>();
            (later, changed)
        });
        later
            .filter(|(later, paths)| !paths.is_empty() || self.steps[*later].action != Action::Updated)
            .collect()
    }

    fn changed_by(&self, index: usize) -> Vec<Path> {
        self.steps[index].parts.iter().flat_map(Part::differences).cloned().collect()
    }
}

/// Puts the leaves that a change touched back to what they were, and no others.
fn restore(known: &mut Known, part: &Part, index: usize, lost: &mut Vec<Path>) {
    if part.is_redacted || part.is_within_list {
        lost.push(part.path.clone());
        return;
    }
    let old: BTreeMap<&Path, &Item> = part.old.iter().map(|item| (&item.path, item)).collect();
    let touched: BTreeSet<&Path> = part.differences().into_iter().collect();
    let holds = |items: &[Item], path: &Path| {
        items.iter().any(|item| item.path.len() > path.len() && item.path.starts_with(path))
    };
    for path in touched.iter().copied().filter(|path| !old.contains_key(path)) {
        // An empty object that gets its members back below goes by that.
        if !holds(&part.old, path) {
            known.assign(path, &[], How::Set(index));
            remove_emptied(known, path, &part.old, part.path.len());
        }
    }
    for (path, item) in old.iter().filter(|(path, _)| touched.contains(*path)) {
        let is_hidden = match &item.content {
            Content::Value(value) => holds_redacted(value),
            Content::Redacted | Content::Unclear(_) => true,
        };
        let is_empty_object = item.content.is_empty_object();
        if is_hidden {
            lost.push((*path).clone());
        } else if !(is_empty_object && known.beneath(path).any(|(it, _)| it.len() > path.len())) {
            // The object is left empty by itself when its members go; those that came since stay.
            known.clear_way(path);
            known.assign(path, std::slice::from_ref(*item), How::Set(index));
        }
    }
}

/// Takes away the objects that the change had made and that hold nothing any more.
fn remove_emptied(known: &mut Known, path: &Path, old: &[Item], least: usize) {
    for end in (least.max(1)..path.len()).rev() {
        let parent = &path[..end];
        let was_there = old.iter().any(|item| item.path.starts_with(parent));
        let is_empty = known.leaf(parent).is_some_and(
            |leaf| matches!(&leaf.content, Content::Value(Json::Object(members)) if members.is_empty()),
        );
        if was_there || !is_empty {
            return;
        }
        known.assign(parent, &[], How::Set(0));
    }
}

fn differences(now: &Known, then: &Known) -> Vec<Restored> {
    let content = |known: &Known, path: &Path| known.leaf(path).map(|leaf| leaf.content.clone());
    let paths: BTreeSet<&Path> = now.beneath(&[]).chain(then.beneath(&[])).map(|(path, _)| path).collect();
    let restored = paths.into_iter().map(|path| Restored {
        path: path.clone(),
        now: content(now, path),
        then: content(then, path),
    });
    let differs = |it: &Restored| match (&it.now, &it.then) {
        (Some(now), Some(then)) => !now.same(then),
        (now, then) => now.is_some() != then.is_some(),
    };
    restored.filter(differs).collect()
}

/// What stands at a place, as far as a patch has to know.
#[derive(PartialEq)]
enum Kind {
    Nothing,
    Unknown,
    Leaf,
    Object,
}

fn kind(known: &Known, path: &[String]) -> Kind {
    match known.leaf(path) {
        Some(leaf) if leaf.content.is_empty_object() => Kind::Object,
        Some(_) => Kind::Leaf,
        None if known.beneath(path).next().is_some() => Kind::Object,
        None if known.is_known(path) => Kind::Nothing,
        None => Kind::Unknown,
    }
}

/// The operations that make `then` of `now`, each at the deepest place that is sure to have a parent.
fn operations(now: &Known, then: &Known, restored: &[Restored]) -> Vec<Operation> {
    let mut done = BTreeSet::new();
    let mut operations = Vec::new();
    for Restored { path, .. } in restored {
        let place = (1..path.len()).map(|end| &path[..end]).find(|at| {
            let (now, then) = (kind(now, at), kind(then, at));
            matches!(now, Kind::Nothing | Kind::Leaf) || matches!(then, Kind::Nothing | Kind::Leaf)
        });
        let place = place.unwrap_or(path);
        if !done.insert(place.to_vec()) {
            continue;
        }
        let (was, path) = (kind(now, place), pointer(place));
        let stays_object = was == Kind::Object && kind(then, place) == Kind::Object;
        if stays_object {
            continue;
        }
        operations.extend(test(now, place, &path));
        operations.push(match (was, subtree(then, place)) {
            (Kind::Nothing | Kind::Unknown, Some(value)) => Operation::Add { path, value },
            (_, Some(value)) => Operation::Replace { path, value },
            (_, None) => Operation::Remove { path },
        });
    }
    operations
}

/// A test that what is about to be replaced is still what the log says; none where that was redacted.
fn test(now: &Known, place: &[String], path: &str) -> Option<Operation> {
    let is_exact = now.beneath(place).all(|(_, leaf)| leaf.content.is_exact());
    let is_sure = is_exact && now.is_known(place);
    let value = subtree(now, place).filter(|_| is_sure)?;
    Some(Operation::Test { path: path.to_owned(), value })
}

fn subtree(known: &Known, place: &[String]) -> Option<Json> {
    let leaves: Vec<_> = known.in_order().into_iter().filter(|(path, _)| path.starts_with(place)).collect();
    if leaves.is_empty() {
        return None;
    }
    let mut value = object(leaves, 0);
    for key in place {
        value = value.get(key)?.clone();
    }
    Some(value)
}

fn hidden(known: &Known) -> Vec<Path> {
    let hidden = known.in_order().into_iter().filter(|(_, leaf)| !leaf.content.is_exact());
    hidden.map(|(path, _)| path.clone()).collect()
}
