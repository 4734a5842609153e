//! Pruning: a lease, batches that each record what they deleted, and the records of earlier prunes.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::filter::UserChoices;
use crate::model::hold::Hold;
use crate::model::integrity::leaf::{LeafRecord, Seed};
use crate::model::page::Position;
use crate::model::prune::{Prune, Pruned};
use crate::model::ranges::ranges;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{OrgId, PruneBatch, PruneRun, PruneRunning};
use crate::store::codes::{json, timestamp};
use crate::store::condition::{Condition, Parameter};
use crate::store::decode::{PRUNE_COLUMNS, prune};
use crate::store::session::{
    Columns, EXPIRED_COLUMNS, ExpiredEntry, LeafIds, Session, list as rows, optional, values,
};
use crate::store::users::user_refs_of_each;
use crate::store::{holds, leases, rollup, text, tree};

/// Takes the lease unless another prune holds it, in a transaction. A retry comes with the same `holder`, so an attempt
/// whose answer was lost finds its own lease.
pub(super) async fn begin<S: Session>(
    db: &S,
    org: OrgId,
    holder: &str,
    by: &str,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<Result<PruneRun, PruneRunning>, S::Error> {
    if let Some(running) = leases::hold_prune(db, org, holder, now).await? {
        return Ok(Err(running));
    }
    let sql = "SELECT coalesce(max(prune_id), 0) + 1 FROM prunes WHERE org_id = ?1";
    let id = optional(db, sql, values![org], |row| row.unsigned(0)).await?.unwrap_or(1);
    let (by, holder) = (by.to_owned(), holder.to_owned());
    Ok(Ok(PruneRun { id, by, holder, started_at: now, cutoff, as_of: None, holds: Vec::new(), after: None }))
}

/// How many entries a batch may visit when some are held, also if it may delete fewer: a visit costs far less than a commit.
const VISITS_A_BATCH: u32 = 2_000;
/// How many terms of holds a batch may compare with a word of a user, about: recorders wait for it.
const COMPARISONS_A_BATCH: usize = 200_000;

/// Deletes up to `limit` expired entries that no hold covers, and records it, in a transaction.
pub(super) async fn batch<S: Session>(
    db: &S,
    org: OrgId,
    run: &PruneRun,
    limit: u32,
    now: Timestamp,
) -> Result<PruneBatch, S::Error> {
    leases::renew_prune(db, org, &run.holder, now).await?;
    // An entry that is not in the tree yet leaves no record that could prove its deletion.
    let last_id = run.as_of.unwrap_or(u64::MAX).min(tree::row::state(db, org).await?.size);
    let holds = holds::of_batch(db, org, &run.holds).await?;
    let (expired, next) = expired(db, org, run, &holds, last_id, limit).await?;
    let mut ids: Vec<u64> = expired.iter().map(|entry| entry.id).collect();
    ids.sort_unstable();
    let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else {
        return Ok(PruneBatch { deleted: 0, next });
    };
    let erased = tree::erased::of(db, org, &ids).await?;
    let mut records = BTreeMap::new();
    db.visit_leaves(org, LeafIds::Expired(&expired), |entry, seed| {
        let record = |seed| LeafRecord::of(&entry.parts(), &Seed(seed), Timestamp::MIN);
        // What is left of the commitments of an erased entry cannot be computed again.
        let of_erased = || erased.get(&entry.id).map(|leaf| leaf.record(entry, Timestamp::MIN));
        records.extend(seed.map(record).or_else(of_erased).map(|record| (entry.id, record)));
        Ok(())
    })
    .await?;
    db.delete_expired(org, &expired).await?;
    tree::tombstones::keep(db, org, records).await?;
    tree::erased::forget(db, org, &ids).await?;
    rollup::subtract(db, org, &expired).await?;
    text::stale::note(db, org, &ids).await?;
    let sql = "INSERT INTO prunes (org_id, prune_id, started_at, by, cutoff, deleted, first_id, last_id, complete) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (org_id, prune_id) DO UPDATE SET \
               deleted = prunes.deleted + excluded.deleted, \
               first_id = CASE WHEN prunes.first_id < excluded.first_id THEN prunes.first_id ELSE excluded.first_id END, \
               last_id = CASE WHEN prunes.last_id > excluded.last_id THEN prunes.last_id ELSE excluded.last_id END";
    let count = ids.len() as u64;
    let values = values![org, run.id, run.started_at, &run.by, run.cutoff, count, first, last, false];
    db.run(sql, values).await?;
    record_ranges(db, org, run.id, &ranges(&ids)).await?;
    Ok(PruneBatch { deleted: count, next })
}

/// Finds up to `limit` entries before the cutoff that are not held, oldest first. Returns also the position of the last visited
/// entry if there may be more.
async fn expired<S: Session>(
    db: &S,
    org: OrgId,
    run: &PruneRun,
    holds: &[Hold],
    last_id: u64,
    limit: u32,
) -> Result<(Vec<ExpiredEntry>, Option<Position>), S::Error> {
    let (id, window) = (S::DIALECT.id, unvisited::<S>(org, run, last_id));
    let visits = if holds.is_empty() { limit } else { visits(holds, limit) };
    let held = match holds {
        [] => Condition { sql: "1 = 0".to_owned(), ..Condition::default() },
        holds => held(db, org, holds, &window, visits).await?,
    };
    let sql = format!(
        "SELECT {id}, {}, {} FROM entries WHERE {} ORDER BY occurred_at, {id} LIMIT ?",
        ExpiredEntry::COLUMNS,
        held.sql,
        window.sql
    );
    let most = [Parameter::Integer(visits.into())];
    let parameters = held.parameters.into_iter().chain(window.parameters).chain(most).collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut visited, mut last, mut expired) = (0_u32, None, Vec::new());
    let add = |row: &dyn Columns| {
        if expired.len() == limit {
            return Ok(());
        }
        let entry = ExpiredEntry::decode(row, &S::DIALECT)?;
        visited += 1;
        last = Some(Position { occurred_at: timestamp(entry.occurred_at)?, id: entry.id });
        if row.integer(EXPIRED_COLUMNS)? == 0 {
            expired.push(entry);
        }
        Ok(())
    };
    db.visit_query(&Condition { sql, parameters }, add).await?;
    let may_have_more = expired.len() == limit || visited == visits;
    Ok((expired, last.filter(|_| may_have_more)))
}

/// The expired entries that a prune has not visited yet.
fn unvisited<S: Session>(org: OrgId, run: &PruneRun, last_id: u64) -> Condition {
    let id = S::DIALECT.id;
    let column = |id| Parameter::Integer((S::DIALECT.id_to_column)(org, id));
    let mut window = Condition::default();
    window.and("org_id = ?", [Parameter::Integer(org.0)]);
    window.and("occurred_at < ?", [Parameter::Integer(run.cutoff.micros())]);
    window.and(&format!("{id} <= ?"), [column(last_id)]);
    if let Some(after) = run.after {
        let at = Parameter::Integer(after.occurred_at.micros());
        if S::DIALECT.has_months {
            window.and("occurred_at >= ?", [at.clone()]);
        }
        window.and(&format!("(occurred_at, {id}) > (?, ?)"), [at, column(after.id)]);
    }
    window
}

/// How many entries a batch visits that respects these holds: fewer if many of their terms begin with the same word.
fn visits(holds: &[Hold], limit: u32) -> u32 {
    let filters = holds.iter().map(|hold| hold.filter.filter());
    let choices: Vec<_> = filters.flat_map(|filter| [&filter.user, &filter.on_behalf_of]).collect();
    let fitting = COMPARISONS_A_BATCH / UserChoices::new(&choices).most_with_a_word().max(1);
    limit.max(VISITS_A_BATCH).min(u32::try_from(fitting).unwrap_or(u32::MAX)).max(1)
}

/// SQL that is true of the entries that these holds cover, among the first `visits` entries of a window.
async fn held<S: Session>(
    db: &S,
    org: OrgId,
    holds: &[Hold],
    window: &Condition,
    visits: u32,
) -> Result<Condition, S::Error> {
    let filters: Vec<_> = holds.iter().map(|hold| hold.filter.filter()).collect();
    let mut users = BTreeSet::new();
    if filters.iter().any(|filter| !(filter.user.is_any() && filter.on_behalf_of.is_any())) {
        // An organization may have a million users. Those of these entries are committed, and stay: their ids are not above
        // the tree's, and an erasure cannot run beside a prune.
        let sql = format!(
            "SELECT user_ref, on_behalf_ref FROM entries WHERE {} ORDER BY occurred_at, {} LIMIT ?",
            window.sql,
            S::DIALECT.id
        );
        let most = [Parameter::Integer(visits.into())];
        let parameters = window.parameters.iter().cloned().chain(most).collect();
        let add = |row: &dyn Columns| {
            users.insert(row.integer(0)?);
            users.extend(row.integer_or_null(1)?);
            Ok(())
        };
        db.visit_query(&Condition { sql, parameters }, add).await?;
    }
    Ok(holds::covered(holds, &user_refs_of_each(db, org, &filters, Some(&users)).await?))
}

/// Records which ids a prune deleted: a range of the same prune that ends just before grows.
async fn record_ranges<S: Session>(
    db: &S,
    org: OrgId,
    prune_id: u64,
    taken: &[(u64, u64)],
) -> Result<(), S::Error> {
    // Materialized: otherwise SQLite may visit all ranges, and parse the new ones again for each.
    let sql = format!(
        "WITH taken AS MATERIALIZED \
         (SELECT CAST(value->>0 AS BIGINT) AS first, CAST(value->>1 AS BIGINT) AS last FROM {}(?3) AS elements) \
         UPDATE pruned_ids SET last_id = taken.last FROM taken \
         WHERE org_id = ?1 AND prune_id = ?2 AND last_id = taken.first - 1{} RETURNING last_id",
        S::DIALECT.json_elements,
        S::DIALECT.range_before
    );
    let grown = rows(db, &sql, values![org, prune_id, &json(&taken)], |row| row.unsigned(0)).await?;
    let new: Vec<_> = taken.iter().filter(|(_, last)| !grown.contains(last)).collect();
    let new: Vec<_> = new.into_iter().map(|(first, last)| [prune_id, *first, *last]).collect();
    if new.is_empty() { Ok(()) } else { insert_ranges(db, org, &new).await }
}

/// Adds ranges of pruned ids: prune, first and last id of each.
pub(super) async fn insert_ranges<S: Session>(
    db: &S,
    org: OrgId,
    ranges: &[[u64; 3]],
) -> Result<(), S::Error> {
    let sql = format!(
        "INSERT INTO pruned_ids (org_id, prune_id, first_id, last_id) SELECT ?1, CAST(value->>0 AS BIGINT), \
         CAST(value->>1 AS BIGINT), CAST(value->>2 AS BIGINT) FROM {}(?2) AS taken",
        S::DIALECT.json_elements
    );
    db.run(&sql, values![org, &json(&ranges)]).await?;
    Ok(())
}

/// Releases the lease and closes the record, in a transaction; returns whether there is one.
pub(super) async fn close<S: Session>(
    db: &S,
    org: OrgId,
    run: &PruneRun,
    complete: bool,
    now: Timestamp,
) -> Result<bool, S::Error> {
    leases::release_prune(db, org, &run.holder).await?;
    // A run that lost its lease before it deleted anything has no record; the next run may have its number by now.
    let sql = "UPDATE prunes SET finished_at = ?4, complete = ?5 WHERE org_id = ?1 AND prune_id = ?2 AND started_at = ?3";
    Ok(db.run(sql, values![org, run.id, run.started_at, now, complete]).await? > 0)
}

/// Deletes users without entries, of those after `after` and up to `last`: a user's snapshot does not outlive the
/// entries in which the user acted, or for whom another did.
pub(super) async fn delete_unused_users<S: Session>(
    db: &S,
    org: OrgId,
    after: i64,
    last: i64,
) -> Result<(), S::Error> {
    let sql = "DELETE FROM users WHERE org_id = ?1 AND user_ref > ?2 AND user_ref <= ?3 AND NOT EXISTS \
               (SELECT 1 FROM entries WHERE entries.org_id = ?1 AND entries.user_ref = users.user_ref) AND NOT EXISTS \
               (SELECT 1 FROM entries WHERE entries.org_id = ?1 AND entries.on_behalf_ref = users.user_ref)";
    db.run(sql, values![org, after, last]).await?;
    Ok(())
}

pub(super) async fn one<S: Session>(db: &S, org: OrgId, id: u64) -> Result<Option<Prune>, S::Error> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = ?1 AND prune_id = ?2");
    optional(db, &sql, values![org, id], prune).await
}

pub(super) async fn list<S: Session>(db: &S, org: OrgId) -> Result<Vec<Prune>, S::Error> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = ?1 ORDER BY prune_id DESC");
    rows(db, &sql, values![org], prune).await
}

pub(super) async fn last<S: Session>(db: &S, org: OrgId) -> Result<Option<Prune>, S::Error> {
    let sql = format!("SELECT {PRUNE_COLUMNS} FROM prunes WHERE org_id = ?1 ORDER BY prune_id DESC LIMIT 1");
    optional(db, &sql, values![org], prune).await
}

/// The prune that deleted an entry.
pub(super) async fn of_entry<S: Session>(db: &S, org: OrgId, id: u64) -> Result<Option<Prune>, S::Error> {
    let sql = "SELECT prune_id FROM pruned_ids WHERE org_id = ?1 AND first_id <= ?2 AND last_id >= ?2 \
               ORDER BY first_id DESC LIMIT 1";
    match optional(db, sql, values![org, id], |row| row.unsigned(0)).await? {
        Some(prune_id) => one(db, org, prune_id).await,
        None => Ok(None),
    }
}

/// How far all prunes reach: few rows are read, one for each prune.
pub(super) async fn pruned<S: Session>(db: &S, org: OrgId) -> Result<Option<Pruned>, S::Error> {
    let sql = "SELECT max(last_id), max(cutoff) FROM prunes WHERE org_id = ?1";
    let pruned = |row: &dyn Columns| {
        let (through_id, before) = (row.integer_or_null(0)?, row.time_or_null(1)?);
        Ok(through_id.zip(before).map(|(id, before)| Pruned { through_id: id.unsigned_abs(), before }))
    };
    Ok(optional(db, sql, values![org], pruned).await?.flatten())
}
