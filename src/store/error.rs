//! What can go wrong with a store, in terms that do not depend on which store it is.

/// A store's failure. What was acknowledged before it is kept; what was not, is not there.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be opened.
    #[error("cannot open the store {location}: {cause}")]
    Open {
        /// The file or, without its password, the URL.
        location: String,
        /// The engine's words.
        cause: String,
    },
    /// A later version of this programme has written here.
    #[error(
        "the store {location} has schema {found}, and this version knows {known}: use the newer krosyn-audit"
    )]
    NewerSchema {
        /// The file or, without its password, the URL.
        location: String,
        /// The schema found.
        found: i64,
        /// The newest schema this version knows.
        known: i64,
    },
    /// The URL names no kind of store.
    #[error("{0:?} is no store: expected sqlite:PATH or postgres://…")]
    UnknownUrl(String),
    /// The URL names a kind of store, and something in it cannot be used.
    #[error("cannot use the store {location}: {cause}")]
    Address {
        /// The URL without its password.
        location: String,
        /// What is wrong, and what would be right.
        cause: String,
    },
    /// The database cannot be reached, or went away before it had answered: what was asked may or may not be done.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Another process holds the store for longer than we wait.
    #[error("the store is locked by another process")]
    Locked,
    /// The database took longer than it may and was stopped: nothing was stored.
    #[error(
        "the database took too long and was stopped, nothing was stored: try again, or ask for less at once"
    )]
    TimedOut,
    /// A server runs on this store already.
    #[error("another server is running on the store {0}")]
    Served(String),
    /// A backup cannot be made.
    #[error("cannot back up to {location}: {cause}")]
    Backup {
        /// The file that was to be written.
        location: String,
        /// What is wrong.
        cause: String,
    },
    /// More is asked than can be answered.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// The disk is full or the file system read-only: nothing can be written.
    #[error("the store cannot be written: {0}")]
    Unwritable(String),
    /// The store's file is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The store was closed while the work waited.
    #[error("the store was closed")]
    Closed,
    /// The prune's lease ran out and another took it.
    #[error("the lease was lost to another prune")]
    LeaseLost,
    /// A thing of that name is already there.
    #[error("{0} already exists")]
    Exists(String),
    /// No thing of that name is there.
    #[error("there is no {0}")]
    Missing(String),
    /// Anything else, in the engine's words.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Tells whether a part of the store is out of reach at the moment: one organization may be, and the others not.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Locked | Self::TimedOut)
    }
}
