//! Counting by slots of time and by values: in SQL where it can say what is asked, else entry by entry.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params_from_iter};

use crate::model::stats::{Count, StatsQuery};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Dimension, ModelType, Via};
use crate::store::error::StoreError;
use crate::store::sqlite::count::{each, sums};
use crate::store::sqlite::read::pruned;
use crate::store::sqlite::rows::{Reader, condition, head, user_refs};
use crate::store::sqlite::tally::summed;
use crate::store::stored::{timestamp, word};
use crate::store::tally::{DAY, EVER};
use crate::store::{Counted, OrgId};

type Sums = BTreeMap<(Option<Timestamp>, Vec<Option<String>>), u64>;

pub(super) fn counts(
    db: &Connection,
    org: OrgId,
    counting: &StatsQuery,
    as_of: Option<u64>,
) -> Result<Counted, StoreError> {
    let head = head(db, org)?;
    let as_of = as_of.map_or(head, |as_of| as_of.min(head));
    let mut total = 0;
    let mut counts = Sums::new();
    if counting.filter.looks_inside() || counting.by.contains(&Dimension::Field) {
        each(db, org, &counting.filter, as_of, |entry| {
            total += 1;
            let slot = counting.slot(entry.occurred_at);
            for values in counting.values(entry) {
                *counts.entry((slot, values)).or_default() += 1;
            }
        })?;
    } else {
        total = grouped(db, org, counting, as_of, &mut counts)?;
    }
    let counts = counts.into_iter().map(|((slot, values), count)| Count { slot, values, count }).collect();
    Ok(Counted { total, counts, pruned: pruned(db, org)? })
}

/// Counts by `GROUP BY` and returns the sum. Users are grouped by their snapshots, of which several may read alike.
fn grouped(
    db: &Connection,
    org: OrgId,
    counting: &StatsQuery,
    as_of: u64,
    counts: &mut Sums,
) -> Result<u64, StoreError> {
    let width = counting.slot_seconds.map(|seconds| i64::from(seconds) * 1_000_000);
    let mut reader = Reader::new(db, org);
    let whole_days = width.is_none_or(|width| width % DAY == 0);
    let tallied = if whole_days { sums(db, org, &counting.filter, as_of, width.is_some())? } else { None };
    if let Some(tallied) = tallied {
        let slot = width.map_or_else(|| "0".to_owned(), |width| format!("day / {}", width / DAY));
        let by: Vec<_> =
            std::iter::once(slot.as_str()).chain(counting.by.iter().map(|by| column(*by))).collect();
        let mut total = 0;
        summed(db, &tallied, &by, |row, n| {
            total += n;
            *counts.entry(key(row, width, counting, &mut reader)?).or_default() += n;
            Ok(())
        })?;
        return Ok(total);
    }
    let mut keys = vec![width.map_or_else(|| "0".to_owned(), |width| format!("occurred_at / {width}"))];
    keys.extend(counting.by.iter().map(|by| column(*by).to_owned()));
    let filter = &counting.filter;
    let condition = condition(org, filter, user_refs(db, org, filter)?.as_deref(), as_of);
    let places: Vec<_> = (1..=keys.len()).map(|place| place.to_string()).collect();
    let sql = format!(
        "SELECT {}, count(*) FROM entries WHERE {} GROUP BY {}",
        keys.join(", "),
        condition.sql,
        places.join(", ")
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(&condition.parameters))?;
    let mut total = 0;
    while let Some(row) = rows.next()? {
        let count = row.get::<_, i64>(keys.len())?.unsigned_abs();
        *counts.entry(key(row, width, counting, &mut reader)?).or_default() += count;
        total += count;
    }
    Ok(total)
}

/// The slot and the values that a row is about.
fn key(
    row: &Row<'_>,
    width: Option<i64>,
    counting: &StatsQuery,
    reader: &mut Reader<'_>,
) -> Result<(Option<Timestamp>, Vec<Option<String>>), StoreError> {
    let slot: i64 = row.get(0)?;
    let slot = width.map(|width| timestamp(slot * width)).transpose()?;
    let value = |(place, by): (usize, &Dimension)| value(row, place + 1, *by, reader);
    Ok((slot, counting.by.iter().enumerate().map(value).collect::<Result<_, _>>()?))
}

const fn column(by: Dimension) -> &'static str {
    match by {
        Dimension::Action => "action",
        Dimension::ModelType => "model_type",
        Dimension::User => "user_ref",
        Dimension::Via => "via",
        // Time lies in the slot; fields are counted entry by entry.
        _ => "NULL",
    }
}

fn value(
    row: &Row<'_>,
    place: usize,
    by: Dimension,
    reader: &mut Reader<'_>,
) -> Result<Option<String>, StoreError> {
    // Sums have no null: what has no channel stands under -1.
    let code = row.get::<_, Option<i64>>(place)?.filter(|code| *code != EVER);
    let Some(code) = code else { return Ok(None) };
    Ok(Some(match by {
        Dimension::Action => word(Action::ALL, code)?.to_string(),
        Dimension::ModelType => word(ModelType::ALL, code)?.to_string(),
        Dimension::Via => word(Via::ALL, code)?.to_string(),
        _ => reader.user(code)?.label().to_owned(),
    }))
}
