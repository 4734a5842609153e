//! Blame: each leaf's value, the entry that set it last, and how often it was set.

use crate::model::history::leaf::{LeafContent, ValueOrigin};
use crate::model::history::path::KeyPath;
use crate::model::history::replay::Existence;
use crate::model::history::resource_history::History;

/// The leaves of the resource as it is now, or as it was when it was deleted.
#[derive(Debug)]
pub struct Blame {
    pub(crate) existence: Existence,
    /// Whether it is certain that there are no other fields.
    pub(crate) is_complete: bool,
    /// The leaves, in the order of their objects' members.
    pub(crate) lines: Vec<BlameLine>,
}

/// The blame of one leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlameLine {
    pub(crate) path: KeyPath,
    pub(crate) content: LeafContent,
    /// The origin of its value.
    pub(crate) origin: ValueOrigin,
    /// The number of entries in the log that changed it.
    pub(crate) times: u64,
}

impl History {
    /// The blame of every leaf.
    pub fn blame(&self) -> Blame {
        let replay = &self.end;
        let line = |(path, leaf): (&KeyPath, &crate::model::history::leaf::Leaf)| BlameLine {
            path: path.clone(),
            content: leaf.content.clone(),
            origin: leaf.origin,
            times: replay.times.get(path).copied().unwrap_or(0),
        };
        let lines = replay.known.in_order().into_iter().map(line).collect();
        Blame { existence: replay.existence, is_complete: replay.known.is_known(&[]), lines }
    }
}
