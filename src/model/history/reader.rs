//! Reads the entries of one resource one by one into a [`History`].
//!
//! Where a field lies may depend on entries behind it, so fields with dots in their names need two passes.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::entry::{Entry, User};
use crate::model::history::field_paths::FieldPaths;
use crate::model::history::known_state::KnownState;
use crate::model::history::replay::{Backwards, Existence, Replay};
use crate::model::history::revert::Undo;
use crate::model::history::state::State;
use crate::model::history::step::Step;
use crate::model::history::{Head, History, Unreadable};
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;

/// What a history is to answer beside who set what.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The moments whose states are wanted.
    pub moments: Vec<Position>,
    /// The id of the entry that is to be undone.
    pub revert: Option<u64>,
}

/// A history on its way.
#[derive(Debug)]
pub struct Reader {
    wanted: Wanted,
    places: FieldPaths,
    /// Where fields lie is known from a first pass over the entries up to this id.
    known_up_to: Option<u64>,
    last_id: u64,
    /// Entries were pruned while they were read.
    has_moved: bool,
    pass: Pass,
}

/// What reading the entries once has led to.
#[derive(Debug)]
pub enum Reading {
    /// The history.
    Done(Box<History>),
    /// The same entries have to be read once more.
    Again(Box<Reader>),
}

/// One pass over the entries.
#[derive(Debug)]
struct Pass {
    horizon: Option<Timestamp>,
    heads: Vec<Head>,
    users: HashSet<Arc<User>>,
    names: Vec<(usize, String)>,
    fields: Vec<String>,
    seen_fields: HashSet<String>,
    replay: Replay,
    moments: Vec<Moment>,
    undo: Option<Undo>,
}

/// A moment: what was known when the first entry behind it came, and what those behind it show.
#[derive(Debug)]
struct Moment {
    at: Position,
    earlier: Option<(Existence, KnownState)>,
    later: Backwards,
}

impl Reader {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        let pass = Pass::new(&wanted);
        let places = FieldPaths::default();
        Self { wanted, places, known_up_to: None, last_id: 0, has_moved: false, pass }
    }

    /// Entries before `horizon` may be missing, because they were pruned; nothing is concluded from those that are left
    /// there. To be told before the first entry, and as often as it is known.
    pub fn set_horizon(&mut self, horizon: Option<Timestamp>) {
        if self.last_id == 0 {
            self.pass.horizon = horizon;
        } else if self.pass.horizon != horizon {
            self.has_moved = true;
        }
    }

    /// Takes in the next entry: by time, and where times are equal by id.
    ///
    /// # Errors
    /// [`Unreadable`], when its changes do not keep the contract.
    pub fn read(&mut self, entry: &Entry) -> Result<(), Unreadable> {
        if self.known_up_to.is_some_and(|last| entry.id > last) {
            return Ok(());
        }
        let unreadable = |cause| Unreadable { id: entry.id, cause };
        let changes = entry.changes.list().map_err(unreadable)?;
        self.last_id = self.last_id.max(entry.id);
        if self.known_up_to.is_none() {
            self.places.learn(&changes);
            if self.places.has_dots {
                // This pass only finds out where fields lie.
                return Ok(());
            }
        }
        let step = Step::new(entry.action, &changes, &self.places).map_err(unreadable)?;
        self.pass.step(entry, step, &self.wanted);
        Ok(())
    }

    /// Ends a pass.
    #[must_use]
    pub fn end(self) -> Reading {
        let needs_places = self.known_up_to.is_none() && self.places.has_dots;
        if needs_places || self.has_moved {
            // After a prune the places are found anew: entries that showed them may be gone.
            let mut again = Self::new(self.wanted);
            if !self.has_moved {
                (again.places, again.known_up_to) = (self.places, Some(self.last_id));
            }
            return Reading::Again(Box::new(again));
        }
        Reading::Done(Box::new(self.pass.finish()))
    }
}

impl Pass {
    fn new(wanted: &Wanted) -> Self {
        let moment = |at: &Position| Moment { at: *at, earlier: None, later: Backwards::new() };
        Self {
            horizon: None,
            heads: Vec::new(),
            users: HashSet::new(),
            names: Vec::new(),
            fields: Vec::new(),
            seen_fields: HashSet::new(),
            replay: Replay::new(),
            moments: wanted.moments.iter().map(moment).collect(),
            undo: None,
        }
    }

    fn step(&mut self, entry: &Entry, step: Step, wanted: &Wanted) {
        let index = self.heads.len();
        let user = self.user(&entry.user);
        let (id, occurred_at, action) = (entry.id, entry.occurred_at, entry.action);
        self.heads.push(Head { id, occurred_at, action, user });
        if let Some(name) = &entry.model_name
            && self.names.last().is_none_or(|(_, last)| last != name)
        {
            self.names.push((index, name.clone()));
        }
        for part in &step.parts {
            if !self.seen_fields.contains(&part.path[0]) {
                self.seen_fields.insert(part.path[0].clone());
                self.fields.push(part.path[0].clone());
            }
        }
        if self.horizon.is_none_or(|horizon| occurred_at >= horizon) {
            for moment in &mut self.moments {
                if (occurred_at, id) > (moment.at.occurred_at, moment.at.id) {
                    let replay = &self.replay;
                    moment.earlier.get_or_insert_with(|| (replay.existence, replay.known.clone()));
                    moment.later.step(index, &step);
                }
            }
            self.replay.step(index, &step);
        }
        match &mut self.undo {
            Some(undo) => undo.step(index, &step),
            None if wanted.revert == Some(id) => self.undo = Some(Undo::new(index, step)),
            None => {}
        }
    }

    fn user(&mut self, user: &User) -> Arc<User> {
        if let Some(known) = self.users.get(user) {
            return Arc::clone(known);
        }
        let user = Arc::new(user.clone());
        self.users.insert(Arc::clone(&user));
        user
    }

    fn finish(self) -> History {
        let Self { horizon, heads, names, fields, replay, moments, undo, .. } = self;
        let states = moments.into_iter().map(|Moment { at, earlier, later }| {
            if horizon.is_some_and(|horizon| at.occurred_at < horizon) {
                return State::beyond_horizon(&fields);
            }
            let earlier = earlier.unwrap_or_else(|| (replay.existence, replay.known.clone()));
            State::between(earlier, (later.existence, later.known), &fields)
        });
        let states = states.collect();
        History { heads, names, horizon, end: replay, fields, states, undo }
    }
}
