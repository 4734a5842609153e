//! The store of entries: one port for all engines.
//!
//! Every call names its organization; only operators' reports span several. A store keeps, finds and deletes entries. It
//! validates and redacts nothing, and knows no HTTP.

mod accounts;
mod address;
mod calls;
mod codes;
mod column;
pub mod condition;
mod copy;
mod database;
mod decode;
mod deletions;
mod dialect;
pub mod entries;
mod erasures;
pub mod error;
mod facets;
mod forget;
mod holdings;
mod holds;
mod leases;
pub(crate) mod lock_file;
mod missing;
mod opening;
mod pages;
mod postgres;
mod prunes;
mod rollup;
mod session;
mod sessions;
mod sqlite;
mod stats;
mod text;
mod tree;
mod tree_calls;
mod users;

pub use crate::store::address::without_password;
pub use crate::store::calls::{
    Appended, ClockSeen, Counted, ErasedBatch, ErasureRun, Holdings, LEASE_SECONDS, Lookup, Mention,
    NewErasure, OrgId, Organization, PageRead, PageRequest, Past, PruneBatch, PruneRun, PruneRunning,
    PrunedIds, StoredErasure, StoredSession, StoredToken, TokenUse,
};
pub use crate::store::database::Store;
pub use crate::store::deletions::{Deletion, DeletionRefused};
pub use crate::store::opening::{backup, check_file, has_trail, lock_for_serving, open, open_in_memory};
pub use crate::store::sqlite::{CheckedFile, ServeLock};
pub use crate::store::tree_calls::{DeletedLeaves, ErasedLeaf, Roots, StoredTile, TreeState};
