//! Deletes an organization with both logs. One transaction takes its tokens and closes its logs, batches delete its rows, and a
//! record of the deletion remains: the organization's row under a mark, and a lease that never ends.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::timestamp::Timestamp;
use crate::model::words::{Log, Plan};
use crate::store::calls::{OrgId, PruneRunning};
use crate::store::codes::json;
use crate::store::decode::{ORGANIZATION_COLUMNS, organization};
use crate::store::error::StoreError;
use crate::store::session::{Columns, ExpiredEntry, Session, list, optional, values};
use crate::store::{leases, rollup};

/// An organization that was deleted, or is being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its number, which no other organization gets.
    pub id: OrgId,
    /// Its name in checkpoints.
    pub uuid: Uuid,
    /// Its slug, which another organization may have by now.
    pub slug: String,
    /// Who deleted it.
    pub by: String,
    /// When its logs were closed and its tokens deleted.
    pub begun_at: Timestamp,
    /// When its last row was deleted; absent while rows are left.
    pub finished_at: Option<Timestamp>,
    /// The number of deleted entries of the audit log.
    pub entries: u64,
    /// The number of deleted entries of the trail.
    pub trail_entries: u64,
}

/// Why an organization is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletionRefused {
    /// A hold of this name keeps entries.
    Held(String),
    /// A prune is running.
    PruneRunning(PruneRunning),
}

/// Follows the slug of a deleted organization. No slug has a slash, so the name can be used again.
const MARK: &str = "/deleted/";
/// The lease that keeps the record of a deletion.
const DELETION: &str = "deletion";
/// When the lease ends while rows are left.
const UNFINISHED: Timestamp = Timestamp::MIN;

/// The tables of an organization whose rows are deleted in batches, each with a column by which a batch is selected.
const TABLES: [(&str, &str); 15] = [
    ("users", "user_ref"),
    ("prunes", "prune_id"),
    ("pruned_ids", "first_id"),
    ("tallies", "day"),
    ("tree_hashes", "position"),
    ("tombstones", "id"),
    ("collapsed_tiles", "tile"),
    ("text_indexes", "blocks"),
    ("text_blocks", "block"),
    ("text_groups", "position"),
    ("text_parts", "position"),
    ("text_stale", "block"),
    ("holds", "name"),
    ("erasures", "erasure_id"),
    ("erased", "id"),
];

/// The record of a deletion, in the lease's holder.
#[derive(Serialize, Deserialize)]
struct Record {
    by: String,
    begun_at: Timestamp,
    entries: u64,
    trail_entries: u64,
}

/// Closes both logs, deletes the tokens and their sessions, and begins the record, in a transaction. From then on nothing is
/// recorded, read or pruned. The organization keeps its number, so no other gets it.
pub(super) async fn begin<S: Session>(
    db: &S,
    org: OrgId,
    by: &str,
    now: Timestamp,
) -> Result<Result<(), DeletionRefused>, S::Error> {
    if let Some(lock) = S::DIALECT.lock_organizations {
        db.run(lock, &[]).await?;
    }
    // Recorders wait for the end of this transaction, and then find no log.
    for log in [org, org.trail()] {
        rollup::lock_head(db, log).await?;
    }
    if record(db, org).await?.is_some() {
        return Ok(Ok(()));
    }
    let sql = "SELECT name FROM holds WHERE org_id = ?1 AND released_at IS NULL ORDER BY name LIMIT 1";
    if let Some(name) = optional(db, sql, values![org], |row| Ok(row.text(0)?.to_owned())).await? {
        return Ok(Err(DeletionRefused::Held(name)));
    }
    // Another process may have checked that the logs exist, and is about to take a lease for a prune.
    let holder = format!("deletion {by}");
    for log in [org, org.trail()] {
        if let Some(running) = leases::hold_prune(db, log, &holder, now).await? {
            leases::release_prune(db, org, &holder).await?;
            return Ok(Err(DeletionRefused::PruneRunning(running)));
        }
    }
    let sql = "DELETE FROM sessions WHERE token_hash IN (SELECT hash FROM tokens WHERE tokens.org_id = ?1)";
    db.run(sql, values![org]).await?;
    db.run("DELETE FROM tokens WHERE org_id = ?1", values![org]).await?;
    for log in [org, org.trail()] {
        db.run("DELETE FROM org_heads WHERE org_id = ?1", values![log]).await?;
        db.run("DELETE FROM trees WHERE org_id = ?1", values![log]).await?;
        let sql = "UPDATE organizations SET slug = slug || ?2 WHERE org_id = ?1";
        db.run(sql, values![log, &format!("{MARK}{}", log.number())]).await?;
    }
    let record = Record { by: by.to_owned(), begun_at: now, entries: 0, trail_entries: 0 };
    insert_record(db, org, &record, UNFINISHED).await?;
    Ok(Ok(()))
}

/// Deletes up to `limit` rows of a table, entries first, in a transaction. Returns whether there were any.
pub(super) async fn batch<S: Session>(db: &S, org: OrgId, limit: u32) -> Result<bool, S::Error> {
    if !matches!(record(db, org).await?, Some((_, None))) {
        return Ok(false);
    }
    for log in [org, org.trail()] {
        let sql = format!(
            "SELECT {id}, {} FROM entries WHERE org_id = ?1 ORDER BY occurred_at, {id} LIMIT ?2",
            ExpiredEntry::COLUMNS,
            id = S::DIALECT.id
        );
        let entry = |row: &dyn Columns| ExpiredEntry::decode(row, &S::DIALECT);
        let entries = list(db, &sql, values![log, limit], entry).await?;
        if !entries.is_empty() {
            db.delete_expired(log, &entries).await?;
            note(db, org, log.log(), entries.len() as u64).await?;
            return Ok(true);
        }
        for (table, column) in TABLES {
            let sql = format!(
                "DELETE FROM {table} WHERE org_id = ?1 AND {column} IN \
                 (SELECT {column} FROM {table} WHERE org_id = ?1 ORDER BY {column} LIMIT ?2)"
            );
            if db.run(&sql, values![log, limit]).await? > 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Adds deleted entries to the record.
async fn note<S: Session>(db: &S, org: OrgId, log: Log, deleted: u64) -> Result<(), S::Error> {
    let Some((mut record, _)) = record(db, org).await? else { return Ok(()) };
    match log {
        Log::Audit => record.entries += deleted,
        Log::Trail => record.trail_entries += deleted,
    }
    let sql = "UPDATE leases SET holder = ?3 WHERE org_id = ?1 AND name = ?2";
    db.run(sql, values![org, DELETION, &json(&record)]).await?;
    Ok(())
}

/// Deletes what is left but the record, and closes it, in a transaction.
pub(super) async fn finish<S: Session>(db: &S, org: OrgId, now: Timestamp) -> Result<(), S::Error> {
    for log in [org, org.trail()] {
        db.run("DELETE FROM leases WHERE org_id = ?1 AND name <> ?2", values![log, DELETION]).await?;
    }
    db.run("DELETE FROM organizations WHERE org_id = ?1", values![org.trail()]).await?;
    let sql = "UPDATE leases SET expires_at = ?3 WHERE org_id = ?1 AND name = ?2 AND expires_at = ?4";
    db.run(sql, values![org, DELETION, now, UNFINISHED]).await?;
    Ok(())
}

/// Every deletion, finished or not, in the order of the organizations' numbers.
pub(super) async fn all<S: Session>(db: &S) -> Result<Vec<Deletion>, S::Error> {
    let sql = format!(
        "SELECT {ORGANIZATION_COLUMNS} FROM organizations WHERE org_id > 0 AND slug LIKE '%{MARK}%' ORDER BY org_id"
    );
    let mut deletions = Vec::new();
    for deleted in list(db, &sql, &[], |row| organization(row, 0)).await? {
        // One statement for each: Citus keeps the leases of each organization on another node.
        if let Some(found) = record(db, deleted.id).await? {
            let (Record { by, begun_at, entries, trail_entries }, finished_at) = found;
            let slug = deleted.slug.split('/').next().unwrap_or_default().to_owned();
            let (id, uuid) = (deleted.id, deleted.uuid);
            deletions.push(Deletion { id, uuid, slug, by, begun_at, finished_at, entries, trail_entries });
        }
    }
    Ok(deletions)
}

/// Adds the record of a deletion from another store, in a transaction. Returns false if an organization with its uuid exists:
/// deleted, or still alive.
pub(super) async fn restore<S: Session>(db: &S, deletion: &Deletion) -> Result<bool, S::Error> {
    if let Some(lock) = S::DIALECT.lock_organizations {
        db.run(lock, &[]).await?;
    }
    let Deletion { uuid, slug, by, begun_at, finished_at, entries, trail_entries, .. } = deletion;
    let sql = "SELECT 1 FROM organizations WHERE uuid = ?1";
    if optional(db, sql, values![uuid.as_bytes()], |_| Ok(())).await?.is_some() {
        return Ok(false);
    }
    let sql = "INSERT INTO organizations (org_id, slug, plan, created_at, uuid) \
               SELECT coalesce(max(org_id), 0) + 1, ?1 || CAST(coalesce(max(org_id), 0) + 1 AS TEXT), ?2, ?3, ?4 \
               FROM organizations WHERE true RETURNING org_id";
    let marked = format!("{slug}{MARK}");
    let new = values![&marked, Plan::Free.as_str(), *begun_at, uuid.as_bytes()];
    let org = optional(db, sql, new, |row| row.integer(0)).await?.map(OrgId);
    let org = org.ok_or_else(|| S::lost_race("another organization took the number"))?;
    let (by, begun_at) = (by.clone(), *begun_at);
    let record = Record { by, begun_at, entries: *entries, trail_entries: *trail_entries };
    insert_record(db, org, &record, finished_at.unwrap_or(UNFINISHED)).await?;
    Ok(true)
}

/// Takes the lease that keeps the record of a deletion.
async fn insert_record<S: Session>(
    db: &S,
    org: OrgId,
    record: &Record,
    end: Timestamp,
) -> Result<(), S::Error> {
    let sql = "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    db.run(sql, values![org, DELETION, &json(record), record.begun_at, end]).await.map(drop)
}

/// The condition of organizations that are not deleted.
pub(super) fn is_alive() -> String {
    format!("slug NOT LIKE '%{MARK}%'")
}

/// The record of a deletion, and when it was finished.
async fn record<S: Session>(db: &S, org: OrgId) -> Result<Option<(Record, Option<Timestamp>)>, S::Error> {
    let sql = "SELECT holder, expires_at FROM leases WHERE org_id = ?1 AND name = ?2";
    let read = |row: &dyn Columns| {
        let record = serde_json::from_str(row.text(0)?)
            .map_err(|error| StoreError::Damaged(format!("the record of a deletion: {error}")))?;
        let finished_at = row.time(1)?;
        Ok((record, (finished_at != UNFINISHED).then_some(finished_at)))
    };
    optional(db, sql, values![org, DELETION], read).await
}
