//! The sums of entries, kept in the transactions that add and delete them. How they are read is `store::tally`'s.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params, params_from_iter};

use crate::store::OrgId;
use crate::store::condition::Condition;
use crate::store::error::StoreError;
use crate::store::sqlite::rows::{id, key};
use crate::store::stored::signed;
use crate::store::tally::{DAY, Dialect, EVER, MOST_BEHIND};

pub(super) const DIALECT: Dialect = Dialect {
    by_id: "entries NOT INDEXED",
    id: "key",
    tallied: "(SELECT (org_id << 40) | tallied FROM org_heads WHERE org_id = ?)",
    bound: key,
};

/// Notes the highest id given out, and adds what is behind the sums once it is much.
pub(super) fn set_head(db: &Connection, org: OrgId, head: u64) -> Result<(), StoreError> {
    let mut set =
        db.prepare_cached("UPDATE org_heads SET head = max(head, ?2) WHERE org_id = ?1 RETURNING tallied")?;
    let tallied: i64 = set.query_row(params![org.0, signed(head)], |row| row.get(0))?;
    let tallied = tallied.unsigned_abs();
    if head.saturating_sub(tallied) < MOST_BEHIND { Ok(()) } else { catch_up(db, org, tallied, head) }
}

/// Adds the entries of these ids to the sums.
fn catch_up(db: &Connection, org: OrgId, tallied: u64, head: u64) -> Result<(), StoreError> {
    for day in [format!("occurred_at / {DAY}"), EVER.to_string()] {
        let mut add = db.prepare_cached(&format!(
            "INSERT INTO tallies (org_id, day, model_type, action, via, user_ref, count) \
             SELECT org_id, {day}, model_type, action, coalesce(via, {EVER}), user_ref, count(*) \
             FROM entries NOT INDEXED WHERE key > ?1 AND key <= ?2 GROUP BY 1, 2, 3, 4, 5, 6 \
             ON CONFLICT (org_id, day, model_type, action, via, user_ref) DO UPDATE SET count = count + excluded.count"
        ))?;
        add.execute([key(org, tallied), key(org, head)])?;
    }
    let mut set = db.prepare_cached("UPDATE org_heads SET tallied = ?2 WHERE org_id = ?1")?;
    set.execute(params![org.0, signed(head)])?;
    Ok(())
}

/// Counts everything anew, after entries went in another way than by [`Gone`].
pub(super) fn begin_anew(db: &Connection, org: OrgId, head: u64) -> Result<(), StoreError> {
    db.execute("DELETE FROM tallies WHERE org_id = ?1", [org.0])?;
    catch_up(db, org, 0, head)
}

/// Entries that were deleted, to be taken out of the sums.
pub(super) struct Gone {
    tallied: u64,
    counts: HashMap<[i64; 5], i64>,
}

/// What [`Gone::add`] reads, in its order.
pub(super) const GONE_COLUMNS: &str = "key, occurred_at, model_type, action, via, user_ref";

impl Gone {
    pub(super) fn begin(db: &Connection, org: OrgId) -> Result<Self, StoreError> {
        let sql = "SELECT tallied FROM org_heads WHERE org_id = ?1";
        let tallied: i64 = db.query_row(sql, [org.0], |row| row.get(0))?;
        Ok(Self { tallied: tallied.unsigned_abs(), counts: HashMap::new() })
    }

    /// Notes a row of [`GONE_COLUMNS`]; gives its id.
    pub(super) fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<u64> {
        let id = id(row.get(0)?);
        if id <= self.tallied {
            let via: Option<i64> = row.get(4)?;
            let of = |day| {
                Ok::<_, rusqlite::Error>([day, row.get(2)?, row.get(3)?, via.unwrap_or(EVER), row.get(5)?])
            };
            for place in [of(row.get::<_, i64>(1)? / DAY)?, of(EVER)?] {
                *self.counts.entry(place).or_default() += 1;
            }
        }
        Ok(id)
    }

    pub(super) fn take_away(self, db: &Connection, org: OrgId) -> Result<(), StoreError> {
        let mut take = db.prepare_cached(
            "UPDATE tallies SET count = count - ?7 \
             WHERE org_id = ?1 AND day = ?2 AND model_type = ?3 AND action = ?4 AND via = ?5 AND user_ref = ?6",
        )?;
        for ([day, model_type, action, via, user_ref], count) in self.counts {
            take.execute([org.0, day, model_type, action, via, user_ref, count])?;
        }
        Ok(())
    }
}

/// Forgets sums of which nothing is left.
pub(super) fn forget_empty(db: &Connection, org: OrgId) -> Result<(), StoreError> {
    db.execute("DELETE FROM tallies WHERE org_id = ?1 AND count = 0", [org.0])?;
    Ok(())
}

/// Sums up rows of `tally::Asked::rows` by some of their columns: hands each combination to `visit`, as its first
/// columns, with its count.
pub(super) fn summed(
    db: &Connection,
    rows: &Condition,
    by: &[&str],
    mut visit: impl FnMut(&Row<'_>, u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let places: Vec<_> = (1..=by.len()).map(|place| place.to_string()).collect();
    let grouped = if by.is_empty() {
        String::new()
    } else {
        format!("GROUP BY {} HAVING sum(n) > 0", places.join(", "))
    };
    let sql = format!(
        "SELECT {}coalesce(sum(n), 0) AS n FROM ({}) {grouped}",
        by.iter().map(|it| format!("{it}, ")).collect::<String>(),
        rows.sql
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut found = select.query(params_from_iter(&rows.parameters))?;
    while let Some(row) = found.next()? {
        visit(row, row.get::<_, i64>(by.len())?.unsigned_abs())?;
    }
    Ok(())
}
