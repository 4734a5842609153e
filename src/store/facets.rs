//! Counts of entries by value and in total. The rollup or SQL counts where it can; else
//! entries are read one by one.

use std::collections::BTreeMap;

use crate::model::facets::{Facet, Facets};
use crate::model::filter::Filter;
use crate::model::words::{Action, ModelType};
use crate::store::calls::OrgId;
use crate::store::codes::{timestamp, word};
use crate::store::condition::{Condition, Parameter};
use crate::store::decode::UserLabels;
use crate::store::dialect::EntryQuery;
use crate::store::entries::StoredEntry;
use crate::store::error::StoreError;
use crate::store::pages::{head, visit_matching};
use crate::store::rollup::{self, DAY};
use crate::store::session::{Columns, Session};
use crate::store::users::{KnownUsers, user_refs};

pub(super) async fn count<S: Session>(
    db: &S,
    org: OrgId,
    filter: &Filter,
    as_of: u64,
    users: &KnownUsers,
) -> Result<u64, S::Error> {
    let user_refs = users.refs(db, org, filter, as_of).await?;
    count_by(db, &EntryQuery::new(org, filter, &user_refs, as_of)).await
}

/// Counts the entries of a query.
pub(super) async fn count_by<S: Session>(db: &S, query: &EntryQuery<'_>) -> Result<u64, S::Error> {
    let mut count = 0;
    if query.filter.reads_content() {
        let add = |_: &StoredEntry<'_>| {
            count += 1;
            Ok(())
        };
        visit_matching(db, query, add).await?;
        return Ok(count);
    }
    let read = |row: &dyn Columns| {
        count = row.unsigned(0)?;
        Ok(())
    };
    match rollup::rows::<S>(query, false) {
        Some(rows) => rollup::sum_by(db, &rows, &[], read).await?,
        None => db.visit_query(&entries::<S>(query, "count(*)"), read).await?,
    }
    Ok(count)
}

/// A statement that selects expressions from the entries that match, for a filter that SQL can say.
pub(super) fn entries<S: Session>(query: &EntryQuery<'_>, select: &str) -> Condition {
    let Condition { sql, parameters } = S::DIALECT.condition(query);
    Condition { sql: format!("SELECT {select} FROM entries WHERE {sql}"), parameters }
}

/// Counts that become facets.
#[derive(Default)]
struct FacetCounts {
    total: u64,
    actions: BTreeMap<&'static str, u64>,
    model_types: BTreeMap<&'static str, u64>,
    users: BTreeMap<String, u64>,
    days: BTreeMap<i64, u64>,
}

impl FacetCounts {
    fn add(&mut self, action: Action, model_type: ModelType, user: &str, day: i64, count: u64) {
        self.total += count;
        *self.actions.entry(action.as_str()).or_default() += count;
        *self.model_types.entry(model_type.as_str()).or_default() += count;
        *self.days.entry(day).or_default() += count;
        match self.users.get_mut(user) {
            Some(sum) => *sum += count,
            None => drop(self.users.insert(user.to_owned(), count)),
        }
    }

    /// The counts, without those by day unless `has_days`.
    fn facets(self, has_days: bool) -> Result<Facets, StoreError> {
        let day = |(day, count)| {
            let value = timestamp(day * DAY)?.to_string()[..10].to_owned();
            Ok(Facet { value, count })
        };
        Ok(Facets {
            total: self.total,
            action: by_count(self.actions),
            model_type: by_count(self.model_types),
            user: by_count(self.users),
            day: self.days.into_iter().filter(|_| has_days).map(day).collect::<Result<_, StoreError>>()?,
        })
    }
}

/// By falling count, and then by value.
fn by_count(counts: BTreeMap<impl Into<String>, u64>) -> Vec<Facet> {
    let facets = counts.into_iter().map(|(value, count)| Facet { value: value.into(), count });
    let mut facets: Vec<_> = facets.collect();
    facets.sort_by_key(|facet| std::cmp::Reverse(facet.count));
    facets
}

/// Counts by each value of a control. Counts by day read many rows of the rollup, so `has_days` says whether they are wanted.
pub(super) async fn facets<S: Session>(
    db: &S,
    org: OrgId,
    filter: &Filter,
    has_days: bool,
) -> Result<Facets, S::Error> {
    let head = head(db, org).await?;
    let user_refs = &user_refs(db, org, filter).await?;
    let query = EntryQuery::new(org, filter, user_refs, head);
    let mut counts = FacetCounts::default();
    if filter.reads_content() {
        let add = |row: &StoredEntry<'_>| {
            let day = row.occurred_at.micros() / DAY;
            counts.add(row.action, row.model_type, row.user.user.label(), day, 1);
            Ok(())
        };
        visit_matching(db, &query, add).await?;
        return Ok(counts.facets(has_days)?);
    }
    let mut counted = match rollup::rows::<S>(&query, has_days) {
        Some(rows) => {
            let day = if has_days { "day" } else { "CAST(0 AS BIGINT)" };
            Condition {
                sql: format!(
                    "SELECT action, model_type, {day} AS day, CAST(sum(n) AS BIGINT) AS count, user_ref \
                     FROM ({}) AS counted_rows GROUP BY 1, 2, 3, 5 HAVING sum(n) > 0",
                    rows.sql
                ),
                ..rows
            }
        }
        None => {
            let day = format!("occurred_at / {DAY}");
            let columns = format!("action, model_type, {day} AS day, count(*) AS count, user_ref");
            let mut counted = entries::<S>(&query, &columns);
            counted.sql.push_str(" GROUP BY 1, 2, 3, user_ref");
            counted
        }
    };
    // The users come with their counts, in one statement: a prune may delete a user between two.
    counted.parameters.push(Parameter::Integer(org.0));
    counted.sql = format!(
        "SELECT action, model_type, day, count, snapshot FROM ({}) AS counted \
         LEFT JOIN users ON users.org_id = ? AND users.user_ref = counted.user_ref",
        counted.sql
    );
    let mut labels = UserLabels::default();
    let add = |row: &dyn Columns| {
        let action = word(Action::ALL, row.integer(0)?)?;
        let model_type = word(ModelType::ALL, row.integer(1)?)?;
        counts.add(action, model_type, labels.label(row, 4)?, row.integer(2)?, row.unsigned(3)?);
        Ok(())
    };
    db.visit_query(&counted, add).await?;
    Ok(counts.facets(has_days)?)
}
