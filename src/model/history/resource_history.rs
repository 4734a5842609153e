//! The reconstructed history of one resource. `blame` and `revert` answer from it; it must not know how it is shown.

use std::sync::Arc;

use crate::model::entry::User;
use crate::model::history::replay::{Contradiction, Replay};
use crate::model::history::state::State;
use crate::model::history::target::RevertTarget;
use crate::model::json::JsonError;
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;

/// The history of one resource: the requested states and plan, the current state, and a head of each entry.
#[derive(Debug)]
pub struct History {
    pub(super) heads: Vec<EntryHead>,
    pub(super) names: Vec<(usize, String)>,
    pub(super) horizon: Option<Timestamp>,
    pub(super) end: Replay,
    pub(super) states: Vec<State>,
    pub(super) target: Option<RevertTarget>,
}

/// The part of an entry that a history keeps.
#[derive(Debug, Clone)]
pub(crate) struct EntryHead {
    pub(crate) id: u64,
    pub(crate) occurred_at: Timestamp,
    pub(crate) action: Action,
    pub(crate) user: Arc<User>,
    /// The user for whom `user` acted.
    pub(crate) on_behalf_of: Option<Arc<User>>,
}

impl EntryHead {
    /// Who acted, and for whom.
    pub(crate) fn actor(&self) -> String {
        self.user.label_for(self.on_behalf_of.as_deref())
    }
}

/// An entry whose changes are invalid.
#[derive(Debug, thiserror::Error)]
#[error("the changes of entry {id} cannot be read: {cause}")]
pub struct UnreadableEntry {
    pub(crate) id: u64,
    pub(crate) cause: JsonError,
}

impl History {
    /// The entries, sorted by time, then by id.
    pub(crate) fn entries(&self) -> &[EntryHead] {
        &self.heads
    }

    /// The time before which entries may have been pruned.
    pub(crate) const fn horizon(&self) -> Option<Timestamp> {
        self.horizon
    }

    /// The resource's names, each with the index of the first entry that has it. Entries without a name keep the last one.
    pub(crate) fn names(&self) -> &[(usize, String)] {
        &self.names
    }

    /// The requested states, in the order of the request.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// The contradictions in the log about this resource.
    pub(crate) fn contradictions(&self) -> &[Contradiction] {
        &self.end.contradictions
    }
}
