//! What makes an event of the trail unique.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// How often an event may be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKey {
    /// Once for each uuid.
    Unique(Uuid),
    /// Once for the same question of the same caller in an hour.
    Question {
        /// The number of the log.
        log: i64,
    },
}

impl EventKey {
    /// Records an event that is not like any other.
    #[must_use]
    pub fn unique() -> Self {
        Self::Unique(Uuid::now_v7())
    }

    /// Records the upgrade to a schema once for an organization, whichever process comes first.
    #[must_use]
    pub fn migration(organization: Uuid, schema: u32) -> Self {
        Self::Unique(hashed(&format!("migrated {organization} {schema}")))
    }
}

/// A uuid made of a text.
pub(super) fn hashed(text: &str) -> Uuid {
    let digest = Sha256::digest(text);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}
