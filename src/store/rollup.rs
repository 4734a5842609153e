//! The rollup: how many entries an organization has for each day, model type, action, channel and user, kept in the
//! transactions that record and prune. The table is `tallies`.
//!
//! The rollup runs a little behind, so that many entries are added at once. One statement adds what it lacks (the newest
//! entries, the parts of days at the ends of a window) and subtracts what it has too many of (entries beyond an older
//! bound), so the counts are exact whatever happens meanwhile.

use std::collections::HashMap;

use crate::model::filter::Filter;
use crate::model::timestamp::Timestamp;
use crate::store::calls::OrgId;
use crate::store::codes::json;
use crate::store::condition::{Condition, Parameter};
use crate::store::dialect::{Dialect, EntryQuery};
use crate::store::error::StoreError;
use crate::store::session::{Columns, ExpiredEntry, NO_VIA, Session, optional, values};

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// The day that stands for all days together.
pub(super) const ALL_TIME: i64 = -1;
/// How many entries may be missing from the rollup before they are added: few enough to be counted one by one.
pub(super) const MAX_BEHIND: u64 = 2048;

/// A statement of rows `day, model_type, action, via, user_ref, n`, whose `n` add up to the counts of a query. `by_day` counts
/// each day by itself. None where the filter or its window is finer than the rollup.
pub(super) fn rows<S: Session>(query: &EntryQuery<'_>, by_day: bool) -> Option<Condition> {
    let EntryQuery { org, filter, as_of, .. } = *query;
    let Dialect { id, id_to_column, entries_by_id, rolled_up, .. } = S::DIALECT;
    let Filter { since, until, .. } = *filter;
    if !filter.fits_rollup() {
        return None;
    }
    let first = since.map(|since| since.micros().div_euclid(DAY) + i64::from(since.micros() % DAY != 0));
    let end = until.map(|until| until.micros().div_euclid(DAY));
    if first.zip(end).is_some_and(|(first, end)| first >= end) {
        return None;
    }
    let days = by_day || first.is_some() || end.is_some();
    let mut rows = tallies(query, days.then(|| (first.unwrap_or(0), end)));
    let one = |mut condition: Condition, table: &str, sign: &str| {
        condition.sql = format!(
            "SELECT occurred_at / {DAY}, model_type, action, coalesce(via, {NO_VIA}), user_ref, {sign}1 FROM {table} WHERE {}",
            condition.sql
        );
        condition
    };
    let number = || Parameter::Integer(org.0);
    let as_of = Parameter::Integer(id_to_column(org, as_of));
    // Entries that the rollup lacks.
    let mut behind = entries(query, since, until);
    behind.and(&format!("{id} > {rolled_up} AND {id} <= ?"), [number(), as_of.clone()]);
    rows.union(one(behind, entries_by_id, ""));
    // The parts of days at the ends of the window.
    let day = |day: i64| Timestamp::from_micros(day * DAY);
    let edges = [(since, first.and_then(day)), (end.and_then(day), until)];
    for (since, until) in edges.into_iter().filter(|(since, until)| since < until && since.is_some()) {
        let mut edge = entries(query, since, until);
        edge.and(&format!("{id} <= {rolled_up} AND {id} <= ?"), [number(), as_of.clone()]);
        rows.union(one(edge, "entries", ""));
    }
    // Entries in the rollup that lie beyond the bound.
    let mut beyond = entries(query, first.and_then(day), end.and_then(day));
    beyond.and(&format!("{id} > ? AND {id} <= {rolled_up}"), [as_of, number()]);
    rows.union(one(beyond, entries_by_id, "-"));
    Some(rows)
}

/// The rollup's rows of all days together, or of some days.
fn tallies(query: &EntryQuery<'_>, days: Option<(i64, Option<i64>)>) -> Condition {
    let mut rows = dimensions(query);
    match days {
        None => rows.and("day = ?", [Parameter::Integer(ALL_TIME)]),
        Some((first, end)) => {
            rows.and("day >= ?", [Parameter::Integer(first)]);
            if let Some(end) = end {
                rows.and("day < ?", [Parameter::Integer(end)]);
            }
        }
    }
    rows.sql =
        format!("SELECT day, model_type, action, via, user_ref, count AS n FROM tallies WHERE {}", rows.sql);
    rows
}

/// The entries of a time window.
fn entries(query: &EntryQuery<'_>, since: Option<Timestamp>, until: Option<Timestamp>) -> Condition {
    let mut entries = dimensions(query);
    entries.and_times(since, until);
    entries
}

fn dimensions(query: &EntryQuery<'_>) -> Condition {
    let mut condition = Condition::default();
    condition.and("org_id = ?", [Parameter::Integer(query.org.0)]);
    condition.and_dimensions(query.filter, query.user_refs.user.as_deref());
    condition
}

/// A statement that gives a row when an entry may match, whatever its time; when it gives none, no entry matches.
/// None when the filter names nothing that the rollup knows.
pub(super) fn any<S: Session>(query: &EntryQuery<'_>) -> Option<Condition> {
    let EntryQuery { org, filter, .. } = *query;
    let Dialect { id, id_to_column, entries_by_id, rolled_up, .. } = S::DIALECT;
    if filter.admits_all_dimensions() {
        return None;
    }
    let mut any = tallies(query, None);
    any.sql = format!("SELECT 1 WHERE EXISTS ({} AND count > 0)", any.sql);
    let mut behind = dimensions(query);
    // On SQLite another organization begins after the last id.
    let last = Parameter::Integer(id_to_column(org, u64::MAX));
    behind.and(&format!("{id} > {rolled_up} AND {id} <= ?"), [Parameter::Integer(org.0), last]);
    behind.sql = format!("SELECT 1 WHERE EXISTS (SELECT 1 FROM {entries_by_id} WHERE {})", behind.sql);
    any.union(behind);
    any.sql.push_str(" LIMIT 1");
    Some(any)
}

/// Adds up rows of [`rows`] by some of their columns: visits each combination, and then its count.
pub(super) async fn sum_by<S: Session>(
    db: &S,
    rows: &Condition,
    by: &[&str],
    visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
) -> Result<(), S::Error> {
    let keys: String = by.iter().map(|column| format!("{column}, ")).collect();
    let numbers: Vec<_> = (1..=by.len()).map(|number| number.to_string()).collect();
    let grouped = match by {
        [] => String::new(),
        _ => format!("GROUP BY {} HAVING sum(n) > 0", numbers.join(", ")),
    };
    let sql = format!(
        "SELECT {keys}CAST(coalesce(sum(n), 0) AS BIGINT) FROM ({}) AS counted_rows {grouped}",
        rows.sql
    );
    db.visit_query(&Condition { sql, parameters: rows.parameters.clone() }, visit).await
}

/// Whether an entry may match, by the rollup: if none does, a scan of the whole log is skipped.
pub(super) async fn may_match<S: Session>(db: &S, query: &EntryQuery<'_>) -> Result<bool, S::Error> {
    let Some(any) = any::<S>(query) else { return Ok(true) };
    let mut may_match = false;
    let found = |_: &dyn Columns| {
        may_match = true;
        Ok(())
    };
    db.visit_query(&any, found).await?;
    Ok(may_match)
}

/// Adds the entries that the rollup lacks, up to `head`, once there are `least` of them.
pub(super) async fn catch_up<S: Session>(
    db: &S,
    org: OrgId,
    rolled_up: u64,
    head: u64,
    least: u64,
) -> Result<(), S::Error> {
    if head.saturating_sub(rolled_up) < least.max(1) {
        return Ok(());
    }
    let Dialect { id, entries_by_id, id_to_column, .. } = S::DIALECT;
    let (first, last) = (id_to_column(org, rolled_up), id_to_column(org, head));
    for day in [format!("occurred_at / {DAY}"), format!("CAST({ALL_TIME} AS BIGINT)")] {
        let add = format!(
            "INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count)              SELECT org_id, {day}, model_type, action, coalesce(via, {NO_VIA}), user_ref, count(*)              FROM {entries_by_id} WHERE org_id = ?1 AND {id} > ?2 AND {id} <= ?3 GROUP BY 1, 2, 3, 4, 5, 6              ON CONFLICT (org_id, day, model_type, action, via, user_ref)              DO UPDATE SET count = tallies.count + excluded.count"
        );
        db.run(&add, values![org, first, last]).await?;
    }
    db.run("UPDATE org_heads SET tallied = ?2 WHERE org_id = ?1", values![org, head]).await?;
    Ok(())
}

/// Counts all entries again, after some were deleted without [`subtract`].
pub(super) async fn rebuild<S: Session>(db: &S, org: OrgId) -> Result<(), S::Error> {
    db.run("DELETE FROM tallies WHERE org_id = ?1", values![org]).await?;
    let head = locked(db, org, "head").await?;
    catch_up(db, org, 0, head, 0).await
}

/// A column of the organization's head row, which is locked: no recorder adds to the rollup until the commit.
async fn locked<S: Session>(db: &S, org: OrgId, column: &str) -> Result<u64, S::Error> {
    let sql = format!("SELECT {column} FROM org_heads WHERE org_id = ?1{}", S::DIALECT.for_update);
    Ok(optional(db, &sql, values![org], |row| row.unsigned(0)).await?.unwrap_or_default())
}

/// Locks the organization's head row until the commit: recorders wait.
pub(super) async fn lock_head<S: Session>(db: &S, org: OrgId) -> Result<(), S::Error> {
    locked(db, org, "head").await.map(drop)
}

/// Takes deleted entries out of the rollup, in the transaction that deleted them.
pub(super) async fn subtract<S: Session>(
    db: &S,
    org: OrgId,
    deleted: &[ExpiredEntry],
) -> Result<(), S::Error> {
    add_each(db, org, deleted, -1).await
}

/// Adds entries to the rollup again that were taken out of it because they change, in the same transaction.
pub(super) async fn add<S: Session>(db: &S, org: OrgId, changed: &[ExpiredEntry]) -> Result<(), S::Error> {
    add_each(db, org, changed, 1).await
}

/// Adds so much for each of the entries that are in the rollup. The head row is locked.
async fn add_each<S: Session>(
    db: &S,
    org: OrgId,
    entries: &[ExpiredEntry],
    much: i64,
) -> Result<(), S::Error> {
    let rolled_up = locked(db, org, "tallied").await?;
    let mut counts = HashMap::<[i64; 5], i64>::new();
    for ExpiredEntry { occurred_at, dimensions: [model_type, action, via, user_ref], .. } in
        entries.iter().filter(|entry| entry.id <= rolled_up)
    {
        for day in [occurred_at / DAY, ALL_TIME] {
            *counts.entry([day, *model_type, *action, *via, *user_ref]).or_default() += much;
        }
    }
    let counts = counts.into_iter().map(|([day, model_type, action, via, user_ref], count)| {
        [day, model_type, action, via, user_ref, count]
    });
    let columns: Vec<_> = (0..6).map(|at| format!("CAST(value->>{at} AS BIGINT)")).collect();
    // Not an UPDATE with a join: SQLite may visit the whole rollup for it, and parse the counts again for each row.
    let sql = format!(
        "INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count) \
         SELECT ?1, {} FROM {}(?2) AS counted WHERE true \
         ON CONFLICT (org_id, day, model_type, action, via, user_ref) \
         DO UPDATE SET count = tallies.count + excluded.count",
        columns.join(", "),
        S::DIALECT.json_elements
    );
    db.run(&sql, values![org, &json(&counts.collect::<Vec<_>>())]).await?;
    Ok(())
}

/// Deletes rows of the rollup that count nothing any more.
pub(super) async fn delete_empty<S: Session>(db: &S, org: OrgId) -> Result<(), S::Error> {
    db.run("DELETE FROM tallies WHERE org_id = ?1 AND count = 0", values![org]).await?;
    Ok(())
}
