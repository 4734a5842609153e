//! Counting by slots of time and by values: in SQL where it can say what is asked, else entry by entry.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params_from_iter};

use crate::model::count::{Count, Counting};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Dimension, ModelType, Via};
use crate::store::error::StoreError;
use crate::store::sqlite::count::each;
use crate::store::sqlite::read::pruned;
use crate::store::sqlite::rows::{Reader, condition, head};
use crate::store::stored::{timestamp, word};
use crate::store::{Counted, OrgId};

type Sums = BTreeMap<(Option<Timestamp>, Vec<Option<String>>), u64>;

pub(super) fn counts(
    db: &Connection,
    org: OrgId,
    counting: &Counting,
    as_of: Option<u64>,
) -> Result<Counted, StoreError> {
    let head = head(db, org)?;
    let as_of = as_of.map_or(head, |as_of| as_of.min(head));
    let mut total = 0;
    let mut sums = Sums::new();
    if counting.filter.looks_inside() || counting.by.contains(&Dimension::Field) {
        each(db, org, &counting.filter, as_of, |entry| {
            total += 1;
            let slot = counting.slot(entry.occurred_at);
            for values in counting.values(entry) {
                *sums.entry((slot, values)).or_default() += 1;
            }
        })?;
    } else {
        total = grouped(db, org, counting, as_of, &mut sums)?;
    }
    let counts = sums.into_iter().map(|((slot, values), count)| Count { slot, values, count }).collect();
    Ok(Counted { total, counts, pruned: pruned(db, org)? })
}

/// Counts by `GROUP BY` and returns the sum. Users are grouped by their snapshots, of which several may read alike.
fn grouped(
    db: &Connection,
    org: OrgId,
    counting: &Counting,
    as_of: u64,
    sums: &mut Sums,
) -> Result<u64, StoreError> {
    let width = counting.slot_seconds.map(|seconds| i64::from(seconds) * 1_000_000);
    let mut keys = vec![width.map_or_else(|| "0".to_owned(), |width| format!("occurred_at / {width}"))];
    keys.extend(counting.by.iter().map(|by| column(*by).to_owned()));
    let condition = condition(db, org, &counting.filter, as_of)?;
    let places: Vec<_> = (1..=keys.len()).map(|place| place.to_string()).collect();
    let sql = format!(
        "SELECT {}, count(*) FROM entries WHERE {} GROUP BY {}",
        keys.join(", "),
        condition.sql,
        places.join(", ")
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(&condition.parameters))?;
    let mut reader = Reader::new(db, org);
    let mut total = 0;
    while let Some(row) = rows.next()? {
        let slot: i64 = row.get(0)?;
        let slot = width.map(|width| timestamp(slot * width)).transpose()?;
        let value = |(place, by): (usize, &Dimension)| value(row, place + 1, *by, &mut reader);
        let values = counting.by.iter().enumerate().map(value).collect::<Result<Vec<_>, _>>()?;
        let count = row.get::<_, i64>(keys.len())?.unsigned_abs();
        *sums.entry((slot, values)).or_default() += count;
        total += count;
    }
    Ok(total)
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
    let Some(code) = row.get::<_, Option<i64>>(place)? else { return Ok(None) };
    Ok(Some(match by {
        Dimension::Action => word(Action::ALL, code)?.to_string(),
        Dimension::ModelType => word(ModelType::ALL, code)?.to_string(),
        Dimension::Via => word(Via::ALL, code)?.to_string(),
        _ => reader.user(code)?.label().to_owned(),
    }))
}
