//! The life of one resource, told by its entries: what it looked like at a moment, who set what, and how a change could
//! be undone.
//!
//! Everything said here follows from the entries. Where they do not reach, because they were pruned, or because a value
//! was redacted, or because two of them contradict each other, the answer is "unknown", never the likely value.
//! No I/O; how it is shown is the renderers' business.
//!
//! Entries are read one by one and not held: a history keeps the leaves of the states that were asked for, and of each
//! entry no more than when it was and who made it.

pub mod blame;
pub mod diff;
mod field_paths;
mod known_state;
pub mod leaf;
pub mod patch;
pub mod reader;
pub mod replay;
pub mod revert;
pub mod state;
mod step;

#[cfg(test)]
mod order;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod simulation;

use std::sync::Arc;

use crate::model::entry::User;
use crate::model::history::replay::{Contradiction, Replay};
use crate::model::history::revert::RevertTarget;
use crate::model::history::state::State;
use crate::model::json::JsonError;
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;

/// A place in a resource: its field, then the keys beneath it.
pub type KeyPath = Vec<String>;

/// What was asked of the entries of one resource, and what they answer.
#[derive(Debug)]
pub struct History {
    heads: Vec<EntryHead>,
    names: Vec<(usize, String)>,
    horizon: Option<Timestamp>,
    end: Replay,
    /// Each field that some entry names.
    fields: Vec<String>,
    states: Vec<State>,
    undo: Option<RevertTarget>,
}

/// What is kept of an entry.
#[derive(Debug, Clone)]
pub struct EntryHead {
    /// Its id.
    pub id: u64,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What was done.
    pub action: Action,
    /// Who did it.
    pub user: Arc<User>,
}

/// An entry whose changes do not keep the contract.
#[derive(Debug, thiserror::Error)]
#[error("the changes of entry {id} cannot be read: {cause}")]
pub struct UnreadableEntry {
    /// The entry.
    pub id: u64,
    /// What is wrong with them.
    pub cause: JsonError,
}

impl History {
    /// The entries, oldest first: by time, and where times are equal by id.
    #[must_use]
    pub fn entries(&self) -> &[EntryHead] {
        &self.heads
    }

    /// Before this, entries may be missing.
    #[must_use]
    pub const fn horizon(&self) -> Option<Timestamp> {
        self.horizon
    }

    /// The resource's names with the index of the entry that first has each, in order. An entry without a name keeps
    /// the last.
    #[must_use]
    pub fn names(&self) -> &[(usize, String)] {
        &self.names
    }

    /// The states at the moments that were asked for, in the order asked.
    #[must_use]
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// Every place in which the log contradicts itself about this resource.
    #[must_use]
    pub fn contradictions(&self) -> &[Contradiction] {
        &self.end.contradictions
    }
}
