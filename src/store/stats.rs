//! Counts by slots of time and by values: in one statement where SQL can express the query, else entry by entry.

use std::collections::BTreeMap;

use crate::model::stats::{Count, StatsQuery};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Dimension, ModelType, Via};
use crate::store::calls::{Counted, OrgId};
use crate::store::codes::{timestamp, word};
use crate::store::condition::{Condition, Parameter};
use crate::store::decode::UserLabels;
use crate::store::dialect::EntryQuery;
use crate::store::entries::StoredEntry;
use crate::store::error::StoreError;
use crate::store::pages::{head, visit_matching};
use crate::store::prunes;
use crate::store::rollup::{self, DAY};
use crate::store::session::{Columns, Session};
use crate::store::users::user_refs;

/// Counts by slot and values.
type Sums = BTreeMap<(Option<Timestamp>, Vec<Option<String>>), u64>;

pub(super) async fn stats<S: Session>(
    db: &S,
    org: OrgId,
    query: &StatsQuery,
    as_of: Option<u64>,
) -> Result<Counted, S::Error> {
    let head = head(db, org).await?;
    let as_of = as_of.map_or(head, |as_of| as_of.min(head));
    let user_refs = &user_refs(db, org, &query.filter).await?;
    let entries = EntryQuery::new(org, &query.filter, user_refs, as_of);
    let mut total = 0;
    let mut sums = Sums::new();
    let by_field = query.by.contains(&Dimension::Field);
    if query.filter.reads_content() || (by_field && S::DIALECT.fields.is_none()) {
        let add = |row: &StoredEntry<'_>| {
            let entry = row.entry()?;
            total += 1;
            let slot = query.slot(entry.occurred_at);
            for values in query.values(&entry) {
                *sums.entry((slot, values)).or_default() += 1;
            }
            Ok(())
        };
        visit_matching(db, &entries, add).await?;
    } else {
        let grouped = grouped::<S>(query, &entries);
        let mut labels = UserLabels::default();
        let add = |row: &dyn Columns| {
            let slot = query.slot_seconds.map(|seconds| timestamp(row.integer(0)? * micros(seconds)));
            let values = query.by.iter().enumerate();
            let values = values.map(|(place, by)| value(row, place + 3, *by, &mut labels));
            let key = (slot.transpose()?, values.collect::<Result<_, _>>()?);
            *sums.entry(key).or_default() += row.unsigned(1)?;
            total += row.unsigned(2)?;
            Ok(())
        };
        db.visit_query(&grouped, add).await?;
    }
    let counts = sums.into_iter().map(|((slot, values), count)| Count { slot, values, count }).collect();
    Ok(Counted { total, counts, pruned: prunes::pruned(db, org).await? })
}

fn micros(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000
}

/// A statement of rows `slot, count, in_all` and then a value for each dimension. The users come with their counts, in
/// one statement: a prune may delete a user between two.
fn grouped<S: Session>(query: &StatsQuery, entries: &EntryQuery<'_>) -> Condition {
    let width = query.slot_seconds.map(micros);
    let fields = S::DIALECT.fields.filter(|_| query.by.contains(&Dimension::Field));
    let by_resource = query.by.contains(&Dimension::Resource);
    let rolled_up = match fields.is_none() && !by_resource && width.is_none_or(|width| width % DAY == 0) {
        true => rollup::rows::<S>(entries, width.is_some()),
        false => None,
    };
    let (time, count, from, mut parameters) = match rolled_up {
        Some(rows) => {
            let slot = width.map(|width| format!("day / {}", width / DAY));
            (slot, "sum(n)", format!("({}) AS counted_rows", rows.sql), rows.parameters)
        }
        None => {
            let Condition { sql, parameters } = S::DIALECT.condition(entries);
            let from = fields.as_ref().map_or("entries", |fields| fields.from);
            let slot = width.map(|width| format!("occurred_at / {width}"));
            (slot, "count(*)", format!("{from} WHERE {sql}"), parameters)
        }
    };
    let slot = time.unwrap_or_else(|| "0".to_owned());
    // An entry with several fields is counted under each, and once in all.
    let in_all = fields
        .as_ref()
        .map_or_else(|| count.to_owned(), |fields| format!("count(*) FILTER (WHERE {})", fields.is_first));
    let field = fields.map_or("NULL", |fields| fields.name);
    let mut keys = vec![format!("{slot} AS slot")];
    let mut shown = ["slot", "count", "in_all"].map(str::to_owned).to_vec();
    let mut join = String::new();
    for (place, by) in query.by.iter().enumerate() {
        keys.push(format!("{} AS v{place}", column::<S>(*by, field)));
        if *by == Dimension::User {
            shown.push("snapshot".to_owned());
            parameters.push(Parameter::Integer(entries.org.0));
            join = format!("LEFT JOIN users ON users.org_id = ? AND users.user_ref = counted.v{place}");
        } else {
            shown.push(format!("v{place}"));
        }
    }
    let numbers: Vec<_> = (1..=keys.len()).map(|number| number.to_string()).collect();
    let sql = format!(
        "SELECT {} FROM (SELECT {}, CAST({count} AS BIGINT) AS count, CAST({in_all} AS BIGINT) AS in_all \
         FROM {from} GROUP BY {} HAVING {count} > 0) AS counted {join}",
        shown.join(", "),
        keys.join(", "),
        numbers.join(", "),
    );
    Condition { sql, parameters }
}

const fn column<S: Session>(by: Dimension, field: &'static str) -> &'static str {
    match by {
        Dimension::Action => "action",
        Dimension::ModelType => "model_type",
        Dimension::User => "user_ref",
        // The rollup has no nulls: entries without a channel are under -1.
        Dimension::Via => "nullif(via, -1)",
        Dimension::Field => field,
        Dimension::Resource => S::DIALECT.resource,
        // The slot tells the time.
        _ => "CAST(NULL AS BIGINT)",
    }
}

fn value(
    row: &dyn Columns,
    at: usize,
    by: Dimension,
    labels: &mut UserLabels,
) -> Result<Option<String>, StoreError> {
    match by {
        Dimension::User => return Ok(Some(labels.label(row, at)?.to_owned())),
        Dimension::Field => {
            let name = row.text_or_null(at)?.map(serde_json::from_str).transpose();
            return name.map_err(|error| StoreError::Damaged(format!("a field's name: {error}")));
        }
        Dimension::Resource => {
            let text = row.text_or_null(at)?.unwrap_or_default();
            let (code, id) = text.split_once('/').unwrap_or((text, ""));
            let code = code.parse().map_err(|_| StoreError::Damaged(format!("a resource: {text}")))?;
            return Ok(Some(format!("{}/{id}", word(ModelType::ALL, code)?)));
        }
        _ => {}
    }
    let Some(code) = row.integer_or_null(at)? else { return Ok(None) };
    Ok(Some(match by {
        Dimension::Action => word(Action::ALL, code)?.to_string(),
        Dimension::ModelType => word(ModelType::ALL, code)?.to_string(),
        _ => word(Via::ALL, code)?.to_string(),
    }))
}
