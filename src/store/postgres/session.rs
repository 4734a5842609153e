//! The store's algorithms on PostgreSQL: statements, values and columns.

use std::error::Error;

use bytes::BytesMut;
use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::model::entry::Entry;
use crate::model::page::Order;
use crate::store::calls::{OrgId, PageRequest};
use crate::store::codes::to_signed_saturating;
use crate::store::condition::Condition;
use crate::store::decode::readable;
use crate::store::dialect::{Dialect, EntryQuery, Fields};
use crate::store::entries::{self, Entries};
use crate::store::error::StoreError;
use crate::store::postgres::error::DatabaseError;
use crate::store::postgres::rewrite;
use crate::store::postgres::scan::{EntryReader, Scan, query};
use crate::store::session::{Columns, ExpiredEntry, LeafIds, PageProgress, Session, Value};

/// The columns of an entry. The users come with the entry, in one statement: a prune may delete a user between two. `$1`
/// is the organization in every statement that selects them. Citus would send a condition of two columns,
/// `users.org_id = entries.org_id`, to every shard.
pub(super) const COLUMNS: &str = "id, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, \
     (SELECT snapshot FROM users WHERE users.org_id = $1 AND users.user_ref = entries.user_ref), \
     via, ip, user_agent, request_id, reason, changes, CASE WHEN on_behalf_ref IS NOT NULL THEN \
     coalesce((SELECT snapshot FROM users WHERE users.org_id = $1 AND users.user_ref = entries.on_behalf_ref), '') END";

/// How many entries are read at once for their leaf records: an entry may have a megabyte.
const LEAVES_A_QUERY: i64 = 64;

/// After how many rows a visit lets other tasks of its thread run.
const ROWS_A_TURN: usize = 128;

impl ToSql for Value<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Bool(value) => value.to_sql(of, out)?,
            Self::Integer(value) if *of == Type::INT2 => i16::try_from(value)?.to_sql(of, out)?,
            Self::Integer(value) if *of == Type::INT4 => i32::try_from(value)?.to_sql(of, out)?,
            Self::Integer(value) => value.to_sql(of, out)?,
            Self::Text(value) => value.as_bytes().to_sql(of, out)?,
            Self::Bytes(value) => value.to_sql(of, out)?,
        };
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A whole number of any width, or a truth value.
struct Integer(i64);

impl<'a> FromSql<'a> for Integer {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *of {
            Type::BOOL => bool::from_sql(of, raw)?.into(),
            Type::INT2 => i16::from_sql(of, raw)?.into(),
            Type::INT4 => i32::from_sql(of, raw)?.into(),
            _ => i64::from_sql(of, raw)?,
        }))
    }

    fn accepts(of: &Type) -> bool {
        [Type::BOOL, Type::INT2, Type::INT4, Type::INT8].contains(of)
    }
}

/// The bytes of a text or a UUID.
struct Bytes<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Bytes<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(of: &Type) -> bool {
        [Type::BYTEA, Type::TEXT, Type::UUID].contains(of)
    }
}

impl Columns for Row {
    fn integer_or_null(&self, at: usize) -> Result<Option<i64>, StoreError> {
        let integer = self.try_get::<_, Option<Integer>>(at).map_err(DatabaseError::from)?;
        Ok(integer.map(|Integer(value)| value))
    }

    fn text_or_null(&self, at: usize) -> Result<Option<&str>, StoreError> {
        let text = self.bytes_or_null(at)?.map(std::str::from_utf8).transpose();
        text.map_err(|error| StoreError::Damaged(format!("a text: {error}")))
    }

    fn bytes_or_null(&self, at: usize) -> Result<Option<&[u8]>, StoreError> {
        let bytes = self.try_get::<_, Option<Bytes<'_>>>(at).map_err(DatabaseError::from)?;
        Ok(bytes.map(|Bytes(bytes)| bytes))
    }
}

/// Runs work in a transaction: commits it, or undoes it when it fails.
pub(super) async fn in_transaction<T>(
    db: &Object,
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    db.batch_execute("BEGIN").await?;
    let outcome = work.await;
    match outcome {
        Ok(_) => db.batch_execute("COMMIT").await?,
        // The error of the work says more than one of the connection.
        Err(_) => drop(db.batch_execute("ROLLBACK").await),
    }
    outcome
}

/// Runs a statement that each connection prepares once.
async fn prepared(db: &Object, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
    let statement = db.prepare_cached(&sql.replace('?', "$")).await?;
    Ok(db.query(&statement, &references(values)).await?)
}

fn references<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

async fn visit_rows(
    rows: Vec<Row>,
    mut visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
) -> Result<(), DatabaseError> {
    for turn in rows.chunks(ROWS_A_TURN) {
        for row in turn {
            visit(row)?;
        }
        if turn.len() == ROWS_A_TURN {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

impl Session for Object {
    type Error = DatabaseError;

    const DIALECT: Dialect = Dialect {
        id: "id",
        id_to_column: |_, id| to_signed_saturating(id),
        id_from_column: i64::unsigned_abs,
        entry_columns: COLUMNS,
        entries_by_id: "entries",
        rolled_up: "(SELECT tallied FROM org_heads WHERE org_id = ?)",
        for_update: " FOR UPDATE",
        for_share: " FOR SHARE",
        // One at a time, for each takes the next number; readers do not wait.
        lock_organizations: Some("LOCK TABLE organizations IN SHARE ROW EXCLUSIVE MODE"),
        json_elements: "json_array_elements",
        // Ids are bytes, because a text of PostgreSQL cannot hold every character.
        resource: "convert_to(model_type::text || '/', 'UTF8') || model_id",
        from_hex: ["decode(", ", 'hex')"],
        range_before: "",
        in_blocks: Some("substr(?, ((id - 1) / 256)::int + 1, 1) = '\\x01'::bytea"),
        has_months: true,
        // Read as JSON text: a field's name may hold what TEXT cannot. Changes are stored with the name first; values,
        // which may be large, are not parsed. No `?` may stand in it: those are values.
        fields: Some(Fields {
            from: "entries LEFT JOIN LATERAL json_array_elements(changes::json) \
                   WITH ORDINALITY AS changed (change, place) ON true",
            name: r#"coalesce(substring(change::text FROM '^\{"field":("([^"\\]|\\.)*")'), (change -> 'field')::text)"#,
            is_first: "coalesce(place, 1) = 1",
        }),
    };

    fn lost_race(why: &str) -> DatabaseError {
        DatabaseError::Undone(why.to_owned())
    }

    async fn run(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        let statement = self.prepare_cached(&sql.replace('?', "$")).await?;
        Ok(self.execute(&statement, &references(values)).await?)
    }

    async fn visit(
        &self,
        sql: &str,
        values: &[Value<'_>],
        visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
    ) -> Result<(), DatabaseError> {
        visit_rows(prepared(self, sql, values).await?, visit).await
    }

    async fn visit_query(
        &self,
        statement: &Condition,
        visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
    ) -> Result<(), DatabaseError> {
        visit_rows(query(self, statement).await?, visit).await
    }

    async fn visit_entries(
        &self,
        query: &EntryQuery<'_>,
        mut visit: impl FnMut(&entries::StoredEntry<'_>) -> Result<(), StoreError>,
    ) -> Result<(), DatabaseError> {
        let mut scan = Scan::new(query, (Order::ById, None));
        while let Some(rows) = scan.next_rows(self).await? {
            for row in &rows {
                visit(&scan.reader.row(row)?)?;
            }
        }
        Ok(())
    }

    async fn fill_page(
        &self,
        query: &EntryQuery<'_>,
        request: &PageRequest,
        page: &mut Entries,
    ) -> Result<PageProgress, DatabaseError> {
        Scan::new(query, (request.order, request.after)).fill_page(self, request.limit, page).await
    }

    async fn read_entry(
        &self,
        _: OrgId,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Entry>, DatabaseError> {
        let mut reader = EntryReader::default();
        let entry = prepared(self, sql, values).await?.first().map(|row| reader.row(row)?.entry());
        Ok(entry.transpose()?)
    }

    async fn visit_leaves(
        &self,
        org: OrgId,
        ids: LeafIds<'_>,
        mut visit: impl FnMut(&entries::StoredEntry<'_>, Option<[u8; 16]>) -> Result<(), StoreError>,
    ) -> Result<(), DatabaseError> {
        let mut visit = |rows: &[Row]| -> Result<(), StoreError> {
            let mut reader = EntryReader::default();
            for row in rows {
                let seed = row.bytes_or_null(row.len() - 1)?.and_then(|seed| seed.try_into().ok());
                let id = row.unsigned(0)?;
                readable(reader.row(row), org, id)?.map_or(Ok(()), |entry| visit(&entry, seed))?;
            }
            Ok(())
        };
        match ids {
            LeafIds::Range(first, last) => {
                let sql = format!(
                    "SELECT {COLUMNS}, seed FROM entries WHERE org_id = $1 AND id >= $2 AND id <= $3 ORDER BY id LIMIT $4"
                );
                let select = self.prepare_cached(&sql).await?;
                let (mut next, last) = (to_signed_saturating(first), to_signed_saturating(last));
                while next <= last {
                    let rows = self.query(&select, &[&org.0, &next, &last, &LEAVES_A_QUERY]).await?;
                    visit(&rows)?;
                    let Some(read) = rows.last().filter(|_| rows.len() as i64 == LEAVES_A_QUERY) else {
                        break;
                    };
                    next = read.integer(0)? + 1;
                }
            }
            LeafIds::Expired(expired) => {
                let sql = format!(
                    "SELECT {COLUMNS}, seed FROM entries WHERE org_id = $1 AND id = ANY($2) \
                     AND occurred_at BETWEEN $3 AND $4 ORDER BY id"
                );
                let select = self.prepare_cached(&sql).await?;
                for expired in expired.chunks(LEAVES_A_QUERY as usize) {
                    let (ids, [oldest, newest]) = ids_and_times(expired);
                    visit(&self.query(&select, &[&org.0, &ids, &oldest, &newest]).await?)?;
                }
            }
        }
        Ok(())
    }

    async fn fill_seeds(&self, org: OrgId, first: u64, last: u64) -> Result<(), DatabaseError> {
        // Citus refuses volatile functions here. The key is random and forgotten, so the seeds are as good as random.
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| StoreError::Failed(error.to_string()))?;
        let sql = "UPDATE entries SET seed = substr(sha256($4 || int8send(id)), 1, 16) \
                   WHERE org_id = $1 AND id >= $2 AND id <= $3 AND seed IS NULL \
                   AND id NOT IN (SELECT id FROM erased WHERE org_id = $1 AND id >= $2 AND id <= $3)";
        let update = self.prepare_cached(sql).await?;
        self.execute(
            &update,
            &[&org.0, &to_signed_saturating(first), &to_signed_saturating(last), &&key[..]],
        )
        .await?;
        Ok(())
    }

    async fn rewrite_entry(&self, org: OrgId, before: Uuid, entry: &Entry) -> Result<(), DatabaseError> {
        rewrite::rewrite(self, org, before, entry).await
    }

    async fn delete_expired(&self, org: OrgId, expired: &[ExpiredEntry]) -> Result<(), DatabaseError> {
        let (ids, [oldest, newest]) = ids_and_times(expired);
        let uuids: Vec<Uuid> = expired.iter().map(|entry| entry.uuid).collect();
        let sql = "DELETE FROM entries WHERE org_id = $1 AND id = ANY($2) AND occurred_at BETWEEN $3 AND $4";
        let delete = self.prepare_cached(sql).await?;
        self.execute(&delete, &[&org.0, &ids, &oldest, &newest]).await?;
        delete_keys(self, org, &uuids).await
    }

    async fn delete_ranges(&self, org: OrgId, ranges: &[(u64, u64)]) -> Result<(), DatabaseError> {
        let (first, last): (Vec<i64>, Vec<i64>) = ranges
            .iter()
            .map(|&(first, last)| (to_signed_saturating(first), to_signed_saturating(last)))
            .unzip();
        let sql = "DELETE FROM entries USING unnest($2::bigint[], $3::bigint[]) AS gone (first, last) \
                   WHERE org_id = $1 AND id BETWEEN gone.first AND gone.last RETURNING uuid";
        let deleted = self.query(sql, &[&org.0, &first, &last]).await?;
        let uuids = deleted.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
        delete_keys(self, org, &uuids).await
    }
}

/// The ids of expired entries, and the bounds of their times, which tell which months need no look.
fn ids_and_times(expired: &[ExpiredEntry]) -> (Vec<i64>, [i64; 2]) {
    let times = || expired.iter().map(|entry| entry.occurred_at);
    let ids = expired.iter().map(|entry| to_signed_saturating(entry.id)).collect();
    (ids, [times().min().unwrap_or_default(), times().max().unwrap_or_default()])
}

async fn delete_keys(db: &Object, org: OrgId, uuids: &[Uuid]) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM entry_keys WHERE org_id = $1 AND uuid = ANY($2)";
    let delete = db.prepare_cached(sql).await?;
    db.execute(&delete, &[&org.0, &uuids]).await?;
    Ok(())
}
