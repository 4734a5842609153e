//! The store's algorithms on SQLite: each statement is answered before its call returns, so nothing waits.

use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row, params, params_from_iter};

use crate::model::entry::Entry;
use crate::model::page::{Order, Position};
use crate::model::timestamp::Timestamp;
use crate::store::condition::{Condition, Parameter};
use crate::store::dialect::Dialect;
use crate::store::entries::{self, Entries};
use crate::store::error::StoreError;
use crate::store::pages::MAX_PAGE_BYTES;
use crate::store::rollup::DeletedEntry;
use crate::store::session::{Columns, EntryQuery, PageProgress, Session, Value};
use crate::store::sqlite::reader::{COLUMNS, EntryReader, id, key};
use crate::store::{OrgId, PageRequest, PruneRun};

/// How long a search reads before it makes way for others.
const PART: Duration = Duration::from_millis(100);

/// Runs an algorithm to its end.
pub(super) fn run_now<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(StoreError::Failed("a SQLite statement did not end at once".to_owned())),
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Integer(value.into()),
            Self::Integer(value) => ValueRef::Integer(value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl ToSql for Parameter {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Integer(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
        }
    }
}

impl Columns for Row<'_> {
    fn integer_or_null(&self, at: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.get_ref(at)?.as_i64_or_null().map_err(rusqlite::Error::from)?)
    }

    fn text_or_null(&self, at: usize) -> Result<Option<&str>, StoreError> {
        Ok(self.get_ref(at)?.as_str_or_null().map_err(rusqlite::Error::from)?)
    }

    fn bytes_or_null(&self, at: usize) -> Result<Option<&[u8]>, StoreError> {
        Ok(self.get_ref(at)?.as_blob_or_null().map_err(rusqlite::Error::from)?)
    }
}

fn visit_rows(
    db: &Connection,
    sql: &str,
    values: impl Params,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

fn changed(db: &Connection, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
    Ok(db.prepare_cached(sql)?.execute(params_from_iter(values))? as u64)
}

impl Session for Connection {
    type Error = StoreError;

    const DIALECT: Dialect = Dialect {
        id: "key",
        id_to_column: key,
        id_from_column: id,
        entry_columns: COLUMNS,
        entries_by_id: "entries NOT INDEXED",
        rolled_up: "(SELECT (org_id << 40) | tallied FROM org_heads WHERE org_id = ?)",
        for_update: "",
        lock_organizations: None,
        json_elements: "json_each",
        range_before: " AND first_id = (SELECT max(before.first_id) FROM pruned_ids AS before \
                       WHERE before.org_id = ?1 AND before.first_id < taken.first)",
        has_months: false,
        fields: None,
    };

    /// Writers take turns, so no transaction loses a race.
    fn lost_race(_: &str) -> StoreError {
        StoreError::Locked
    }

    fn run(&self, sql: &str, values: &[Value<'_>]) -> impl Future<Output = Result<u64, StoreError>> + Send {
        ready(changed(self, sql, values))
    }

    fn visit(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut visit: impl FnMut(&dyn Columns) -> Result<(), StoreError> + Send,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(visit_rows(self, sql, params_from_iter(values), |row| visit(row)))
    }

    fn visit_query(
        &self,
        query: &Condition,
        mut visit: impl FnMut(&dyn Columns) -> Result<(), StoreError> + Send,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(visit_rows(self, &query.sql, params_from_iter(&query.parameters), |row| visit(row)))
    }

    fn visit_entries(
        &self,
        query: &EntryQuery<'_>,
        mut visit: impl FnMut(&entries::Row<'_>) -> Result<(), StoreError> + Send,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let condition = Self::DIALECT.condition(query);
        let sql = format!("SELECT {COLUMNS} FROM entries WHERE {}", condition.sql);
        let mut reader = EntryReader::new(self, query.org);
        ready(visit_rows(self, &sql, params_from_iter(&condition.parameters), |row| {
            let row = reader.row(row)?;
            if row.matches(query.filter)? { visit(&row) } else { Ok(()) }
        }))
    }

    fn fill_page(
        &self,
        org: OrgId,
        request: &PageRequest,
        user_refs: Option<&[i64]>,
        as_of: u64,
        page: &mut Entries,
    ) -> impl Future<Output = Result<PageProgress, StoreError>> + Send {
        ready(fill_page(self, org, request, user_refs, as_of, page))
    }

    fn read_entry(
        &self,
        org: OrgId,
        sql: &str,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Option<Entry>, StoreError>> + Send {
        let (mut reader, mut entry) = (EntryReader::new(self, org), None);
        let read = |row: &Row<'_>| {
            entry = Some(reader.row(row)?.entry()?);
            Ok(())
        };
        ready(visit_rows(self, sql, params_from_iter(values), read).map(|()| entry))
    }

    fn delete_expired(
        &self,
        org: OrgId,
        run: &PruneRun,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DeletedEntry>, StoreError>> + Send {
        let sql = format!(
            "DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE org_id = ?1 AND occurred_at < ?2 AND key <= ?4 \
             ORDER BY occurred_at, key LIMIT ?3) RETURNING key, {}",
            DeletedEntry::COLUMNS
        );
        let last_key = key(org, run.as_of.unwrap_or(u64::MAX));
        let mut deleted = Vec::new();
        let add = |row: &Row<'_>| {
            deleted.push(DeletedEntry::decode(row, &Self::DIALECT)?);
            Ok(())
        };
        ready(
            visit_rows(self, &sql, params![org.0, run.cutoff.micros(), limit, last_key], add)
                .map(|()| deleted),
        )
    }

    fn delete_ranges(
        &self,
        org: OrgId,
        ranges: &[(u64, u64)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let sql = "DELETE FROM entries WHERE key BETWEEN ?1 AND ?2";
        ready(ranges.iter().try_for_each(|&(first, last)| {
            changed(self, sql, &[Value::Integer(key(org, first)), Value::Integer(key(org, last))]).map(drop)
        }))
    }
}

fn fill_page(
    db: &Connection,
    org: OrgId,
    request: &PageRequest,
    user_refs: Option<&[i64]>,
    as_of: u64,
    page: &mut Entries,
) -> Result<PageProgress, StoreError> {
    let (begun, may_pause) = (Instant::now(), request.filter.looks_inside());
    let wanted = usize::try_from(request.limit).unwrap_or(usize::MAX);
    // One more than asked for tells whether there is a next page. Entries that are judged one by one are read until the
    // page is full.
    let limit = (!may_pause).then(|| wanted.saturating_add(1));
    let select = Connection::DIALECT.page(org, request, user_refs, as_of, limit);
    let mut statement = db.prepare_cached(&select.sql)?;
    let mut rows = statement.query(params_from_iter(&select.parameters))?;
    let mut reader = EntryReader::new(db, org);
    let mut last = None;
    while let Some(row) = rows.next()? {
        let row = reader.row(row)?;
        let key = (row.occurred_at, row.id);
        // An index that disagrees with its table would leave out entries or repeat them.
        let is_in_order = last.is_none_or(|last: (Timestamp, u64)| match request.order {
            Order::Descending => key < last,
            Order::Ascending => key > last,
            Order::ById => row.id > last.1,
        });
        if !is_in_order {
            return Err(StoreError::Damaged("the index by time and the entries disagree".to_owned()));
        }
        last = Some(key);
        if row.matches(&request.filter)? {
            if page.len() == wanted || page.json().len() >= MAX_PAGE_BYTES {
                return Ok(PageProgress::Complete { has_more: true });
            }
            page.push(&row)?;
        }
        if may_pause && begun.elapsed() >= PART {
            return Ok(PageProgress::Paused(Position { occurred_at: row.occurred_at, id: row.id }));
        }
    }
    Ok(PageProgress::Complete { has_more: false })
}
