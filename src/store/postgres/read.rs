//! Reading entries: a page by key, one by id. Each statement sees what was committed when it began, so what explains
//! missing entries (prunes) is always asked after the entries.

use std::sync::Arc;

use tokio_postgres::Row;

use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{Order, Position};
use crate::model::prune::Pruned;
use crate::store::condition::{Condition, Parameter};
use crate::store::entries::Entries;
use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::postgres::rows::{COLUMNS, Reader, ask, condition, head, off_thread, user_refs};
use crate::store::postgres::{prune, tally};
use crate::store::stored::{signed, timestamp};
use crate::store::{Lookup, MAX_PAGE_BYTES, OrgId, PageRead, PageRequest};

/// How many rows are asked for at first. Rows may be a megabyte each: how large they are tells how many are next.
const FIRST_ROWS: usize = 64;
/// How many rows are asked for at most.
const MOST_ROWS: usize = 1000;

pub(super) async fn page(db: Lent, org: OrgId, request: &PageRequest) -> Result<PageRead, Fault> {
    let head = head(&db, org).await?;
    let as_of = request.as_of.map_or(head, |as_of| as_of.min(head));
    let mut scan = Scan::begin(&db, org, &request.filter, as_of, request.order, request.after).await?;
    let wanted = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut entries = Entries::default();
    let mut more = false;
    // One more than asked for tells whether there is a next page.
    while let Some(batch) = scan.next_rows(&db, wanted + 1 - entries.len()).await? {
        for row in &batch {
            if entries.len() == wanted || entries.json().len() >= MAX_PAGE_BYTES {
                more = true;
                break;
            }
            entries.push(&scan.reader.row(row)?)?;
        }
        if more {
            break;
        }
    }
    Ok(PageRead { entries, more, as_of, pruned: pruned(&db, org).await? })
}

/// Entries that match, read on and on behind the last one.
pub(super) struct Scan {
    /// What rows are judged by one by one; absent, when SQL says all of the filter.
    judge: Option<Arc<Filter>>,
    order: Order,
    condition: Condition,
    branches: Vec<Condition>,
    behind: Option<Position>,
    rows: usize,
    is_over: bool,
    reader: Reader,
}

impl Scan {
    pub(super) async fn begin(
        db: &Lent,
        org: OrgId,
        filter: &Filter,
        as_of: u64,
        order: Order,
        behind: Option<Position>,
    ) -> Result<Self, Fault> {
        let user_refs = user_refs(db, org, filter).await?;
        let user_refs = user_refs.as_deref();
        let is_over = !tally::any(db, org, filter, user_refs).await?;
        let condition = condition(org, filter, user_refs, as_of);
        let branches = match order {
            Order::ById => Vec::new(),
            Order::Ascending | Order::Descending => Condition::branches(filter, user_refs),
        };
        let judge = filter.looks_inside().then(|| Arc::new(filter.clone()));
        let (rows, reader) = (FIRST_ROWS, Reader::default());
        Ok(Self { judge, order, condition, branches, behind, rows, is_over, reader })
    }

    /// Some more entries; none at the end.
    pub(super) async fn next(&mut self, db: &Lent) -> Result<Option<Vec<Entry>>, Fault> {
        let Some(rows) = self.next_rows(db, usize::MAX).await? else { return Ok(None) };
        rows.iter().map(|row| self.reader.entry(row)).collect::<Result<_, _>>().map(Some)
    }

    /// The rows of some more entries, of which the caller can use so many; none at the end.
    async fn next_rows(&mut self, db: &Lent, usable: usize) -> Result<Option<Vec<Row>>, Fault> {
        if self.is_over {
            return Ok(None);
        }
        // Of rows that are judged one by one, nobody knows how many it takes.
        let rows = if self.judge.is_some() { self.rows } else { self.rows.min(usable) };
        let (sql, parameters) = self.statement(rows);
        let found = ask(db, &sql, &parameters).await?;
        let count = found.len();
        self.is_over = count < rows;
        let (reader, judge) = (std::mem::take(&mut self.reader), self.judge.clone());
        let judged = match judge {
            Some(filter) => off_thread(move || Judged::of(found, reader, Some(&filter))).await?,
            None => Judged::of(found, reader, None)?,
        };
        self.reader = judged.reader;
        self.behind = judged.last.or(self.behind);
        let average = judged.bytes / count.max(1) + 1;
        self.rows = (2 * MAX_PAGE_BYTES / average).clamp(8, MOST_ROWS);
        Ok(Some(judged.matching))
    }

    fn statement(&self, rows: usize) -> (String, Vec<Parameter>) {
        let mut condition = self.condition.clone();
        let order_by = match self.order {
            Order::Descending => "occurred_at DESC, id DESC",
            Order::Ascending => "occurred_at, id",
            Order::ById => "id",
        };
        if let Some(Position { occurred_at, id }) = self.behind {
            let (at, id) = (Parameter::Integer(occurred_at.micros()), Parameter::Integer(signed(id)));
            // A bound of its own on the time tells which months need no look; the pair alone does not.
            match self.order {
                Order::Descending => {
                    condition.and("occurred_at <= ? AND (occurred_at, id) < (?, ?)", [at.clone(), at, id])
                }
                Order::Ascending => {
                    condition.and("occurred_at >= ? AND (occurred_at, id) > (?, ?)", [at.clone(), at, id])
                }
                Order::ById => condition.and("id > ?", [id]),
            }
        }
        let select = condition.ordered(COLUMNS, self.branches.clone(), order_by, &format!("LIMIT {rows}"));
        (select.numbered(), select.parameters)
    }
}

/// Rows that were looked at.
struct Judged {
    reader: Reader,
    matching: Vec<Row>,
    /// How large the changes of all rows are together.
    bytes: usize,
    /// Where the last of all rows stands.
    last: Option<Position>,
}

impl Judged {
    fn of(found: Vec<Row>, reader: Reader, filter: Option<&Filter>) -> Result<Self, Fault> {
        let matching = Vec::with_capacity(found.len());
        let mut judged = Self { reader, matching, bytes: 0, last: None };
        for row in found {
            let it = judged.reader.row(&row)?;
            judged.bytes += it.changes.len();
            judged.last = Some(Position { occurred_at: it.occurred_at, id: it.id });
            if filter.map_or(Ok(true), |filter| it.matches(filter))? {
                judged.matching.push(row);
            }
        }
        Ok(judged)
    }
}

pub(super) async fn entry(db: Lent, org: OrgId, id: u64) -> Result<Lookup, Fault> {
    if id == 0 || id > head(&db, org).await? {
        return Ok(Lookup::Missing);
    }
    let sql = format!("SELECT {COLUMNS} FROM entries WHERE org_id = $1 AND id = $2");
    let select = db.prepare_cached(&sql).await?;
    if let Some(row) = db.query_opt(&select, &[&org.0, &signed(id)]).await? {
        return Ok(Lookup::Found(Box::new(Reader::default().entry(&row)?)));
    }
    let sql = "SELECT prune_id FROM pruned_ids WHERE org_id = $1 AND first_id <= $2 AND last_id >= $2 \
               ORDER BY first_id DESC LIMIT 1";
    let select = db.prepare_cached(sql).await?;
    let prune_id = db.query_opt(&select, &[&org.0, &signed(id)]).await?;
    let pruned = match prune_id.map(|row| row.try_get(0)).transpose()? {
        Some(prune_id) => prune::one(&db, org, prune_id).await?,
        None => None,
    };
    let missing = || StoreError::Damaged(format!("entry {id} is missing and no prune took it")).into();
    pruned.map(Lookup::Pruned).ok_or_else(missing)
}

/// What earlier prunes took: few rows, for there is one a prune.
pub(super) async fn pruned(db: &Lent, org: OrgId) -> Result<Option<Pruned>, Fault> {
    let sql = "SELECT max(last_id), max(cutoff) FROM prunes WHERE org_id = $1";
    let select = db.prepare_cached(sql).await?;
    let row = db.query_one(&select, &[&org.0]).await?;
    let (through_id, before): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let (Some(through_id), Some(before)) = (through_id, before) else { return Ok(None) };
    Ok(Some(Pruned { through_id: through_id.unsigned_abs(), before: timestamp(before)? }))
}
