//! Counting entries: all that match, by facet, and by what has expired.

use std::collections::BTreeMap;

use rusqlite::{Connection, params, params_from_iter};

use crate::api::page::{Facet, Facets};
use crate::api::prune::ModelTypeCounts;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType;
use crate::store::error::StoreError;
use crate::store::sqlite::rows::{COLUMNS, Reader, condition, head};
use crate::store::stored::{timestamp, word};
use crate::store::{Holdings, OrgId};

pub(super) fn count(db: &Connection, org: OrgId, filter: &Filter, as_of: u64) -> Result<u64, StoreError> {
    if filter.looks_inside() {
        let mut count = 0;
        each(db, org, filter, as_of, |_| count += 1)?;
        return Ok(count);
    }
    let condition = condition(db, org, filter, as_of)?;
    let mut select = db.prepare_cached(&format!("SELECT count(*) FROM entries WHERE {}", condition.sql))?;
    let count: i64 = select.query_row(params_from_iter(&condition.parameters), |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

pub(super) fn facets(db: &Connection, org: OrgId, filter: &Filter) -> Result<Facets, StoreError> {
    let mut total = 0;
    let mut counts: [BTreeMap<String, u64>; 4] = Default::default();
    let [action, model_type, user, day] = &mut counts;
    each(db, org, filter, head(db, org)?, |entry| {
        total += 1;
        let count = |counts: &mut BTreeMap<String, u64>, value: &str| match counts.get_mut(value) {
            Some(count) => *count += 1,
            None => drop(counts.insert(value.to_owned(), 1)),
        };
        count(action, entry.action.as_str());
        count(model_type, entry.model_type.as_str());
        count(user, entry.user.label());
        count(day, &entry.occurred_at.to_string()[..10]);
    })?;
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
    let condition = condition(db, org, filter, as_of)?;
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE {}", condition.sql))?;
    let mut rows = select.query(params_from_iter(&condition.parameters))?;
    let mut reader = Reader::new(db, org);
    while let Some(row) = rows.next()? {
        let entry = reader.entry(row)?;
        if filter.matches_content(&entry) {
            visit(&entry);
        }
    }
    Ok(())
}

pub(super) fn holdings(db: &Connection, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT model_type, total(occurred_at < ?2), count(*) FROM entries WHERE org_id = ?1 GROUP BY model_type ORDER BY model_type",
    )?;
    let mut rows = select.query(params![org.0, cutoff.micros()])?;
    let mut by_model_type = Vec::new();
    while let Some(row) = rows.next()? {
        let (expired, all): (f64, i64) = (row.get(1)?, row.get(2)?);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "total() gives a count as a float"
        )]
        let expired = expired as u64;
        let model_type = word(ModelType::ALL, row.get(0)?)?;
        by_model_type.push(ModelTypeCounts { model_type, expired, kept: all.unsigned_abs() - expired });
    }
    let edge = |direction: &str| {
        let sql = format!(
            "SELECT occurred_at FROM entries WHERE org_id = ?1 ORDER BY occurred_at {direction} LIMIT 1"
        );
        let mut select = db.prepare_cached(&sql)?;
        let mut rows = select.query([org.0])?;
        rows.next()?.map(|row| timestamp(row.get(0)?)).transpose()
    };
    Ok(Holdings { by_model_type, oldest: edge("ASC")?, newest: edge("DESC")?, head: head(db, org)? })
}
