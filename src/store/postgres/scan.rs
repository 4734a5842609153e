//! Reading matching entries in batches, so that memory stays bounded.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

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
const FIRST_ROWS: usize = 64;
/// How many rows each further batch has then.
const MORE_ROWS: usize = 1000;

/// The columns of `session::COLUMNS`, with the numbers of the users.
const BATCH_COLUMNS: &str = "id, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, user_ref, \
     via, ip, user_agent, request_id, reason, changes, on_behalf_ref";
/// The column after those: the snapshot of the user whose number is in the first column, in rows of users.
const SNAPSHOT: usize = 16;

/// A statement for a batch of entries, and then for each of their users once. It is one statement, because a prune may delete
/// a user between two. A row may have a megabyte, so the batch ends with the row that reaches the size of a page.
fn batch_statement(page: &Condition, order: Order) -> Condition {
    let order_by = match order {
        Order::Descending => "occurred_at DESC, id DESC",
        Order::Ascending => "occurred_at, id",
        Order::ById => "id",
    };
    let nulls = "NULL, ".repeat(SNAPSHOT - 1);
    let sql = format!(
        "WITH page AS MATERIALIZED (SELECT * FROM (SELECT *, sum(octet_length(changes)) OVER \
         (ORDER BY {order_by} ROWS UNBOUNDED PRECEDING) - octet_length(changes) AS bytes_before FROM ({}) AS matching) \
         AS sized WHERE bytes_before < {MAX_PAGE_BYTES}) \
         SELECT {BATCH_COLUMNS}, NULL AS snapshot FROM page UNION ALL SELECT user_ref, {nulls}snapshot FROM users \
         WHERE org_id = $1 AND user_ref IN (SELECT user_ref FROM page UNION ALL SELECT on_behalf_ref FROM page)",
        page.sql
    );
    Condition { sql, parameters: page.parameters.clone() }
}

/// Runs a statement that was made for one query. It is not prepared: there are many such statements, and each connection
/// would keep them all.
pub(super) async fn query(db: &Object, statement: &Condition) -> Result<Vec<Row>, DatabaseError> {
    let values: Vec<_> = statement.parameters.iter().map(Value::from).collect();
    let type_of = |value: &Value<'_>| match value {
        Value::Integer(_) => Type::INT8,
        _ => Type::BYTEA,
    };
    let values: Vec<_> = values.iter().map(|value| (value as &(dyn ToSql + Sync), type_of(value))).collect();
    Ok(db.query_typed(&statement.numbered(), &values).await?)
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

/// The users of batches by their numbers.
#[derive(Default)]
pub(super) struct BatchUsers(HashMap<i64, Snapshot>);

impl BatchUsers {
    /// Takes the rows of users out of a batch. The entries are then in order: `UNION ALL` promises none.
    fn take_from(&mut self, rows: Vec<Row>, order: Order) -> Result<Vec<Row>, StoreError> {
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            match row.text_or_null(SNAPSHOT)? {
                Some(snapshot) => drop(self.0.insert(row.integer(0)?, Snapshot::read(snapshot)?)),
                None => entries.push((row.integer_or_null(2)?, row.integer(0)?, row)),
            }
        }
        match order {
            Order::Descending => entries.sort_by_key(|(at, id, _)| Reverse((*at, *id))),
            Order::Ascending => entries.sort_by_key(|(at, id, _)| (*at, *id)),
            Order::ById => entries.sort_by_key(|(_, id, _)| *id),
        }
        Ok(entries.into_iter().map(|(_, _, row)| row).collect())
    }

    /// An entry of a batch, its texts where they are.
    pub(super) fn entry<'r>(&'r self, row: &'r Row) -> Result<entries::StoredEntry<'r>, StoreError> {
        let user = |user_ref| {
            self.0.get(&user_ref).ok_or_else(|| StoreError::Damaged("a user is missing".to_owned()))
        };
        let (by, on_behalf_of) = (user(row.integer(8)?)?, row.integer_or_null(15)?.map(user).transpose()?);
        decode::entry(row, row.unsigned(0)?, by, on_behalf_of)
    }
}

/// Matching entries, read batch by batch.
pub(super) struct Scan<'a> {
    query: &'a EntryQuery<'a>,
    order: Order,
    after: Option<Position>,
    /// The filter that entries are judged by one by one; absent, when SQL says all of it.
    content_filter: Option<Arc<Filter>>,
    rows: usize,
    is_over: bool,
    pub(super) users: BatchUsers,
}

impl<'a> Scan<'a> {
    pub(super) fn new(query: &'a EntryQuery<'a>, (order, after): (Order, Option<Position>)) -> Self {
        let content_filter = query.filter.reads_content().then(|| Arc::new(query.filter.clone()));
        let rows = if content_filter.is_some() { FIRST_ROWS } else { MORE_ROWS };
        Self { query, order, after, content_filter, rows, is_over: false, users: BatchUsers::default() }
    }

    pub(super) async fn fill_page(
        mut self,
        db: &Object,
        limit: u32,
        page: &mut Entries,
    ) -> Result<PageProgress, DatabaseError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.content_filter.is_none() {
            // One more than asked for tells whether there is a next page.
            self.rows = wanted.saturating_add(1);
        }
        while let Some(rows) = self.next_rows(db).await? {
            for row in &rows {
                if page.len() == wanted || page.text().len() >= MAX_PAGE_BYTES {
                    return Ok(PageProgress::Complete { has_more: true });
                }
                page.push(&self.users.entry(row)?)?;
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
        let found = query(db, &batch_statement(&page, self.order)).await?;
        let (order, filter) = (self.order, self.content_filter.clone());
        let mut users = std::mem::take(&mut self.users);
        let judge = move || -> Result<_, StoreError> {
            let rows = users.take_from(found, order)?;
            Batch::new(rows, users, filter.as_deref())
        };
        let batch = match self.content_filter.is_some() {
            // On a thread where nothing waits: it may take long, and the runtime's threads answer everybody else.
            true => {
                let judging = tokio::task::spawn_blocking(judge);
                judging.await.map_err(|error| StoreError::Failed(format!("judging rows: {error}")))?
            }
            false => judge(),
        };
        let batch = batch?;
        self.is_over = batch.rows < self.rows && batch.bytes < MAX_PAGE_BYTES;
        self.users = batch.users;
        self.after = batch.last.or(self.after);
        if self.content_filter.is_some() {
            self.rows = MORE_ROWS;
        }
        Ok(Some(batch.matching))
    }
}

/// Rows that were compared with the filter.
struct Batch {
    users: BatchUsers,
    matching: Vec<Row>,
    /// The number of all rows.
    rows: usize,
    /// The size of all rows' changes.
    bytes: usize,
    /// Where the last of all rows is.
    last: Option<Position>,
}

impl Batch {
    fn new(rows: Vec<Row>, users: BatchUsers, filter: Option<&Filter>) -> Result<Self, StoreError> {
        let matching = Vec::with_capacity(rows.len());
        let mut batch = Self { users, matching, rows: rows.len(), bytes: 0, last: None };
        for row in rows {
            let entry = batch.users.entry(&row)?;
            batch.bytes += entry.changes.0.len();
            batch.last = Some(entry.position());
            if filter.map_or(Ok(true), |filter| entry.matches(filter))? {
                batch.matching.push(row);
            }
        }
        Ok(batch)
    }
}
