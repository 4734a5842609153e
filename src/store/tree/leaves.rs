//! Reads the leaves of tiles: the records of entries, of tombstones, and of tiles whose entries are all deleted.

use std::collections::BTreeMap;

use crate::model::integrity::leaf::{LeafRecord, Seed};
use crate::model::integrity::opening::Opening;
use crate::model::integrity::tile::TILE;
use crate::model::integrity::tile_content::{CollapsedTile, StoredLeaf};
use crate::model::merkle::Hash;
use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::session::{Columns, LeafIds, Session, list, optional, values};
use crate::store::tree::erased;
use crate::store::tree::row::{hashes as parse_hashes, row};
use crate::store::tree::walk::Walk;
use crate::store::tree_calls::StoredTile;

/// The leaf records of deleted entries, one by one or as collapsed tiles.
pub(super) struct Deleted {
    pub(super) tombstones: BTreeMap<u64, LeafRecord>,
    pub(super) collapsed: BTreeMap<u64, CollapsedTile>,
}

impl Deleted {
    /// Reads the records of the deleted entries between two ids.
    pub(super) async fn read<S: Session>(
        db: &S,
        org: OrgId,
        first: u64,
        last: u64,
    ) -> Result<Self, S::Error> {
        let sql = "SELECT id, record FROM tombstones WHERE org_id = ?1 AND id >= ?2 AND id <= ?3";
        // A tombstone that cannot be read is as good as none: its leaf hash does not fit the tree then.
        let tombstone = |row: &dyn Columns| Ok(row.unsigned(0).ok().zip(record(row, 1).ok()));
        let tombstones = list(db, sql, values![org, first, last], tombstone).await?;
        let collapsed = collapsed(db, org, (first - 1) / TILE, last.div_ceil(TILE)).await?;
        let collapsed = collapsed.into_iter().map(|tile| (tile.tile, tile));
        Ok(Self { tombstones: tombstones.into_iter().flatten().collect(), collapsed: collapsed.collect() })
    }

    /// The collapsed tile whose first leaf has this index.
    pub(super) fn collapsed(&self, index: u64) -> Option<&CollapsedTile> {
        if index.is_multiple_of(TILE) { self.collapsed.get(&(index / TILE)) } else { None }
    }
}

fn record(row: &dyn Columns, at: usize) -> Result<LeafRecord, StoreError> {
    let bytes = row.bytes_or_null(at)?.unwrap_or_default();
    let bytes =
        bytes.try_into().map_err(|_| StoreError::Damaged("a leaf record has the wrong length".to_owned()))?;
    LeafRecord::from_bytes(bytes).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The collapsed tiles from one up to and without another.
pub(in crate::store) async fn collapsed<S: Session>(
    db: &S,
    org: OrgId,
    from: u64,
    until: u64,
) -> Result<Vec<CollapsedTile>, S::Error> {
    let sql = "SELECT tile, record, path FROM collapsed_tiles WHERE org_id = ?1 AND tile >= ?2 AND tile < ?3 ORDER BY tile";
    let read = |row: &dyn Columns| {
        let path = parse_hashes(row.bytes_or_null(2)?.unwrap_or_default())?;
        let path =
            path.try_into().map_err(|_| StoreError::Damaged("the path of a tile is too short".to_owned()))?;
        Ok::<_, StoreError>(CollapsedTile { tile: row.unsigned(0)?, record: record(row, 1)?, path })
    };
    let tiles = list(db, sql, values![org, from, until], |row| Ok(read(row).ok())).await?;
    Ok(tiles.into_iter().flatten().collect())
}

/// How often a tile is read again because a prune deletes entries of it meanwhile, or an erasure changes them.
const ATTEMPTS: u32 = 5;

/// The first `width` leaves of a tile of the tree.
pub(in crate::store) async fn tile<S: Session>(
    db: &S,
    org: OrgId,
    tile: u64,
    width: u64,
) -> Result<StoredTile, S::Error> {
    let mut attempt = 1;
    loop {
        let (found, unopened) = read_tile(db, org, tile, width).await?;
        let StoredTile::Leaves(leaves) = &found else { return Ok(found) };
        let missing = leaves.iter().find(|leaf| !leaf.record.is_protected).map(|leaf| leaf.record.id());
        let Some(id) = missing.or(unopened).filter(|_| attempt < ATTEMPTS) else { return Ok(found) };
        // PostgreSQL reads tombstones and entries at two moments: an entry may be gone whose record was not there yet. The
        // same concerns an entry without a seed.
        let deleted = Deleted::read(db, org, id, id).await?;
        let is_erased = unopened.is_some() && !erased::of(db, org, &[id]).await?.is_empty();
        if deleted.tombstones.is_empty() && deleted.collapsed.is_empty() && !is_erased {
            return Ok(found);
        }
        attempt += 1;
    }
}

/// A tile, and the first entry in it that has neither a seed nor what an erasure leaves of it.
async fn read_tile<S: Session>(
    db: &S,
    org: OrgId,
    tile: u64,
    width: u64,
) -> Result<(StoredTile, Option<u64>), S::Error> {
    let (first, last) = (tile * TILE + 1, tile * TILE + width);
    let deleted = Deleted::read(db, org, first, last).await?;
    if let Some(collapsed) = deleted.collapsed(tile * TILE) {
        return Ok((StoredTile::Collapsed(Box::new(collapsed.clone())), None));
    }
    let hints = hints(db, org, tile).await?;
    let erased = erased::between(db, org, first, last).await?;
    let mut unopened = None;
    let mut leaves: Vec<StoredLeaf> = Vec::with_capacity(width as usize);
    // By its place and not by the index in its record, which may be forged.
    let mut add = |record, opening| {
        let hint = hints.get(leaves.len()).copied().unwrap_or_default();
        leaves.push(StoredLeaf { record, opening, hint });
    };
    let mut walk = Walk::new(first, None, &deleted.tombstones);
    db.visit_leaves(org, LeafIds::Range(first, last), |entry, seed| {
        walk.until(entry.id, |record| add(record, Opening::Deleted));
        match (seed, erased.get(&entry.id)) {
            (Some(seed), _) => add(walk.entry(entry, seed), Opening::Kept(Seed(seed))),
            (None, Some(leaf)) => add(walk.erased(entry, leaf), leaf.opening),
            (None, None) => {
                unopened.get_or_insert(entry.id);
                // A seed that was taken away cannot give the record that is in the tree.
                add(walk.entry(entry, [0; 16]), Opening::Deleted);
            }
        }
        Ok(())
    })
    .await?;
    walk.until(last + 1, |record| add(record, Opening::Deleted));
    Ok((StoredTile::Leaves(leaves), unopened))
}

/// The hashes of leaves.
pub(super) fn hashes(leaves: &[StoredLeaf]) -> Vec<Hash> {
    leaves.iter().map(|leaf| leaf.record.hash()).collect()
}

/// The first three bytes of each leaf hash of a tile, as they were when the leaf was added.
async fn hints<S: Session>(db: &S, org: OrgId, tile: u64) -> Result<Vec<[u8; 3]>, S::Error> {
    let sql = "SELECT hints FROM tree_hashes WHERE org_id = ?1 AND level = 1 AND position = ?2";
    let read = |row: &dyn Columns| Ok(row.bytes_or_null(0)?.unwrap_or_default().as_chunks::<3>().0.to_vec());
    match optional(db, sql, values![org, tile], read).await? {
        Some(hints) => Ok(hints),
        // The tile is not full.
        None => Ok(row(db, org).await?.leaves.iter().map(|Hash([a, b, c, ..])| [*a, *b, *c]).collect()),
    }
}
