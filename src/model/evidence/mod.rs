//! Evidence: what proves later, without a server, that an export is whole and as it was written.
//!
//! A text is taken as its lines, each with its line break, whatever they hold: CSV, JSON lines, a JSON document. Their
//! hashes are the leaves of a Merkle tree, whose root stands for the text as a whole. Of each leaf three bytes are
//! kept besides: they prove nothing, but by them the first wrong line can be named, and four characters a line are
//! few. Who reads and writes the files is not known here.

pub(crate) mod ledger;
pub(crate) mod manifest;
pub(crate) mod merkle;
pub(crate) mod trailer;
pub(crate) mod verdict;

#[cfg(test)]
mod properties;
