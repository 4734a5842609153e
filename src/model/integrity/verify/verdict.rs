//! The leaves that a verifier judges, and its verdict.

use std::collections::BTreeMap;

use crate::model::integrity::leaf::LeafRecord;
use crate::model::integrity::opening::Opening;

/// A leaf as the server has it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Computed from the entry, or kept since it was deleted.
    pub record: LeafRecord,
    /// What opens its commitments.
    pub opening: Opening,
    /// The first three bytes of the leaf hash when the leaf was added; zeros if unknown. It proves nothing: it only tells which
    /// leaf of a tile was changed.
    pub hint: [u8; 3],
}

/// What became of the entries of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that are as they were recorded.
    pub unchanged: u64,
    /// Entries that were deleted, by the number of the first prune that may have deleted them.
    pub expired: BTreeMap<u64, u64>,
    /// Entries of which a part was erased, by the number of an erasure. The rest is as it was recorded.
    pub erased: BTreeMap<u64, u64>,
    /// Entries that were deleted before the log had a tree.
    pub unprotected: u64,
}
