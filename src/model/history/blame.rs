//! Who set each leaf last: its value now, the entry it comes from, and how often it was set.

use crate::model::history::leaf::{Content, Origin};
use crate::model::history::replay::Existence;
use crate::model::history::{History, KeyPath};

/// Every leaf of the resource as it is now, or as it was when it was deleted.
#[derive(Debug)]
pub struct Blame {
    /// Whether it is there.
    pub existence: Existence,
    /// Whether it is sure that there are no other fields.
    pub is_complete: bool,
    /// The leaves, in the order of their objects' members.
    pub lines: Vec<BlameLine>,
}

/// One leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlameLine {
    /// Its place.
    pub path: KeyPath,
    /// Its value.
    pub content: Content,
    /// Where the value comes from.
    pub origin: Origin,
    /// How many entries set it to another value, as far as the log reaches.
    pub times: u64,
}

impl History {
    /// See [`Blame`].
    #[must_use]
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
