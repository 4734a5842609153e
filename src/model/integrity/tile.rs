//! Tiles: the tree in pieces of 256 hashes (C2SP `tlog-tiles`), from which readers compute every proof.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::model::merkle::{Hash, Tree, node};

/// The number of hashes in a full tile.
pub const TILE: u64 = 256;
/// The height of a tile: 2^8 = 256.
pub const TILE_HEIGHT: u32 = 8;
/// The highest level that a tree of 2^64 leaves has.
const MAX_LEVEL: u32 = 7;

/// The coordinates of a tile. Its text is the path in the API: `1/x001/234.p/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// 0 for leaf hashes. Each hash of a level stands for 256 of the level below.
    pub level: u32,
    /// The number of the tile in its level, from 0.
    pub position: u64,
    /// The number of hashes, from 1 to 256. Only a full tile is hashed into the level above.
    pub width: u32,
}

/// The text is not the path of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tile: expected LEVEL/POSITION or LEVEL/POSITION.p/WIDTH, such as 0/x001/234.p/17")]
pub struct InvalidTile;

/// The path of a tile in its level: three digits an element, all but the last with an `x`.
#[must_use]
pub fn position_path(position: u64, width: u32) -> String {
    let mut path = format!("{:03}", position % 1000);
    let mut rest = position / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if u64::from(width) < TILE { format!("{path}.p/{width}") } else { path }
}

/// Reads what [`position_path`] writes: a position and a width.
///
/// # Errors
/// [`InvalidTile`] for every other text.
pub fn read_position(text: &str) -> Result<(u64, u32), InvalidTile> {
    let (path, width) = match text.split_once(".p/") {
        Some((path, width)) => (path, width.parse().map_err(|_| InvalidTile)?),
        None => (text, 1 << TILE_HEIGHT),
    };
    let mut position: u64 = 0;
    for element in path.split('/') {
        let group: u64 = element.trim_start_matches('x').parse().map_err(|_| InvalidTile)?;
        position =
            position.checked_mul(1000).and_then(|position| position.checked_add(group)).ok_or(InvalidTile)?;
    }
    let is_canonical = (1..=TILE).contains(&u64::from(width)) && position_path(position, width) == text;
    if is_canonical { Ok((position, width)) } else { Err(InvalidTile) }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.level, position_path(self.position, self.width))
    }
}

impl FromStr for TileId {
    type Err = InvalidTile;
    fn from_str(text: &str) -> Result<Self, InvalidTile> {
        let (level, path) = text.split_once('/').ok_or(InvalidTile)?;
        let number: u32 = level.parse().map_err(|_| InvalidTile)?;
        let (position, width) = read_position(path)?;
        // tlog-tiles allows levels up to 63.
        let is_canonical = number < 64 && number.to_string() == level;
        if is_canonical { Ok(Self { level: number, position, width }) } else { Err(InvalidTile) }
    }
}

/// The number of complete subtrees of 256^`level` leaves in a tree.
#[must_use]
pub const fn hashes_at(level: u32, size: u64) -> u64 {
    if level > MAX_LEVEL { 0 } else { size >> (TILE_HEIGHT * level) }
}

impl TileId {
    /// The tile with this position, as a tree of `size` leaves has it; `None` if the tree has no such tile.
    #[must_use]
    pub fn within(level: u32, position: u64, size: u64) -> Option<Self> {
        let before = position.checked_mul(TILE)?;
        let width = hashes_at(level, size).checked_sub(before)?.min(TILE);
        (width > 0).then_some(Self { level, position, width: u32::try_from(width).ok()? })
    }
}

/// The partial tiles whose hashes make the root of a tree, from the highest level down.
#[must_use]
pub fn root_tiles(size: u64) -> Vec<TileId> {
    let levels = (0..=MAX_LEVEL).rev();
    let partial = |level| {
        let hashes = hashes_at(level, size);
        let width = u32::try_from(hashes % TILE).unwrap_or(0);
        (width > 0).then_some(TileId { level, position: hashes / TILE, width })
    };
    levels.filter_map(partial).collect()
}

/// The root above the hashes of a tile, which need not be full.
#[must_use]
pub fn tile_root(hashes: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    hashes.iter().for_each(|hash| tree.push(*hash));
    tree.root()
}

/// The eight hashes that lead from a leaf of a full tile to its root, from the leaf's sibling up.
pub type TilePath = [Hash; 8];

/// The path of the leaf at `index` in a full tile; `None` unless there are 256 hashes.
#[must_use]
pub fn tile_path(hashes: &[Hash], index: u8) -> Option<TilePath> {
    let mut row = <[Hash; 256]>::try_from(hashes).ok()?.to_vec();
    let mut path = TilePath::default();
    for (height, sibling) in path.iter_mut().enumerate() {
        *sibling = row[(usize::from(index) >> height) ^ 1];
        row = row.chunks_exact(2).map(|pair| node(pair[0], pair[1])).collect();
    }
    Some(path)
}

/// The root of a full tile, computed from one leaf and its path.
#[must_use]
pub fn root_of_path(leaf: Hash, index: u8, path: &TilePath) -> Hash {
    path.iter().enumerate().fold(leaf, |hash, (height, sibling)| {
        if index >> height & 1 == 0 { node(hash, *sibling) } else { node(*sibling, hash) }
    })
}

/// Fetched tiles of a tree, from which proofs are computed.
#[derive(Debug, Clone, Default)]
pub struct Tiles(BTreeMap<(u32, u64), Vec<Hash>>);

impl Tiles {
    /// Adds the hashes of a tile. More hashes replace fewer.
    pub fn insert(&mut self, level: u32, position: u64, hashes: Vec<Hash>) {
        let tile = self.0.entry((level, position)).or_default();
        if hashes.len() >= tile.len() {
            *tile = hashes;
        }
    }

    /// The hash of the complete subtree of 2^`height` leaves with this number, if the tiles have it.
    #[must_use]
    pub fn subtree(&self, height: u32, number: u64) -> Option<Hash> {
        let (level, above) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let first = number << above;
        let tile = self.0.get(&(level, first / TILE))?;
        let start = usize::try_from(first % TILE).ok()?;
        Some(tile_root(tile.get(start..start + (1 << above))?))
    }
}

#[cfg(test)]
mod tests;
