//! Copies seeds and the leaf records of deleted entries to another store, which grows its own tree from them. Both trees must
//! have the same root.

use crate::model::integrity::leaf::LeafRecord;
use crate::model::integrity::tile::TILE;
use crate::store::calls::{CollapsedTile, DeletedLeaves, OrgId};
use crate::store::session::{Columns, Session, list, values};
use crate::store::tree::leaves::{Deleted, collapsed};
use crate::store::tree::tombstones::{add_collapsed, add_tombstones};

/// The seeds of the entries between two ids.
pub(in crate::store) async fn seeds<S: Session>(
    db: &S,
    org: OrgId,
    first: u64,
    last: u64,
) -> Result<Vec<(u64, Option<[u8; 16]>)>, S::Error> {
    let dialect = &S::DIALECT;
    let (id, column) = (dialect.id, |id| (dialect.id_to_column)(org, id));
    let sql = format!(
        "SELECT {id}, seed FROM {} WHERE org_id = ?1 AND {id} >= ?2 AND {id} <= ?3",
        dialect.entries_by_id
    );
    let seed = |row: &dyn Columns| {
        let seed = row.bytes_or_null(1)?.and_then(|seed| seed.try_into().ok());
        Ok(((dialect.id_from_column)(row.integer(0)?), seed))
    };
    list(db, &sql, values![org, column(first), column(last)], seed).await
}

/// The leaf records of deleted entries in a range of tiles.
pub(in crate::store) async fn deleted<S: Session>(
    db: &S,
    org: OrgId,
    from_tile: u64,
    until_tile: u64,
) -> Result<DeletedLeaves, S::Error> {
    let (first, last) = (from_tile * TILE + 1, until_tile * TILE);
    let tombstones: Vec<LeafRecord> =
        Deleted::read(db, org, first, last).await?.tombstones.into_values().collect();
    let collapsed: Vec<CollapsedTile> = collapsed(db, org, from_tile, until_tile).await?;
    Ok(DeletedLeaves { tombstones, collapsed })
}

/// Stores leaf records of deleted entries, and skips those that exist. Runs in a transaction.
pub(in crate::store) async fn restore_deleted<S: Session>(
    db: &S,
    org: OrgId,
    deleted: &DeletedLeaves,
) -> Result<(), S::Error> {
    add_tombstones(db, org, &deleted.tombstones).await?;
    add_collapsed(db, org, &deleted.collapsed).await
}

/// Stores up to which id entries were recorded before the log had a tree.
pub(in crate::store) async fn set_unprotected<S: Session>(
    db: &S,
    org: OrgId,
    unprotected: u64,
) -> Result<(), S::Error> {
    db.run("UPDATE trees SET unprotected = ?2 WHERE org_id = ?1", values![org, unprotected]).await?;
    Ok(())
}
