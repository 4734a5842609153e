//! The row of a tree, and the hashes of its full tiles.

use uuid::Uuid;

use crate::model::integrity::frontier::Frontier;
use crate::model::integrity::tile::{TILE, TILE_HEIGHT};
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::missing::{missing_row, no_organization};
use crate::store::session::{Columns, Session, list, optional, values};
use crate::store::tree_calls::TreeState;

/// The row of a log's tree.
pub(super) struct TreeRow {
    pub(super) state: TreeState,
    pub(super) leaves: Vec<Hash>,
    /// The latest `occurred_at` in the tile that is not full.
    pub(super) tile_latest: Option<Timestamp>,
}

pub(super) async fn row<S: Session>(db: &S, org: OrgId) -> Result<TreeRow, S::Error> {
    let sql = "SELECT size, leaves, tile_latest, checkpoint, unprotected FROM trees WHERE org_id = ?1";
    let read = |row: &dyn Columns| {
        let state = TreeState {
            size: row.unsigned(0)?,
            checkpoint: row.text_or_null(3)?.map(str::to_owned),
            unprotected: row.unsigned(4)?,
        };
        let leaves = hashes(row.bytes_or_null(1)?.unwrap_or_default())?;
        Ok(TreeRow { state, leaves, tile_latest: row.time_or_null(2)? })
    };
    match optional(db, sql, values![org], read).await? {
        Some(row) => Ok(row),
        None => Err(missing_row(db, org, "tree").await?.into()),
    }
}

/// The state of a log's tree.
pub(in crate::store) async fn state<S: Session>(db: &S, org: OrgId) -> Result<TreeState, S::Error> {
    Ok(row(db, org).await?.state)
}

/// The UUID of the organization that a log belongs to.
pub(in crate::store) async fn organization<S: Session>(db: &S, org: OrgId) -> Result<Uuid, S::Error> {
    let sql = "SELECT uuid FROM organizations WHERE org_id = ?1";
    optional(db, sql, values![org], |row| row.uuid(0)).await?.ok_or_else(|| no_organization(org).into())
}

/// The right edge of the tree.
pub(super) async fn frontier<S: Session>(db: &S, org: OrgId, tree: &TreeRow) -> Result<Frontier, S::Error> {
    let size = tree.state.size;
    let mut levels = if size == 0 { Vec::new() } else { vec![tree.leaves.clone()] };
    for level in 1.. {
        let count = size >> (TILE_HEIGHT * level);
        if count == 0 {
            break;
        }
        levels.push(tile_hashes(db, org, level, count / TILE * TILE, count).await?);
    }
    let damaged = || StoreError::Damaged(format!("hashes of the tree of log {} are missing", org.0)).into();
    Frontier::new(size, levels).ok_or_else(damaged)
}

/// The hashes of a level from 1, from one position up to and without another.
pub(in crate::store) async fn tile_hashes<S: Session>(
    db: &S,
    org: OrgId,
    level: u32,
    from: u64,
    until: u64,
) -> Result<Vec<Hash>, S::Error> {
    let sql = "SELECT hash FROM tree_hashes WHERE org_id = ?1 AND level = ?2 AND position >= ?3 AND position < ?4 \
               ORDER BY position";
    list(db, sql, values![org, level, from, until], |row| row.hash(0).map(Hash)).await
}

/// Hashes that are stored concatenated.
pub(super) fn hashes(bytes: &[u8]) -> Result<Vec<Hash>, StoreError> {
    match bytes.as_chunks::<32>() {
        (hashes, []) => Ok(hashes.iter().map(|hash| Hash(*hash)).collect()),
        _ => Err(StoreError::Damaged("hashes of a tree have the wrong length".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::run_now;

    #[test]
    fn a_missing_organization_has_the_same_number_for_both_of_its_logs() {
        let db = rusqlite::Connection::open_in_memory().expect("memory");
        db.execute_batch("CREATE TABLE organizations (org_id, uuid)").expect("a table");
        for log in [OrgId(7), OrgId(7).trail()] {
            let error = run_now(organization(&db, log)).expect_err("there is none");
            assert_eq!(error.to_string(), "there is no organization number 7");
        }
    }
}
