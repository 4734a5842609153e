//! Taking over what another store held: entries under the ids they have, and what earlier prunes took.

use rusqlite::{Connection, params};

use crate::model::entry::Entry;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::sqlite::append::{Users, insert};
use crate::store::sqlite::rows::{head, key};
use crate::store::sqlite::{prune, tally};
use crate::store::stored::signed;
use crate::store::{OrgId, Past, PrunedIds};

/// Stores the entries above the head, which then is the last one's id: what was restored before is there already.
pub(super) fn entries(db: &Connection, org: OrgId, entries: &[Entry]) -> Result<(), StoreError> {
    let before = head(db, org)?;
    let mut users = Users::new(db, org);
    let mut last = before;
    for entry in entries.iter().filter(|entry| entry.id > before) {
        if !insert(db, org, entry.id, &mut users, entry)? {
            return Err(StoreError::Failed(format!("entry {} repeats the uuid of another", entry.id)));
        }
        last = entry.id;
    }
    tally::set_head(db, org, last)
}

pub(super) fn past(db: &Connection, org: OrgId) -> Result<Past, StoreError> {
    let sql = "SELECT prune_id, first_id, last_id FROM pruned_ids WHERE org_id = ?1 ORDER BY first_id";
    let mut select = db.prepare(sql)?;
    let pruned_ids = select.query_map([org.0], |row| {
        let whole = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(PrunedIds { prune_id: whole(0)?, first_id: whole(1)?, last_id: whole(2)? })
    })?;
    let pruned_ids = pruned_ids.collect::<Result<_, _>>()?;
    Ok(Past { head: head(db, org)?, prunes: prune::list(db, org)?, pruned_ids })
}

/// Takes over heads, prunes and pruned ids; entries restored before a prune took them go.
pub(super) fn restore_past(db: &Connection, org: OrgId, past: &Past) -> Result<(), StoreError> {
    tally::set_head(db, org, past.head)?;
    db.execute("DELETE FROM prunes WHERE org_id = ?1", [org.0])?;
    db.execute("DELETE FROM pruned_ids WHERE org_id = ?1", [org.0])?;
    for prune in &past.prunes {
        db.execute(
            "INSERT INTO prunes (org_id, prune_id, started_at, finished_at, by, cutoff, deleted, first_id, last_id, complete) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                org.0,
                signed(prune.id),
                prune.started_at.micros(),
                prune.finished_at.map(Timestamp::micros),
                prune.by,
                prune.cutoff.micros(),
                signed(prune.deleted),
                signed(prune.first_id),
                signed(prune.last_id),
                prune.complete
            ],
        )?;
    }
    let sql = "INSERT INTO pruned_ids (org_id, prune_id, first_id, last_id) VALUES (?1, ?2, ?3, ?4)";
    let (mut keep, mut delete) =
        (db.prepare(sql)?, db.prepare("DELETE FROM entries WHERE key BETWEEN ?1 AND ?2")?);
    for gone in &past.pruned_ids {
        keep.execute(params![org.0, signed(gone.prune_id), signed(gone.first_id), signed(gone.last_id)])?;
        delete.execute([key(org, gone.first_id), key(org, gone.last_id)])?;
    }
    // Entries that a prune took while they were copied may have been the last of their users.
    let mut looked_at = Some(0);
    while let Some(after) = looked_at {
        looked_at = prune::forget_users(db, org, after)?;
    }
    tally::begin_anew(db, org, head(db, org)?)
}
