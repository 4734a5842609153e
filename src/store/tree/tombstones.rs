//! Keeps the leaf records of deleted entries. When no entry of a tile is left, its records collapse to the last one and the
//! hashes that lead from it to the root of the tile.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::integrity::leaf::LeafRecord;
use crate::model::integrity::tile::{TILE, tile_path};
use crate::model::integrity::tile_content::CollapsedTile;
use crate::model::merkle::Hash;
use crate::model::ranges::ranges;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::codes::{hex, json};
use crate::store::column::column_by_id;
use crate::store::session::{Session, values};
use crate::store::tree::leaves::Deleted;
use crate::store::tree::row::state;

/// Keeps the records of entries that were deleted, by their ids, in the transaction that deletes them. All of them are in
/// the tree. Their `tile_latest` is set here.
pub(in crate::store) async fn keep<S: Session>(
    db: &S,
    org: OrgId,
    deleted: BTreeMap<u64, LeafRecord>,
) -> Result<(), S::Error> {
    let size = state(db, org).await?.size;
    let tiles: BTreeSet<u64> = deleted.keys().map(|id| (id - 1) / TILE).collect();
    let tiles: Vec<u64> = tiles.into_iter().collect();
    let (mut tombstones, mut collapsed) = (Vec::new(), Vec::new());
    for (first, last) in ranges(&tiles) {
        let (first_id, last_id) = (first * TILE + 1, (last + 1) * TILE);
        let kept = times(db, org, first_id, last_id).await?;
        let earlier = Deleted::read(db, org, first_id, last_id).await?.tombstones;
        for tile in first..=last {
            let is_full = (tile + 1) * TILE <= size;
            let records = TileRecords::new(tile, &kept, &earlier, &deleted);
            match records.collapse().filter(|_| is_full) {
                Some(tile) => collapsed.push(tile),
                None => tombstones.extend(records.new),
            }
        }
    }
    add_tombstones(db, org, &tombstones).await?;
    add_collapsed(db, org, &collapsed).await
}

/// The times of the entries between two ids.
async fn times<S: Session>(
    db: &S,
    org: OrgId,
    first: u64,
    last: u64,
) -> Result<BTreeMap<u64, Timestamp>, S::Error> {
    let times = column_by_id(db, org, "occurred_at", (first, last), |row, at| row.time(at)).await?;
    Ok(times.into_iter().collect())
}

/// The records of a tile's deleted entries.
struct TileRecords {
    tile: u64,
    has_entries: bool,
    /// The record of each leaf without an entry.
    all: Vec<LeafRecord>,
    /// The records of entries that this prune deletes.
    new: Vec<LeafRecord>,
}

impl TileRecords {
    fn new(
        tile: u64,
        kept: &BTreeMap<u64, Timestamp>,
        earlier: &BTreeMap<u64, LeafRecord>,
        deleted: &BTreeMap<u64, LeafRecord>,
    ) -> Self {
        let mut records = Self { tile, has_entries: false, all: Vec::new(), new: Vec::new() };
        let mut latest = None;
        for id in tile * TILE + 1..=(tile + 1) * TILE {
            if let Some(occurred_at) = kept.get(&id) {
                latest = latest.max(Some(*occurred_at));
                records.has_entries = true;
            } else if let Some(record) = deleted.get(&id) {
                latest = latest.max(Some(record.occurred_at));
                let tile_latest = latest.unwrap_or(record.occurred_at);
                let record = LeafRecord { tile_latest, ..*record };
                records.new.push(record);
                records.all.push(record);
            } else if let Some(record) = earlier.get(&id) {
                latest = latest.max(Some(record.occurred_at));
                records.all.push(*record);
            } else {
                records.all.push(LeafRecord::unprotected(id - 1, latest.unwrap_or(Timestamp::MIN)));
            }
        }
        records
    }

    /// The tile in its short form, if it has no entry.
    fn collapse(&self) -> Option<CollapsedTile> {
        let record = *self.all.last().filter(|_| !self.has_entries)?;
        let hashes: Vec<Hash> = self.all.iter().map(LeafRecord::hash).collect();
        let path = tile_path(&hashes, u8::MAX)?;
        Some(CollapsedTile { tile: self.tile, record, path })
    }
}

/// Adds tombstones.
pub(super) async fn add_tombstones<S: Session>(
    db: &S,
    org: OrgId,
    records: &[LeafRecord],
) -> Result<(), S::Error> {
    if records.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = records.iter().map(|record| (record.index + 1, hex(&record.to_bytes()))).collect();
    let [open, close] = S::DIALECT.from_hex;
    let sql = format!(
        "INSERT INTO tombstones (org_id, id, record) SELECT ?1, CAST(value->>0 AS BIGINT), {open}value->>1{close} \
         FROM {}(?2) AS records WHERE true ON CONFLICT DO NOTHING",
        S::DIALECT.json_elements
    );
    db.run(&sql, values![org, &json(&rows)]).await?;
    Ok(())
}

/// Adds collapsed tiles in place of their tombstones.
pub(super) async fn add_collapsed<S: Session>(
    db: &S,
    org: OrgId,
    tiles: &[CollapsedTile],
) -> Result<(), S::Error> {
    for CollapsedTile { tile, record, path } in tiles {
        let path: Vec<u8> = path.iter().flat_map(|hash| hash.0).collect();
        let sql = "INSERT INTO collapsed_tiles (org_id, tile, record, path) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT DO NOTHING";
        db.run(sql, values![org, *tile, &record.to_bytes()[..], &*path]).await?;
        let sql = "DELETE FROM tombstones WHERE org_id = ?1 AND id > ?2 AND id <= ?3";
        db.run(sql, values![org, tile * TILE, (tile + 1) * TILE]).await?;
        let sql = "UPDATE tree_hashes SET hints = NULL WHERE org_id = ?1 AND level = 1 AND position = ?2";
        db.run(sql, values![org, *tile]).await?;
    }
    Ok(())
}
