//! The sums of entries, kept in the transactions that add and delete them. How they are read is `store::tally`'s.
//!
//! Whoever changes them holds the organization's head row, so that adding what is behind and taking away what is pruned
//! never pass each other.

use std::collections::HashMap;

use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use crate::model::filter::Filter;
use crate::store::OrgId;
use crate::store::condition::Condition;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::postgres::rows::{ask, user_refs};
use crate::store::stored::signed;
use crate::store::tally::{Asked, DAY, Dialect, EVER, MOST_BEHIND};

pub(super) const DIALECT: Dialect = Dialect {
    by_id: "entries",
    id: "id",
    tallied: "(SELECT tallied FROM org_heads WHERE org_id = ?)",
    bound: |_, id| signed(id),
};

/// Adds what is behind the sums up to `head`, once it is much.
pub(super) async fn catch_up(
    db: &Transaction<'_>,
    org: OrgId,
    tallied: i64,
    head: i64,
    least: u64,
) -> Result<(), Fault> {
    if (head - tallied).unsigned_abs() < least.max(1) {
        return Ok(());
    }
    for day in [format!("occurred_at / {DAY}"), format!("{EVER}::bigint")] {
        let add = format!(
            "INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count) \
             SELECT org_id, {day}, model_type, action, coalesce(via, {EVER}::smallint), user_ref, count(*) \
             FROM entries WHERE org_id = $1 AND id > $2 AND id <= $3 GROUP BY 1, 2, 3, 4, 5, 6 \
             ON CONFLICT (org_id, day, model_type, action, via, user_ref) DO UPDATE SET count = tallies.count + excluded.count"
        );
        let add = db.prepare_cached(&add).await?;
        db.execute(&add, &[&org.0, &tallied, &head]).await?;
    }
    let set = db.prepare_cached("UPDATE org_heads SET tallied = $2 WHERE org_id = $1").await?;
    db.execute(&set, &[&org.0, &head]).await?;
    Ok(())
}

/// As [`catch_up`], whenever an append has made it worth it.
pub(super) async fn catch_up_if_far_behind(
    db: &Transaction<'_>,
    org: OrgId,
    tallied: i64,
    head: i64,
) -> Result<(), Fault> {
    catch_up(db, org, tallied, head, MOST_BEHIND).await
}

/// Counts everything anew, after entries went in another way than by [`take_away`].
pub(super) async fn begin_anew(db: &Transaction<'_>, org: OrgId) -> Result<(), Fault> {
    db.execute("DELETE FROM tallies WHERE org_id = $1", &[&org.0]).await?;
    let sql = "SELECT head FROM org_heads WHERE org_id = $1 FOR UPDATE";
    let head: i64 = db.query_one(sql, &[&org.0]).await?.try_get(0)?;
    catch_up(db, org, 0, head, 0).await
}

/// What [`take_away`] reads of an entry, in its order.
pub(super) const GONE_COLUMNS: &str = "id, occurred_at, model_type, action, via, user_ref";

/// Takes entries that are being deleted out of the sums, and keeps recorders out until the commit.
pub(super) async fn take_away(db: &Transaction<'_>, org: OrgId, gone: &[Row]) -> Result<(), Fault> {
    let lock = db.prepare_cached("SELECT tallied FROM org_heads WHERE org_id = $1 FOR UPDATE").await?;
    let tallied: i64 = db.query_one(&lock, &[&org.0]).await?.try_get(0)?;
    let mut counts = HashMap::<(i64, i16, i16, i16, i64), i64>::new();
    for row in gone {
        if row.try_get::<_, i64>(0)? > tallied {
            continue;
        }
        let via = row.try_get::<_, Option<i16>>(4)?.unwrap_or(-1);
        for day in [row.try_get::<_, i64>(1)? / DAY, EVER] {
            let place = (day, row.try_get(2)?, row.try_get(3)?, via, row.try_get(5)?);
            *counts.entry(place).or_default() += 1;
        }
    }
    let (places, counts): (Vec<_>, Vec<i64>) = counts.into_iter().unzip();
    let days: Vec<i64> = places.iter().map(|place| place.0).collect();
    let column = |of: fn(&(i64, i16, i16, i16, i64)) -> i16| places.iter().map(of).collect::<Vec<i16>>();
    let (types, actions, vias) = (column(|it| it.1), column(|it| it.2), column(|it| it.3));
    let users: Vec<i64> = places.iter().map(|place| place.4).collect();
    let sql = "UPDATE tallies SET count = tallies.count - gone.count FROM unnest($2::bigint[], $3::smallint[], \
               $4::smallint[], $5::smallint[], $6::bigint[], $7::bigint[]) \
               AS gone (day, model_type, action, via, user_ref, count) \
               WHERE tallies.org_id = $1 AND tallies.day = gone.day AND tallies.model_type = gone.model_type \
               AND tallies.action = gone.action AND tallies.via = gone.via AND tallies.user_ref = gone.user_ref";
    let take = db.prepare_cached(sql).await?;
    db.execute(&take, &[&org.0, &days, &types, &actions, &vias, &users, &counts]).await?;
    Ok(())
}

/// Forgets sums of which nothing is left.
pub(super) async fn forget_empty(db: &Transaction<'_>, org: OrgId) -> Result<(), Fault> {
    db.execute("DELETE FROM tallies WHERE org_id = $1 AND count = 0", &[&org.0]).await?;
    Ok(())
}

/// The sums that answer a filter; none where they cannot.
pub(super) async fn sums(
    db: &Lent,
    org: OrgId,
    filter: &Filter,
    as_of: u64,
    by_day: bool,
) -> Result<Option<Condition>, Fault> {
    if !filter.is_tallied() {
        return Ok(None);
    }
    let user_refs = user_refs(db, org, filter).await?;
    // Whatever is recorded meanwhile lies behind the bound.
    let asked = Asked { org, filter, user_refs: user_refs.as_deref(), as_of, head: u64::MAX, by_day };
    Ok(asked.rows(&DIALECT))
}

/// Sums up rows of `tally::Asked::rows` by some expressions over their columns: rows of these, each a BIGINT, then the
/// count.
pub(super) async fn summed(db: &Lent, rows: &Condition, by: &[&str]) -> Result<Vec<Row>, Fault> {
    let places: Vec<_> = (1..=by.len()).map(|place| place.to_string()).collect();
    let keys: String = by.iter().map(|it| format!("({it})::bigint, ")).collect();
    let grouped = match by {
        [] => String::new(),
        _ => format!("GROUP BY {} HAVING sum(n) > 0", places.join(", ")),
    };
    let mut all = rows.clone();
    all.sql = format!("SELECT {keys}coalesce(sum(n), 0)::bigint FROM ({}) AS rows {grouped}", rows.sql);
    ask(db, &all.numbered(), &all.parameters).await
}

/// Whether anything may match at all, by the sums: for what nothing has, a whole log would be read in vain.
pub(super) async fn any(
    db: &Lent,
    org: OrgId,
    filter: &Filter,
    user_refs: Option<&[i64]>,
) -> Result<bool, Fault> {
    let asked = Asked { org, filter, user_refs, as_of: u64::MAX, head: u64::MAX, by_day: false };
    let Some(any) = asked.any(&DIALECT) else { return Ok(true) };
    Ok(!ask(db, &any.numbered(), &any.parameters).await?.is_empty())
}
