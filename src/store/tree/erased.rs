//! What the tree needs of entries of which a part was erased: the commitments as they were recorded, and the salt of the
//! part that was kept. Such an entry has no seed.

use std::collections::BTreeMap;

use crate::model::integrity::leaf::{LeafRecord, Part, Seed};
use crate::model::integrity::opening::Opening;
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::codes::{hex, json};
use crate::store::entries::StoredEntry;
use crate::store::error::StoreError;
use crate::store::session::{Columns, Session, list, values};
use crate::store::tree_calls::ErasedLeaf;

impl ErasedLeaf {
    /// The leaf of an entry that still is as it was recorded.
    pub(in crate::store) fn of_seed(entry: &StoredEntry<'_>, seed: Seed) -> Self {
        let parts = entry.parts();
        let commitment = |part: Part| part.commitment(&parts, &seed.salt(part));
        let [actor, content] = [Part::Actor, Part::Content].map(commitment);
        Self { id: entry.id, opening: Opening::Kept(seed), actor, content }
    }

    /// The record of the entry. Its times are those of the row, as of every entry. `tile_latest` is that of the record before
    /// it in the same tile.
    pub(in crate::store) fn record(&self, entry: &StoredEntry<'_>, tile_latest: Timestamp) -> LeafRecord {
        LeafRecord {
            index: entry.id.saturating_sub(1),
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            tile_latest: tile_latest.max(entry.occurred_at),
            actor: self.actor,
            content: self.content,
            is_protected: true,
        }
    }
}

const COLUMNS: &str = "id, opening, actor, content";

fn decode(row: &dyn Columns) -> Result<ErasedLeaf, StoreError> {
    let invalid = || StoreError::Damaged("the opening of an erased entry is invalid".to_owned());
    let opening = row.bytes_or_null(1)?.and_then(|bytes| bytes.try_into().ok());
    let opening = opening.and_then(|bytes| Opening::from_bytes(bytes).ok()).ok_or_else(invalid)?;
    // A row that states more than an erasure leaves was forged.
    if matches!(opening, Opening::Kept(_) | Opening::Deleted) {
        return Err(invalid());
    }
    Ok(ErasedLeaf { id: row.unsigned(0)?, opening, actor: Hash(row.hash(2)?), content: Hash(row.hash(3)?) })
}

/// A row that cannot be read is as good as none: the entry then cannot be opened.
fn readable(row: &dyn Columns) -> Result<Option<ErasedLeaf>, StoreError> {
    Ok(decode(row).ok())
}

fn by_id(leaves: Vec<Option<ErasedLeaf>>) -> BTreeMap<u64, ErasedLeaf> {
    leaves.into_iter().flatten().map(|leaf| (leaf.id, leaf)).collect()
}

/// The leaves between two ids.
pub(in crate::store) async fn between<S: Session>(
    db: &S,
    org: OrgId,
    first: u64,
    last: u64,
) -> Result<BTreeMap<u64, ErasedLeaf>, S::Error> {
    let sql = format!("SELECT {COLUMNS} FROM erased WHERE org_id = ?1 AND id >= ?2 AND id <= ?3 ORDER BY id");
    Ok(by_id(list(db, &sql, values![org, first, last], readable).await?))
}

/// The condition of some ids in a statement, and their value.
fn among<S: Session>(ids: &[u64]) -> (String, String) {
    let sql = format!(
        "org_id = ?1 AND id IN (SELECT CAST(value->>0 AS BIGINT) FROM {}(?2) AS wanted)",
        S::DIALECT.json_elements
    );
    (sql, json(&ids.iter().map(|id| [*id]).collect::<Vec<_>>()))
}

/// The leaves of some entries.
pub(in crate::store) async fn of<S: Session>(
    db: &S,
    org: OrgId,
    ids: &[u64],
) -> Result<BTreeMap<u64, ErasedLeaf>, S::Error> {
    let (condition, ids) = among::<S>(ids);
    let sql = format!("SELECT {COLUMNS} FROM erased WHERE {condition}");
    Ok(by_id(list(db, &sql, values![org, &ids], readable).await?))
}

/// Stores leaves, in place of earlier ones of the same entries.
pub(in crate::store) async fn keep<S: Session>(
    db: &S,
    org: OrgId,
    leaves: &[ErasedLeaf],
) -> Result<(), S::Error> {
    if leaves.is_empty() {
        return Ok(());
    }
    let row = |leaf: &ErasedLeaf| {
        (leaf.id, hex(&leaf.opening.to_bytes()), hex(&leaf.actor.0), hex(&leaf.content.0))
    };
    let rows: Vec<_> = leaves.iter().map(row).collect();
    let [open, close] = S::DIALECT.from_hex;
    let sql = format!(
        "INSERT INTO erased (org_id, id, opening, actor, content) SELECT ?1, CAST(value->>0 AS BIGINT), \
         {open}value->>1{close}, {open}value->>2{close}, {open}value->>3{close} FROM {}(?2) AS leaves WHERE true \
         ON CONFLICT (org_id, id) DO UPDATE SET opening = excluded.opening, actor = excluded.actor, content = excluded.content",
        S::DIALECT.json_elements
    );
    db.run(&sql, values![org, &json(&rows)]).await?;
    Ok(())
}

/// Removes the leaves of entries that are deleted.
pub(in crate::store) async fn forget<S: Session>(db: &S, org: OrgId, ids: &[u64]) -> Result<(), S::Error> {
    let (condition, ids) = among::<S>(ids);
    db.run(&format!("DELETE FROM erased WHERE {condition}"), values![org, &ids]).await?;
    Ok(())
}

/// Removes the leaves between two ids.
pub(in crate::store) async fn clear<S: Session>(
    db: &S,
    org: OrgId,
    first: u64,
    last: u64,
) -> Result<(), S::Error> {
    let sql = "DELETE FROM erased WHERE org_id = ?1 AND id >= ?2 AND id <= ?3";
    db.run(sql, values![org, first, last]).await?;
    Ok(())
}
