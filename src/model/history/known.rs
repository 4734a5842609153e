//! What is known of a resource at one moment: its leaves, and of which places they are all there are.
//!
//! A leaf is a value without named parts: text, a number, a list as a whole, an empty object. Objects are taken apart,
//! so that a change of one leaf says nothing about its neighbours. It knows no entries but by their index.

use std::collections::{BTreeMap, HashMap, HashSet};
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
pub(super) struct Known {
    leaves: BTreeMap<Path, Leaf>,
    /// Places known as a whole, each with the entry that shows it: what is not among the leaves beneath is not there. The
    /// empty path is the resource.
    whole: BTreeMap<Path, usize>,
    next_order: usize,
}

impl Known {
    /// A resource without any fields, all of which are known by an entry.
    pub(super) fn nothing(index: usize) -> Self {
        Self { whole: [(Path::new(), index)].into(), ..Self::default() }
    }

    pub(super) fn leaf(&self, path: &[String]) -> Option<&Leaf> {
        self.leaves.get(path)
    }

    /// The leaves in the order in which they came, those of one object together.
    pub(super) fn in_order(&self) -> Vec<(&Path, &Leaf)> {
        let mut first: HashMap<&[String], usize> = HashMap::new();
        for (path, leaf) in &self.leaves {
            for end in 1..=path.len() {
                let least = first.entry(&path[..end]).or_insert(leaf.order);
                *least = leaf.order.min(*least);
            }
        }
        let mut leaves: Vec<_> = self.leaves.iter().collect();
        leaves.sort_by_cached_key(|(path, _)| {
            (1..=path.len()).map(|end| first.get(&path[..end]).copied()).collect::<Vec<_>>()
        });
        leaves
    }

    /// The leaves at and beneath a place.
    pub(super) fn beneath(&self, path: &[String]) -> impl Iterator<Item = (&Path, &Leaf)> {
        let range = (Bound::Included(path), Bound::Unbounded);
        self.leaves.range::<[String], _>(range).take_while(move |(it, _)| it.starts_with(path))
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
            self.whole.retain(|it, _| !it.starts_with(path));
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
            self.leaves.remove(&above);
        }
        let before: BTreeMap<Path, Leaf> =
            self.beneath(path).map(|(path, leaf)| (path.clone(), leaf.clone())).collect();
        // A secret may turn out to be none. What is found then was set when the secret was.
        let hidden = |at: &[String]| {
            let above = (path.len()..=at.len()).filter_map(|end| before.get(&at[..end]));
            let beneath = before.iter().filter(|(path, _)| path.starts_with(at)).map(|(_, leaf)| leaf);
            above.chain(beneath).find(|leaf| !leaf.content.is_exact())
        };
        let mut differences = Vec::new();
        for item in items {
            let old = before.get(&item.path);
            let is_set_anew = item.is_changed && matches!(how, How::Set(_));
            if old.is_some_and(|old| old.content.same(&item.content)) && !is_set_anew {
                continue;
            }
            let (was, origin) = match (hidden(&item.path), how) {
                (Some(leaf), How::Found(_)) => (Was::Hidden, leaf.origin),
                (Some(_), How::Set(_)) => (Was::Hidden, Origin::Entry(index)),
                (None, _) => {
                    let was =
                        if old.is_some() || self.is_known(&item.path) { Was::Known } else { Was::Unknown };
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
        let stays: HashSet<&Path> = items.iter().map(|item| &item.path).collect();
        for (gone, leaf) in before.iter().filter(|(path, _)| !stays.contains(path)) {
            self.leaves.remove(gone);
            differences.push((gone.clone(), if leaf.content.is_exact() { Was::Known } else { Was::Hidden }));
        }
        if items.is_empty() && !before.is_empty() {
            differences.extend(self.leave_empty(path, Origin::Entry(index)));
        }
        self.know_whole(path, index);
        if let (How::Set(_), Some(by)) = (how, self.whole.get_mut(path)) {
            *by = index;
        }
        differences
    }

    /// Which entry left an object empty of which only its members were told.
    fn emptied_by(&self, item: &Item) -> Option<Origin> {
        let is_empty = item.content.is_empty_object();
        let members = self.whole.iter().filter(|(path, _)| is_empty && path.starts_with(&item.path));
        members.map(|(_, index)| Origin::Entry(*index)).max_by_key(|origin| origin.index())
    }

    /// Takes away what stands where `path` needs an object.
    pub(super) fn clear_way(&mut self, path: &[String]) {
        while let Some(above) = self.above(path) {
            self.leaves.remove(&above);
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
        let beneath: Vec<Path> = self.beneath(path).map(|(path, _)| path.clone()).collect();
        let first = beneath.iter().filter_map(|gone| self.leaves.remove(gone)).map(|leaf| leaf.order).min();
        self.insert(path.to_vec(), Content::Unclear(index), Origin::Entry(index));
        if let (Some(order), Some(leaf)) = (first, self.leaves.get_mut(path)) {
            leaf.order = order;
        }
        self.know_whole(path, index);
        vec![(path.to_vec(), Was::Hidden)]
    }

    pub(super) fn insert(&mut self, path: Path, content: Content, origin: Origin) {
        let next_order = self.next_order;
        let order = self.leaves.get(&path).map_or(next_order, |leaf| leaf.order);
        self.next_order += 1;
        self.leaves.insert(path, Leaf { content, origin, order });
    }

    /// Adds what an entry shows of a place, as far as nothing was known.
    pub(super) fn fill(&mut self, path: &[String], items: &[Item], index: usize) {
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

    /// Adds what entries after the moment show of it. Where both know and differ, neither is believed.
    pub(super) fn merge(&mut self, later: &Self) {
        self.reveal(later);
        for (path, leaf) in later.in_order() {
            let is_there = self.above(path).is_some() || self.beneath(path).next().is_some();
            let is_known = is_there || self.is_known(path);
            if !is_known {
                self.insert(path.clone(), leaf.content.clone(), leaf.origin);
            } else if !matches!(leaf.content, Content::Redacted | Content::Unclear(_))
                && !self.leaf(path).is_some_and(|mine| mine.content.same(&leaf.content))
            {
                let at = self.above(path).unwrap_or_else(|| path.clone());
                self.blur(&at, leaf.origin.index());
            }
        }
        for (place, index) in &later.whole {
            // What is known to be absent then, and was there before.
            // A secret that is told of may be one that was not there yet.
            let has_secrets = |path: &[String]| {
                let mut beneath = later.beneath(path).peekable();
                beneath.peek().is_some() && beneath.all(|(_, leaf)| leaf.content == Content::Redacted)
            };
            let is_shown = |path: &[String]| {
                later.leaf(path).is_some() || later.above(path).is_some() || has_secrets(path)
            };
            let beneath =
                self.beneath(place).filter(|(path, leaf)| leaf.content.is_exact() && !is_shown(path));
            for path in beneath.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
                self.blur(&path, *index);
            }
            self.know_whole(place, *index);
        }
    }

    /// Takes over what later entries show in the place of a secret: they tell that it was none, and what it was.
    fn reveal(&mut self, later: &Self) {
        let secrets = self.leaves.iter().filter(|(_, leaf)| leaf.content == Content::Redacted);
        for (secret, origin) in secrets.map(|(path, leaf)| (path.clone(), leaf.origin)).collect::<Vec<_>>() {
            if !later.is_known(&secret)
                || later.leaf(&secret).is_some_and(|it| it.content == Content::Redacted)
            {
                continue;
            }
            match later.above(&secret) {
                None => {
                    self.leaves.remove(&secret);
                    for (path, leaf) in later.beneath(&secret) {
                        self.insert(path.clone(), leaf.content.clone(), origin);
                    }
                }
                // The secret was taken away, and with it the last member of what held it.
                Some(above) if later.leaf(&above).is_some_and(|leaf| leaf.content.is_empty_object()) => {
                    self.leaves.remove(&secret);
                    if self.beneath(&above).next().is_none() {
                        self.insert(above, Content::Value(Json::Object(Vec::new())), origin);
                    }
                }
                Some(_) => {}
            }
        }
    }
}
