//! Reconstructs the history of one resource from its entries: its state at a time, who set each value, and how to revert
//! an entry. It does no I/O and must not know how histories are shown.
//!
//! Every answer follows from the entries. Where they were pruned, redacted or contradict each other, the answer is
//! "unknown", never the likely value.
//!
//! Entries are read one by one and not kept: memory holds the leaves of the requested states and a head of each entry.

pub(crate) mod blame;
pub(crate) mod diff;
mod field_paths;
mod known_state;
pub(crate) mod leaf;
pub(crate) mod patch;
pub(crate) mod path;
pub mod reader;
pub(crate) mod replay;
mod resource_history;
pub(crate) mod revert;
pub(crate) mod state;
mod step;
mod target;

#[cfg(test)]
mod order;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub(crate) use resource_history::EntryHead;
pub use resource_history::{History, UnreadableEntry};
