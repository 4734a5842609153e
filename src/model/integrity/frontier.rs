//! The right edge of a tree: what it takes to add leaves, and to compute the root.

use crate::model::integrity::tile::{TILE, TILE_HEIGHT, tile_root};
use crate::model::merkle::{Hash, Tree};

/// On each level, the hashes of the tile that is not full yet. Level 0 has the hashes of leaves, level 1 those of full
/// tiles of leaves, and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

/// A tile that has become full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FullTile {
    /// The level of its hash, from 1.
    pub(crate) level: u32,
    /// The position of its hash on that level.
    pub(crate) position: u64,
    /// The root of the tile.
    pub(crate) hash: Hash,
    /// The hashes in it; none where only its root was known.
    pub(crate) hashes: Vec<Hash>,
}

impl Frontier {
    /// The right edge of a tree of `size` leaves; absent when a level has not as many hashes as it must.
    pub(crate) fn new(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let expected = (0..).map(|level| size >> (TILE_HEIGHT * level)).take_while(|count| *count > 0);
        let is_exact = expected.map(|count| count % TILE).eq(levels.iter().map(|level| level.len() as u64));
        is_exact.then_some(Self { size, levels })
    }

    /// The number of leaves.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The leaf hashes of the tile that is not full.
    pub(crate) fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// Adds the hash of a leaf. Adds the tiles that become full by it to `full`, the lowest first.
    pub(crate) fn push(&mut self, leaf: Hash, full: &mut Vec<FullTile>) {
        self.size += 1;
        self.push_at(0, leaf, full);
    }

    /// Adds a tile of leaves by its root. The tile before it must be full.
    pub(crate) fn push_tile(&mut self, root: Hash, full: &mut Vec<FullTile>) {
        debug_assert!(self.size.is_multiple_of(TILE));
        self.size += TILE;
        let position = self.size / TILE - 1;
        full.push(FullTile { level: 1, position, hash: root, hashes: Vec::new() });
        self.push_at(1, root, full);
    }

    fn push_at(&mut self, level: u32, hash: Hash, full: &mut Vec<FullTile>) {
        let (mut level, mut hash) = (level, hash);
        loop {
            let index = level as usize;
            if self.levels.len() <= index {
                self.levels.resize(index + 1, Vec::new());
            }
            self.levels[index].push(hash);
            if (self.levels[index].len() as u64) < TILE {
                return;
            }
            let hashes = std::mem::take(&mut self.levels[index]);
            level += 1;
            hash = tile_root(&hashes);
            let position = (self.size >> (TILE_HEIGHT * level)) - 1;
            full.push(FullTile { level, position, hash, hashes });
        }
    }

    /// The root of the tree (RFC 9162, section 2.1.1).
    pub(crate) fn root(&self) -> Hash {
        let mut tree = Tree::default();
        let levels: Vec<_> = (0..).zip(&self.levels).collect();
        for (level, hashes) in levels.into_iter().rev() {
            hashes.iter().for_each(|hash| tree.push_subtree(TILE_HEIGHT * level, *hash));
        }
        tree.root()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u64) -> Hash {
        Hash::of(&number.to_be_bytes())
    }

    #[test]
    fn the_root_equals_that_of_a_tree_without_tiles() {
        let (mut frontier, mut tree, mut full) = (Frontier::default(), Tree::default(), Vec::new());
        for number in 0..3 * TILE * TILE / 2 {
            assert!(number % 977 != 0 || frontier.root() == tree.root(), "{number}");
            frontier.push(leaf(number), &mut full);
            tree.push(leaf(number));
        }
        assert_eq!(frontier.root(), tree.root());
        let of = |level| full.iter().filter(move |tile| tile.level == level);
        assert_eq!((of(1).count(), of(2).count(), of(3).count()), (384, 1, 0));
        assert!(of(1).map(|tile| tile.position).eq(0..384));
        assert!(full.iter().all(|tile| tile.hash == tile_root(&tile.hashes)));
    }

    #[test]
    fn a_stored_edge_goes_on_like_the_one_in_memory() {
        let (mut frontier, mut full) = (Frontier::default(), Vec::new());
        (0..700).for_each(|number| frontier.push(leaf(number), &mut full));
        let levels = vec![frontier.leaves().to_vec(), full.iter().map(|tile| tile.hash).collect()];
        assert_eq!(Frontier::new(700, levels.clone()), Some(frontier.clone()));
        assert_eq!(Frontier::new(701, levels), None, "a leaf is missing");
        assert_eq!(Frontier::new(0, Vec::new()), Some(Frontier::default()));

        let mut by_tile = Frontier::default();
        (0..2).for_each(|tile| by_tile.push_tile(full[tile].hash, &mut Vec::new()));
        (512..700).for_each(|number| by_tile.push(leaf(number), &mut Vec::new()));
        assert_eq!(by_tile, frontier);
    }
}
