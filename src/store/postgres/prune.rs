//! Pruning: a lease, batches that each keep account of themselves in their own commit, and what nobody needs any more.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::model::prune::Prune;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::postgres::tally::{self, GONE_COLUMNS};
use crate::store::stored::{ranges, signed, timestamp};
use crate::store::{CLOCK, CONFIRMED, ClockSeen, OrgId, PruneRun, PruneRunning, latest_lease_end, lease_end};

/// Takes or renews a lease, unless another's has not ended.
const HOLD: &str = "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (org_id, name) DO UPDATE \
     SET holder = excluded.holder, started_at = excluded.started_at, expires_at = excluded.expires_at \
     WHERE leases.expires_at <= excluded.started_at OR leases.holder = excluded.holder OR leases.expires_at > $6";

pub(super) async fn hold(
    db: Lent,
    org: OrgId,
    name: &str,
    holder: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let values: [&(dyn ToSql + Sync); 6] =
        [&org.0, &name, &holder, &now.micros(), &lease_end(now), &latest_lease_end(now)];
    Ok(db.execute(HOLD, &values).await? > 0)
}

pub(super) async fn release(db: Lent, org: OrgId, name: &str, holder: &str) -> Result<(), Fault> {
    let sql = "DELETE FROM leases WHERE org_id = $1 AND name = $2 AND holder = $3";
    db.execute(sql, &[&org.0, &name, &holder]).await?;
    Ok(())
}

pub(super) async fn clock_seen(db: Lent, org: OrgId) -> Result<Option<ClockSeen>, Fault> {
    let sql = "SELECT started_at, holder FROM leases WHERE org_id = $1 AND name = $2";
    let Some(row) = db.query_opt(sql, &[&org.0, &CLOCK]).await? else { return Ok(None) };
    let holder: String = row.try_get(1)?;
    Ok(Some(ClockSeen { at: timestamp(row.try_get(0)?)?, is_confirmed: holder == CONFIRMED }))
}

pub(super) async fn note_clock(db: Lent, org: OrgId, seen: ClockSeen) -> Result<(), Fault> {
    let sql = "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (org_id, name) DO UPDATE \
         SET holder = excluded.holder, started_at = excluded.started_at, expires_at = excluded.expires_at \
         WHERE leases.started_at < excluded.started_at OR $5";
    let (holder, at) = (seen.holder(), seen.at.micros());
    db.execute(sql, &[&org.0, &CLOCK, &holder, &at, &seen.is_confirmed]).await?;
    Ok(())
}

/// Takes the lease unless another holds it. `holder` is made once for all attempts: one whose answer was lost finds its
/// own lease.
pub(super) async fn begin(
    mut db: Lent,
    org: OrgId,
    holder: &str,
    by: &str,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<Result<PruneRun, PruneRunning>, Fault> {
    let transaction = db.transaction().await?;
    let values: [&(dyn ToSql + Sync); 6] =
        [&org.0, &"prune", &holder, &now.micros(), &lease_end(now), &latest_lease_end(now)];
    if transaction.execute(HOLD, &values).await? == 0 {
        let sql = "SELECT holder, started_at, expires_at FROM leases WHERE org_id = $1 AND name = 'prune'";
        let Some(row) = transaction.query_opt(sql, &[&org.0]).await? else {
            return Err(Fault::Undone("a lease ended meanwhile".to_owned()));
        };
        let holder: String = row.try_get(0)?;
        let by = holder.split_once(' ').map_or(holder.as_str(), |(_, by)| by).to_owned();
        let (started_at, expires_at) = (timestamp(row.try_get(1)?)?, timestamp(row.try_get(2)?)?);
        return Ok(Err(PruneRunning { by, holder, started_at, expires_at }));
    }
    let sql = "SELECT coalesce(max(prune_id), 0) + 1 FROM prunes WHERE org_id = $1";
    let id: i64 = transaction.query_one(sql, &[&org.0]).await?.try_get(0)?;
    transaction.commit().await?;
    Ok(Ok(PruneRun {
        id: id.unsigned_abs(),
        by: by.to_owned(),
        holder: holder.to_owned(),
        started_at: now,
        cutoff,
        as_of: None,
    }))
}

pub(super) async fn batch(
    mut db: Lent,
    org: OrgId,
    run: &PruneRun,
    limit: u32,
    now: Timestamp,
) -> Result<u64, Fault> {
    let transaction = db.transaction().await?;
    let sql = "UPDATE leases SET expires_at = $3 WHERE org_id = $1 AND name = 'prune' AND holder = $2";
    if transaction.execute(sql, &[&org.0, &run.holder, &lease_end(now)]).await? == 0 {
        return Err(StoreError::LeaseLost.into());
    }
    let sql = format!(
        "SELECT {GONE_COLUMNS}, uuid FROM entries WHERE org_id = $1 AND occurred_at < $2 AND id <= $3 \
         ORDER BY occurred_at, id LIMIT $4"
    );
    let last = signed(run.as_of.unwrap_or(u64::MAX));
    let select = transaction.prepare_cached(&sql).await?;
    let rows = transaction.query(&select, &[&org.0, &run.cutoff.micros(), &last, &i64::from(limit)]).await?;
    let (Some(oldest), Some(newest)) = (rows.first(), rows.last()) else {
        transaction.commit().await?;
        return Ok(0);
    };
    let (oldest, newest): (i64, i64) = (oldest.try_get(1)?, newest.try_get(1)?);
    let mut ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let uuids = rows.iter().map(|row| row.try_get(6)).collect::<Result<Vec<Uuid>, _>>()?;
    tally::take_away(&transaction, org, &rows).await?;
    // The bounds tell which months need no look.
    let sql = "DELETE FROM entries WHERE org_id = $1 AND id = ANY($2) AND occurred_at BETWEEN $3 AND $4";
    let delete = transaction.prepare_cached(sql).await?;
    transaction.execute(&delete, &[&org.0, &ids, &oldest, &newest]).await?;
    let sql = "DELETE FROM entry_keys WHERE org_id = $1 AND uuid = ANY($2)";
    let delete = transaction.prepare_cached(sql).await?;
    transaction.execute(&delete, &[&org.0, &uuids]).await?;
    ids.sort_unstable();
    let sql = "INSERT INTO prunes (org_id, prune_id, started_at, by, cutoff, deleted, first_id, last_id, complete) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false) ON CONFLICT (org_id, prune_id) DO UPDATE SET \
               deleted = prunes.deleted + excluded.deleted, first_id = least(prunes.first_id, excluded.first_id), \
               last_id = greatest(prunes.last_id, excluded.last_id)";
    let (deleted, started_at, cutoff) = (ids.len() as i64, run.started_at.micros(), run.cutoff.micros());
    let insert = transaction.prepare_cached(sql).await?;
    transaction
        .execute(
            &insert,
            &[&org.0, &signed(run.id), &started_at, &run.by, &cutoff, &deleted, &ids.first(), &ids.last()],
        )
        .await?;
    let ids: Vec<u64> = ids.into_iter().map(i64::unsigned_abs).collect();
    remember(&transaction, org, run.id, &ids).await?;
    transaction.commit().await?;
    Ok(ids.len() as u64)
}

/// Keeps which prune took the ids, growing a range of this prune that ends just before them.
async fn remember(
    db: &deadpool_postgres::Transaction<'_>,
    org: OrgId,
    prune_id: u64,
    sorted: &[u64],
) -> Result<(), Fault> {
    let (firsts, lasts): (Vec<i64>, Vec<i64>) =
        ranges(sorted).into_iter().map(|(first, last)| (signed(first), signed(last))).unzip();
    let sql = "UPDATE pruned_ids SET last_id = taken.last FROM unnest($3::bigint[], $4::bigint[]) AS taken (first, last) \
               WHERE org_id = $1 AND prune_id = $2 AND last_id = taken.first - 1 RETURNING taken.first";
    let grow = db.prepare_cached(sql).await?;
    let grown = db.query(&grow, &[&org.0, &signed(prune_id), &firsts, &lasts]).await?;
    let grown = grown.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let (firsts, lasts): (Vec<i64>, Vec<i64>) =
        firsts.into_iter().zip(lasts).filter(|(first, _)| !grown.contains(first)).unzip();
    if !firsts.is_empty() {
        let sql = "INSERT INTO pruned_ids (org_id, prune_id, first_id, last_id) \
                   SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[])";
        let insert = db.prepare_cached(sql).await?;
        db.execute(&insert, &[&org.0, &signed(prune_id), &firsts, &lasts]).await?;
    }
    Ok(())
}

pub(super) async fn finish(
    mut db: Lent,
    org: OrgId,
    run: &PruneRun,
    complete: bool,
    now: Timestamp,
) -> Result<Option<Prune>, Fault> {
    let transaction = db.transaction().await?;
    let sql = "DELETE FROM leases WHERE org_id = $1 AND name = 'prune' AND holder = $2";
    transaction.execute(sql, &[&org.0, &run.holder]).await?;
    // A run that lost its lease before it deleted anything has no record; the number may be the next run's by now.
    let sql = "UPDATE prunes SET finished_at = $4, complete = $5 WHERE org_id = $1 AND prune_id = $2 AND started_at = $3";
    let (id, started_at) = (signed(run.id), run.started_at.micros());
    let closed = transaction.execute(sql, &[&org.0, &id, &started_at, &now.micros(), &complete]).await?;
    if closed > 0 {
        // Nobody's snapshot outlives the entries it stood in. Recorders are kept out meanwhile, or one could find a
        // user here that is gone when its entry comes.
        transaction.query("SELECT head FROM org_heads WHERE org_id = $1 FOR UPDATE", &[&org.0]).await?;
        forget_users(&transaction, org).await?;
        tally::forget_empty(&transaction, org).await?;
    }
    transaction.commit().await?;
    if closed > 0 { one(&db, org, id).await } else { Ok(None) }
}

/// Forgets users without entries.
pub(super) async fn forget_users(db: &deadpool_postgres::Transaction<'_>, org: OrgId) -> Result<(), Fault> {
    let sql = "DELETE FROM users WHERE org_id = $1 AND NOT EXISTS \
               (SELECT 1 FROM entries WHERE entries.org_id = $1 AND entries.user_ref = users.user_ref)";
    db.execute(sql, &[&org.0]).await?;
    Ok(())
}

const PRUNE_COLUMNS: &str =
    "prune_id, started_at, finished_at, by, cutoff, deleted, first_id, last_id, complete";

pub(super) async fn one(db: &Lent, org: OrgId, prune_id: i64) -> Result<Option<Prune>, Fault> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = $1 AND prune_id = $2");
    let row = db.query_opt(&sql, &[&org.0, &prune_id]).await?;
    row.as_ref().map(record).transpose()
}

pub(super) async fn list(db: Lent, org: OrgId) -> Result<Vec<Prune>, Fault> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = $1 ORDER BY prune_id DESC");
    db.query(&sql, &[&org.0]).await?.iter().map(record).collect()
}

pub(super) async fn last(db: Lent, org: OrgId) -> Result<Option<Prune>, Fault> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = $1 ORDER BY prune_id DESC LIMIT 1");
    db.query_opt(&sql, &[&org.0]).await?.as_ref().map(record).transpose()
}

fn record(row: &Row) -> Result<Prune, Fault> {
    let whole = |column: usize| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Prune {
        id: whole(0)?,
        started_at: timestamp(row.try_get(1)?)?,
        finished_at: row.try_get::<_, Option<i64>>(2)?.map(timestamp).transpose()?,
        by: row.try_get(3)?,
        cutoff: timestamp(row.try_get(4)?)?,
        deleted: whole(5)?,
        first_id: whole(6)?,
        last_id: whole(7)?,
        complete: row.try_get(8)?,
    })
}
