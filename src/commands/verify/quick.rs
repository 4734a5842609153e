//! `verify --quick`: checks that a log continues the last checkpoint seen, from a few tiles of its tree.

use crate::commands::verify::log_walk::{LogWalk, WalkError};
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::proof::{consistency_tiles, is_consistent};
use crate::model::integrity::tile::{TILE, TileId, Tiles, root_of_path, root_tiles};
use crate::model::integrity::verify::Seen;
use crate::model::integrity::verify::fault::{Fault, FaultKind};
use crate::model::merkle::Tree;
use crate::model::timestamp::Timestamp;

impl LogWalk<'_> {
    /// Checks the tree against the last checkpoint; returns what to remember of this one.
    pub(super) async fn quick(&self) -> Result<Seen, WalkError> {
        let Checkpoint { size, root, .. } = *self.checkpoint;
        let fault = |first, last, kind| WalkError::Fault(Fault { first, last, kind });
        let full_size = size - size % TILE;
        let mut tiles = Tiles::default();
        // The hashes of full tiles that make the root. None of them are on level 0.
        for TileId { level, position, .. } in root_tiles(full_size) {
            if let Some(tile) = TileId::within(level, position, size) {
                tiles.insert(level, position, self.hashes(tile).await?);
            }
        }
        let full_tiles = match full_size {
            0 => Some(Tree::default().root()),
            size => tiles.root(size),
        };
        let tile_latest = self.last_tile(&mut tiles).await?;
        let (Some(full_tiles), Some(true)) = (full_tiles, self.is_signed(&tiles)) else {
            return Err(fault(1, size, FaultKind::Tree));
        };
        let Some(seen) = self.seen else { return Ok(Seen { size, root, full_tiles, tile_latest }) };
        if seen.size > size {
            return Err(fault(size + 1, seen.size, FaultKind::RolledBack));
        }
        let tile = seen.size / TILE;
        let collapsed = match tile == size / TILE || seen.size == seen.full_size() {
            true => None,
            false => self.collapsed(tile / TILE).await?.remove(&tile),
        };
        let (old, old_root) = match &collapsed {
            None => (seen.size, seen.root),
            Some(collapsed) => {
                let stated = TileId::within(1, tile / TILE, size);
                let stated = match stated {
                    Some(stated) => self.hashes(stated).await?.get((tile % TILE) as usize).copied(),
                    None => None,
                };
                let root = root_of_path(collapsed.record.hash(), u8::MAX, &collapsed.path);
                if stated != Some(root) || collapsed.record.tile_latest < seen.tile_latest {
                    return Err(fault(seen.full_size() + 1, seen.size, FaultKind::Rewritten));
                }
                (seen.full_size(), seen.full_tiles)
            }
        };
        for tile in consistency_tiles(old, size) {
            tiles.insert(tile.level, tile.position, self.hashes(tile).await?);
        }
        let proof = tiles.consistency(old, size);
        if proof.is_none_or(|proof| !is_consistent((old, old_root), (size, root), &proof)) {
            return Err(fault(1, seen.size, FaultKind::Rewritten));
        }
        Ok(Seen { size, root, full_tiles, tile_latest })
    }

    /// Reads the tile with the last leaf; returns the `tile_latest` of that leaf.
    async fn last_tile(&self, tiles: &mut Tiles) -> Result<Timestamp, WalkError> {
        let size = self.checkpoint.size;
        let Some(last) = size.checked_sub(1).map(|index| index / TILE) else { return Ok(Timestamp::MIN) };
        if let Some(collapsed) = self.collapsed(last / TILE).await?.remove(&last) {
            return Ok(collapsed.record.tile_latest);
        }
        let Some(TileId { position, width, .. }) = TileId::within(0, last, size) else {
            return Ok(Timestamp::MIN);
        };
        let leaves = self.tree_fault(self.client.leaves(self.log, position, width).await)?;
        let latest = leaves.last().map_or(Timestamp::MIN, |leaf| leaf.record.tile_latest);
        tiles.insert(0, position, leaves.iter().map(|leaf| leaf.record.hash()).collect());
        Ok(latest)
    }

    /// Whether the tiles give the signed root; `None` if one is missing.
    fn is_signed(&self, tiles: &Tiles) -> Option<bool> {
        Some(match self.checkpoint.size {
            0 => Tree::default().root() == self.checkpoint.root,
            size => tiles.root(size)? == self.checkpoint.root,
        })
    }
}
