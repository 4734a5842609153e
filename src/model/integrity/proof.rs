//! Inclusion and consistency proofs (RFC 9162, sections 2.1.3 and 2.1.4), computed from tiles, and the text of a proof
//! (C2SP `tlog-proof`).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::integrity::tile::{TILE, TILE_HEIGHT, TileId, Tiles};
use crate::model::merkle::{Hash, Tree, node};

/// Something that knows the hash of the complete subtree of 2^`height` leaves with a number.
trait Subtrees {
    fn hash(&mut self, height: u32, number: u64) -> Option<Hash>;
}

impl Subtrees for &Tiles {
    fn hash(&mut self, height: u32, number: u64) -> Option<Hash> {
        self.subtree(height, number)
    }
}

/// Notes which tiles a proof reads.
struct NeededTiles {
    size: u64,
    tiles: BTreeSet<TileId>,
}

impl Subtrees for NeededTiles {
    fn hash(&mut self, height: u32, number: u64) -> Option<Hash> {
        let (level, above) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        self.tiles.insert(TileId::within(level, (number << above) / TILE, self.size)?);
        Some(Hash::default())
    }
}

/// The tree head of a range of leaves that begins at a multiple of the power of two above its length.
fn range(subtrees: &mut impl Subtrees, start: u64, end: u64) -> Option<Hash> {
    let (mut tree, mut at) = (Tree::default(), start);
    while at < end {
        let height = at.trailing_zeros().min((end - at).ilog2());
        tree.push_subtree(height, subtrees.hash(height, at >> height)?);
        at += 1 << height;
    }
    Some(tree.root())
}

/// The largest power of two below a number above one.
const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

fn inclusion(subtrees: &mut impl Subtrees, index: u64, size: u64) -> Option<Vec<Hash>> {
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    if index >= size {
        return None;
    }
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(subtrees, middle, end)?);
            end = middle;
        } else {
            path.push(range(subtrees, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}

fn consistency(subtrees: &mut impl Subtrees, old: u64, new: u64) -> Option<Vec<Hash>> {
    if old > new {
        return None;
    }
    let (mut start, mut end, mut path) = (0, new, Vec::new());
    if old == 0 || old == new {
        return Some(path);
    }
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range(subtrees, middle, end)?);
            end = middle;
        } else {
            path.push(range(subtrees, start, middle)?);
            start = middle;
        }
    }
    if start > 0 {
        path.push(range(subtrees, start, end)?);
    }
    path.reverse();
    Some(path)
}

/// The tiles from which [`Tiles::inclusion`] computes the path of a leaf.
#[must_use]
pub fn inclusion_tiles(index: u64, size: u64) -> Vec<TileId> {
    let mut needed = NeededTiles { size, tiles: BTreeSet::new() };
    inclusion(&mut needed, index, size);
    needed.tiles.into_iter().collect()
}

/// The tiles from which [`Tiles::consistency`] computes a proof.
#[must_use]
pub fn consistency_tiles(old: u64, new: u64) -> Vec<TileId> {
    let mut needed = NeededTiles { size: new, tiles: BTreeSet::new() };
    consistency(&mut needed, old, new);
    needed.tiles.into_iter().collect()
}

impl Tiles {
    /// The root of the tree of the first `size` leaves, if the tiles have it.
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Hash> {
        range(&mut &*self, 0, size)
    }

    /// The path from a leaf to the root of a tree of `size` leaves: the leaf's sibling first.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        inclusion(&mut &*self, index, size)
    }

    /// The proof that the tree of `new` leaves begins with the tree of `old` leaves.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        consistency(&mut &*self, old, new)
    }
}

/// The root to which a path leads from a leaf; `None` if the path has the wrong length.
#[must_use]
pub fn root_of_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut root) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node(*sibling, root);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            root = node(root, *sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether a proof shows that a tree with this size and root begins with an older one.
#[must_use]
pub fn is_consistent((old, old_root): (u64, Hash), (new, new_root): (u64, Hash), path: &[Hash]) -> bool {
    if old == new || old == 0 {
        let is_empty = old == 0 && old_root == Hash::of(&[]);
        return path.is_empty() && old <= new && (is_empty || old == new && old_root == new_root);
    }
    if old > new {
        return false;
    }
    // A complete subtree is the start of its own proof.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, path)
    } else {
        let Some((first, rest)) = path.split_first() else { return false };
        (*first, rest)
    };
    let shift = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut from_old, mut from_new) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            from_old = node(*sibling, from_old);
            from_new = node(*sibling, from_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node(from_new, *sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == old_root && from_new == new_root
}

/// The first line of a proof.
const MAGIC: &str = "c2sp.org/tlog-proof@v1";

/// A proof that a leaf is in a log. Its text is that of the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's index.
    pub index: u64,
    /// The path to the root, from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The signed note of the checkpoint, whose signature is not checked yet.
    pub checkpoint: String,
}

/// The text is not a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a proof of a log (c2sp.org/tlog-proof@v1)")]
pub struct InvalidProof;

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}\nindex {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = InvalidProof;
    fn from_str(text: &str) -> Result<Self, InvalidProof> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(InvalidProof)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(MAGIC) {
            return Err(InvalidProof);
        }
        // Extra data is not authenticated, and we need none.
        let mut line = lines.next();
        if line.is_some_and(|line| line.starts_with("extra ")) {
            line = lines.next();
        }
        let digits = line.and_then(|line| line.strip_prefix("index ")).ok_or(InvalidProof)?;
        let index: u64 = digits.parse().map_err(|_| InvalidProof)?;
        let hash = |line: &str| <[u8; 32]>::try_from(STANDARD.decode(line).ok()?).ok().map(Hash);
        let path: Option<Vec<_>> = lines.map(hash).collect();
        // A path has one hash for each bit of the size.
        let path = path.filter(|path| path.len() <= 64 && index.to_string() == digits).ok_or(InvalidProof)?;
        Ok(Self { index, path, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests;
