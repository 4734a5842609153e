//! The errors of a store, the same for every engine.

/// A store's error. Entries acknowledged before it are kept; others were not stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be opened.
    #[error("cannot open the store {location}: {cause}")]
    Open {
        /// The file or, without its password, the URL.
        location: String,
        /// The engine's message.
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
    /// The URL names an unknown kind of store.
    #[error("{0:?} is no store: expected sqlite:PATH or postgres://…{hint}", hint = meant(.0))]
    UnknownUrl(String),
    /// A part of the URL cannot be used.
    #[error("cannot use the store {location}: {cause}")]
    Address {
        /// The URL without its password.
        location: String,
        /// What is wrong, and what is expected.
        cause: String,
    },
    /// The database cannot be reached, or the connection was lost before its answer: the work may or may not be done.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Another process holds the store for longer than we wait.
    #[error("the store is locked by another process")]
    Locked,
    /// A statement exceeded its time limit and was stopped: nothing was stored.
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
    /// Too many queries are waiting: whose, and what to do.
    #[error("{0}")]
    Busy(&'static str),
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
    /// The name is taken.
    #[error("{0} already exists")]
    Exists(String),
    /// The name is unknown.
    #[error("there is no {0}")]
    Missing(String),
    /// Anything else, with the engine's message.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Whether a part of the store cannot be reached now. Other organizations may still be reachable.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Locked | Self::TimedOut)
    }
}

/// What was probably meant by a URL of an unknown kind.
fn meant(url: &str) -> String {
    match url {
        _ if url.starts_with("http://") || url.starts_with("https://") => {
            "; this command works on the store itself, not over the API of a server".to_owned()
        }
        _ if !url.contains(':') && (url.contains('/') || url.contains('.')) => {
            format!(" (did you mean sqlite:{url}?)")
        }
        _ => String::new(),
    }
}
