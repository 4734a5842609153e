//! Replaying entries: forwards from the first that counts, and backwards from those behind a moment.

use std::collections::HashMap;

use crate::model::history::known::{How, Known, Was};
use crate::model::history::leaf::{Leaf, Origin};
use crate::model::history::{History, Path, Step};
use crate::model::words::Action;

/// Whether the resource is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// Not known: the log does not reach there, or contradicts itself.
    Unknown,
    /// It is there.
    There,
    /// It is not there. The entry with this index deleted it, or creates it later.
    NotThere(usize),
}

/// A place in which the log contradicts itself: something happened that nobody recorded, or was recorded wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The entry that does not fit what was before it.
    pub entry: usize,
    /// What does not fit.
    pub about: About,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// It creates what was there already.
    AlreadyThere,
    /// It changes or deletes what was not there.
    NotThere,
    /// It says that these leaves were something else than the entries before it left there.
    Values(Vec<Path>),
}

/// What is known after some entries.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    pub(super) existence: Existence,
    pub(super) known: Known,
    pub(super) disagreements: Vec<Disagreement>,
    /// How often each leaf was set to another value.
    pub(super) times: HashMap<Path, u64>,
}

impl History {
    /// Every place in which the log contradicts itself about this resource.
    #[must_use]
    pub fn disagreements(&self) -> Vec<Disagreement> {
        self.replay(self.steps.len()).disagreements
    }

    /// Replays the entries before the one with the index `end`.
    pub(super) fn replay(&self, end: usize) -> Replay {
        let mut replay = Replay {
            existence: Existence::Unknown,
            known: Known::default(),
            disagreements: Vec::new(),
            times: HashMap::new(),
        };
        for index in self.first()..end {
            replay.step(index, &self.steps[index]);
        }
        replay
    }

    /// What the entries from the one with the index `start` on show of the moment before it.
    pub(super) fn replay_back(&self, start: usize) -> (Existence, Known) {
        let mut known = Known::default();
        let mut existence = Existence::Unknown;
        for (index, step) in self.steps.iter().enumerate().skip(start) {
            if step.action == Action::Created {
                if existence == Existence::Unknown {
                    existence = Existence::NotThere(index);
                }
                break;
            }
            existence = Existence::There;
            for part in &step.parts {
                if part.is_within_list {
                    if !known.is_known(&part.path) {
                        known.blur(&part.path, index);
                    }
                } else {
                    known.fill(&part.path, &part.old, index);
                }
            }
            if step.action == Action::Deleted {
                if !step.parts.is_empty() {
                    known.know_whole(&[], index);
                }
                break;
            }
        }
        (existence, known)
    }
}

impl Replay {
    fn step(&mut self, index: usize, step: &Step) {
        match (step.action, self.existence) {
            (Action::Created, Existence::There) => self.disagree(index, About::AlreadyThere),
            (Action::Updated | Action::Deleted, Existence::NotThere(_)) => {
                self.disagree(index, About::NotThere);
                self.known = Known::default();
            }
            _ => {}
        }
        if step.action == Action::Created {
            // An entry that lists fields lists all of them.
            self.known = if step.parts.is_empty() { Known::default() } else { Known::nothing(index) };
        }
        let mut contradicted = Vec::new();
        for part in step.parts.iter().filter(|_| step.action != Action::Created) {
            let tells_nothing = part.is_redacted && self.knows_something(&part.path);
            if !(part.is_within_list || tells_nothing) {
                contradicted.extend(self.known.assign(&part.path, &part.old, How::Found(index)));
            }
        }
        if step.action == Action::Deleted && !step.parts.is_empty() {
            let is_listed = |path: &Path| step.parts.iter().any(|part| path.starts_with(&part.path));
            let unlisted =
                self.known.beneath(&[]).filter(|(path, leaf)| !is_listed(path) && leaf.content.is_exact());
            contradicted.extend(unlisted.map(|(path, _)| (path.clone(), Was::Known)));
            self.known.know_whole(&[], index);
        }
        for (path, _) in contradicted.iter().filter(|(_, was)| *was == Was::Unknown) {
            let is_set = |leaf: &Leaf| matches!(leaf.origin, Origin::Entry(_));
            if self.known.leaf(path).is_some_and(is_set) {
                *self.times.entry(path.clone()).or_default() += 1;
            }
        }
        contradicted.retain(|(_, was)| *was == Was::Known);
        if !contradicted.is_empty() {
            self.disagree(index, About::Values(contradicted.into_iter().map(|(path, _)| path).collect()));
        }
        if step.action == Action::Deleted {
            // What was known stays, as what it was when it went.
            self.existence = Existence::NotThere(index);
            return;
        }
        // What goes, goes last: an object whose members all change at once was never empty in between.
        let (gone, set): (Vec<_>, Vec<_>) = step.parts.iter().partition(|part| part.new.is_empty());
        for part in set.into_iter().chain(gone) {
            let differences = match part.is_within_list {
                true => self.known.blur(&part.path, index),
                false => self.known.assign(&part.path, &part.new, How::Set(index)),
            };
            for (path, _) in differences {
                if self.known.leaf(&path).is_some() {
                    *self.times.entry(path).or_default() += 1;
                }
            }
        }
        self.existence = Existence::There;
    }

    fn knows_something(&self, path: &[String]) -> bool {
        self.known.is_known(path) || self.known.beneath(path).next().is_some()
    }

    fn disagree(&mut self, entry: usize, about: About) {
        self.disagreements.push(Disagreement { entry, about });
    }
}
