//! What is known of a resource at one moment: its leaves, and of which places they are all there are.
//!
//! A leaf is a value without named parts: text, a number, a list as a whole, an empty object. Objects are taken apart,
//! so that a change of one leaf says nothing about its neighbours. It knows no entries but by their index.

mod merge;
mod order;

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use crate::model::history::Path;
use crate::model::history::leaf::{Content, Item, Leaf, Origin};
use crate::model::json::Json;

/// Whether an assignment sets values or only tells which there were.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// The entry with this index set them.
    Set(usize),
    /// The entry with this index found them there.
    Found(usize),
}

/// What was known of a leaf that turned out to be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Was {
    Unknown,
    Hidden,
    Known,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownState {
    leaves: BTreeMap<Path, Leaf>,
    /// The objects that hold leaves, each with its place among its neighbours. See [`Leaf::order`].
    objects: BTreeMap<Path, usize>,
    /// Places known as a whole, each with the entry that shows it: what is not among the leaves beneath is not there. The
    /// empty path is the resource.
    whole: BTreeMap<Path, usize>,
    next_order: usize,
}

/// The part of a map at and beneath a path.
fn range<'a, T>(map: &'a BTreeMap<Path, T>, path: &'a [String]) -> impl Iterator<Item = (&'a Path, &'a T)> {
    let range = (Bound::Included(path), Bound::Unbounded);
    map.range::<[String], _>(range).take_while(move |(it, _)| it.starts_with(path))
}

impl KnownState {
    /// A resource without any fields, all of which are known by an entry.
    pub(super) fn nothing(index: usize) -> Self {
        Self { whole: [(Path::new(), index)].into(), ..Self::default() }
    }

    pub(super) fn leaf(&self, path: &[String]) -> Option<&Leaf> {
        self.leaves.get(path)
    }

    /// The leaves at and beneath a place, by their paths.
    pub(super) fn beneath<'a>(&'a self, path: &'a [String]) -> impl Iterator<Item = (&'a Path, &'a Leaf)> {
        range(&self.leaves, path)
    }

    /// Whether an object with members stands at a place.
    fn has_members(&self, path: &[String]) -> bool {
        self.beneath(path).take(2).any(|(it, _)| it.len() > path.len())
    }

    /// Whether it is known what stands at a place, be it nothing.
    pub(super) fn is_known(&self, path: &[String]) -> bool {
        (0..=path.len()).any(|end| self.whole.contains_key(&path[..end]))
    }

    /// The leaf that stands where `path` would need an object.
    fn above(&self, path: &[String]) -> Option<Path> {
        (1..path.len())
            .map(|end| &path[..end])
            .find(|it| self.leaves.contains_key(*it))
            .map(<[String]>::to_vec)
    }

    /// An entry shows that the leaves beneath a place are all there are.
    pub(super) fn know_whole(&mut self, path: &[String], index: usize) {
        if !self.is_known(path) {
            let parts: Vec<Path> = range(&self.whole, path).map(|(part, _)| part.clone()).collect();
            for part in parts {
                self.whole.remove(&part);
            }
            self.whole.insert(path.to_vec(), index);
        }
    }

    /// Puts these leaves at a place, in the stead of all that was there. Returns the leaves that differ from what was
    /// known, with what was.
    pub(super) fn assign(&mut self, path: &[String], items: &[Item], how: How) -> Vec<(Path, Was)> {
        let (How::Set(index) | How::Found(index)) = how;
        if let Some(above) = self.above(path).filter(|_| !items.is_empty()) {
            if self.leaf(&above).is_some_and(|leaf| leaf.content.is_list_or_unclear()) {
                return self.blur(&above, index);
            }
            self.open(&above);
        }
        let had_leaves = self.beneath(path).next().is_some();
        // A secret may turn out to be none. What is found then was set when the secret was.
        let secrets: BTreeMap<Path, Origin> = self
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
            let is_set_anew = item.is_changed && matches!(how, How::Set(_));
            if let Some(old) = self.leaves.get_mut(&item.path)
                && old.content.same(&item.content)
                && !is_set_anew
            {
                // It may be written in another way: the last one counts.
                if old.content != item.content {
                    old.content = item.content.clone();
                }
                continue;
            }
            let was_there = self.leaves.contains_key(&item.path);
            let (was, origin) = match (hidden(&item.path), how) {
                (Some(origin), How::Found(_)) => (Was::Hidden, origin),
                (Some(_), How::Set(_)) => (Was::Hidden, Origin::Entry(index)),
                (None, _) => {
                    let was = if was_there || self.is_known(&item.path) { Was::Known } else { Was::Unknown };
                    let origin = match (how, was) {
                        (How::Set(_), _) => Origin::Entry(index),
                        (How::Found(_), Was::Known) => Origin::Unrecorded(index),
                        (How::Found(_), _) => self.emptied_by(item).unwrap_or(Origin::Before(index)),
                    };
                    (was, origin)
                }
            };
            differences.push((item.path.clone(), was));
            self.insert(item.path.clone(), item.content.clone(), origin);
        }
        for gone in self.others(path, items) {
            let was_exact = self.leaves.remove(&gone).is_some_and(|leaf| leaf.content.is_exact());
            self.tidy(&gone);
            differences.push((gone, if was_exact { Was::Known } else { Was::Hidden }));
        }
        if items.is_empty() && had_leaves {
            differences.extend(self.leave_empty(path, Origin::Entry(index)));
        }
        self.follow(path, items.iter().map(|item| &item.path));
        self.know_whole(path, index);
        if let (How::Set(_), Some(by)) = (how, self.whole.get_mut(path)) {
            *by = index;
        }
        differences
    }

    /// The leaves at and beneath a place that are not among these, all of which are there.
    fn others(&self, path: &[String], items: &[Item]) -> Vec<Path> {
        if self.beneath(path).count() == items.len() {
            return Vec::new();
        }
        let stays: HashSet<&Path> = items.iter().map(|item| &item.path).collect();
        let leaves = self.beneath(path).map(|(path, _)| path);
        leaves.filter(|path| !stays.contains(path)).cloned().collect()
    }

    /// Which entry left an object empty of which only its members were told.
    fn emptied_by(&self, item: &Item) -> Option<Origin> {
        let is_empty = item.content.is_empty_object();
        let members = range(&self.whole, &item.path).filter(|_| is_empty);
        members.map(|(_, index)| Origin::Entry(*index)).max_by_key(|origin| origin.index())
    }

    /// Takes away what stands where `path` needs an object.
    pub(super) fn clear_way(&mut self, path: &[String]) {
        while let Some(above) = self.above(path) {
            self.open(&above);
        }
    }

    /// What is left of an object whose last member went: the object, without members.
    fn leave_empty(&mut self, path: &[String], origin: Origin) -> Option<(Path, Was)> {
        let (_, parent) = path.split_last().filter(|(_, parent)| !parent.is_empty())?;
        if !self.is_known(parent) || self.beneath(parent).next().is_some() {
            return None;
        }
        self.insert(parent.to_vec(), Content::Value(Json::Object(Vec::new())), origin);
        Some((parent.to_vec(), Was::Known))
    }

    /// Forgets what stands at a place, because an entry tells of it without telling what it is.
    pub(super) fn blur(&mut self, path: &[String], index: usize) -> Vec<(Path, Was)> {
        self.insert(path.to_vec(), Content::Unclear(index), Origin::Entry(index));
        let beneath = self.beneath(path).map(|(path, _)| path.clone()).filter(|gone| gone.len() > path.len());
        for gone in beneath.collect::<Vec<_>>() {
            self.leaves.remove(&gone);
            self.tidy(&gone);
        }
        self.know_whole(path, index);
        vec![(path.to_vec(), Was::Hidden)]
    }

    /// Adds what an entry shows of a place, as far as nothing was known.
    pub(super) fn fill(&mut self, path: &[String], items: &[Item], index: usize) {
        let was_known = self.is_known(path);
        for item in items {
            if self.is_known(&item.path) {
                self.fill_emptied(path, &item.path, index);
                continue;
            }
            if self.beneath(&item.path).next().is_some() {
                // An entry before this one shows members there. An object that lost them since agrees with that.
                if !matches!(&item.content, Content::Value(Json::Object(_))) {
                    self.blur(&item.path, index);
                }
            } else {
                self.insert(item.path.clone(), item.content.clone(), Origin::Before(index));
            }
        }
        if !was_known {
            self.follow(path, items.iter().map(|item| &item.path));
        }
        self.know_whole(path, index);
    }

    /// A member that came after the moment: whether what holds it was there before, and empty, nobody tells.
    fn fill_emptied(&mut self, path: &[String], member: &[String], index: usize) {
        let parents = (path.len().max(1)..member.len()).rev().map(|end| &member[..end]);
        let Some(parent) = parents.into_iter().find(|parent| !self.is_known(parent)) else { return };
        if self.beneath(parent).next().is_none() {
            self.insert(parent.to_vec(), Content::Unclear(index), Origin::Before(index));
        }
    }
}
