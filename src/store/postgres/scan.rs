//! Reading matching entries in batches, so that memory stays bounded.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::model::filter::Filter;
use crate::model::page::{Order, Position};
use crate::store::condition::{Condition, Parameter};
use crate::store::decode;
use crate::store::dialect::EntryQuery;
use crate::store::entries::{self, Entries, Snapshot};
use crate::store::error::StoreError;
use crate::store::pages::MAX_PAGE_BYTES;
use crate::store::postgres::error::DatabaseError;
use crate::store::session::{Columns as _, PageProgress, Session as _};

/// How many rows the first batch has. A row may have a megabyte: the size of one batch tells how many rows the next has.
const FIRST_ROWS: usize = 64;
/// How many rows a batch has at most.
const MAX_ROWS: usize = 1000;

/// Runs a statement that was made for one query. It is not prepared: there are many such statements, and each connection
/// would keep them all.
pub(super) async fn query(db: &Object, statement: &Condition) -> Result<Vec<Row>, DatabaseError> {
    let value = |parameter: &Parameter| -> (Box<dyn ToSql + Sync + Send>, Type) {
        match parameter {
            Parameter::Integer(value) => (Box::new(*value), Type::INT8),
            Parameter::Text(value) => (Box::new(value.clone().into_bytes()), Type::BYTEA),
        }
    };
    let values: Vec<_> = statement.parameters.iter().map(value).collect();
    let values: Vec<(&(dyn ToSql + Sync), Type)> =
        values.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect();
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

/// Matching entries, read batch by batch.
pub(super) struct Scan<'a> {
    query: &'a EntryQuery<'a>,
    order: Order,
    after: Option<Position>,
    /// The filter that entries are judged by one by one; absent, when SQL says all of it.
    content_filter: Option<Arc<Filter>>,
    rows: usize,
    is_over: bool,
    pub(super) reader: EntryReader,
}

impl<'a> Scan<'a> {
    pub(super) fn new(query: &'a EntryQuery<'a>, (order, after): (Order, Option<Position>)) -> Self {
        let content_filter = query.filter.reads_content().then(|| Arc::new(query.filter.clone()));
        let (rows, reader) = (FIRST_ROWS, EntryReader::default());
        Self { query, order, after, content_filter, rows, is_over: false, reader }
    }

    pub(super) async fn fill_page(
        mut self,
        db: &Object,
        limit: u32,
        page: &mut Entries,
    ) -> Result<PageProgress, DatabaseError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        // One more than asked for tells whether there is a next page.
        while let Some(rows) = self.next_rows(db, wanted + 1 - page.len()).await? {
            for row in &rows {
                if page.len() == wanted || page.text().len() >= MAX_PAGE_BYTES {
                    return Ok(PageProgress::Complete { has_more: true });
                }
                page.push(&self.reader.row(row)?)?;
            }
        }
        Ok(PageProgress::Complete { has_more: false })
    }

    /// The matching rows of the next batch, of which the caller can use so many; none at the end.
    pub(super) async fn next_rows(
        &mut self,
        db: &Object,
        usable: usize,
    ) -> Result<Option<Vec<Row>>, DatabaseError> {
        if self.is_over {
            return Ok(None);
        }
        // How many rows it takes to find a match is unknown.
        let rows = if self.content_filter.is_some() { self.rows } else { self.rows.min(usable) };
        let statement = Object::DIALECT.page(self.query, (self.order, self.after), Some(rows));
        let found = query(db, &statement).await?;
        let count = found.len();
        self.is_over = count < rows;
        let (reader, filter) = (std::mem::take(&mut self.reader), self.content_filter.clone());
        let batch = match filter {
            // On a thread where nothing waits: it may take long, and the runtime's threads answer everybody else.
            Some(filter) => {
                let judging = tokio::task::spawn_blocking(move || Batch::new(found, reader, Some(&filter)));
                judging.await.map_err(|error| StoreError::Failed(format!("judging rows: {error}")))?
            }
            None => Batch::new(found, reader, None),
        };
        let batch = batch?;
        self.reader = batch.reader;
        self.after = batch.last.or(self.after);
        let average = batch.bytes / count.max(1) + 1;
        self.rows = (2 * MAX_PAGE_BYTES / average).clamp(8, MAX_ROWS);
        Ok(Some(batch.matching))
    }
}

/// Rows that were compared with the filter.
struct Batch {
    reader: EntryReader,
    matching: Vec<Row>,
    /// The size of all rows' changes.
    bytes: usize,
    /// Where the last of all rows is.
    last: Option<Position>,
}

impl Batch {
    fn new(rows: Vec<Row>, reader: EntryReader, filter: Option<&Filter>) -> Result<Self, StoreError> {
        let mut batch = Self { reader, matching: Vec::with_capacity(rows.len()), bytes: 0, last: None };
        for row in rows {
            let entry = batch.reader.row(&row)?;
            batch.bytes += entry.changes.0.len();
            batch.last = Some(Position { occurred_at: entry.occurred_at, id: entry.id });
            if filter.map_or(Ok(true), |filter| entry.matches(filter))? {
                batch.matching.push(row);
            }
        }
        Ok(batch)
    }
}
