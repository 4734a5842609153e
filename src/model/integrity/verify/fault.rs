//! What is wrong with a log, and with which entries.

use std::fmt;

use crate::model::timestamp::Timestamp;

/// The first wrong entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The id of the entry, or the lowest of the entries of which one is wrong.
    pub first: u64,
    /// The highest of them.
    pub last: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// A prune whose cutoff is later than the retention in force allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overreach {
    /// Its number.
    pub prune: u64,
    /// It deleted entries that happened before this.
    pub cutoff: Timestamp,
    /// It deleted no entry with a higher id.
    pub as_of: u64,
    /// Only entries that happened before this had expired.
    pub allowed: Timestamp,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The entry, or the record that is kept of it, is not what was recorded.
    Changed,
    /// Neither the entry nor a record of it exists.
    Missing,
    /// The entry was deleted, and no recorded prune may have deleted it.
    Deleted,
    /// The entry was deleted by a prune, although the retention that the trail states was not over.
    InsideRetention(Overreach),
    /// The server has the entry, but does not list it.
    Hidden,
    /// An entry exists where one was deleted.
    Inserted,
    /// A part of the entry is gone without a recorded erasure.
    Erased,
    /// The record contradicts the record before it.
    Record,
    /// A stored hash was changed. The entries below it are unchanged.
    StoredHash,
    /// The tree is not as large as its checkpoint says.
    Tree,
    /// The log does not continue the last checkpoint that was seen.
    Rewritten,
    /// The log had more entries.
    RolledBack,
}

impl FaultKind {
    /// The name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Deleted => "deleted",
            Self::InsideRetention(_) => "inside_retention",
            Self::Hidden => "hidden",
            Self::Inserted => "inserted",
            Self::Erased => "erased",
            Self::Record => "record",
            Self::StoredHash => "stored_hash",
            Self::Tree => "tree",
            Self::Rewritten => "rewritten",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl Fault {
    /// A fault in one of the entries of a range.
    #[must_use]
    pub const fn range(first: u64, last: u64, kind: FaultKind) -> Self {
        Self { first, last, kind }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, kind } = *self;
        let one = if first == last {
            format!("entry {first}")
        } else {
            format!("one of the entries {first} to {last}")
        };
        match kind {
            FaultKind::Changed => write!(f, "{one} was changed after it was recorded"),
            FaultKind::Missing => write!(f, "{one} is missing, and no record of it is left"),
            FaultKind::Deleted => write!(f, "{one} was deleted, and no recorded prune explains it"),
            FaultKind::InsideRetention(Overreach { prune, cutoff, allowed, .. }) => write!(
                f,
                "{one} was deleted by prune {prune}, which took entries before {cutoff}; by the retention that the trail states, \
                 only entries before {allowed} had expired"
            ),
            FaultKind::Hidden => write!(f, "{one} exists, but the server does not list it"),
            FaultKind::Inserted => write!(f, "{one} was inserted in the place of a deleted entry"),
            FaultKind::Erased => write!(f, "a part of {one} is gone, and no erasure is recorded"),
            FaultKind::Record => write!(f, "the record of {one} contradicts the record before it"),
            FaultKind::StoredHash => write!(
                f,
                "a stored hash over the entries {first} to {last} was changed; the entries themselves are unchanged"
            ),
            FaultKind::Tree => {
                write!(f, "the tree lacks hashes that its checkpoint needs, from entry {first} on")
            }
            FaultKind::Rewritten => {
                write!(f, "{one} is not what it was when the last checkpoint was seen")
            }
            FaultKind::RolledBack => write!(
                f,
                "entry {first} is missing, and all entries after it up to {last}: the log was rolled back, or restored from a backup"
            ),
        }
    }
}
