//! Proof that a log is complete and unchanged, beyond retention: leaf records, tiles of hashes, signed checkpoints. No I/O.
//!
//! Each entry of a log has a leaf record in a Merkle tree (RFC 9162), of which the server publishes signed checkpoints. When
//! an entry is deleted, its record stays, so the tree stays the same. `docs/integrity.md` describes every format for people
//! who write their own verifier.

pub mod checkpoint;
pub mod entry_proof;
pub(crate) mod frontier;
pub mod leaf;
pub mod note;
pub mod opening;
pub mod proof;
pub mod tile;
pub mod tile_content;
pub mod verify;
