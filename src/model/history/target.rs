//! Follows the entry to revert: the leaves it changed, and what later entries changed of them.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::model::history::path::KeyPath;
use crate::model::history::step::ReplayStep;
use crate::model::words::Action;

/// The entry to revert, and what later entries changed.
#[derive(Debug)]
pub(super) struct RevertTarget {
    pub(super) index: usize,
    pub(super) step: ReplayStep,
    /// The leaves it changed.
    places: BTreeSet<KeyPath>,
    pub(super) since: Vec<(usize, Vec<KeyPath>)>,
    /// The first later entry that does not delete the resource.
    pub(super) back: Option<usize>,
}

impl RevertTarget {
    pub(super) fn new(index: usize, step: ReplayStep) -> Self {
        let places = step.changed().into_iter().collect();
        Self { index, step, places, since: Vec::new(), back: None }
    }

    /// Applies a later entry.
    pub(super) fn step(&mut self, index: usize, step: &ReplayStep) {
        if !step.action.is_change() {
            return;
        }
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

    /// Whether a path lies at, above or below one that the entry changed.
    fn touches(&self, path: &KeyPath) -> bool {
        let mut behind =
            self.places.range::<[String], _>((Bound::Included(path.as_slice()), Bound::Unbounded));
        (0..path.len()).any(|end| self.places.contains(&path[..end]))
            || behind.next().is_some_and(|place| place.starts_with(path))
    }
}
