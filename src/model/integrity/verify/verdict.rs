//! The verdict of a verifier.

use std::collections::BTreeMap;

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
