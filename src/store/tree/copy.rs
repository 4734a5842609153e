//! Copies seeds and the leaf records of deleted entries to another store, which grows its own tree from them. Both trees must
//! have the same root.

use crate::model::integrity::tile::TILE;
use crate::store::calls::OrgId;
use crate::store::column::column_by_id;
use crate::store::session::{Columns, Session, values};
use crate::store::tree::leaves::Deleted;
use crate::store::tree::tombstones::{add_collapsed, add_tombstones};
use crate::store::tree_calls::DeletedLeaves;

/// The seeds of the entries between two ids.
pub(in crate::store) async fn seeds<S: Session>(
    db: &S,
    org: OrgId,
    first: u64,
    last: u64,
) -> Result<Vec<(u64, Option<[u8; 16]>)>, S::Error> {
    let seed = |row: &dyn Columns, at| Ok(row.bytes_or_null(at)?.and_then(|seed| seed.try_into().ok()));
    column_by_id(db, org, "seed", (first, last), seed).await
}

/// The leaf records of deleted entries in a range of tiles.
pub(in crate::store) async fn deleted<S: Session>(
    db: &S,
    org: OrgId,
    from_tile: u64,
    until_tile: u64,
) -> Result<DeletedLeaves, S::Error> {
    let (first, last) = (from_tile * TILE + 1, until_tile * TILE);
    let Deleted { tombstones, collapsed } = Deleted::read(db, org, first, last).await?;
    Ok(DeletedLeaves {
        tombstones: tombstones.into_values().collect(),
        collapsed: collapsed.into_values().collect(),
    })
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
