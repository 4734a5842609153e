//! Leases: who may run something for an organization until when. Also the latest plausible time, which is kept as a
//! free lease.

use crate::model::timestamp::Timestamp;
use crate::store::calls::{ClockSeen, LEASE_SECONDS, OrgId, PruneRunning};
use crate::store::error::StoreError;
use crate::store::session::{Columns, Session, optional, values};

/// When a lease expires that is taken or renewed now, in microseconds.
fn lease_end(now: Timestamp) -> i64 {
    now.plus(chrono::TimeDelta::seconds(LEASE_SECONDS)).micros()
}

/// The latest expiry that a lease can have now, in microseconds. A lease that expires later was taken by a clock that was
/// ahead, and is ignored: otherwise it would hold until that time.
fn latest_lease_end(now: Timestamp) -> i64 {
    now.plus(chrono::TimeDelta::seconds(LEASE_SECONDS + MAX_CLOCK_SKEW_SECONDS)).micros()
}

/// How far the clocks of servers on one store may differ, in seconds.
const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// The lease of a prune.
const PRUNE: &str = "prune";
/// The lease that keeps the latest plausible time.
const CLOCK: &str = "clock";
/// Its holder, when an operator confirmed the time.
const CONFIRMED: &str = "confirmed";
/// Its holder otherwise.
const SEEN: &str = "seen";

/// Takes or renews a lease, unless another holder's has not ended; returns whether the holder has it.
pub(super) async fn hold<S: Session>(
    db: &S,
    org: OrgId,
    name: &str,
    holder: &str,
    now: Timestamp,
) -> Result<bool, S::Error> {
    let sql = "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (org_id, name) DO UPDATE \
               SET holder = excluded.holder, started_at = excluded.started_at, expires_at = excluded.expires_at \
               WHERE leases.expires_at <= excluded.started_at OR leases.holder = excluded.holder OR leases.expires_at > ?6";
    let values = values![org, name, holder, now, lease_end(now), latest_lease_end(now)];
    Ok(db.run(sql, values).await? > 0)
}

pub(super) async fn release<S: Session>(
    db: &S,
    org: OrgId,
    name: &str,
    holder: &str,
) -> Result<(), S::Error> {
    let sql = "DELETE FROM leases WHERE org_id = ?1 AND name = ?2 AND holder = ?3";
    db.run(sql, values![org, name, holder]).await?;
    Ok(())
}

/// Takes the lease of prunes; gives the prune that holds it, when another does.
pub(super) async fn hold_prune<S: Session>(
    db: &S,
    org: OrgId,
    holder: &str,
    now: Timestamp,
) -> Result<Option<PruneRunning>, S::Error> {
    if hold(db, org, PRUNE, holder, now).await? {
        return Ok(None);
    }
    let sql = "SELECT holder, started_at, expires_at FROM leases WHERE org_id = ?1 AND name = ?2";
    let running = |row: &dyn Columns| {
        let holder = row.text(0)?;
        let by = holder.split_once(' ').map_or(holder, |(_, by)| by).to_owned();
        Ok(PruneRunning { by, holder: holder.to_owned(), started_at: row.time(1)?, expires_at: row.time(2)? })
    };
    let running = optional(db, sql, values![org, PRUNE], running).await?;
    running.map(Some).ok_or_else(|| S::lost_race("a lease ended meanwhile"))
}

/// Renews the lease of a prune that still has it.
pub(super) async fn renew_prune<S: Session>(
    db: &S,
    org: OrgId,
    holder: &str,
    now: Timestamp,
) -> Result<(), S::Error> {
    let sql = "UPDATE leases SET expires_at = ?4 WHERE org_id = ?1 AND name = ?2 AND holder = ?3";
    match db.run(sql, values![org, PRUNE, holder, lease_end(now)]).await? {
        0 => Err(StoreError::LeaseLost.into()),
        _ => Ok(()),
    }
}

pub(super) async fn release_prune<S: Session>(db: &S, org: OrgId, holder: &str) -> Result<(), S::Error> {
    release(db, org, PRUNE, holder).await
}

pub(super) async fn clock_seen<S: Session>(db: &S, org: OrgId) -> Result<Option<ClockSeen>, S::Error> {
    let sql = "SELECT started_at, holder FROM leases WHERE org_id = ?1 AND name = ?2";
    let seen =
        |row: &dyn Columns| Ok(ClockSeen { at: row.time(0)?, is_confirmed: row.text(1)? == CONFIRMED });
    optional(db, sql, values![org, CLOCK], seen).await
}

pub(super) async fn note_clock<S: Session>(db: &S, org: OrgId, seen: ClockSeen) -> Result<(), S::Error> {
    let sql = "INSERT INTO leases (org_id, name, holder, started_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?4) \
               ON CONFLICT (org_id, name) DO UPDATE \
               SET holder = excluded.holder, started_at = excluded.started_at, expires_at = excluded.expires_at \
               WHERE leases.started_at < excluded.started_at OR ?5";
    let holder = if seen.is_confirmed { CONFIRMED } else { SEEN };
    db.run(sql, values![org, CLOCK, holder, seen.at, seen.is_confirmed]).await?;
    Ok(())
}
