//! Counting by slots of time and by values: in SQL where it can say what is asked, else entry by entry.

use std::collections::BTreeMap;

use deadpool_postgres::Object;
use tokio_postgres::Row;

use crate::model::count::{Count, Counting};
use crate::model::page::Order;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Dimension, ModelType, Via};
use crate::store::condition::{Condition, Parameter};
use crate::store::postgres::fault::Fault;
use crate::store::postgres::read::{Scan, pruned};
use crate::store::postgres::rows::{ask, condition, head, user_refs};
use crate::store::postgres::tally::sums as sums_of;
use crate::store::stored::{self, timestamp, word};
use crate::store::tally::DAY;
use crate::store::{Counted, OrgId};

type Sums = BTreeMap<(Option<Timestamp>, Vec<Option<String>>), u64>;

pub(super) async fn counts(
    db: Object,
    org: OrgId,
    counting: &Counting,
    as_of: Option<u64>,
) -> Result<Counted, Fault> {
    let head = head(&db, org).await?;
    let as_of = as_of.map_or(head, |as_of| as_of.min(head));
    let mut total = 0;
    let mut sums = Sums::new();
    if counting.filter.looks_inside() || counting.by.contains(&Dimension::Field) {
        let mut scan = Scan::begin(&db, org, &counting.filter, as_of, Order::ById, None).await?;
        while let Some(entries) = scan.next(&db).await? {
            for entry in entries {
                total += 1;
                let slot = counting.slot(entry.occurred_at);
                for values in counting.values(&entry) {
                    *sums.entry((slot, values)).or_default() += 1;
                }
            }
        }
    } else {
        total = grouped(&db, org, counting, as_of, &mut sums).await?;
    }
    let counts = sums.into_iter().map(|((slot, values), count)| Count { slot, values, count }).collect();
    Ok(Counted { total, counts, pruned: pruned(&db, org).await? })
}

/// Counts by `GROUP BY` and returns the sum. The users come with their counts, in one statement: a prune may take away
/// a user between two.
async fn grouped(
    db: &Object,
    org: OrgId,
    counting: &Counting,
    as_of: u64,
    sums: &mut Sums,
) -> Result<u64, Fault> {
    let width = counting.slot_seconds.map_or(i64::MAX, |seconds| i64::from(seconds) * 1_000_000);
    let whole_days = counting.slot_seconds.is_none() || width % DAY == 0;
    let tallied = match whole_days {
        true => sums_of(db, org, &counting.filter, as_of, counting.slot_seconds.is_some()).await?,
        false => None,
    };
    let (slot, count, mut counted) = match tallied {
        Some(rows) => {
            let slot = counting.slot_seconds.map_or("0".to_owned(), |_| format!("day / {}", width / DAY));
            (slot, "sum(n)", Condition { sql: format!("({}) AS rows", rows.sql), ..rows })
        }
        None => {
            let user_refs = user_refs(db, org, &counting.filter).await?;
            let rows = condition(org, &counting.filter, user_refs.as_deref(), as_of);
            let sql = format!("entries WHERE {}", rows.sql);
            (format!("occurred_at / {width}"), "count(*)", Condition { sql, ..rows })
        }
    };
    let values = counting.by.iter().map(|by| column(*by)).enumerate();
    let values = values.map(|(place, value)| format!("{value} AS v{place}"));
    let keys: Vec<_> = std::iter::once(format!("({slot})::int8 AS slot")).chain(values).collect();
    let places: Vec<_> = (1..=keys.len()).map(|place| place.to_string()).collect();
    let shown: Vec<_> = counting
        .by
        .iter()
        .enumerate()
        .map(|(place, by)| match by {
            Dimension::User => "snapshot".to_owned(),
            _ => format!("v{place}"),
        })
        .collect();
    let join = match counting.by.iter().position(|by| *by == Dimension::User) {
        Some(place) => {
            counted.parameters.push(Parameter::Integer(org.0));
            format!("JOIN users ON users.org_id = ? AND users.user_ref = counted.v{place}")
        }
        None => String::new(),
    };
    counted.sql = format!(
        "SELECT {} FROM (SELECT {}, ({count})::int8 AS count FROM {} GROUP BY {} HAVING {count} > 0) AS counted {join}",
        [vec!["slot".to_owned(), "count".to_owned()], shown].concat().join(", "),
        keys.join(", "),
        counted.sql,
        places.join(", "),
    );
    let mut total = 0;
    for row in ask(db, &counted.numbered(), &counted.parameters).await? {
        let slot = row.try_get::<_, i64>(0)?;
        let slot = counting.slot_seconds.map(|_| timestamp(slot * width)).transpose()?;
        let values = counting.by.iter().enumerate().map(|(place, by)| value(&row, place + 2, *by));
        let values = values.collect::<Result<Vec<_>, Fault>>()?;
        let count = row.try_get::<_, i64>(1)?.unsigned_abs();
        *sums.entry((slot, values)).or_default() += count;
        total += count;
    }
    Ok(total)
}

const fn column(by: Dimension) -> &'static str {
    match by {
        Dimension::Action => "action::int8",
        Dimension::ModelType => "model_type::int8",
        Dimension::User => "user_ref",
        // The sums have no null: what has no channel stands under -1.
        Dimension::Via => "nullif(via::int8, -1)",
        // Time lies in the slot; fields are counted entry by entry.
        _ => "NULL::int8",
    }
}

fn value(row: &Row, place: usize, by: Dimension) -> Result<Option<String>, Fault> {
    if by == Dimension::User {
        return Ok(Some(stored::user(row.try_get(place)?)?.label().to_owned()));
    }
    let Some(code) = row.try_get::<_, Option<i64>>(place)? else { return Ok(None) };
    Ok(Some(match by {
        Dimension::Action => word(Action::ALL, code)?.to_string(),
        Dimension::ModelType => word(ModelType::ALL, code)?.to_string(),
        _ => word(Via::ALL, code)?.to_string(),
    }))
}
