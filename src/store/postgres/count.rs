//! Counting entries: all that match, by facet, and by what has expired. The engine counts what its rows say; only what
//! has to be judged row by row comes here.

use std::collections::BTreeMap;

use crate::model::facets::{Facet, Facets};
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::model::prune::ModelTypeCounts;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType};
use crate::store::condition::Parameter;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::postgres::read::Scan;
use crate::store::postgres::rows::{ask, condition, head, off_thread, user_refs};
use crate::store::postgres::tally::{summed, sums};
use crate::store::stored::{self, timestamp, word};
use crate::store::tally::DAY;
use crate::store::{Holdings, OrgId};

pub(super) async fn count(db: Lent, org: OrgId, filter: &Filter, as_of: u64) -> Result<u64, Fault> {
    if filter.looks_inside() {
        let mut count = 0;
        let mut scan = Scan::begin(&db, org, filter, as_of, Order::ById, None).await?;
        while let Some(entries) = scan.next(&db).await? {
            count += entries.len() as u64;
        }
        return Ok(count);
    }
    if let Some(sums) = sums(&db, org, filter, as_of, false).await? {
        let rows = summed(&db, &sums, &[]).await?;
        return Ok(rows
            .first()
            .map(|row| row.try_get::<_, i64>(0))
            .transpose()?
            .map_or(0, i64::unsigned_abs));
    }
    let condition = condition(org, filter, user_refs(&db, org, filter).await?.as_deref(), as_of);
    let sql = format!("SELECT count(*) FROM entries WHERE {}", condition.numbered());
    let rows = ask(&db, &sql, &condition.parameters).await?;
    Ok(rows.first().map(|row| row.try_get::<_, i64>(0)).transpose()?.map_or(0, i64::unsigned_abs))
}

/// Counts on their way to facets.
#[derive(Default)]
struct Counts {
    total: u64,
    action: BTreeMap<String, u64>,
    model_type: BTreeMap<String, u64>,
    user: BTreeMap<String, u64>,
    day: BTreeMap<String, u64>,
}

impl Counts {
    fn add(&mut self, action: Action, model_type: ModelType, user: &str, at: Timestamp, count: u64) {
        self.total += count;
        for (counts, value) in [
            (&mut self.action, action.as_str()),
            (&mut self.model_type, model_type.as_str()),
            (&mut self.user, user),
            (&mut self.day, &at.to_string()[..10]),
        ] {
            match counts.get_mut(value) {
                Some(sum) => *sum += count,
                None => drop(counts.insert(value.to_owned(), count)),
            }
        }
    }

    fn facets(self) -> Facets {
        let by_value = |counts: BTreeMap<String, u64>| {
            counts.into_iter().map(|(value, count)| Facet { value, count }).collect::<Vec<_>>()
        };
        let by_count = |counts| {
            let mut facets = by_value(counts);
            facets.sort_by_key(|facet| std::cmp::Reverse(facet.count));
            facets
        };
        Facets {
            total: self.total,
            action: by_count(self.action),
            model_type: by_count(self.model_type),
            user: by_count(self.user),
            day: by_value(self.day),
        }
    }
}

pub(super) async fn facets(db: Lent, org: OrgId, filter: &Filter) -> Result<Facets, Fault> {
    let head = head(&db, org).await?;
    let mut counts = Counts::default();
    if filter.looks_inside() {
        let mut scan = Scan::begin(&db, org, filter, head, Order::ById, None).await?;
        while let Some(entries) = scan.next(&db).await? {
            for entry in entries {
                counts.add(entry.action, entry.model_type, entry.user.label(), entry.occurred_at, 1);
            }
        }
        return Ok(counts.facets());
    }
    // The users come with their counts, in one statement: a prune may take away a user between two.
    let mut counted = match sums(&db, org, filter, head, true).await? {
        Some(mut sums) => {
            sums.sql = format!(
                "SELECT action::int8, model_type::int8, day, sum(n)::int8 AS count, user_ref FROM ({}) AS rows \
                 GROUP BY 1, 2, 3, user_ref HAVING sum(n) > 0",
                sums.sql
            );
            sums
        }
        None => {
            let user_refs = user_refs(&db, org, filter).await?;
            let mut condition = condition(org, filter, user_refs.as_deref(), head);
            condition.sql = format!(
                "SELECT action::int8, model_type::int8, occurred_at / {DAY} AS day, count(*) AS count, user_ref \
                 FROM entries WHERE {} GROUP BY 1, 2, 3, user_ref",
                condition.sql
            );
            condition
        }
    };
    counted.parameters.push(Parameter::Integer(org.0));
    let sql = format!(
        "SELECT action, model_type, day, count, snapshot FROM ({}) AS counted \
         JOIN users ON users.org_id = ? AND users.user_ref = counted.user_ref",
        counted.sql
    );
    counted.sql = sql;
    let rows = ask(&db, &counted.numbered(), &counted.parameters).await?;
    off_thread(move || {
        for row in rows {
            let (action, model_type): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let at = timestamp(row.try_get::<_, i64>(2)? * DAY)?;
            let user = stored::user(row.try_get(4)?)?;
            let count = row.try_get::<_, i64>(3)?.unsigned_abs();
            counts.add(
                word(Action::ALL, action)?,
                word(ModelType::ALL, model_type)?,
                user.label(),
                at,
                count,
            );
        }
        Ok(counts.facets())
    })
    .await
}

pub(super) async fn holdings(db: Lent, org: OrgId, cutoff: Timestamp) -> Result<Holdings, Fault> {
    let mut holdings = Holdings { head: head(&db, org).await?, ..Holdings::default() };
    let mut counts = BTreeMap::<i64, (u64, u64)>::new();
    let expired = Filter { until: Some(cutoff), ..Filter::default() };
    for (filter, is_expired) in [(Filter::default(), false), (expired, true)] {
        let rows = match sums(&db, org, &filter, holdings.head, false).await? {
            Some(sums) => summed(&db, &sums, &["model_type"]).await?,
            None => {
                let condition = condition(org, &filter, None, holdings.head);
                let sql = format!(
                    "SELECT model_type::int8, count(*) FROM entries WHERE {} GROUP BY 1",
                    condition.numbered()
                );
                ask(&db, &sql, &condition.parameters).await?
            }
        };
        for row in rows {
            let (all, expired) = counts.entry(row.try_get(0)?).or_default();
            *(if is_expired { expired } else { all }) = row.try_get::<_, i64>(1)?.unsigned_abs();
        }
    }
    for (code, (all, expired)) in counts {
        let model_type = word(ModelType::ALL, code)?;
        // A prune between the two statements leaves fewer.
        holdings.by_model_type.push(ModelTypeCounts {
            model_type,
            expired,
            kept: all.saturating_sub(expired),
        });
    }
    let edges = "SELECT (SELECT occurred_at FROM entries WHERE org_id = $1 ORDER BY occurred_at, id LIMIT 1), \
                 (SELECT occurred_at FROM entries WHERE org_id = $1 ORDER BY occurred_at DESC, id DESC LIMIT 1)";
    let edges = db.query_one(&db.prepare_cached(edges).await?, &[&org.0]).await?;
    holdings.oldest = edges.try_get::<_, Option<i64>>(0)?.map(timestamp).transpose()?;
    holdings.newest = edges.try_get::<_, Option<i64>>(1)?.map(timestamp).transpose()?;
    Ok(holdings)
}
