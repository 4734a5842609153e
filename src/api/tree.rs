//! The proof of an entry. Checkpoints and tiles are texts and bytes of other specifications (`docs/integrity.md`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::entry::Entry;

/// A proof that an entry is in a log, which can be checked without the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryProof {
    /// The entry, unless it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// The opening, from which a verifier computes the commitments of the leaf record again: 17 bytes in base64.
    pub opening: String,
    /// The leaf record: 97 bytes in base64.
    pub record: String,
    /// The inclusion proof and a signed checkpoint (C2SP tlog-proof).
    pub proof: String,
}
