//! The known leaves of a resource at one time, and the paths beneath which all leaves are known.
//!
//! A leaf is a value without named members: text, a number, a whole list, an empty object. Objects are split, so that a
//! change of one leaf says nothing about its neighbours. It must not know entries, except by index.

mod merge;
mod order;

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use crate::model::history::leaf::{Leaf, LeafContent, SideLeaf, ValueOrigin};
use crate::model::history::path::KeyPath;
use crate::model::json::Json;

/// How an entry relates to the values it shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Assignment {
    /// The entry with this index set them.
    Set(usize),
    /// The entry with this index shows that they were there before it.
    Observed(usize),
}

/// What was known of a leaf before an entry showed a different value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PriorKnowledge {
    Unknown,
    Hidden,
    Known,
}

/// The known leaves of a resource.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownState {
    leaves: BTreeMap<KeyPath, Leaf>,
    /// The objects that hold leaves, each with its position among its neighbours. See [`Leaf::order`].
    objects: BTreeMap<KeyPath, usize>,
    /// Paths beneath which all leaves are known, each with the entry that shows it. The empty path is the resource.
    complete: BTreeMap<KeyPath, usize>,
    next_order: usize,
}

/// The entries of a map at and beneath a path.
fn range<'a, T>(
    map: &'a BTreeMap<KeyPath, T>,
    path: &'a [String],
) -> impl Iterator<Item = (&'a KeyPath, &'a T)> {
    let range = (Bound::Included(path), Bound::Unbounded);
    map.range::<[String], _>(range).take_while(move |(it, _)| it.starts_with(path))
}

impl KnownState {
    /// A resource that has no fields, as an entry shows.
    pub(super) fn complete_and_empty(index: usize) -> Self {
        Self { complete: [(KeyPath::new(), index)].into(), ..Self::default() }
    }

    pub(super) fn leaf(&self, path: &[String]) -> Option<&Leaf> {
        self.leaves.get(path)
    }

    /// The leaves at and beneath a path, sorted by path.
    pub(super) fn beneath<'a>(&'a self, path: &'a [String]) -> impl Iterator<Item = (&'a KeyPath, &'a Leaf)> {
        range(&self.leaves, path)
    }

    /// Whether there is an object with members at a path.
    fn has_members(&self, path: &[String]) -> bool {
        self.beneath(path).take(2).any(|(it, _)| it.len() > path.len())
    }

    /// Whether the value at a path is known, including its absence.
    pub(super) fn is_known(&self, path: &[String]) -> bool {
        (0..=path.len()).any(|end| self.complete.contains_key(&path[..end]))
    }

    /// The leaf at a parent of `path`, which must become an object to hold `path`.
    fn leaf_above(&self, path: &[String]) -> Option<KeyPath> {
        (1..path.len())
            .map(|end| &path[..end])
            .find(|it| self.leaves.contains_key(*it))
            .map(<[String]>::to_vec)
    }

    /// Records that an entry shows all leaves beneath a path.
    pub(super) fn mark_complete(&mut self, path: &[String], index: usize) {
        if !self.is_known(path) {
            let parts: Vec<KeyPath> = range(&self.complete, path).map(|(part, _)| part.clone()).collect();
            for part in parts {
                self.complete.remove(&part);
            }
            self.complete.insert(path.to_vec(), index);
        }
    }

    /// Replaces everything at a path by these leaves. Returns the leaves that differ from the known ones, with what was
    /// known before.
    pub(super) fn assign(
        &mut self,
        path: &[String],
        items: &[SideLeaf],
        assignment: Assignment,
    ) -> Vec<(KeyPath, PriorKnowledge)> {
        let (Assignment::Set(index) | Assignment::Observed(index)) = assignment;
        if let Some(above) = self.leaf_above(path).filter(|_| !items.is_empty()) {
            if self.leaf(&above).is_some_and(|leaf| leaf.content.is_list_or_unknown()) {
                return self.mark_unknown(&above, index);
            }
            self.replace_with_object(&above);
        }
        let had_leaves = self.beneath(path).next().is_some();
        // An entry may show a value that was redacted before. The entry that set the secret then set this value.
        let secrets: BTreeMap<KeyPath, ValueOrigin> = self
            .beneath(path)
            .filter(|(_, leaf)| !leaf.content.is_exact())
            .map(|(path, leaf)| (path.clone(), leaf.origin))
            .collect();
        let hidden = |at: &[String]| {
            let above = (path.len()..=at.len()).find_map(|end| secrets.get(&at[..end]));
            above.or_else(|| range(&secrets, at).next().map(|(_, origin)| origin)).copied()
        };
        let mut differences = Vec::new();
        for item in items {
            let is_set_anew = item.is_changed && matches!(assignment, Assignment::Set(_));
            if let Some(old) = self.leaves.get_mut(&item.path)
                && old.content.same(&item.content)
                && !is_set_anew
            {
                // Equal values may be written differently: keep the latest.
                if old.content != item.content {
                    old.content = item.content.clone();
                }
                continue;
            }
            let (was, origin) = self.prior(item, assignment, hidden(&item.path));
            differences.push((item.path.clone(), was));
            self.insert(item.path.clone(), item.content.clone(), origin);
        }
        for gone in self.unlisted(path, items) {
            let was_exact = self.leaves.remove(&gone).is_some_and(|leaf| leaf.content.is_exact());
            self.remove_empty_objects(&gone);
            differences.push((gone, if was_exact { PriorKnowledge::Known } else { PriorKnowledge::Hidden }));
        }
        if items.is_empty() && had_leaves {
            differences.extend(self.leave_empty_object(path, ValueOrigin::Entry(index)));
        }
        self.adopt_order(path, items.iter().map(|item| &item.path));
        self.mark_complete(path, index);
        if let (Assignment::Set(_), Some(by)) = (assignment, self.complete.get_mut(path)) {
            *by = index;
        }
        differences
    }

    /// What was known of a leaf before an assignment, and where its value now comes from. `hidden` is the origin of a redacted
    /// value at, above or beneath it.
    fn prior(
        &self,
        item: &SideLeaf,
        assignment: Assignment,
        hidden: Option<ValueOrigin>,
    ) -> (PriorKnowledge, ValueOrigin) {
        let was = if hidden.is_some() {
            PriorKnowledge::Hidden
        } else if self.leaves.contains_key(&item.path) || self.is_known(&item.path) {
            PriorKnowledge::Known
        } else {
            PriorKnowledge::Unknown
        };
        let origin = match (assignment, hidden) {
            (Assignment::Set(index), _) => ValueOrigin::Entry(index),
            (Assignment::Observed(_), Some(origin)) => origin,
            (Assignment::Observed(index), None) if was == PriorKnowledge::Known => {
                ValueOrigin::Unrecorded(index)
            }
            (Assignment::Observed(index), None) => {
                self.emptied_by(item).unwrap_or(ValueOrigin::Before(index))
            }
        };
        (was, origin)
    }

    /// The leaves at and beneath a path that are not among `items`, all of which exist.
    fn unlisted(&self, path: &[String], items: &[SideLeaf]) -> Vec<KeyPath> {
        if self.beneath(path).count() == items.len() {
            return Vec::new();
        }
        let stays: HashSet<&KeyPath> = items.iter().map(|item| &item.path).collect();
        let leaves = self.beneath(path).map(|(path, _)| path);
        leaves.filter(|path| !stays.contains(path)).cloned().collect()
    }

    /// The entry that left an object empty, if entries recorded only its members.
    fn emptied_by(&self, item: &SideLeaf) -> Option<ValueOrigin> {
        let is_empty = item.content.is_empty_object();
        let members = range(&self.complete, &item.path).filter(|_| is_empty);
        members.map(|(_, index)| ValueOrigin::Entry(*index)).max_by_key(|origin| origin.index())
    }

    /// Turns leaves above `path` into objects.
    pub(super) fn remove_leaves_above(&mut self, path: &[String]) {
        while let Some(above) = self.leaf_above(path) {
            self.replace_with_object(&above);
        }
    }

    /// Inserts an empty object if the last member of a known object was removed.
    fn leave_empty_object(
        &mut self,
        path: &[String],
        origin: ValueOrigin,
    ) -> Option<(KeyPath, PriorKnowledge)> {
        let (_, parent) = path.split_last().filter(|(_, parent)| !parent.is_empty())?;
        if !self.is_known(parent) || self.beneath(parent).next().is_some() {
            return None;
        }
        self.insert(parent.to_vec(), LeafContent::Value(Json::Object(Vec::new())), origin);
        Some((parent.to_vec(), PriorKnowledge::Known))
    }

    /// Marks the value at a path as unknown, because an entry changed it without showing the result.
    pub(super) fn mark_unknown(&mut self, path: &[String], index: usize) -> Vec<(KeyPath, PriorKnowledge)> {
        self.insert(path.to_vec(), LeafContent::Unknown(index), ValueOrigin::Entry(index));
        let beneath = self.beneath(path).map(|(path, _)| path.clone()).filter(|gone| gone.len() > path.len());
        for gone in beneath.collect::<Vec<_>>() {
            self.leaves.remove(&gone);
            self.remove_empty_objects(&gone);
        }
        self.mark_complete(path, index);
        vec![(path.to_vec(), PriorKnowledge::Hidden)]
    }

    /// Adds the values that an entry shows where none were known.
    pub(super) fn fill_unknown(&mut self, path: &[String], items: &[SideLeaf], index: usize) {
        let was_known = self.is_known(path);
        for item in items {
            if self.is_known(&item.path) {
                self.fill_unknown_parent(path, &item.path, index);
                continue;
            }
            if self.beneath(&item.path).next().is_some() {
                // An earlier entry shows members here. An empty object agrees: it lost its members since.
                if !matches!(&item.content, LeafContent::Value(Json::Object(_))) {
                    self.mark_unknown(&item.path, index);
                }
            } else {
                self.insert(item.path.clone(), item.content.clone(), ValueOrigin::Before(index));
            }
        }
        if !was_known {
            self.adopt_order(path, items.iter().map(|item| &item.path));
        }
        self.mark_complete(path, index);
    }

    /// Handles a member that was added later: whether its parent existed before, empty, is unknown.
    fn fill_unknown_parent(&mut self, path: &[String], member: &[String], index: usize) {
        let parents = (path.len().max(1)..member.len()).rev().map(|end| &member[..end]);
        let Some(parent) = parents.into_iter().find(|parent| !self.is_known(parent)) else { return };
        if self.beneath(parent).next().is_none() {
            self.insert(parent.to_vec(), LeafContent::Unknown(index), ValueOrigin::Before(index));
        }
    }
}
