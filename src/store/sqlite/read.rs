//! Reading entries: a page by key, one by id.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::model::page::{Order, Position};
use crate::model::prune::Prune;
use crate::model::prune::Pruned;
use crate::model::timestamp::Timestamp;
use crate::store::condition::{Condition, Parameter};
use crate::store::entries::Entries;
use crate::store::error::StoreError;
use crate::store::sqlite::prune;
use crate::store::sqlite::rows::{COLUMNS, Reader, condition, head, key, user_refs};
use crate::store::sqlite::tally::DIALECT;
use crate::store::stored::timestamp;
use crate::store::tally::Asked;
use crate::store::{Lookup, MAX_PAGE_BYTES, OrgId, PageRead, PageRequest};

pub(super) fn page(db: &Connection, org: OrgId, request: &PageRequest) -> Result<PageRead, StoreError> {
    let head = head(db, org)?;
    let as_of = request.as_of.map_or(head, |as_of| as_of.min(head));
    let user_refs = user_refs(db, org, &request.filter)?;
    let user_refs = user_refs.as_deref();
    if !any(db, org, request, user_refs, head)? {
        return Ok(PageRead { entries: Entries::default(), more: false, as_of, pruned: pruned(db, org)? });
    }
    let mut entries = Entries::default();
    let more = fill(db, org, request, user_refs, as_of, &mut entries, |_| false)?;
    Ok(PageRead { entries, more: more == Some(true), as_of, pruned: pruned(db, org)? })
}

/// Adds the matching entries to a page until it is full or `must_stop` says so behind an entry, which is told where it
/// stands. Tells whether more match; none when it was stopped.
fn fill(
    db: &Connection,
    org: OrgId,
    request: &PageRequest,
    user_refs: Option<&[i64]>,
    as_of: u64,
    entries: &mut Entries,
    mut must_stop: impl FnMut(Position) -> bool,
) -> Result<Option<bool>, StoreError> {
    let select = select(org, request, user_refs, as_of);
    let wanted = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut statement = db.prepare_cached(&select.sql)?;
    let mut rows = statement.query(params_from_iter(&select.parameters))?;
    let mut reader = Reader::new(db, org);
    let mut last = None;
    while let Some(row) = rows.next()? {
        let row = reader.row(row)?;
        // An index that says otherwise than its table would leave out entries or show them twice.
        let place = (row.occurred_at, row.id);
        let is_in_order = last.is_none_or(|last: (Timestamp, u64)| match request.order {
            Order::Descending => place < last,
            Order::Ascending => place > last,
            Order::ById => row.id > last.1,
        });
        if !is_in_order {
            return Err(StoreError::Damaged("the index by time and the entries disagree".to_owned()));
        }
        last = Some(place);
        if row.matches(&request.filter)? {
            if entries.len() == wanted || entries.json().len() >= MAX_PAGE_BYTES {
                return Ok(Some(true));
            }
            entries.push(&row)?;
        }
        if must_stop(Position { occurred_at: row.occurred_at, id: row.id }) {
            return Ok(None);
        }
    }
    Ok(Some(false))
}

/// How long a part of a search reads before it makes way.
const PART: Duration = Duration::from_millis(100);

/// A page whose entries are searched for one by one, in parts. The bound of the first part holds for all: what is
/// recorded meanwhile is not looked at, and what is pruned meanwhile is not there.
pub(super) struct Scan {
    request: PageRequest,
    entries: Entries,
}

impl Scan {
    pub(super) fn new(request: PageRequest) -> Self {
        Self { request, entries: Entries::default() }
    }

    /// Reads a part; the rest goes on behind it.
    pub(super) fn go_on(
        mut self,
        db: &Connection,
        org: OrgId,
    ) -> Result<ControlFlow<PageRead, Self>, StoreError> {
        let head = head(db, org)?;
        let as_of = self.request.as_of.map_or(head, |as_of| as_of.min(head));
        let user_refs = user_refs(db, org, &self.request.filter)?;
        let user_refs = user_refs.as_deref();
        let (begun, mut behind) = (Instant::now(), None);
        let more = if any(db, org, &self.request, user_refs, head)? {
            let Self { request, entries } = &mut self;
            fill(db, org, request, user_refs, as_of, entries, |position| {
                behind = Some(position);
                begun.elapsed() >= PART
            })?
        } else {
            Some(false)
        };
        let Some(more) = more else {
            self.request.as_of = Some(as_of);
            self.request.after = behind;
            return Ok(ControlFlow::Continue(self));
        };
        let read = PageRead { entries: self.entries, more, as_of, pruned: pruned(db, org)? };
        Ok(ControlFlow::Break(read))
    }
}

/// The statement that reads a page.
pub(super) fn select(org: OrgId, request: &PageRequest, user_refs: Option<&[i64]>, as_of: u64) -> Condition {
    let mut condition = condition(org, &request.filter, user_refs, as_of);
    let (order_by, after) = match request.order {
        Order::Descending => ("occurred_at DESC, key DESC", "(occurred_at, key) < (?, ?)"),
        Order::Ascending => ("occurred_at, key", "(occurred_at, key) > (?, ?)"),
        Order::ById => ("key", "key > ?"),
    };
    if request.order == Order::ById {
        // The organization's rows begin here; without this bound the scan would begin at the first organization's.
        let after_id = request.after.map_or(0, |position| position.id);
        condition.and(after, [Parameter::Integer(key(org, after_id))]);
    } else if let Some(position) = request.after {
        condition.and(
            after,
            [Parameter::Integer(position.occurred_at.micros()), Parameter::Integer(key(org, position.id))],
        );
    }
    // One more than asked for tells whether there is a next page. Where rows are judged one by one, they are read one
    // by one until the page is full.
    let limit = match request.filter.looks_inside() {
        true => String::new(),
        false => format!("LIMIT {}", u64::from(request.limit) + 1),
    };
    let branches = match request.order {
        Order::ById => Vec::new(),
        Order::Ascending | Order::Descending => Condition::branches(&request.filter, user_refs),
    };
    condition.ordered(COLUMNS, branches, order_by, &limit)
}

/// Whether anything may match at all, by the sums: for what nothing has, a whole log would be read in vain.
fn any(
    db: &Connection,
    org: OrgId,
    request: &PageRequest,
    user_refs: Option<&[i64]>,
    head: u64,
) -> Result<bool, StoreError> {
    let asked = Asked { org, filter: &request.filter, user_refs, as_of: head, head, by_day: false };
    let Some(any) = asked.any(&DIALECT) else { return Ok(true) };
    Ok(db.prepare_cached(&any.sql)?.exists(params_from_iter(&any.parameters))?)
}

pub(super) fn entry(db: &Connection, org: OrgId, id: u64) -> Result<Lookup, StoreError> {
    if id == 0 || id > head(db, org)? {
        return Ok(Lookup::Missing);
    }
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE key = ?1"))?;
    if let Some(row) = select.query([key(org, id)])?.next()? {
        return Ok(Lookup::Found(Box::new(Reader::new(db, org).entry(row)?)));
    }
    pruned_by(db, org, id)?
        .map(Lookup::Pruned)
        .ok_or_else(|| StoreError::Damaged(format!("entry {id} is missing and no prune took it")))
}

fn pruned_by(db: &Connection, org: OrgId, id: u64) -> Result<Option<Prune>, StoreError> {
    let id = i64::try_from(id).unwrap_or(i64::MAX);
    let mut select = db.prepare_cached(
        "SELECT prune_id FROM pruned_ids WHERE org_id = ?1 AND first_id <= ?2 AND last_id >= ?2 ORDER BY first_id DESC LIMIT 1",
    )?;
    let prune_id: Option<i64> = select.query_row(params![org.0, id], |row| row.get(0)).optional()?;
    prune_id.map_or(Ok(None), |prune_id| prune::one(db, org, prune_id))
}

/// What earlier prunes took: few rows, for there is one a prune.
pub(super) fn pruned(db: &Connection, org: OrgId) -> Result<Option<Pruned>, StoreError> {
    let mut select = db.prepare_cached("SELECT max(last_id), max(cutoff) FROM prunes WHERE org_id = ?1")?;
    let (through_id, before): (Option<i64>, Option<i64>) =
        select.query_row([org.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(through_id), Some(before)) = (through_id, before) else { return Ok(None) };
    Ok(Some(Pruned { through_id: through_id.unsigned_abs(), before: timestamp(before)? }))
}
