//! Counting entries: all that match, by facet, and by what has expired. The engine counts what its rows say; only what
//! has to be judged row by row comes here.

use std::collections::BTreeMap;

use deadpool_postgres::Object;

use crate::api::page::{Facet, Facets};
use crate::api::prune::ModelTypeCounts;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType};
use crate::store::postgres::fault::Fault;
use crate::store::postgres::read::Scan;
use crate::store::postgres::rows::{ask, condition, head};
use crate::store::stored::{self, timestamp, word};
use crate::store::{Holdings, OrgId};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

pub(super) async fn count(db: Object, org: OrgId, filter: &Filter, as_of: u64) -> Result<u64, Fault> {
    if filter.looks_inside() {
        let mut count = 0;
        let mut scan = Scan::begin(&db, org, filter, as_of, Order::ById, None).await?;
        while let Some(entries) = scan.next(&db, usize::MAX).await? {
            count += entries.len() as u64;
        }
        return Ok(count);
    }
    let condition = condition(&db, org, filter, as_of).await?;
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

pub(super) async fn facets(db: Object, org: OrgId, filter: &Filter) -> Result<Facets, Fault> {
    let head = head(&db, org).await?;
    let mut counts = Counts::default();
    if filter.looks_inside() {
        let mut scan = Scan::begin(&db, org, filter, head, Order::ById, None).await?;
        while let Some(entries) = scan.next(&db, usize::MAX).await? {
            for entry in entries {
                counts.add(entry.action, entry.model_type, entry.user.label(), entry.occurred_at, 1);
            }
        }
        return Ok(counts.facets());
    }
    let condition = condition(&db, org, filter, head).await?;
    // The users come with their counts, in one statement: a prune may take away a user between two.
    let sql = format!(
        "SELECT action, model_type, day, count, snapshot FROM (SELECT org_id, user_ref, action, model_type, \
         occurred_at / {DAY} AS day, count(*) AS count FROM entries WHERE {} GROUP BY 1, 2, 3, 4, 5) AS counted \
         JOIN users USING (org_id, user_ref)",
        condition.numbered()
    );
    for row in ask(&db, &sql, &condition.parameters).await? {
        let (action, model_type): (i16, i16) = (row.try_get(0)?, row.try_get(1)?);
        let at = timestamp(row.try_get::<_, i64>(2)? * DAY)?;
        let user = stored::user(row.try_get(4)?)?;
        let count = row.try_get::<_, i64>(3)?.unsigned_abs();
        counts.add(
            word(Action::ALL, action.into())?,
            word(ModelType::ALL, model_type.into())?,
            user.label(),
            at,
            count,
        );
    }
    Ok(counts.facets())
}

pub(super) async fn holdings(db: Object, org: OrgId, cutoff: Timestamp) -> Result<Holdings, Fault> {
    let sql = "SELECT model_type, count(*) FILTER (WHERE occurred_at < $2), count(*), min(occurred_at), max(occurred_at) \
               FROM entries WHERE org_id = $1 GROUP BY model_type ORDER BY model_type";
    let select = db.prepare_cached(sql).await?;
    let mut holdings = Holdings::default();
    for row in db.query(&select, &[&org.0, &cutoff.micros()]).await? {
        let (expired, all): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
        let model_type = word(ModelType::ALL, row.try_get::<_, i16>(0)?.into())?;
        let (expired, kept) = (expired.unsigned_abs(), (all - expired).unsigned_abs());
        holdings.by_model_type.push(ModelTypeCounts { model_type, expired, kept });
        let (oldest, newest) = (timestamp(row.try_get(3)?)?, timestamp(row.try_get(4)?)?);
        holdings.oldest = Some(holdings.oldest.map_or(oldest, |it| it.min(oldest)));
        holdings.newest = Some(holdings.newest.map_or(newest, |it| it.max(newest)));
    }
    holdings.head = head(&db, org).await?;
    Ok(holdings)
}
