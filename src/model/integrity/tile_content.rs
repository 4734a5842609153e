//! The content of a tile of level 0 as a server has it now, and its bytes in the API: leaves, or a collapsed tile.

use crate::model::integrity::leaf::LeafRecord;
use crate::model::integrity::opening::Opening;
use crate::model::integrity::tile::{TILE, TilePath, root_of_path};
use crate::model::merkle::Hash;

/// A leaf as the server has it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Computed from the entry, or kept since it was deleted.
    pub record: LeafRecord,
    /// What opens its commitments.
    pub opening: Opening,
    /// The first three bytes of the leaf hash when the leaf was added; zeros if unknown. It proves nothing: it only tells which
    /// leaf of a tile was changed.
    pub hint: [u8; 3],
}

/// A record in a tile, after its length.
const RECORD: usize = 2 + LeafRecord::LENGTH;
/// An opening in a tile, with its hint.
const OPENING: usize = Opening::LENGTH + 3;
/// A collapsed tile: its place in the group, the record, the path.
const COLLAPSED: usize = 1 + LeafRecord::LENGTH + 8 * 32;

impl StoredLeaf {
    /// The bytes in the tile of records.
    #[must_use]
    pub fn record_bytes(&self) -> Vec<u8> {
        const LENGTH: u16 = LeafRecord::LENGTH as u16;
        [&LENGTH.to_be_bytes()[..], &self.record.to_bytes()].concat()
    }

    /// The bytes in the tile of openings.
    #[must_use]
    pub fn opening_bytes(&self) -> Vec<u8> {
        [&self.opening.to_bytes()[..], &self.hint].concat()
    }

    /// Reads the leaves of a tile of records and of the tile of openings beside it. `None` if they do not fit together.
    #[must_use]
    pub fn read_tile(records: &[u8], openings: &[u8]) -> Option<Vec<Self>> {
        let ((records, []), (openings, [])) =
            (records.as_chunks::<RECORD>(), openings.as_chunks::<OPENING>())
        else {
            return None;
        };
        if records.len() != openings.len() {
            return None;
        }
        let leaf = |(record, opening): (&[u8; RECORD], &[u8; OPENING])| {
            let (length, record) = record.split_first_chunk::<2>()?;
            let record =
                record.first_chunk().filter(|_| usize::from(u16::from_be_bytes(*length)) == record.len())?;
            let (opening, hint) = opening.split_first_chunk()?;
            Some(Self {
                record: LeafRecord::from_bytes(record).ok()?,
                opening: Opening::from_bytes(opening).ok()?,
                hint: *hint.first_chunk()?,
            })
        };
        records.iter().zip(openings).map(leaf).collect()
    }
}

/// A tile of which every entry was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollapsedTile {
    /// Its number: the tile has the entries from 256 times this number.
    pub tile: u64,
    /// The record of its last leaf.
    pub record: LeafRecord,
    /// The hashes from that leaf to the root of the tile.
    pub path: TilePath,
}

impl CollapsedTile {
    /// The hash of the tile, from its last leaf and the path.
    #[must_use]
    pub fn root(&self) -> Hash {
        root_of_path(self.record.hash(), u8::MAX, &self.path)
    }

    /// The bytes in the list of a group of 256 tiles.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let path = self.path.iter().flat_map(|hash| hash.0);
        let place = u8::try_from(self.tile % TILE).unwrap_or_default();
        [place].into_iter().chain(self.record.to_bytes()).chain(path).collect()
    }

    /// Reads the collapsed tiles of a group of 256. `None` if the bytes are not such a list.
    #[must_use]
    pub fn read_group(group: u64, bytes: &[u8]) -> Option<Vec<Self>> {
        let (tiles, []) = bytes.as_chunks::<COLLAPSED>() else { return None };
        let tile = |[place, bytes @ ..]: &[u8; COLLAPSED]| {
            let (record, path) = bytes.split_first_chunk()?;
            let (path, _) = path.as_chunks::<32>();
            let record = LeafRecord::from_bytes(record).ok()?;
            let path = path.iter().map(|hash| Hash(*hash)).collect::<Vec<_>>().try_into().ok()?;
            Some(Self { tile: group * TILE + u64::from(*place), record, path })
        };
        tiles.iter().map(tile).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::integrity::leaf::Seed;
    use crate::model::timestamp::Timestamp;

    #[test]
    fn the_bytes_of_a_tile_are_read_back() {
        let leaf = |index| StoredLeaf {
            record: LeafRecord::unprotected(index, Timestamp::MIN),
            opening: Opening::Kept(Seed([9; 16])),
            hint: [1, 2, 3],
        };
        let leaves = vec![leaf(0), leaf(1)];
        let records = leaves.iter().flat_map(StoredLeaf::record_bytes).collect::<Vec<_>>();
        let openings = leaves.iter().flat_map(StoredLeaf::opening_bytes).collect::<Vec<_>>();
        assert_eq!(StoredLeaf::read_tile(&records, &openings), Some(leaves));
        assert_eq!(StoredLeaf::read_tile(&records, &openings[OPENING..]), None);
        assert_eq!(StoredLeaf::read_tile(&records[1..], &openings), None);
        let tile = CollapsedTile { tile: 3 * TILE + 7, record: leaf(5).record, path: [Hash([4; 32]); 8] };
        assert_eq!(CollapsedTile::read_group(3, &tile.to_bytes()), Some(vec![tile.clone()]));
        assert_eq!(CollapsedTile::read_group(3, &tile.to_bytes()[1..]), None);
    }
}
