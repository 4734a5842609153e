//! The words for what differs between two JSON values. How they are found and shown is not known here.

use crate::model::json::Json;

/// One place in which two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The place.
    pub at: PathStep,
    /// How they differ there.
    pub what: ValueDiff,
}

/// A place in an object or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathStep {
    /// A member of an object.
    Member(String),
    /// An item of a list: its index in the new list, or in the old one when it was removed.
    Item(usize),
    /// An item that is followed by a name, `name="Slack"`: its index in the new list, and the name.
    Named(usize, String),
}

/// How two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueDiff {
    /// Only the new one is there.
    Added(Json),
    /// Only the old one is there.
    Removed(Json),
    /// One stands for the other.
    Replaced {
        /// The value before.
        old: Json,
        /// The value after.
        new: Json,
    },
    /// Both are text, and at least one has several lines.
    Lines {
        /// The text before.
        old: String,
        /// The text after.
        new: String,
    },
    /// Both are objects, and these members differ.
    Members(Vec<Difference>),
    /// Both are lists, and these items differ.
    Items(Vec<Difference>),
    /// Both are text that holds JSON.
    Embedded {
        /// How the JSON differs.
        what: Box<ValueDiff>,
        /// The text after.
        new: String,
    },
    /// A list's item stands elsewhere among its neighbours.
    Moved {
        /// Its index in the old list.
        from: usize,
        /// The item.
        item: Json,
    },
}
