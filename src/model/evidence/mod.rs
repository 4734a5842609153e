//! Evidence that an export is complete and unchanged, which can be verified later without a server.
//!
//! An export is treated as lines with their line breaks, whatever its format. The hashes of the lines are the leaves of a
//! Merkle tree, and its root proves the whole text. Three bytes of each leaf are kept as well: they prove nothing, but they
//! locate the first wrong line, and take only four characters each. This module reads and writes no files.

pub(crate) mod ledger;
pub(crate) mod manifest;
pub(crate) mod trailer;
pub(crate) mod verdict;

#[cfg(test)]
mod properties;
