//! Counting by slots of time and by values: in one statement where SQL can say what is asked, else entry by entry.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use crate::model::page::Order;
use crate::model::stats::{Count, StatsQuery};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Dimension, ModelType, Via};
use crate::store::condition::{Condition, Parameter};
use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::postgres::read::{Scan, pruned};
use crate::store::postgres::rows::{ask, condition, head, off_thread, user_refs};
use crate::store::postgres::tally::sums as sums_of;
use crate::store::stored::{self, timestamp, word};
use crate::store::tally::DAY;
use crate::store::{Counted, OrgId};

/// The fields of an entry, one row for each; a row of nulls for an entry that has none. They are taken as JSON text:
/// a field's name may hold what PostgreSQL's TEXT cannot.
const FIELDS: &str = "entries LEFT JOIN LATERAL json_array_elements(changes::json) \
     WITH ORDINALITY AS changed (change, place) ON true";
/// The name of such a row's field, as a JSON string. Changes are stored with it first; values, which may be large, are
/// not parsed. No `?` may stand in it: those are values.
const FIELD_NAME: &str =
    r#"coalesce(substring(change::text FROM '^\{"field":("([^"\\]|\\.)*")'), (change -> 'field')::text)"#;

type Sums = BTreeMap<(Option<Timestamp>, Vec<Option<String>>), u64>;

pub(super) async fn counts(
    db: Lent,
    org: OrgId,
    counting: &StatsQuery,
    as_of: Option<u64>,
) -> Result<Counted, Fault> {
    let head = head(&db, org).await?;
    let as_of = as_of.map_or(head, |as_of| as_of.min(head));
    let mut total = 0;
    let mut sums = Sums::new();
    if counting.filter.looks_inside() {
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
        (total, sums) = grouped(&db, org, counting, as_of).await?;
    }
    let counts = sums.into_iter().map(|((slot, values), count)| Count { slot, values, count }).collect();
    Ok(Counted { total, counts, pruned: pruned(&db, org).await? })
}

/// Counts by `GROUP BY`; gives the number of entries and the counts. The users come with their counts, in one statement:
/// a prune may take away a user between two.
async fn grouped(db: &Lent, org: OrgId, counting: &StatsQuery, as_of: u64) -> Result<(u64, Sums), Fault> {
    let width = counting.slot_seconds.map_or(i64::MAX, |seconds| i64::from(seconds) * 1_000_000);
    let whole_days = counting.slot_seconds.is_none() || width % DAY == 0;
    let by_field = counting.by.contains(&Dimension::Field);
    let tallied = match whole_days && !by_field {
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
            let sql = format!("{} WHERE {}", if by_field { FIELDS } else { "entries" }, rows.sql);
            (format!("occurred_at / {width}"), "count(*)", Condition { sql, ..rows })
        }
    };
    // An entry with several fields is counted under each, and once in all.
    let in_all = if by_field { "count(*) FILTER (WHERE coalesce(place, 1) = 1)" } else { count };
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
        "SELECT {} FROM (SELECT {}, ({count})::int8 AS count, ({in_all})::int8 AS in_all FROM {} GROUP BY {} \
         HAVING {count} > 0) AS counted {join}",
        [["slot", "count", "in_all"].map(str::to_owned).to_vec(), shown].concat().join(", "),
        keys.join(", "),
        counted.sql,
        places.join(", "),
    );
    let rows = ask(db, &counted.numbered(), &counted.parameters).await?;
    let (by, in_slots) = (counting.by.clone(), counting.slot_seconds.is_some());
    off_thread(move || {
        let (mut total, mut sums) = (0, Sums::new());
        for row in rows {
            let slot = row.try_get::<_, i64>(0)?;
            let slot = in_slots.then(|| timestamp(slot * width)).transpose()?;
            let values = by.iter().enumerate().map(|(place, by)| value(&row, place + 3, *by));
            let values = values.collect::<Result<Vec<_>, Fault>>()?;
            *sums.entry((slot, values)).or_default() += row.try_get::<_, i64>(1)?.unsigned_abs();
            total += row.try_get::<_, i64>(2)?.unsigned_abs();
        }
        Ok((total, sums))
    })
    .await
}

const fn column(by: Dimension) -> &'static str {
    match by {
        Dimension::Action => "action::int8",
        Dimension::ModelType => "model_type::int8",
        Dimension::User => "user_ref",
        // The sums have no null: what has no channel stands under -1.
        Dimension::Via => "nullif(via::int8, -1)",
        Dimension::Field => FIELD_NAME,
        // Time lies in the slot.
        _ => "NULL::int8",
    }
}

fn value(row: &Row, place: usize, by: Dimension) -> Result<Option<String>, Fault> {
    if by == Dimension::User {
        return Ok(Some(stored::user(row.try_get(place)?)?.label().to_owned()));
    }
    if by == Dimension::Field {
        let name = row.try_get::<_, Option<&str>>(place)?.map(serde_json::from_str).transpose();
        return name.map_err(|error| StoreError::Damaged(format!("a field's name: {error}")).into());
    }
    let Some(code) = row.try_get::<_, Option<i64>>(place)? else { return Ok(None) };
    Ok(Some(match by {
        Dimension::Action => word(Action::ALL, code)?.to_string(),
        Dimension::ModelType => word(ModelType::ALL, code)?.to_string(),
        _ => word(Via::ALL, code)?.to_string(),
    }))
}
