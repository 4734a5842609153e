//! The result of a comparison of two JSON values. It must not know how differences are found or shown.

use crate::model::json::Json;

/// The difference in one member or item of two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub at: PathStep,
    pub diff: ValueDiff,
}

/// A step into an object or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathStep {
    /// The member with this name.
    Member(String),
    /// A list item by its index in the new list; removed items by their index in the old one.
    Item(usize),
    /// A list item matched by a naming member: its index in the new list, and `name="Slack"`.
    Named(usize, String),
}

/// The difference between two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueDiff {
    /// Only the new value exists.
    Added(Json),
    /// Only the old value exists.
    Removed(Json),
    /// A different value.
    Replaced { old: Json, new: Json },
    /// Two texts, at least one of several lines.
    Lines { old: String, new: String },
    /// Two objects with these differing members.
    Members(Vec<Difference>),
    /// Two lists with these differing items.
    Items(Vec<Difference>),
    /// Two strings that hold JSON.
    Embedded {
        diff: Box<ValueDiff>,
        /// The new string.
        new: String,
    },
    /// A list item that changed its position among its neighbours.
    Moved {
        /// Its index in the old list.
        from: usize,
        item: Json,
    },
}
