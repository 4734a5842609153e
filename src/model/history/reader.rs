//! Reads the entries of one resource one by one into a [`History`].
//!
//! The path of a field may depend on later entries, so that fields with dots in their names take two passes.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::entry::{Entry, User};
use crate::model::history::field_paths::FieldPaths;
use crate::model::history::known_state::KnownState;
use crate::model::history::replay::{BackwardReplay, Existence, Replay};
use crate::model::history::resource_history::{EntryHead, History, UnreadableEntry};
use crate::model::history::state::State;
use crate::model::history::step::ReplayStep;
use crate::model::history::target::RevertTarget;
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;

/// What to reconstruct in addition to the blame.
#[derive(Debug, Clone, Default)]
pub struct HistoryRequest {
    /// The times of the requested states.
    pub moments: Vec<Position>,
    /// The id of the entry to revert.
    pub revert: Option<u64>,
}

/// Builds a history from entries.
#[derive(Debug)]
pub struct HistoryReader {
    wanted: HistoryRequest,
    field_paths: FieldPaths,
    /// The last id of the first pass, which resolved the field paths.
    known_up_to: Option<u64>,
    last_id: u64,
    /// Entries were pruned during the pass.
    horizon_moved: bool,
    pass: Pass,
}

/// The result of a pass over the entries.
#[derive(Debug)]
pub enum PassResult {
    /// The finished history.
    Done(Box<History>),
    /// The same entries must be read again.
    AnotherPass(Box<HistoryReader>),
}

#[derive(Debug)]
struct Pass {
    horizon: Option<Timestamp>,
    heads: Vec<EntryHead>,
    users: HashSet<Arc<User>>,
    names: Vec<(usize, String)>,
    fields: Vec<String>,
    seen_fields: HashSet<String>,
    replay: Replay,
    moments: Vec<MomentReplay>,
    target: Option<RevertTarget>,
}

/// A requested time: the state after all earlier entries, and the state that later entries show.
#[derive(Debug)]
struct MomentReplay {
    at: Position,
    earlier: Option<(Existence, KnownState)>,
    later: BackwardReplay,
}

impl HistoryReader {
    /// A reader for the first pass.
    pub fn new(wanted: HistoryRequest) -> Self {
        let pass = Pass::new(&wanted);
        let places = FieldPaths::default();
        Self { wanted, field_paths: places, known_up_to: None, last_id: 0, horizon_moved: false, pass }
    }

    /// Sets the time before which entries may have been pruned; the remaining ones there are ignored. Call it before the
    /// first entry, and again whenever the horizon is known.
    pub fn set_horizon(&mut self, horizon: Option<Timestamp>) {
        if self.last_id == 0 {
            self.pass.horizon = horizon;
        } else if self.pass.horizon != horizon {
            self.horizon_moved = true;
        }
    }

    /// Reads the next entry. Entries are ordered by time, then by id.
    ///
    /// # Errors
    /// [`UnreadableEntry`], if its changes are invalid.
    pub fn read(&mut self, entry: &Entry) -> Result<(), UnreadableEntry> {
        if self.known_up_to.is_some_and(|last| entry.id > last) {
            return Ok(());
        }
        let unreadable = |cause| UnreadableEntry { id: entry.id, cause };
        let changes = entry.changes.list().map_err(unreadable)?;
        self.last_id = self.last_id.max(entry.id);
        if self.known_up_to.is_none() {
            self.field_paths.learn(&changes);
            if self.field_paths.has_dots {
                // The first pass only resolves field paths.
                return Ok(());
            }
        }
        let step = ReplayStep::new(entry.action, &changes, &self.field_paths).map_err(unreadable)?;
        self.pass.step(entry, step, &self.wanted);
        Ok(())
    }

    /// Ends a pass.
    pub fn end_pass(self) -> PassResult {
        let needs_places = self.known_up_to.is_none() && self.field_paths.has_dots;
        if needs_places || self.horizon_moved {
            // After a prune the paths are resolved again: the entries that defined them may be gone.
            let mut again = Self::new(self.wanted);
            if !self.horizon_moved {
                (again.field_paths, again.known_up_to) = (self.field_paths, Some(self.last_id));
            }
            return PassResult::AnotherPass(Box::new(again));
        }
        PassResult::Done(Box::new(self.pass.finish()))
    }
}

impl Pass {
    fn new(wanted: &HistoryRequest) -> Self {
        let moment = |at: &Position| MomentReplay { at: *at, earlier: None, later: BackwardReplay::new() };
        Self {
            horizon: None,
            heads: Vec::new(),
            users: HashSet::new(),
            names: Vec::new(),
            fields: Vec::new(),
            seen_fields: HashSet::new(),
            replay: Replay::new(),
            moments: wanted.moments.iter().map(moment).collect(),
            target: None,
        }
    }

    fn step(&mut self, entry: &Entry, step: ReplayStep, wanted: &HistoryRequest) {
        let index = self.heads.len();
        let user = self.user(&entry.user);
        let on_behalf_of = entry.on_behalf_of.as_ref().map(|user| self.user(user));
        let (id, occurred_at, action) = (entry.id, entry.occurred_at, entry.action);
        self.heads.push(EntryHead { id, occurred_at, action, user, on_behalf_of });
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
        match &mut self.target {
            Some(target) => target.step(index, &step),
            None if wanted.revert == Some(id) => self.target = Some(RevertTarget::new(index, step)),
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
        let Self { horizon, heads, names, fields, replay, moments, target, .. } = self;
        let states = moments.into_iter().map(|MomentReplay { at, earlier, later }| {
            if horizon.is_some_and(|horizon| at.occurred_at < horizon) {
                return State::beyond_horizon(&fields);
            }
            let earlier = earlier.unwrap_or_else(|| (replay.existence, replay.known.clone()));
            State::between(earlier, (later.existence, later.known), &fields)
        });
        let states = states.collect();
        History { heads, names, horizon, end: replay, states, target }
    }
}
