//! Replays entries one by one: forwards to the state they leave, and backwards to the state before them.

use std::collections::{HashMap, HashSet};

use crate::model::history::known_state::{Assignment, KnownState, PriorKnowledge};
use crate::model::history::leaf::{Leaf, ValueOrigin};
use crate::model::history::path::KeyPath;
use crate::model::history::step::ReplayStep;
use crate::model::words::Action;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existence {
    /// Unknown: the log does not cover the time, or contradicts itself.
    Unknown,
    Exists,
    /// It does not exist: the entry with this index deleted it or creates it later.
    Absent(usize),
}

/// A contradiction in the log: an event was recorded wrongly or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contradiction {
    /// The index of the entry that contradicts earlier ones.
    pub(crate) entry: usize,
    /// What it contradicts.
    pub(crate) kind: ContradictionKind,
}

/// What an entry contradicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContradictionKind {
    /// It creates a resource that already exists.
    AlreadyExists,
    /// It changes or deletes a resource that does not exist.
    NotThere,
    /// Its old values of these leaves differ from those of earlier entries.
    Values(Vec<KeyPath>),
}

/// The state after the entries so far.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) existence: Existence,
    pub(super) known: KnownState,
    pub(super) contradictions: Vec<Contradiction>,
    /// How often each leaf's value was changed.
    pub(super) times: HashMap<KeyPath, u64>,
}

/// The state at a time, as later entries show it.
#[derive(Debug)]
pub(super) struct BackwardReplay {
    pub(super) existence: Existence,
    pub(super) known: KnownState,
    /// An entry created or deleted the resource: later entries concern another resource with the same id.
    is_over: bool,
}

impl BackwardReplay {
    pub(super) fn new() -> Self {
        Self { existence: Existence::Unknown, known: KnownState::default(), is_over: false }
    }

    /// Applies the next entry after that time.
    pub(super) fn step(&mut self, index: usize, step: &ReplayStep) {
        if self.is_over || !step.action.is_change() {
            return;
        }
        if step.action == Action::Created {
            if self.existence == Existence::Unknown {
                self.existence = Existence::Absent(index);
            }
            self.is_over = true;
            return;
        }
        self.existence = Existence::Exists;
        for part in &step.parts {
            if !part.is_opaque {
                self.known.fill_unknown(&part.path, &part.old, index);
            } else if !self.known.is_known(&part.path) {
                self.known.mark_unknown(&part.path, index);
            }
        }
        if step.action == Action::Deleted {
            if !step.parts.is_empty() {
                self.known.adopt_order(&[], step.parts.iter().map(|part| &part.path));
                self.known.mark_complete(&[], index);
            }
            self.is_over = true;
        }
    }
}

impl Replay {
    pub(super) fn new() -> Self {
        Self {
            existence: Existence::Unknown,
            known: KnownState::default(),
            contradictions: Vec::new(),
            times: HashMap::new(),
        }
    }

    pub(super) fn step(&mut self, index: usize, step: &ReplayStep) {
        if !step.action.is_change() {
            return;
        }
        match (step.action, self.existence) {
            (Action::Created, Existence::Exists) => self.contradict(index, ContradictionKind::AlreadyExists),
            (Action::Updated | Action::Deleted, Existence::Absent(_)) => {
                self.contradict(index, ContradictionKind::NotThere);
                self.known = KnownState::default();
            }
            _ => {}
        }
        if step.action == Action::Created {
            // A creation that lists fields lists all of them.
            self.known = if step.parts.is_empty() {
                KnownState::default()
            } else {
                KnownState::complete_and_empty(index)
            };
        }
        let mut contradicted = self.observe(index, step);
        for (path, _) in contradicted.iter().filter(|(_, was)| *was == PriorKnowledge::Unknown) {
            let is_set = |leaf: &Leaf| matches!(leaf.origin, ValueOrigin::Entry(_));
            if self.known.leaf(path).is_some_and(is_set) {
                *self.times.entry(path.clone()).or_default() += 1;
            }
        }
        contradicted.retain(|(_, was)| *was == PriorKnowledge::Known);
        if !contradicted.is_empty() {
            self.contradict(
                index,
                ContradictionKind::Values(contradicted.into_iter().map(|(path, _)| path).collect()),
            );
        }
        if step.action == Action::Deleted {
            // The known values stay as they were at the deletion.
            self.existence = Existence::Absent(index);
            return;
        }
        self.set(index, step);
        self.existence = Existence::Exists;
    }

    /// Learns the values that an entry shows from before its change. Returns those that differ from what was known.
    fn observe(&mut self, index: usize, step: &ReplayStep) -> Vec<(KeyPath, PriorKnowledge)> {
        let mut contradicted = Vec::new();
        for part in step.parts.iter().filter(|_| step.action != Action::Created) {
            let tells_nothing = part.is_redacted && !part.old.is_empty() && self.knows_something(&part.path);
            if !(part.is_opaque || tells_nothing) {
                contradicted.extend(self.known.assign(&part.path, &part.old, Assignment::Observed(index)));
            }
        }
        if step.action == Action::Deleted && !step.parts.is_empty() {
            let listed: HashSet<&[String]> = step.parts.iter().map(|part| part.path.as_slice()).collect();
            let is_listed = |path: &KeyPath| (0..=path.len()).any(|end| listed.contains(&path[..end]));
            let unlisted =
                self.known.beneath(&[]).filter(|(path, leaf)| !is_listed(path) && leaf.content.is_exact());
            contradicted.extend(unlisted.map(|(path, _)| (path.clone(), PriorKnowledge::Known)));
            self.known.adopt_order(&[], step.parts.iter().map(|part| &part.path));
            self.known.mark_complete(&[], index);
        }
        contradicted
    }

    /// Applies the values that an entry sets.
    fn set(&mut self, index: usize, step: &ReplayStep) {
        // Remove members last: an object whose members are all replaced was never empty.
        let (gone, set): (Vec<_>, Vec<_>) =
            step.parts.iter().partition(|part| part.new.is_empty() && !part.is_opaque);
        for part in set.into_iter().chain(gone) {
            let differences = match part.is_opaque {
                true => self.known.mark_unknown(&part.path, index),
                false => self.known.assign(&part.path, &part.new, Assignment::Set(index)),
            };
            for (path, _) in differences {
                if self.known.leaf(&path).is_some() {
                    *self.times.entry(path).or_default() += 1;
                }
            }
        }
    }

    fn knows_something(&self, path: &[String]) -> bool {
        self.known.is_known(path) || self.known.beneath(path).next().is_some()
    }

    fn contradict(&mut self, entry: usize, about: ContradictionKind) {
        self.contradictions.push(Contradiction { entry, kind: about });
    }
}
