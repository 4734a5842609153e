//! Replaying entries one by one: what they leave behind, and what they show of a moment before them.

use std::collections::{HashMap, HashSet};

use crate::model::history::KeyPath;
use crate::model::history::known_state::{Assignment, KnownState, PriorKnowledge};
use crate::model::history::leaf::{Leaf, Origin};
use crate::model::history::step::ReplayStep;
use crate::model::words::Action;

/// Whether the resource is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// Not known: the log does not reach there, or contradicts itself.
    Unknown,
    /// It is there.
    Exists,
    /// It is not there. The entry with this index deleted it, or creates it later.
    Absent(usize),
}

/// A place in which the log contradicts itself: something happened that nobody recorded, or was recorded wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The entry that does not fit what was before it.
    pub entry: usize,
    /// What does not fit.
    pub kind: ContradictionKind,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContradictionKind {
    /// It creates what was there already.
    AlreadyExists,
    /// It changes or deletes what was not there.
    NotThere,
    /// It says that these leaves were something else than the entries before it left there.
    Values(Vec<KeyPath>),
}

/// What is known after some entries.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) existence: Existence,
    pub(super) known: KnownState,
    pub(super) contradictions: Vec<Contradiction>,
    /// How often each leaf was set to another value.
    pub(super) times: HashMap<KeyPath, u64>,
}

/// What entries after a moment show of it, as far as they are read.
#[derive(Debug)]
pub(super) struct BackwardReplay {
    pub(super) existence: Existence,
    pub(super) known: KnownState,
    /// An entry began or ended the resource: those behind it tell of another life.
    is_over: bool,
}

impl BackwardReplay {
    pub(super) fn new() -> Self {
        Self { existence: Existence::Unknown, known: KnownState::default(), is_over: false }
    }

    /// Takes in the next entry after the moment.
    pub(super) fn step(&mut self, index: usize, step: &ReplayStep) {
        if self.is_over {
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

    /// Takes in the next entry.
    pub(super) fn step(&mut self, index: usize, step: &ReplayStep) {
        match (step.action, self.existence) {
            (Action::Created, Existence::Exists) => self.contradict(index, ContradictionKind::AlreadyExists),
            (Action::Updated | Action::Deleted, Existence::Absent(_)) => {
                self.contradict(index, ContradictionKind::NotThere);
                self.known = KnownState::default();
            }
            _ => {}
        }
        if step.action == Action::Created {
            // An entry that lists fields lists all of them.
            self.known =
                if step.parts.is_empty() { KnownState::default() } else { KnownState::complete_and_empty(index) };
        }
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
        for (path, _) in contradicted.iter().filter(|(_, was)| *was == PriorKnowledge::Unknown) {
            let is_set = |leaf: &Leaf| matches!(leaf.origin, Origin::Entry(_));
            if self.known.leaf(path).is_some_and(is_set) {
                *self.times.entry(path.clone()).or_default() += 1;
            }
        }
        contradicted.retain(|(_, was)| *was == PriorKnowledge::Known);
        if !contradicted.is_empty() {
            self.contradict(index, ContradictionKind::Values(contradicted.into_iter().map(|(path, _)| path).collect()));
        }
        if step.action == Action::Deleted {
            // What was known stays, as what it was when it went.
            self.existence = Existence::Absent(index);
            return;
        }
        // What goes, goes last: an object whose members all change at once was never empty in between.
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
        self.existence = Existence::Exists;
    }

    fn knows_something(&self, path: &[String]) -> bool {
        self.known.is_known(path) || self.known.beneath(path).next().is_some()
    }

    fn contradict(&mut self, entry: usize, about: ContradictionKind) {
        self.contradictions.push(Contradiction { entry, kind: about });
    }
}
