//! Copying a store: what an organization was beside its entries. How entries themselves are restored is an engine's own.

use crate::store::calls::{OrgId, Past, PrunedIds};
use crate::store::session::{Columns, Session, list, values};
use crate::store::{erasures, pages, prunes, rollup, text};

pub(super) async fn past<S: Session>(db: &S, org: OrgId) -> Result<Past, S::Error> {
    let head = pages::head(db, org).await?;
    let sql = "SELECT prune_id, first_id, last_id FROM pruned_ids WHERE org_id = ?1 ORDER BY first_id";
    let ids = |row: &dyn Columns| {
        Ok(PrunedIds { prune_id: row.unsigned(0)?, first_id: row.unsigned(1)?, last_id: row.unsigned(2)? })
    };
    let pruned_ids = list(db, sql, values![org], ids).await?;
    let (prunes, erasures) = (prunes::list(db, org).await?, erasures::list(db, org).await?);
    Ok(Past { head, prunes, pruned_ids, erasures })
}

/// Takes over head, prunes and pruned ids, in a transaction. Entries that were restored before a prune took them are
/// deleted. The text index is built again.
pub(super) async fn restore_past<S: Session>(db: &S, org: OrgId, past: &Past) -> Result<(), S::Error> {
    rollup::lock_head(db, org).await?;
    let sql = "UPDATE org_heads SET head = ?2 WHERE org_id = ?1 AND head < ?2";
    db.run(sql, values![org, past.head]).await?;
    db.run("DELETE FROM prunes WHERE org_id = ?1", values![org]).await?;
    db.run("DELETE FROM pruned_ids WHERE org_id = ?1", values![org]).await?;
    let sql = "INSERT INTO prunes (org_id, prune_id, started_at, finished_at, by, cutoff, deleted, first_id, last_id, complete) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    for prune in &past.prunes {
        let values = values![
            org,
            prune.id,
            prune.started_at,
            prune.finished_at,
            &prune.by,
            prune.cutoff,
            prune.deleted,
            prune.first_id,
            prune.last_id,
            prune.complete,
        ];
        db.run(sql, values).await?;
    }
    let ids: Vec<_> = past.pruned_ids.iter().map(|ids| [ids.prune_id, ids.first_id, ids.last_id]).collect();
    prunes::insert_ranges(db, org, &ids).await?;
    let ranges: Vec<_> = past.pruned_ids.iter().map(|ids| (ids.first_id, ids.last_id)).collect();
    db.delete_ranges(org, &ranges).await?;
    erasures::restore(db, org, &past.erasures).await?;
    // The entries that a prune took during the copy may have been the last of their users.
    prunes::delete_unused_users(db, org, 0, i64::MAX).await?;
    text::reset(db, org).await?;
    rollup::rebuild(db, org).await
}
