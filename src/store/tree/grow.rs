//! Grows a tree: reads new entries, computes, and then stores the result in a short transaction. The transaction succeeds
//! only if the tree still has the size from which it was computed. So any number of servers may grow a tree at once, and
//! each step is stored once.

use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::frontier::{Frontier, FullTile};
use crate::model::integrity::tile::TILE;
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::codes::{hex, json};
use crate::store::pages;
use crate::store::session::{LeafIds, Session, values};
use crate::store::tree::erased;
use crate::store::tree::leaves::Deleted;
use crate::store::tree::row::{frontier, organization, row};
use crate::store::tree::walk::Walk;

/// How many tiles one step adds at most.
const TILES_A_STEP: u64 = 32;

/// The next step of a tree.
pub(in crate::store) enum Step {
    /// The tree has all entries.
    Current,
    /// Entries between these ids have no seed yet.
    Unseeded(u64, u64),
    /// These are to be stored.
    Growth(Growth),
}

/// New leaves of a tree, computed but not stored.
pub(in crate::store) struct Growth {
    from: u64,
    root: Hash,
    frontier: Frontier,
    full: Vec<FullTile>,
    tile_latest: Option<Timestamp>,
    organization: uuid::Uuid,
}

impl Growth {
    /// What checkpoints of the tree before and after the growth state.
    pub(in crate::store) fn checkpoints(&self, org: OrgId) -> (Checkpoint, Checkpoint) {
        let of = |size, root| Checkpoint { origin: org.origin(self.organization), size, root };
        (of(self.from, self.root), of(self.frontier.size(), self.frontier.root()))
    }
}

/// Reads entries that the tree lacks, and computes the next step.
pub(in crate::store) async fn step<S: Session>(db: &S, org: OrgId) -> Result<Step, S::Error> {
    // The head first: entries up to it are committed, whatever the other statements see.
    let head = pages::head(db, org).await?;
    let tree = row(db, org).await?;
    let from = tree.state.size;
    if from >= head {
        return Ok(Step::Current);
    }
    let last = head.min((from / TILE + TILES_A_STEP) * TILE);
    let mut edge = frontier(db, org, &tree).await?;
    let root = edge.root();
    let deleted = Deleted::read(db, org, from + 1, last).await?;
    // Entries that the tree lacks were erased only in a copy, or if stored hashes are computed again.
    let erased = erased::between(db, org, from + 1, last).await?;
    let mut full = Vec::new();
    let mut walk = Walk::new(from + 1, tree.tile_latest, &deleted.tombstones);
    // Adds leaves up to an id of which no entry exists before it.
    let until = |walk: &mut Walk<'_>, edge: &mut Frontier, full: &mut Vec<FullTile>, id: u64| {
        while edge.size() + 1 < id {
            match deleted.collapsed(edge.size()) {
                Some(tile) => {
                    edge.push_tile(tile.root(), full);
                    walk.skip_tile();
                }
                None => {
                    let end = id.min((edge.size() / TILE + 1) * TILE + 1);
                    walk.until(end, |record| edge.push(record.hash(), full));
                }
            }
        }
    };
    let mut is_unseeded = false;
    db.visit_leaves(org, LeafIds::Range(from + 1, last), |entry, seed| {
        let leaf = erased.get(&entry.id);
        if is_unseeded || seed.is_none() && leaf.is_none() {
            is_unseeded = true;
            return Ok(());
        }
        until(&mut walk, &mut edge, &mut full, entry.id);
        let record = match (seed, leaf) {
            (None, Some(leaf)) => walk.erased(entry, leaf),
            (seed, _) => walk.entry(entry, seed.unwrap_or_default()),
        };
        edge.push(record.hash(), &mut full);
        Ok(())
    })
    .await?;
    if is_unseeded {
        return Ok(Step::Unseeded(from + 1, last));
    }
    until(&mut walk, &mut edge, &mut full, last + 1);
    let (tile_latest, organization) = (walk.latest(), organization(db, org).await?);
    Ok(Step::Growth(Growth { from, root, frontier: edge, full, tile_latest, organization }))
}

/// Stores a step; returns whether the tree still had the size from which the step was computed. Runs in a transaction.
pub(in crate::store) async fn commit<S: Session>(
    db: &S,
    org: OrgId,
    growth: &Growth,
) -> Result<bool, S::Error> {
    let leaves: Vec<u8> = growth.frontier.leaves().iter().flat_map(|hash| hash.0).collect();
    let sql = "UPDATE trees SET size = ?3, leaves = ?4, tile_latest = ?5 WHERE org_id = ?1 AND size = ?2";
    let size = growth.frontier.size();
    let tree = values![org, growth.from, size, &*leaves, growth.tile_latest];
    if db.run(sql, tree).await? == 0 {
        return Ok(false);
    }
    if !growth.full.is_empty() {
        let row = |tile: &FullTile| {
            let hints: Vec<u8> = tile.hashes.iter().flat_map(|Hash([a, b, c, ..])| [*a, *b, *c]).collect();
            let hints = (tile.level == 1 && !hints.is_empty()).then(|| hex(&hints));
            (tile.level, tile.position, hex(&tile.hash.0), hints)
        };
        let rows: Vec<_> = growth.full.iter().map(row).collect();
        let [open, close] = S::DIALECT.from_hex;
        let sql = format!(
            "INSERT INTO tree_hashes (org_id, level, position, hash, hints) SELECT ?1, CAST(value->>0 AS BIGINT), \
             CAST(value->>1 AS BIGINT), {open}value->>2{close}, {open}value->>3{close} FROM {}(?2) AS tiles",
            S::DIALECT.json_elements
        );
        db.run(&sql, values![org, &json(&rows)]).await?;
    }
    Ok(true)
}
