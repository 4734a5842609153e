//! The tree of hashes over a log (`model::integrity`): growing it, keeping the leaf records of deleted entries, and
//! reading it.

pub(super) mod checkpoint;
pub(super) mod copy;
pub(super) mod erased;
pub(super) mod grow;
pub(super) mod leaves;
pub(super) mod row;
pub(super) mod tombstones;
mod walk;
