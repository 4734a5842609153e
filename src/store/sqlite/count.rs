//! Counting entries: all that match, by facet, and by what has expired.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params_from_iter};

use crate::model::entry::Entry;
use crate::model::facets::{Facet, Facets};
use crate::model::filter::Filter;
use crate::model::prune::ModelTypeCounts;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType};
use crate::store::condition::Condition;
use crate::store::error::StoreError;
use crate::store::sqlite::rows::{COLUMNS, Reader, condition, head, user_refs};
use crate::store::sqlite::tally::{DIALECT, summed};
use crate::store::stored::{timestamp, word};
use crate::store::tally::{Asked, DAY};
use crate::store::{Holdings, OrgId};

/// The sums that answer a filter; none where they cannot.
pub(super) fn sums(
    db: &Connection,
    org: OrgId,
    filter: &Filter,
    as_of: u64,
    by_day: bool,
) -> Result<Option<Condition>, StoreError> {
    if !filter.is_tallied() {
        return Ok(None);
    }
    let (user_refs, head) = (user_refs(db, org, filter)?, head(db, org)?);
    let asked = Asked { org, filter, user_refs: user_refs.as_deref(), as_of: as_of.min(head), head, by_day };
    Ok(asked.rows(&DIALECT))
}

pub(super) fn count(db: &Connection, org: OrgId, filter: &Filter, as_of: u64) -> Result<u64, StoreError> {
    if let Some(sums) = sums(db, org, filter, as_of, false)? {
        let mut count = 0;
        summed(db, &sums, &[], |_, n| {
            count = n;
            Ok(())
        })?;
        return Ok(count);
    }
    if filter.looks_inside() {
        let mut count = 0;
        each(db, org, filter, as_of, |_| count += 1)?;
        return Ok(count);
    }
    let condition = condition(org, filter, user_refs(db, org, filter)?.as_deref(), as_of);
    let mut select = db.prepare_cached(&format!("SELECT count(*) FROM entries WHERE {}", condition.sql))?;
    let count: i64 = select.query_row(params_from_iter(&condition.parameters), |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

pub(super) fn facets(db: &Connection, org: OrgId, filter: &Filter) -> Result<Facets, StoreError> {
    let mut total = 0;
    let mut counts: [BTreeMap<String, u64>; 4] = Default::default();
    let [action, model_type, user, day] = &mut counts;
    let mut add = |(an_action, a_type, a_user, at): (Action, ModelType, &str, Timestamp), n| {
        total += n;
        let count = |counts: &mut BTreeMap<String, u64>, value: &str| match counts.get_mut(value) {
            Some(count) => *count += n,
            None => drop(counts.insert(value.to_owned(), n)),
        };
        count(action, an_action.as_str());
        count(model_type, a_type.as_str());
        count(user, a_user);
        count(day, &at.to_string()[..10]);
    };
    let head = head(db, org)?;
    match sums(db, org, filter, head, true)? {
        Some(sums) => {
            let mut reader = Reader::new(db, org);
            summed(db, &sums, &["action", "model_type", "user_ref", "day"], |row, n| {
                let (an_action, a_type) =
                    (word(Action::ALL, row.get(0)?)?, word(ModelType::ALL, row.get(1)?)?);
                let at = timestamp(row.get::<_, i64>(3)? * DAY)?;
                add((an_action, a_type, reader.user(row.get(2)?)?.label(), at), n);
                Ok(())
            })?;
        }
        None => each(db, org, filter, head, |entry| {
            add((entry.action, entry.model_type, entry.user.label(), entry.occurred_at), 1);
        })?,
    }
    let by_value = |counts: BTreeMap<String, u64>| {
        counts.into_iter().map(|(value, count)| Facet { value, count }).collect::<Vec<_>>()
    };
    let by_count = |counts| {
        let mut facets = by_value(counts);
        facets.sort_by_key(|facet| std::cmp::Reverse(facet.count));
        facets
    };
    let [action, model_type, user, day] = counts;
    Ok(Facets {
        total,
        action: by_count(action),
        model_type: by_count(model_type),
        user: by_count(user),
        day: by_value(day),
    })
}

/// Visits every entry that matches, in no particular order.
pub(super) fn each(
    db: &Connection,
    org: OrgId,
    filter: &Filter,
    as_of: u64,
    mut visit: impl FnMut(&Entry),
) -> Result<(), StoreError> {
    let condition = condition(org, filter, user_refs(db, org, filter)?.as_deref(), as_of);
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE {}", condition.sql))?;
    let mut rows = select.query(params_from_iter(&condition.parameters))?;
    let mut reader = Reader::new(db, org);
    while let Some(row) = rows.next()? {
        let row = reader.row(row)?;
        if row.matches(filter)? {
            visit(&row.entry()?);
        }
    }
    Ok(())
}

pub(super) fn holdings(db: &Connection, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
    let head = head(db, org)?;
    let mut counts = BTreeMap::<i64, (u64, u64)>::new();
    let expired = Filter { until: Some(cutoff), ..Filter::default() };
    for (filter, is_expired) in [(Filter::default(), false), (expired, true)] {
        let mut visit = |row: &Row<'_>, n: u64| {
            let (all, expired) = counts.entry(row.get(0)?).or_default();
            *(if is_expired { expired } else { all }) = n;
            Ok(())
        };
        match sums(db, org, &filter, head, false)? {
            Some(sums) => summed(db, &sums, &["model_type"], visit)?,
            None => {
                let condition = condition(org, &filter, None, head);
                let sql =
                    format!("SELECT model_type, count(*) FROM entries WHERE {} GROUP BY 1", condition.sql);
                let mut select = db.prepare_cached(&sql)?;
                let mut rows = select.query(params_from_iter(&condition.parameters))?;
                while let Some(row) = rows.next()? {
                    visit(row, row.get::<_, i64>(1)?.unsigned_abs())?;
                }
            }
        }
    }
    let by_model_type = counts.into_iter().map(|(code, (all, expired))| {
        Ok(ModelTypeCounts { model_type: word(ModelType::ALL, code)?, expired, kept: all - expired })
    });
    let by_model_type = by_model_type.collect::<Result<_, StoreError>>()?;
    let edge = |direction: &str| {
        let sql = format!(
            "SELECT occurred_at FROM entries WHERE org_id = ?1 ORDER BY occurred_at {direction} LIMIT 1"
        );
        let mut select = db.prepare_cached(&sql)?;
        let mut rows = select.query([org.0])?;
        rows.next()?.map(|row| timestamp(row.get(0)?)).transpose()
    };
    Ok(Holdings { by_model_type, oldest: edge("ASC")?, newest: edge("DESC")?, head })
}
