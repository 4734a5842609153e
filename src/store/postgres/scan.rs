//! Reading matching entries in batches, so that memory stays bounded.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, RowStream};

use crate::model::filter::Filter;
use crate::model::page::{Order, Position};
use crate::store::condition::Condition;
use crate::store::decode;
use crate::store::dialect::EntryQuery;
use crate::store::entries::{self, Entries, Snapshot};
use crate::store::error::StoreError;
use crate::store::pages::MAX_PAGE_BYTES;
use crate::store::postgres::error::DatabaseError;
use crate::store::session::{Columns as _, PageProgress, Session as _, Value};

/// How many rows the first batch has, if rows are judged one by one: how many it takes to find a match is unknown.
const FIRST_JUDGED_ROWS: usize = 64;
/// How many rows each further batch has then.
const MORE_ROWS: usize = 1000;
/// How many rows the first batch of a page has at most, before the size of a row is known: it may have a megabyte.
const FIRST_ROWS: usize = 512;

/// The columns of `session::COLUMNS`, with the numbers of the users.
const BATCH_COLUMNS: &str = "id, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, user_ref, \
     via, ip, user_agent, request_id, reason, changes, on_behalf_ref";

/// Where the changes are in the rows of a batch.
const CHANGES: usize = 14;

/// A statement for the columns of `session::COLUMNS` of the entries that another one selects. The users are joined after
/// its limit, so that only those of its rows are looked up, and in one statement, because a prune may delete a user between
/// two.
fn with_users(page: &Condition, order: Order) -> Condition {
    let order_by = Object::DIALECT.order_by(order);
    let sql = format!(
        "SELECT id, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, author.snapshot, \
         via, ip, user_agent, request_id, reason, changes, \
         CASE WHEN on_behalf_ref IS NOT NULL THEN coalesce(principal.snapshot, '') END FROM ({}) AS page \
         LEFT JOIN users AS author ON author.org_id = $1 AND author.user_ref = page.user_ref \
         LEFT JOIN users AS principal ON principal.org_id = $1 AND principal.user_ref = page.on_behalf_ref ORDER BY {order_by}",
        page.sql
    );
    Condition { sql, parameters: page.parameters.clone() }
}

/// Runs a statement that was made for one query. It is not prepared: there are many such statements, and each connection
/// would keep them all.
async fn stream(db: &Object, statement: &Condition) -> Result<RowStream, DatabaseError> {
    let values: Vec<_> = statement.parameters.iter().map(Value::from).collect();
    let type_of = |value: &Value<'_>| match value {
        Value::Integer(_) => Type::INT8,
        _ => Type::BYTEA,
    };
    let values = values.iter().map(|value| (value as &(dyn ToSql + Sync), type_of(value)));
    Ok(db.query_typed_raw(&statement.numbered(), values).await?)
}

/// All rows of such a statement.
pub(super) async fn query(db: &Object, statement: &Condition) -> Result<Vec<Row>, DatabaseError> {
    Ok(stream(db, statement).await?.try_collect().await?)
}

/// The rows of a batch up to the one with which they reach the size of a page, and whether that was before their end.
async fn batch_rows(db: &Object, statement: &Condition) -> Result<(Vec<Row>, bool), DatabaseError> {
    let mut stream = pin!(stream(db, statement).await?);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = stream.try_next().await? {
        bytes += row.bytes_or_null(CHANGES)?.map_or(0, <[u8]>::len);
        rows.push(row);
        if bytes >= MAX_PAGE_BYTES {
            return Ok((rows, true));
        }
    }
    Ok((rows, false))
}

/// Turns rows into entries, and remembers the users it has met.
#[derive(Default)]
pub(super) struct EntryReader {
    users: HashMap<String, Snapshot>,
}

impl EntryReader {
    /// A row of `session::COLUMNS`, its texts where they are.
    pub(super) fn row<'r>(&'r mut self, row: &'r Row) -> Result<entries::StoredEntry<'r>, StoreError> {
        let missing = || StoreError::Damaged("a user is missing".to_owned());
        let user = row.text_or_null(8)?.ok_or_else(missing)?;
        // Empty where a user was there and its snapshot is gone.
        let on_behalf_of = row.text_or_null(15)?;
        for snapshot in [user].into_iter().chain(on_behalf_of) {
            if !self.users.contains_key(snapshot) {
                self.users.insert(snapshot.to_owned(), Snapshot::read(snapshot)?);
            }
        }
        let snapshot = |text: &str| self.users.get(text).ok_or_else(missing);
        decode::entry(row, row.unsigned(0)?, snapshot(user)?, on_behalf_of.map(snapshot).transpose()?)
    }
}

/// Matching entries, read batch by batch.
pub(super) struct Scan<'a> {
    query: &'a EntryQuery<'a>,
    order: Order,
    after: Option<Position>,
    /// The filter that entries are judged by one by one; absent, when SQL says all of it.
    content_filter: Option<Arc<Filter>>,
    /// How many rows the next batch has at most.
    rows: usize,
    is_over: bool,
    pub(super) reader: EntryReader,
}

impl<'a> Scan<'a> {
    pub(super) fn new(query: &'a EntryQuery<'a>, (order, after): (Order, Option<Position>)) -> Self {
        let content_filter = query.filter.reads_content().then(|| Arc::new(query.filter.clone()));
        let rows = if content_filter.is_some() { FIRST_JUDGED_ROWS } else { MORE_ROWS };
        Self { query, order, after, content_filter, rows, is_over: false, reader: EntryReader::default() }
    }

    pub(super) async fn fill_page(
        mut self,
        db: &Object,
        limit: u32,
        page: &mut Entries,
    ) -> Result<PageProgress, DatabaseError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        loop {
            if self.content_filter.is_none() {
                self.rows = rows_left(page, wanted);
            }
            let Some(rows) = self.next_rows(db).await? else { break };
            for row in &rows {
                if page.len() == wanted || page.text().len() >= MAX_PAGE_BYTES {
                    return Ok(PageProgress::Complete { has_more: true });
                }
                page.push(&self.reader.row(row)?)?;
            }
            if let Some(position) = self.after.filter(|_| self.query.pause_after.is_some() && !self.is_over) {
                return Ok(PageProgress::Paused(position));
            }
        }
        Ok(PageProgress::Complete { has_more: false })
    }

    /// The matching rows of the next batch; none at the end.
    pub(super) async fn next_rows(&mut self, db: &Object) -> Result<Option<Vec<Row>>, DatabaseError> {
        if self.is_over {
            return Ok(None);
        }
        let page = Object::DIALECT.page(BATCH_COLUMNS, self.query, (self.order, self.after), Some(self.rows));
        let (rows, is_cut) = batch_rows(db, &with_users(&page, self.order)).await?;
        self.is_over = !is_cut && rows.len() < self.rows;
        let (reader, filter) = (std::mem::take(&mut self.reader), self.content_filter.clone());
        let judge = move || Batch::new(rows, reader, filter.as_deref());
        let batch = match self.content_filter.is_some() {
            // On a thread where nothing waits: it may take long, and the runtime's threads answer everybody else.
            true => {
                let judging = tokio::task::spawn_blocking(judge);
                judging.await.map_err(|error| StoreError::Failed(format!("judging rows: {error}")))?
            }
            false => judge(),
        };
        let batch = batch?;
        self.reader = batch.reader;
        self.after = batch.last.or(self.after);
        if self.content_filter.is_some() {
            self.rows = MORE_ROWS;
        }
        Ok(Some(batch.matching))
    }
}

/// How many rows a page still takes, by the bytes of those that it has. One more than asked for tells whether there is a
/// next page.
fn rows_left(page: &Entries, wanted: usize) -> usize {
    let left = wanted.saturating_sub(page.len()).saturating_add(1);
    let bytes = page.text().len();
    match bytes.checked_div(page.len()) {
        None => left.min(FIRST_ROWS),
        Some(average) => left.min(MAX_PAGE_BYTES.saturating_sub(bytes) / average.max(1) + 1),
    }
}

/// Rows that were compared with the filter.
struct Batch {
    reader: EntryReader,
    matching: Vec<Row>,
    /// Where the last of all rows is.
    last: Option<Position>,
}

impl Batch {
    fn new(rows: Vec<Row>, reader: EntryReader, filter: Option<&Filter>) -> Result<Self, StoreError> {
        let mut batch = Self { reader, matching: Vec::with_capacity(rows.len()), last: None };
        for row in rows {
            let entry = batch.reader.row(&row)?;
            batch.last = Some(entry.position());
            if filter.map_or(Ok(true), |filter| entry.matches(filter))? {
                batch.matching.push(row);
            }
        }
        Ok(batch)
    }
}
