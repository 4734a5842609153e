//! Makes leaf records in the order of ids: from entries, from tombstones, and version 0 for ids that have neither.

use std::collections::BTreeMap;

use crate::model::integrity::leaf::{LeafRecord, Seed};
use crate::model::integrity::tile::TILE;
use crate::model::timestamp::Timestamp;
use crate::store::entries::StoredEntry;
use crate::store::tree_calls::ErasedLeaf;

/// Makes the records of ids one after the other. Every id gets one.
pub(super) struct Walk<'t> {
    next: u64,
    /// The latest time in the current tile so far.
    latest: Option<Timestamp>,
    tombstones: &'t BTreeMap<u64, LeafRecord>,
}

impl<'t> Walk<'t> {
    /// Begins at an id, with the latest time of the earlier entries in its tile.
    pub(super) const fn new(
        first: u64,
        latest: Option<Timestamp>,
        tombstones: &'t BTreeMap<u64, LeafRecord>,
    ) -> Self {
        Self { next: first, latest, tombstones }
    }

    /// The latest time in the tile of the last id, if that tile is not full.
    pub(super) const fn latest(&self) -> Option<Timestamp> {
        if (self.next - 1).is_multiple_of(TILE) { None } else { self.latest }
    }

    /// Jumps over a tile that begins here.
    pub(super) fn skip_tile(&mut self) {
        self.next += TILE;
        self.latest = None;
    }

    /// Makes the records of the ids before this one, of which no entry exists.
    pub(super) fn until(&mut self, id: u64, mut each: impl FnMut(LeafRecord)) {
        while self.next < id {
            let tombstone = self.tombstones.get(&self.next);
            let latest = self.note(tombstone.map(|record| record.occurred_at));
            each(match tombstone {
                Some(record) => *record,
                None => LeafRecord::unprotected(self.next - 1, latest.unwrap_or(Timestamp::MIN)),
            });
            self.next += 1;
        }
    }

    /// Makes the record of an entry. Its id is the next.
    pub(super) fn entry(&mut self, entry: &StoredEntry<'_>, seed: [u8; 16]) -> LeafRecord {
        let latest = self.note(Some(entry.occurred_at)).unwrap_or(entry.occurred_at);
        self.next += 1;
        LeafRecord::of(&entry.parts(), &Seed(seed), latest)
    }

    /// Makes the record of an entry of which a part was erased. Its id is the next.
    pub(super) fn erased(&mut self, entry: &StoredEntry<'_>, leaf: &ErasedLeaf) -> LeafRecord {
        let latest = self.note(Some(entry.occurred_at)).unwrap_or(entry.occurred_at);
        self.next += 1;
        leaf.record(entry, latest)
    }

    fn note(&mut self, occurred_at: Option<Timestamp>) -> Option<Timestamp> {
        if (self.next - 1).is_multiple_of(TILE) {
            self.latest = None;
        }
        self.latest = self.latest.max(occurred_at);
        self.latest
    }
}
