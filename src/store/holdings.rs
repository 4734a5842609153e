//! What a prune would delete and what it would keep: expired entries, those that holds keep, and all others.

use std::collections::BTreeMap;

use crate::api::hold::filter_text;
use crate::model::filter::Filter;
use crate::model::hold::Hold;
use crate::model::prune::{HeldBy, ModelTypeCounts};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Log, ModelType};
use crate::store::calls::{Holdings, OrgId};
use crate::store::codes::word;
use crate::store::condition::{Condition, Parameter, UserRefs};
use crate::store::dialect::EntryQuery;
use crate::store::error::StoreError;
use crate::store::facets::{count_by, entries};
use crate::store::holds;
use crate::store::pages::head;
use crate::store::rollup;
use crate::store::session::{Columns, Session, optional, values};
use crate::store::users::user_refs_of_each;

pub(super) async fn holdings<S: Session>(
    db: &S,
    org: OrgId,
    cutoff: Timestamp,
) -> Result<Holdings, S::Error> {
    let head = head(db, org).await?;
    let mut counts = BTreeMap::<i64, (u64, u64)>::new();
    let all_users = UserRefs::default();
    let expired = Filter { until: Some(cutoff), ..Filter::default() };
    for (filter, is_expired) in [(Filter::default(), false), (expired, true)] {
        let read = |row: &dyn Columns| {
            let (all, expired) = counts.entry(row.integer(0)?).or_default();
            *(if is_expired { expired } else { all }) = row.unsigned(1)?;
            Ok(())
        };
        let query = EntryQuery::new(org, &filter, &all_users, head);
        match rollup::rows::<S>(&query, false) {
            Some(rows) => rollup::sum_by(db, &rows, &["model_type"], read).await?,
            None => {
                let mut counted = entries::<S>(&query, "model_type, count(*)");
                counted.sql.push_str(" GROUP BY 1");
                db.visit_query(&counted, read).await?;
            }
        }
    }
    let held = held(db, org, cutoff, head).await?;
    let by_model_type = counts.into_iter().map(|(code, (all, before_cutoff))| {
        let model_type = word(ModelType::ALL, code)?;
        // On PostgreSQL a prune between two statements leaves fewer.
        let held = held.by_model_type.get(&code).copied().unwrap_or_default().min(before_cutoff);
        let expired = before_cutoff - held;
        Ok(ModelTypeCounts { model_type, expired, kept: all.saturating_sub(expired), held })
    });
    let by_model_type = by_model_type.collect::<Result<_, StoreError>>()?;
    let id = S::DIALECT.id;
    let sql = format!(
        "SELECT (SELECT occurred_at FROM entries WHERE org_id = ?1 ORDER BY occurred_at, {id} LIMIT 1), \
         (SELECT occurred_at FROM entries WHERE org_id = ?1 ORDER BY occurred_at DESC, {id} DESC LIMIT 1)"
    );
    let ends = |row: &dyn Columns| Ok((row.time_or_null(0)?, row.time_or_null(1)?));
    let (oldest, newest) = optional(db, &sql, values![org], ends).await?.unwrap_or_default();
    Ok(Holdings { by_model_type, held_by: held.by_hold, oldest, newest, head })
}

/// The expired entries that active holds cover.
#[derive(Default)]
struct HeldCounts {
    /// Their number by the code of their model type.
    by_model_type: BTreeMap<i64, u64>,
    /// The active holds that cover any.
    by_hold: Vec<HeldBy>,
}

/// Counts the held entries before `cutoff` with ids up to `head`. It visits each of them.
async fn held<S: Session>(db: &S, org: OrgId, cutoff: Timestamp, head: u64) -> Result<HeldCounts, S::Error> {
    let mut held = HeldCounts::default();
    if org.log() == Log::Trail {
        return Ok(held);
    }
    let mut active = holds::list(db, org).await?;
    active.retain(Hold::is_active);
    if active.is_empty() {
        return Ok(held);
    }
    let mut counted = Condition::default();
    counted.and("org_id = ?", [Parameter::Integer(org.0)]);
    counted.and("occurred_at < ?", [Parameter::Integer(cutoff.micros())]);
    let last = Parameter::Integer((S::DIALECT.id_to_column)(org, head));
    counted.and(&format!("{} <= ?", S::DIALECT.id), [last]);
    let filters: Vec<_> = active.iter().map(|hold| hold.filter.filter()).collect();
    let users = user_refs_of_each(db, org, &filters, None).await?;
    let covered = holds::covered(&active, &users);
    counted.and(&covered.sql, covered.parameters);
    counted.sql = format!("SELECT model_type, count(*) FROM entries WHERE {} GROUP BY 1", counted.sql);
    let add = |row: &dyn Columns| {
        held.by_model_type.insert(row.integer(0)?, row.unsigned(1)?);
        Ok(())
    };
    db.visit_query(&counted, add).await?;
    for (hold, users) in active.iter().zip(&users) {
        let expired = hold.filter.expired(cutoff);
        let entries = count_by(db, &EntryQuery::new(org, &expired, users, head)).await?;
        if entries > 0 {
            let (hold, filter) = (hold.name.to_string(), Some(filter_text(&hold.filter)));
            held.by_hold.push(HeldBy { hold, entries, filter });
        }
    }
    Ok(held)
}
