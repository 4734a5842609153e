//! The results of calls about trees. It knows no engine.

use crate::model::integrity::leaf::LeafRecord;
use crate::model::integrity::opening::Opening;
use crate::model::integrity::tile_content::{CollapsedTile, StoredLeaf};
use crate::model::merkle::Hash;

/// How far a log's tree reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeState {
    /// The number of entries in the tree.
    pub size: u64,
    /// The latest checkpoint, a signed note.
    pub checkpoint: Option<String>,
    /// Entries up to this id were recorded before the log had a tree.
    pub unprotected: u64,
}

/// The roots of a tree when it had some size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roots {
    /// The root; `None` once the entries of its last, partial tile are deleted and the tile was filled and collapsed.
    pub root: Option<Hash>,
    /// The root without the partial tile.
    pub full_tiles: Hash,
}

/// What the tree needs of an entry of which a part was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedLeaf {
    /// The entry.
    pub id: u64,
    /// What opens the commitment of the part that was kept.
    pub opening: Opening,
    /// The commitment to [`Part::Actor`](crate::model::integrity::leaf::Part::Actor), as it was recorded.
    pub actor: Hash,
    /// The commitment to [`Part::Content`](crate::model::integrity::leaf::Part::Content), as it was recorded.
    pub content: Hash,
}

/// The leaves of a tile.
#[derive(Debug, Clone)]
pub enum StoredTile {
    /// One by one.
    Leaves(Vec<StoredLeaf>),
    /// Every entry was deleted.
    Collapsed(Box<CollapsedTile>),
}

/// Leaf records of the deleted entries in a range of tiles.
#[derive(Debug, Clone)]
pub struct DeletedLeaves {
    /// Their records, where the tile has other entries.
    pub tombstones: Vec<LeafRecord>,
    /// The tiles without entries.
    pub collapsed: Vec<CollapsedTile>,
}
