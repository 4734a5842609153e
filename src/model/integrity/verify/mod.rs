//! The verifier: reads a log tile by tile. Each entry must be unchanged, or the trail must explain its absence. No I/O.
//!
//! The signed tree fixes what was recorded. If the leaves of a tile give a different hash, the tile was tampered with. The
//! rules, read from the trail, say which entries a recorded prune may have deleted, and which parts an erasure may have erased.

pub mod erasures;
pub mod fault;
pub mod retention;
pub mod rule_reader;
pub mod rules;
mod tile;
mod verdict;

use std::sync::Arc;

use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::leaf::{EntryParts, LeafRecord};
use crate::model::integrity::opening::Opening;
use crate::model::integrity::tile::{TILE, TILE_HEIGHT, TilePath, hashes_at, root_of_path, tile_root};
use crate::model::integrity::tile_content::StoredLeaf;
use crate::model::integrity::verify::fault::{Fault, FaultKind};
use crate::model::integrity::verify::rules::Rules;
use crate::model::merkle::{Hash, Tree};
use crate::model::timestamp::Timestamp;

pub use crate::model::integrity::verify::verdict::Verdict;

/// What a witness remembers of the last checkpoint it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The size of the log.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// The root of the tree of its full tiles only. It is needed when the last tile has collapsed since.
    pub full_tiles: Hash,
    /// `tile_latest` of its last leaf. A tile that collapses later must not state an earlier time.
    pub tile_latest: Timestamp,
}

impl Seen {
    /// The size without the leaves of the last tile, unless that is full.
    #[must_use]
    pub const fn full_size(&self) -> u64 {
        self.size - self.size % TILE
    }
}

/// Verifies one log, tile by tile in order.
///
/// A clone is cheap: a caller keeps one to read a tile again.
#[derive(Debug, Clone)]
pub struct Verifier {
    size: u64,
    root: Hash,
    rules: Arc<Rules>,
    seen: Option<Seen>,
    /// The hashes of the full tiles, as the server states them.
    stated: Arc<[Hash]>,
    /// Whether these are the hashes that the checkpoint signs.
    is_signed: bool,
    /// The tree of the tiles so far, as computed.
    tree: Tree,
    /// The next tile.
    tile: u64,
    verdict: Verdict,
    /// A stated hash that differs from the entries, although no entry seems to be changed.
    suspicion: Option<Fault>,
    /// The root of the full tiles so far, for [`Seen`].
    full_tiles: Hash,
    /// `tile_latest` of the last leaf so far, for [`Seen`].
    tile_latest: Timestamp,
}

impl Verifier {
    /// Begins with the hashes of all full tiles, and the leaf hashes of the partial tile after them.
    ///
    /// # Errors
    /// A [`Fault`] when the log has fewer entries than before, or the number of hashes is wrong.
    pub fn new(
        checkpoint: &Checkpoint,
        seen: Option<Seen>,
        rules: Arc<Rules>,
        stated: Vec<Hash>,
        last_leaf_hashes: &[Hash],
    ) -> Result<Self, Fault> {
        let Checkpoint { size, root, .. } = *checkpoint;
        if let Some(seen) = seen.filter(|seen| seen.size > size) {
            return Err(Fault::range(size + 1, seen.size, FaultKind::RolledBack));
        }
        if stated.len() as u64 != hashes_at(1, size) || last_leaf_hashes.len() as u64 != size % TILE {
            return Err(Fault::range(1, size, FaultKind::Tree));
        }
        let mut tree = Tree::default();
        stated.iter().for_each(|hash| tree.push_subtree(TILE_HEIGHT, *hash));
        last_leaf_hashes.iter().for_each(|hash| tree.push(*hash));
        Ok(Self {
            size,
            root,
            rules,
            seen,
            is_signed: tree.root() == root,
            stated: stated.into(),
            tree: Tree::default(),
            tile: 0,
            verdict: Verdict::default(),
            suspicion: None,
            full_tiles: Tree::default().root(),
            tile_latest: Timestamp::MIN,
        })
    }

    /// The number of the next tile, and how many leaves it has; `None` after the last one.
    #[must_use]
    pub fn next_tile(&self) -> Option<(u64, u32)> {
        let width = self.size.saturating_sub(self.tile * TILE).min(TILE);
        (width > 0).then_some((self.tile, u32::try_from(width).unwrap_or(0)))
    }

    /// Verifies the next tile: its leaves, and the entries in it by id.
    ///
    /// # Errors
    /// The first [`Fault`] in it.
    pub fn verify_leaves(&mut self, leaves: &[StoredLeaf], entries: &[EntryParts<'_>]) -> Result<(), Fault> {
        let Some((number, width)) = self.next_tile() else { return Ok(()) };
        let first = number * TILE + 1;
        if leaves.len() != width as usize {
            return Err(Fault::range(first, first + u64::from(width) - 1, FaultKind::Tree));
        }
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf.record.hash()).collect();
        let last = leaves.last().map_or(Timestamp::MIN, |leaf| leaf.record.tile_latest);
        // The number of leaves that are unchanged since the last checkpoint seen.
        let mut proved = 0;
        let seen = self.seen_before(first)?;
        if let Some(seen) = seen {
            let mut tree = self.tree.clone();
            let until = usize::try_from(seen.size - seen.full_size()).unwrap_or(usize::MAX);
            hashes.iter().take(until).for_each(|hash| tree.push(*hash));
            proved = if tree.root() == seen.root { until } else { 0 };
        }
        self.check_hashes(first, leaves, &hashes, proved)?;
        if let Some(seen) = seen.filter(|_| proved == 0) {
            return Err(Fault::range(first, seen.size, FaultKind::Rewritten));
        }
        tile::judge(first, leaves, entries, &self.rules, &mut self.verdict)?;
        self.advance(hashes, last);
        Ok(())
    }

    /// Verifies the next tile, of which every entry was deleted: the record of its last leaf, and the path to its root.
    ///
    /// # Errors
    /// The [`Fault`] in it.
    pub fn verify_collapsed(&mut self, record: &LeafRecord, path: &TilePath) -> Result<(), Fault> {
        let Some((number, width)) = self.next_tile() else { return Ok(()) };
        let (first, last) = (number * TILE + 1, (number + 1) * TILE);
        let fault = |kind| Fault::range(first, last, kind);
        if u64::from(width) != TILE || record.id() != last {
            return Err(fault(FaultKind::Tree));
        }
        let root = root_of_path(record.hash(), u8::MAX, path);
        if root != self.stated[number as usize] {
            self.suspect(fault(FaultKind::Changed), 0)?;
        }
        if let Some(seen) = self.seen_before(first)?
            && record.tile_latest < seen.tile_latest
        {
            return Err(Fault::range(first, seen.size, FaultKind::Rewritten));
        }
        tile::judge_collapsed(record, &self.rules, &mut self.verdict)?;
        self.tree.push_subtree(TILE_HEIGHT, root);
        self.tile += 1;
        self.tile_latest = record.tile_latest;
        self.full_tiles = self.tree.root();
        Ok(())
    }

    /// Ends after the last tile: the verdict, and what to remember of the checkpoint.
    ///
    /// # Errors
    /// A [`Fault`] when the tree of all tiles is not the signed one, or tiles are left.
    pub fn finish(self) -> Result<(Verdict, Seen), Fault> {
        let (size, root) = (self.size, self.root);
        if self.next_tile().is_some() {
            return Err(Fault::range(self.tile * TILE + 1, size, FaultKind::Tree));
        }
        if self.seen.is_some_and(|seen| seen.size == size) {
            // No tile follows that would compare them.
            self.seen_before(size + 1)?;
        }
        if self.tree.root() != root {
            // The tiles up to the last checkpoint seen matched it, so the change is after them.
            let first = self.seen.map_or(1, |seen| seen.size + 1).min(size);
            return Err(self.suspicion.unwrap_or(Fault::range(first, size, FaultKind::Changed)));
        }
        if let Some(Fault { first, last, .. }) = self.suspicion {
            return Err(Fault::range(first, last, FaultKind::StoredHash));
        }
        if !self.is_signed {
            // The stated hashes differ, but every tile was compared with them.
            return Err(Fault::range(1, size, FaultKind::StoredHash));
        }
        let Self { full_tiles, tile_latest, .. } = self;
        Ok((self.verdict, Seen { size, root, full_tiles, tile_latest }))
    }

    /// Compares the leaves of a tile with the stated hash, and finds the leaf that differs. The first `proved` leaves are
    /// unchanged since the last checkpoint seen.
    fn check_hashes(
        &mut self,
        first: u64,
        leaves: &[StoredLeaf],
        hashes: &[Hash],
        proved: usize,
    ) -> Result<(), Fault> {
        let last = first + leaves.len() as u64 - 1;
        let stated = self.stated.get(((first - 1) / TILE) as usize);
        let is_right = match stated {
            Some(stated) => *stated == tile_root(hashes),
            // The leaves after the full tiles were compared with the checkpoint, together with the stated hashes.
            None => self.is_signed,
        };
        let is_full = stated.is_some();
        let differs = |(leaf, hash): (&StoredLeaf, &Hash)| leaf.hint != [0; 3] && hash.0[..3] != leaf.hint;
        let pairs = leaves.iter().zip(hashes).enumerate();
        let wrong_hints: Vec<usize> = pairs.filter(|(_, pair)| differs(*pair)).map(|(at, _)| at).collect();
        let stored_hash = Fault::range(first, last, FaultKind::StoredHash);
        if is_right {
            // The hints of the last tile are from the hashes that the tree grows from.
            if !is_full && !wrong_hints.is_empty() {
                self.suspicion.get_or_insert(stored_hash);
            }
            return Ok(());
        }
        match wrong_hints.iter().find(|at| **at >= proved) {
            Some(&at) => {
                let StoredLeaf { record, opening, .. } = &leaves[at];
                let id = first + at as u64;
                let is_gone = !record.is_protected && *opening == Opening::Deleted;
                let kind = if is_gone { FaultKind::Missing } else { FaultKind::Changed };
                Err(Fault::range(id, id, kind))
            }
            // Only hints of unchanged leaves differ: the stored hashes were changed, and the tree grew from them.
            None if !wrong_hints.is_empty() => Err(stored_hash),
            None if is_full => self.suspect(Fault::range(first, last, FaultKind::Changed), proved as u64),
            // The root differs, and nothing tells in which tile.
            None => Ok(()),
        }
    }

    /// Reports a tile whose hash differs from the stated one. This is final only if the stated hash is signed and the last
    /// checkpoint seen does not cover the whole tile. Else the fault is noted: later tiles show whether the entries or the stored
    /// hash were changed, because a server signs the hashes of its database. The first `proved` leaves are unchanged since that
    /// checkpoint.
    fn suspect(&mut self, fault: Fault, proved: u64) -> Result<(), Fault> {
        if self.is_signed && self.seen.is_none_or(|seen| seen.full_size() < fault.last) {
            return Err(Fault { first: fault.first + proved, ..fault });
        }
        self.suspicion.get_or_insert(fault);
        Ok(())
    }

    /// Compares the full tiles with those of the last checkpoint, if that ends in or before the tile that begins with
    /// `first`. Returns the last checkpoint if it ends within this tile.
    fn seen_before(&self, first: u64) -> Result<Option<Seen>, Fault> {
        match self.seen {
            Some(seen) if seen.full_size() == first - 1 && self.tree.root() != seen.full_tiles => {
                let rewritten = Fault::range(1, seen.full_size(), FaultKind::Rewritten);
                Err(self.suspicion.unwrap_or(rewritten))
            }
            Some(seen) if seen.full_size() == first - 1 && self.suspicion.is_some() => {
                // The entries are unchanged since the last checkpoint seen.
                let fault = self.suspicion.unwrap_or(Fault::range(1, first - 1, FaultKind::StoredHash));
                Err(Fault { kind: FaultKind::StoredHash, ..fault })
            }
            Some(seen) if seen.full_size() == first - 1 && seen.size >= first => Ok(Some(seen)),
            _ => Ok(None),
        }
    }

    fn advance(&mut self, hashes: Vec<Hash>, tile_latest: Timestamp) {
        let is_full = hashes.len() as u64 == TILE;
        if is_full {
            self.tree.push_subtree(TILE_HEIGHT, tile_root(&hashes));
            self.full_tiles = self.tree.root();
        } else {
            hashes.into_iter().for_each(|hash| self.tree.push(hash));
        }
        self.tile += 1;
        self.tile_latest = tile_latest;
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod simulation;
