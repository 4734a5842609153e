//! Pruning: a lease, batches that each keep account of themselves, and the space given back.

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::model::prune::Prune;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::sqlite::rows::key;
use crate::store::sqlite::tally::{GONE_COLUMNS, Gone};
use crate::store::stored::{ranges, signed, timestamp};
use crate::store::{CLOCK, CONFIRMED, ClockSeen, OrgId, PruneRun, PruneRunning, latest_lease_end, lease_end};

/// The most pages given back in one commit.
const PAGES_A_COMMIT: u32 = 512;

/// Takes or renews a lease, unless another's has not ended.
pub(super) fn hold(
    db: &Connection,
    org: OrgId,
    name: &str,
    holder: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let held = db.execute(
        "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (org_id, name) DO UPDATE \
         SET holder = excluded.holder, started_at = excluded.started_at, expires_at = excluded.expires_at \
         WHERE leases.expires_at <= excluded.started_at OR leases.holder = excluded.holder OR leases.expires_at > ?6",
        params![org.0, name, holder, now.micros(), lease_end(now), latest_lease_end(now)],
    )?;
    Ok(held > 0)
}

pub(super) fn release(db: &Connection, org: OrgId, name: &str, holder: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM leases WHERE org_id = ?1 AND name = ?2 AND holder = ?3";
    db.execute(sql, params![org.0, name, holder])?;
    Ok(())
}

pub(super) fn clock_seen(db: &Connection, org: OrgId) -> Result<Option<ClockSeen>, StoreError> {
    let sql = "SELECT started_at, holder = ?3 FROM leases WHERE org_id = ?1 AND name = ?2";
    let mut select = db.prepare_cached(sql)?;
    let seen = select.query_row(params![org.0, CLOCK, CONFIRMED], |row| Ok((row.get(0)?, row.get(1)?)));
    let seen = seen.optional()?;
    seen.map(|(at, is_confirmed)| Ok(ClockSeen { at: timestamp(at)?, is_confirmed })).transpose()
}

pub(super) fn note_clock(db: &Connection, org: OrgId, seen: ClockSeen) -> Result<(), StoreError> {
    let sql = "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?4) \
         ON CONFLICT (org_id, name) DO UPDATE \
         SET holder = excluded.holder, started_at = excluded.started_at, expires_at = excluded.expires_at \
         WHERE leases.started_at < excluded.started_at OR ?5";
    db.execute(sql, params![org.0, CLOCK, seen.holder(), seen.at.micros(), seen.is_confirmed])?;
    Ok(())
}

pub(super) fn begin(
    db: &Connection,
    org: OrgId,
    by: String,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<Result<PruneRun, PruneRunning>, StoreError> {
    let sql = "SELECT holder, started_at, expires_at FROM leases WHERE org_id = ?1 AND name = 'prune' \
               AND expires_at > ?2 AND expires_at <= ?3";
    let mut rows = db.prepare_cached(sql)?;
    let mut rows = rows.query(params![org.0, now.micros(), latest_lease_end(now)])?;
    if let Some(row) = rows.next()? {
        let holder: String = row.get(0)?;
        let by = holder.split_once(' ').map_or(holder.as_str(), |(_, by)| by).to_owned();
        return Ok(Err(PruneRunning {
            by,
            holder,
            started_at: timestamp(row.get(1)?)?,
            expires_at: timestamp(row.get(2)?)?,
        }));
    }
    let holder = format!("{} {by}", Uuid::now_v7());
    db.execute(
        "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES (?1, 'prune', ?2, ?3, ?4) \
         ON CONFLICT (org_id, name) DO UPDATE SET holder = excluded.holder, started_at = excluded.started_at, expires_at = excluded.expires_at",
        params![org.0, holder, now.micros(), lease_end(now)],
    )?;
    let sql = "SELECT coalesce(max(prune_id), 0) + 1 FROM prunes WHERE org_id = ?1";
    let prune_id: i64 = db.query_row(sql, [org.0], |row| row.get(0))?;
    Ok(Ok(PruneRun { id: prune_id.unsigned_abs(), by, holder, started_at: now, cutoff, as_of: None }))
}

pub(super) fn batch(
    db: &Connection,
    org: OrgId,
    run: &PruneRun,
    limit: u32,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE leases SET expires_at = ?3 WHERE org_id = ?1 AND name = 'prune' AND holder = ?2";
    if db.execute(sql, params![org.0, run.holder, lease_end(now)])? == 0 {
        return Err(StoreError::LeaseLost);
    }
    let mut delete = db.prepare_cached(&format!(
        "DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE org_id = ?1 AND occurred_at < ?2 AND key <= ?4 \
         ORDER BY occurred_at, key LIMIT ?3) RETURNING {GONE_COLUMNS}"
    ))?;
    let last_key = key(org, run.as_of.unwrap_or(u64::MAX));
    let mut gone = Gone::begin(db, org)?;
    let ids = delete.query_map(params![org.0, run.cutoff.micros(), limit, last_key], |row| gone.add(row))?;
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    gone.take_away(db, org)?;
    ids.sort_unstable();
    let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else { return Ok(0) };
    db.execute(
        "INSERT INTO prunes (org_id, prune_id, started_at, by, cutoff, deleted, first_id, last_id, complete) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0) ON CONFLICT (org_id, prune_id) DO UPDATE SET \
         deleted = deleted + excluded.deleted, first_id = min(first_id, excluded.first_id), last_id = max(last_id, excluded.last_id)",
        params![
            org.0,
            signed(run.id),
            run.started_at.micros(),
            run.by,
            run.cutoff.micros(),
            signed(ids.len() as u64),
            signed(first),
            signed(last)
        ],
    )?;
    for (first, last) in ranges(&ids) {
        remember(db, org, run.id, first, last)?;
    }
    Ok(ids.len() as u64)
}

/// Keeps which prune took the ids, growing the range before them when it is this prune's and ends there.
fn remember(db: &Connection, org: OrgId, prune_id: u64, first: u64, last: u64) -> Result<(), StoreError> {
    let sql = "UPDATE pruned_ids SET last_id = ?4 WHERE org_id = ?1 AND prune_id = ?2 AND last_id = ?3 - 1 AND first_id = \
               (SELECT max(first_id) FROM pruned_ids WHERE org_id = ?1 AND first_id < ?3)";
    let values = params![org.0, signed(prune_id), signed(first), signed(last)];
    if db.prepare_cached(sql)?.execute(values)? == 0 {
        let sql = "INSERT INTO pruned_ids (org_id, prune_id, first_id, last_id) VALUES (?1, ?2, ?3, ?4)";
        db.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

pub(super) fn finish(
    db: &Connection,
    org: OrgId,
    run: &PruneRun,
    complete: bool,
    now: Timestamp,
) -> Result<Option<Prune>, StoreError> {
    db.execute(
        "DELETE FROM leases WHERE org_id = ?1 AND name = 'prune' AND holder = ?2",
        params![org.0, run.holder],
    )?;
    // A run that lost its lease before it deleted anything has no record; the number may be the next run's by now.
    let sql = "UPDATE prunes SET finished_at = ?4, complete = ?5 WHERE org_id = ?1 AND prune_id = ?2 AND started_at = ?3";
    let values = params![org.0, signed(run.id), run.started_at.micros(), now.micros(), complete];
    if db.execute(sql, values)? == 0 {
        return Ok(None);
    }
    one(db, org, signed(run.id))
}

/// How many users are looked at in one commit.
const USERS_A_COMMIT: u32 = 500;

/// Forgets those of the next users behind `after` that have no entries: a user's snapshot does not outlive the entries it
/// stood in. Gives the last one looked at; none when there are no more.
pub(super) fn forget_users(db: &Connection, org: OrgId, after: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT max(user_ref) FROM \
               (SELECT user_ref FROM users WHERE org_id = ?1 AND user_ref > ?2 ORDER BY user_ref LIMIT ?3)";
    let last: Option<i64> = db.query_row(sql, params![org.0, after, USERS_A_COMMIT], |row| row.get(0))?;
    let Some(last) = last else { return Ok(None) };
    db.execute(
        "DELETE FROM users WHERE org_id = ?1 AND user_ref > ?2 AND user_ref <= ?3 AND NOT EXISTS \
         (SELECT 1 FROM entries WHERE entries.org_id = ?1 AND entries.user_ref = users.user_ref)",
        params![org.0, after, last],
    )?;
    Ok(Some(last))
}

pub(super) fn one(db: &Connection, org: OrgId, prune_id: i64) -> Result<Option<Prune>, StoreError> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = ?1 AND prune_id = ?2");
    db.query_row(&sql, params![org.0, prune_id], |row| Ok(record(row))).optional()?.transpose()
}

pub(super) fn list(db: &Connection, org: OrgId) -> Result<Vec<Prune>, StoreError> {
    let mut select =
        db.prepare(&format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = ?1 ORDER BY prune_id DESC"))?;
    let records = select.query_map([org.0], |row| Ok(record(row)))?;
    records.map(|record| record?).collect()
}

pub(super) fn last(db: &Connection, org: OrgId) -> Result<Option<Prune>, StoreError> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = ?1 ORDER BY prune_id DESC LIMIT 1");
    db.query_row(&sql, [org.0], |row| Ok(record(row))).optional()?.transpose()
}

const PRUNE_COLUMNS: &str =
    "prune_id, started_at, finished_at, by, cutoff, deleted, first_id, last_id, complete";

fn record(row: &Row<'_>) -> Result<Prune, StoreError> {
    let whole = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Prune {
        id: whole(0)?,
        started_at: timestamp(row.get(1)?)?,
        finished_at: row.get::<_, Option<i64>>(2)?.map(timestamp).transpose()?,
        by: row.get(3)?,
        cutoff: timestamp(row.get(4)?)?,
        deleted: whole(5)?,
        first_id: whole(6)?,
        last_id: whole(7)?,
        complete: row.get(8)?,
    })
}

/// Gives some free pages back to the file system; tells whether there are more.
pub(super) fn give_back_space(db: &Connection) -> Result<bool, StoreError> {
    let free = || db.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0));
    let before = free()?;
    if before > 0 {
        let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({PAGES_A_COMMIT})"))?;
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
    }
    let after = free()?;
    Ok(after > 0 && after < before)
}
