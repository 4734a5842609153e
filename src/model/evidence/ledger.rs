//! Hashes a text while it is written or read: it keeps three bytes for each line and a root for every 1,024 lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::model::merkle::{Hash, Tree, leaf};

/// The lines of a chunk: a power of two, so that each chunk is a subtree.
pub(crate) const CHUNK_LINES: usize = 1024;

/// The first bytes of a line's leaf hash. One wrong line in 16 million has the right tag, which the roots reveal.
pub(crate) type Tag = [u8; 3];

/// The hashes of the text so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    bytes: u64,
    whole: Sha256,
    /// The line that is not complete yet.
    line: Option<Sha256>,
    tree: Tree,
    chunks: Vec<Chunk>,
    /// The chunk that is not complete yet.
    chunk: Tree,
    tags: Vec<Tag>,
}

/// The hashes of a whole text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub lines: u64,
    pub bytes: u64,
    pub sha256: Hash,
    /// The root of the Merkle tree over the lines with their line breaks.
    pub root: Hash,
    pub chunks: Vec<Chunk>,
}

/// Consecutive lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chunk {
    /// The root of their subtree.
    pub root: Hash,
    #[serde(serialize_with = "write_tags", deserialize_with = "read_tags")]
    pub tags: Vec<Tag>,
}

impl Ledger {
    /// Adds the next bytes, which may end anywhere.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.whole.update(bytes);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.get_or_insert_with(leaf).update(piece);
            if piece.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    /// Whether the text so far ends within a line.
    pub(crate) const fn is_within_a_line(&self) -> bool {
        self.line.is_some()
    }

    fn end_line(&mut self) {
        let Some(line) = self.line.take() else { return };
        let hash: Hash = line.finalize().into();
        let [a, b, c, ..] = hash.0;
        self.tags.push([a, b, c]);
        self.chunk.push(hash);
        if self.tags.len() == CHUNK_LINES {
            self.end_chunk();
        }
    }

    fn end_chunk(&mut self) {
        if self.tags.is_empty() {
            return;
        }
        let root = std::mem::take(&mut self.chunk).root();
        self.tree.push(root);
        self.chunks.push(Chunk { root, tags: std::mem::take(&mut self.tags) });
    }

    #[must_use]
    pub(crate) fn finish(mut self) -> Content {
        self.end_line();
        self.end_chunk();
        Content {
            lines: self.chunks.iter().map(|chunk| chunk.tags.len() as u64).sum(),
            bytes: self.bytes,
            sha256: self.whole.finalize().into(),
            root: self.tree.root(),
            chunks: self.chunks,
        }
    }
}

#[cfg(test)]
impl Content {
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut ledger = Ledger::default();
        ledger.add(text);
        ledger.finish()
    }
}

fn write_tags<S: Serializer>(tags: &[Tag], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(tags.as_flattened()))
}

fn read_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tag>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
    match bytes.as_chunks::<3>() {
        (tags, []) => Ok(tags.to_vec()),
        _ => Err(serde::de::Error::custom("tags are three bytes each")),
    }
}
