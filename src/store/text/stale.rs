//! Takes pruned text out of the index. The transaction that deletes entries notes their blocks. The signatures of these
//! blocks are then computed from the entries that are left, before the prune ends, or later if that was interrupted.

use std::collections::BTreeSet;

use crate::model::signature::fits;
use crate::store::calls::OrgId;
use crate::store::codes::json;
use crate::store::session::{Session, list, optional, values};
use crate::store::text::groups::{Matrix, delete_blocks, insert_block, place_of, read, write};
use crate::store::text::signatures::signatures;
use crate::store::text::{IndexRow, block_of};

/// How many signatures one step replaces at most.
const BLOCKS_A_STEP: u64 = 64;

/// New signatures of blocks in one group.
pub(in crate::store) struct Refresh {
    generation: u64,
    place: (usize, u64),
    signatures: Vec<(u64, Vec<u8>)>,
}

/// Notes that entries are deleted, in the transaction that deletes them.
pub(in crate::store) async fn note<S: Session>(db: &S, org: OrgId, ids: &[u64]) -> Result<(), S::Error> {
    let sql = "UPDATE text_indexes SET generation = generation + 1 WHERE org_id = ?1 RETURNING blocks";
    let blocks = optional(db, sql, values![org], |row| row.unsigned(0)).await?.unwrap_or_default();
    let stale: BTreeSet<_> = ids.iter().map(|id| block_of(*id)).filter(|block| *block < blocks).collect();
    if stale.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = stale.into_iter().map(|block| [block]).collect();
    let sql = format!(
        "INSERT INTO text_stale (org_id, block) SELECT ?1, CAST(value->>0 AS BIGINT) FROM {}(?2) AS blocks WHERE true \
         ON CONFLICT DO NOTHING",
        S::DIALECT.json_elements
    );
    db.run(&sql, values![org, &json(&rows)]).await?;
    Ok(())
}

/// Computes new signatures of noted blocks, if there are any.
pub(super) async fn refresh<S: Session>(
    db: &S,
    org: OrgId,
    index: &IndexRow,
) -> Result<Option<Refresh>, S::Error> {
    let sql = "SELECT block FROM text_stale WHERE org_id = ?1 ORDER BY block LIMIT ?2";
    let mut blocks = list(db, sql, values![org, BLOCKS_A_STEP], |row| row.unsigned(0)).await?;
    let Some(first) = blocks.first() else { return Ok(None) };
    let place = place_of(*first, index.blocks);
    blocks.retain(|block| place_of(*block, index.blocks) == place);
    let signatures = signatures(db, org, &blocks).await?.into_iter().collect();
    Ok(Some(Refresh { generation: index.generation, place, signatures }))
}

/// Stores new signatures, in a transaction. Returns whether the log still was as it was when they were computed.
pub(in crate::store) async fn commit<S: Session>(
    db: &S,
    org: OrgId,
    refresh: &Refresh,
) -> Result<bool, S::Error> {
    let sql = "UPDATE text_indexes SET generation = generation + 1 WHERE org_id = ?1 AND generation = ?2 \
               RETURNING blocks";
    let blocks = optional(db, sql, values![org, refresh.generation], |row| row.unsigned(0)).await?;
    let (level, position) = refresh.place;
    // The block may have become a part of a group meanwhile.
    let is_there = |block: u64, blocks| place_of(block, blocks) == refresh.place;
    let Some(blocks) = blocks else { return Ok(false) };
    if !refresh.signatures.iter().all(|(block, _)| is_there(*block, blocks)) {
        return Ok(false);
    }
    let stale: Vec<_> = refresh.signatures.iter().map(|(block, _)| [*block]).collect();
    delete_blocks(db, org, "text_blocks", &stale).await?;
    let stored = if level == 0 { None } else { Some(read(db, org, level, position).await?) };
    let parts = stored.as_ref().map_or(0, Matrix::parts);
    let mut new = stored.clone();
    for (block, signature) in &refresh.signatures {
        let fits = fits(signature, parts);
        if let Some(new) = &mut new {
            let signature = if fits { signature.clone() } else { Vec::new() };
            new.replace((block % new.width as u64) as usize, signature);
        }
        if !fits {
            insert_block(db, org, *block, signature).await?;
        }
    }
    if let Some((new, stored)) = new.zip(stored) {
        write(db, org, refresh.place, &new, Some(&stored)).await?;
    }
    delete_blocks(db, org, "text_stale", &stale).await?;
    Ok(true)
}
