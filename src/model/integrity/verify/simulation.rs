//! A log as a store keeps it, with everything in it that somebody with the database could change.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::change::Changes;
use crate::model::entry::{Entry, RequestContext, User};
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::leaf::{LeafRecord, Seed};
use crate::model::integrity::opening::Opening;
use crate::model::integrity::tile::{TILE, TILE_HEIGHT, TilePath, tile_path, tile_root};
use crate::model::integrity::tile_content::StoredLeaf;
use crate::model::integrity::verify::fault::Fault;
use crate::model::integrity::verify::rules::{PruneRule, Rules};
use crate::model::integrity::verify::{Seen, Verdict, Verifier};
use crate::model::merkle::{Hash, Tree};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind, Via};

pub(super) fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros.cast_signed()).expect("a time")
}

#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub(super) entries: BTreeMap<u64, (Entry, Seed)>,
    pub(super) tombstones: BTreeMap<u64, LeafRecord>,
    pub(super) collapsed: BTreeMap<u64, (LeafRecord, TilePath)>,
    /// The hashes of full tiles.
    pub(super) stated: Vec<Hash>,
    pub(super) hints: Vec<[u8; 3]>,
    pub(super) prunes: Vec<PruneRule>,
    pub(super) unprotected_through: u64,
    pub(super) head: u64,
    /// What is signed.
    pub(super) size: u64,
    pub(super) root: Hash,
}

pub(super) fn entry(id: u64, occurred_at: Timestamp) -> Entry {
    let text = |what: &str| Some(format!("{what} {id}"));
    Entry {
        id,
        uuid: Uuid::from_u128(id.into()),
        occurred_at,
        recorded_at: at(1_000_000 + id),
        action: Action::Updated,
        model_type: ModelType::Connector,
        model_id: id.to_string(),
        model_name: text("name"),
        user: User { id: text("id"), email: None, name: text("user"), role: None, kind: UserKind::User },
        on_behalf_of: None,
        context: RequestContext { via: Some(Via::Api), ip: text("ip"), user_agent: None, request_id: None },
        reason: text("reason"),
        changes: Changes::from_text(format!("[{{\"field\":\"n\",\"new\":{id}}}]")).expect("changes"),
    }
}

impl Log {
    pub(super) fn append(&mut self, occurred_at: Timestamp) {
        self.head += 1;
        let seed = Seed(u128::from(self.head * 7).to_be_bytes());
        self.entries.insert(self.head, (entry(self.head, occurred_at), seed));
    }

    /// The leaves of a tile as they are now.
    fn leaves(&self, tile: u64, until: u64) -> Vec<StoredLeaf> {
        let mut latest = Timestamp::MIN;
        let mut leaves = Vec::new();
        for id in tile * TILE + 1..=((tile + 1) * TILE).min(until) {
            let (record, opening) = match (self.entries.get(&id), self.tombstones.get(&id)) {
                (Some((entry, seed)), _) => {
                    (LeafRecord::of(&entry.parts(), seed, latest), Opening::Kept(*seed))
                }
                (None, Some(record)) => (*record, Opening::Deleted),
                (None, None) => (LeafRecord::unprotected(id - 1, latest), Opening::Deleted),
            };
            latest = record.tile_latest;
            let hint = self.hints.get((id - 1) as usize).copied().unwrap_or_default();
            leaves.push(StoredLeaf { record, opening, hint });
        }
        leaves
    }

    pub(super) fn hashes(&self, tile: u64, until: u64) -> Vec<Hash> {
        self.leaves(tile, until).iter().map(|leaf| leaf.record.hash()).collect()
    }

    /// Adds all entries to the tree, and signs it.
    pub(super) fn grow(&mut self) {
        for tile in self.size / TILE..self.head.div_ceil(TILE) {
            let hashes = self.hashes(tile, self.head);
            self.hints.truncate((tile * TILE) as usize);
            self.hints.extend(hashes.iter().map(|hash| [hash.0[0], hash.0[1], hash.0[2]]));
            if hashes.len() as u64 == TILE {
                self.stated.push(tile_root(&hashes));
            }
        }
        self.size = self.head;
        let mut tree = Tree::default();
        self.stated.iter().for_each(|hash| tree.push_subtree(TILE_HEIGHT, *hash));
        if !self.size.is_multiple_of(TILE) {
            self.hashes(self.size / TILE, self.size).iter().for_each(|hash| tree.push(*hash));
        }
        self.root = tree.root();
    }

    /// Builds the tree from the entries as they are now, as a server whose database was replaced would.
    pub(super) fn rebuild(&mut self) {
        (self.size, self.stated, self.hints) = (0, Vec::new(), Vec::new());
        self.grow();
    }

    pub(super) fn prune(&mut self, cutoff: Timestamp, as_of: u64) {
        self.grow();
        let prune = self.prunes.len() as u64 + 1;
        self.prunes.push(PruneRule { prune, cutoff, as_of });
        let expired: Vec<u64> = self
            .entries
            .iter()
            .filter(|(id, (entry, _))| entry.occurred_at < cutoff && **id <= as_of)
            .map(|(id, _)| *id)
            .collect();
        expired.into_iter().for_each(|id| self.delete(id));
    }

    /// Deletes an entry as a prune does: its record stays, and a tile without entries collapses.
    pub(super) fn delete(&mut self, id: u64) {
        let tile = (id - 1) / TILE;
        let record = self.leaves(tile, self.size)[((id - 1) % TILE) as usize].record;
        self.tombstones.insert(id, record);
        self.entries.remove(&id);
        let range = tile * TILE + 1..=(tile + 1) * TILE;
        if self.entries.range(range.clone()).next().is_none() && *range.end() <= self.size {
            let leaves = self.leaves(tile, self.size);
            let path = tile_path(&self.hashes(tile, self.size), u8::MAX).expect("a full tile");
            self.collapsed.insert(tile, (leaves[255].record, path));
            self.tombstones.retain(|id, _| !range.contains(id));
        }
    }

    pub(super) fn verify(&self, seen: Option<&Seen>) -> Result<(Verdict, Seen), Fault> {
        let rules = Rules::new(self.prunes.clone(), self.unprotected_through);
        let checkpoint = Checkpoint { origin: "log".to_owned(), size: self.size, root: self.root };
        let last = self.hashes(self.size / TILE, self.size);
        let mut verifier =
            Verifier::new(&checkpoint, seen.copied(), rules.into(), self.stated.clone(), &last)?;
        while let Some((tile, _)) = verifier.next_tile() {
            let range = tile * TILE + 1..=(tile + 1) * TILE;
            let entries = self.entries.range(range).filter(|(id, _)| **id <= self.size);
            let entries: Vec<_> = entries.map(|(_, (entry, _))| entry.parts()).collect();
            match self.collapsed.get(&tile) {
                Some((record, path)) => verifier.verify_collapsed(record, path)?,
                None => verifier.verify_leaves(&self.leaves(tile, self.size), &entries)?,
            }
        }
        verifier.finish()
    }

    /// Whether a prune may have deleted this entry.
    pub(super) fn may_expire(&self, id: u64) -> bool {
        let rules = Rules::new(self.prunes.clone(), 0);
        self.entries.get(&id).is_none_or(|(entry, _)| rules.prune_of(id, entry.occurred_at).is_some())
    }
}
