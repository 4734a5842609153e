//! The store's algorithms on SQLite: each statement is answered before its call returns, so nothing waits.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row, params_from_iter};
use uuid::Uuid;

use crate::model::entry::Entry;
use crate::model::page::Order;
use crate::store::calls::{OrgId, PageRequest};
use crate::store::codes::json;
use crate::store::condition::{Condition, Parameter};
use crate::store::decode::readable;
use crate::store::dialect::{Dialect, EntryQuery, Ids};
use crate::store::entries::{self, Entries};
use crate::store::error::StoreError;
use crate::store::session::ExpiredEntry;
use crate::store::session::{Columns, LeafIds, PageProgress, Session, Value, values};
use crate::store::sqlite::page::fill;
use crate::store::sqlite::reader::{COLUMNS, EntryReader, id, key};
use crate::store::sqlite::{by_id, consecutive, rewrite};

/// Runs an algorithm to its end.
pub(in crate::store) fn run_now<T>(
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
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
            Self::Bytes(value) => value.to_sql(),
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

/// The keys of entries, as a JSON list.
fn keys(org: OrgId, expired: &[ExpiredEntry]) -> String {
    json(&expired.iter().map(|entry| key(org, entry.id)).collect::<Vec<_>>())
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
        for_share: "",
        lock_organizations: None,
        json_elements: "json_each",
        resource: "model_type || '/' || model_id",
        from_hex: ["unhex(", ")"],
        range_before: " AND first_id = (SELECT max(before.first_id) FROM pruned_ids AS before \
                       WHERE before.org_id = ?1 AND before.first_id < taken.first)",
        in_blocks: None,
        has_months: false,
        fields: None,
    };

    /// Writers take turns, so no transaction loses a race.
    fn lost_race(_: &str) -> StoreError {
        StoreError::Locked
    }

    async fn run(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        changed(self, sql, values)
    }

    async fn visit(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        visit_rows(self, sql, params_from_iter(values), |row| visit(row))
    }

    async fn visit_query(
        &self,
        query: &Condition,
        mut visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        visit_rows(self, &query.sql, params_from_iter(&query.parameters), |row| visit(row))
    }

    async fn visit_entries(
        &self,
        query: &EntryQuery<'_>,
        mut visit: impl FnMut(&entries::StoredEntry<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let condition = Self::DIALECT.condition(query);
        let sql = format!("SELECT {COLUMNS} FROM {} WHERE {}", Self::DIALECT.table(query), condition.sql);
        let mut reader = EntryReader::new(self, query.org);
        visit_rows(self, &sql, params_from_iter(&condition.parameters), |row| {
            let row = reader.row(row)?;
            if row.matches(query.filter)? { visit(&row) } else { Ok(()) }
        })
    }

    async fn fill_page(
        &self,
        query: &EntryQuery<'_>,
        request: &PageRequest,
        page: &mut Entries,
    ) -> Result<PageProgress, StoreError> {
        if request.order == Order::ById && matches!(query.ids, Ids::All) {
            return by_id::fill_page(self, query, request, page);
        }
        if let Some(progress) = consecutive::fill_page(self, query, request, page)? {
            return Ok(progress);
        }
        fill(self, query, request, page)
    }

    async fn read_entry(
        &self,
        org: OrgId,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Entry>, StoreError> {
        let (mut reader, mut entry) = (EntryReader::new(self, org), None);
        let read = |row: &Row<'_>| {
            entry = Some(reader.row(row)?.entry()?);
            Ok(())
        };
        visit_rows(self, sql, params_from_iter(values), read).map(|()| entry)
    }

    async fn visit_leaves(
        &self,
        org: OrgId,
        ids: LeafIds<'_>,
        mut visit: impl FnMut(&entries::StoredEntry<'_>, Option<[u8; 16]>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut reader = EntryReader::new(self, org);
        let visit = |row: &Row<'_>| {
            let seed =
                row.bytes_or_null(row.as_ref().column_count() - 1)?.and_then(|seed| seed.try_into().ok());
            let id = id(row.integer(0)?);
            readable(reader.row_unchecked(row), org, id)?.map_or(Ok(()), |entry| visit(&entry, seed))
        };
        let select =
            |keys| format!("SELECT {COLUMNS}, seed FROM entries NOT INDEXED WHERE {keys} ORDER BY key");
        match ids {
            LeafIds::Range(first, last) => {
                let keys = params_from_iter([key(org, first), key(org, last)]);
                visit_rows(self, &select("key BETWEEN ?1 AND ?2"), keys, visit)
            }
            LeafIds::Expired(expired) => {
                let sql = select("key IN (SELECT value FROM json_each(?1))");
                visit_rows(self, &sql, [keys(org, expired)], visit)
            }
        }
    }

    async fn fill_seeds(&self, org: OrgId, first: u64, last: u64) -> Result<(), StoreError> {
        // SQLite's generator is seeded by the operating system.
        let sql = "UPDATE entries SET seed = randomblob(16) WHERE key BETWEEN ?1 AND ?2 AND seed IS NULL \
                   AND key NOT IN (SELECT (?3 << 40) | id FROM erased WHERE org_id = ?3)";
        changed(self, sql, values![key(org, first), key(org, last), org]).map(drop)
    }

    async fn rewrite_entry(&self, org: OrgId, _: Uuid, entry: &Entry) -> Result<(), StoreError> {
        rewrite::rewrite(self, org, entry)
    }

    async fn delete_expired(&self, org: OrgId, expired: &[ExpiredEntry]) -> Result<(), StoreError> {
        let sql = "DELETE FROM entries WHERE key IN (SELECT value FROM json_each(?1))";
        changed(self, sql, values![&keys(org, expired)]).map(drop)
    }

    async fn delete_ranges(&self, org: OrgId, ranges: &[(u64, u64)]) -> Result<(), StoreError> {
        let sql = "DELETE FROM entries WHERE key BETWEEN ?1 AND ?2";
        ranges.iter().try_for_each(|&(first, last)| {
            changed(self, sql, values![key(org, first), key(org, last)]).map(drop)
        })
    }
}
