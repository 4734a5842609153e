//! The text index: signatures (`model::signature`) of blocks of entries, which tell a search which blocks it can skip.
//!
//! An entry is in block `(id - 1) / 256`. Blocks are indexed in order, some time after their entries were recorded. Later
//! blocks, the tail, are always searched. Groups of blocks are stored by the bytes of their signatures, so that a
//! search reads a few rows for thousands of entries.

pub(super) mod candidates;
mod groups;
pub(super) mod grow;
pub(super) mod lookup;
mod signatures;
pub(super) mod stale;

use crate::model::signature::VERSION;
use crate::store::calls::OrgId;
use crate::store::missing::missing_row;
use crate::store::session::{Columns, Session, optional, values};

/// The entries of a block.
pub(super) const BLOCK: u64 = 256;

/// The block of an entry.
pub(super) const fn block_of(id: u64) -> u64 {
    id.saturating_sub(1) / BLOCK
}

/// The row of a log's index.
struct IndexRow {
    /// The number of blocks that are indexed.
    blocks: u64,
    generation: u64,
    version: u64,
}

async fn row<S: Session>(db: &S, org: OrgId) -> Result<IndexRow, S::Error> {
    let sql = "SELECT blocks, generation, version FROM text_indexes WHERE org_id = ?1";
    let read = |row: &dyn Columns| {
        Ok(IndexRow { blocks: row.unsigned(0)?, generation: row.unsigned(1)?, version: row.unsigned(2)? })
    };
    match optional(db, sql, values![org], read).await? {
        Some(row) => Ok(row),
        None => Err(missing_row(db, org, "text index").await?.into()),
    }
}

/// Creates the empty index of a new log.
pub(super) async fn create<S: Session>(db: &S, org: OrgId) -> Result<(), S::Error> {
    let sql = "INSERT INTO text_indexes (org_id, blocks, generation, version) VALUES (?1, 0, 0, ?2)";
    db.run(sql, values![org, VERSION]).await?;
    Ok(())
}

/// Empties the index, to be built again. Runs in a transaction.
pub(super) async fn reset<S: Session>(db: &S, org: OrgId) -> Result<(), S::Error> {
    let sql =
        "UPDATE text_indexes SET blocks = 0, generation = generation + 1, version = ?2 WHERE org_id = ?1";
    db.run(sql, values![org, VERSION]).await?;
    for table in ["text_blocks", "text_groups", "text_parts", "text_stale"] {
        db.run(&format!("DELETE FROM {table} WHERE org_id = ?1"), values![org]).await?;
    }
    Ok(())
}
