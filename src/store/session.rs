//! The interface of both engines for the store's algorithms: statements and rows. It knows no table.
//!
//! An algorithm is an async function over a [`Session`]. PostgreSQL makes it wait for the database. SQLite answers each
//! statement before it returns, so there the same function runs to its end without waiting.

use uuid::Uuid;

use crate::model::entry::Entry;
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{OrgId, PageRequest};
use crate::store::codes::{timestamp, to_signed_saturating};
use crate::store::condition::{Condition, Parameter};
use crate::store::dialect::{Dialect, EntryQuery};
use crate::store::entries::{Entries, StoredEntry};
use crate::store::error::StoreError;

/// A value bound to a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

macro_rules! value_from {
    ($($of:ty, $value:ident => $into:expr;)+) => {$(
        impl<'a> From<$of> for Value<'a> {
            fn from($value: $of) -> Self {
                $into
            }
        }
    )+};
}

value_from! {
    bool, value => Self::Bool(value);
    i64, value => Self::Integer(value);
    u32, value => Self::Integer(value.into());
    u64, value => Self::Integer(to_signed_saturating(value));
    OrgId, value => Self::Integer(value.0);
    Timestamp, value => Self::Integer(value.micros());
    &'a str, value => Self::Text(value);
    &'a String, value => Self::Text(value);
    &'a [u8; 32], value => Self::Bytes(value);
    &'a [u8; 16], value => Self::Bytes(value);
    &'a [u8], value => Self::Bytes(value);
    &'a Parameter, value => match value {
        Parameter::Integer(value) => Self::Integer(*value),
        Parameter::Text(value) => Self::Text(value),
        Parameter::Bytes(value) => Self::Bytes(value),
    };
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::session::Value::from($value)),*] };
}
pub(super) use values;

/// The columns of a row.
pub(super) trait Columns {
    /// A whole number or a truth value.
    fn integer_or_null(&self, at: usize) -> Result<Option<i64>, StoreError>;
    fn text_or_null(&self, at: usize) -> Result<Option<&str>, StoreError>;
    fn bytes_or_null(&self, at: usize) -> Result<Option<&[u8]>, StoreError>;

    fn integer(&self, at: usize) -> Result<i64, StoreError> {
        self.integer_or_null(at)?.ok_or_else(|| is_null(at))
    }

    fn text(&self, at: usize) -> Result<&str, StoreError> {
        self.text_or_null(at)?.ok_or_else(|| is_null(at))
    }

    fn uuid(&self, at: usize) -> Result<Uuid, StoreError> {
        fixed(self.bytes_or_null(at)?, at).map(Uuid::from_bytes)
    }

    fn hash(&self, at: usize) -> Result<[u8; 32], StoreError> {
        fixed(self.bytes_or_null(at)?, at)
    }

    /// A count or an id.
    fn unsigned(&self, at: usize) -> Result<u64, StoreError> {
        self.integer(at).map(i64::unsigned_abs)
    }

    fn time(&self, at: usize) -> Result<Timestamp, StoreError> {
        timestamp(self.integer(at)?)
    }

    fn time_or_null(&self, at: usize) -> Result<Option<Timestamp>, StoreError> {
        self.integer_or_null(at)?.map(timestamp).transpose()
    }
}

fn is_null(at: usize) -> StoreError {
    StoreError::Damaged(format!("column {at} has no value"))
}

fn fixed<const N: usize>(bytes: Option<&[u8]>, at: usize) -> Result<[u8; N], StoreError> {
    let bytes = bytes.ok_or_else(|| is_null(at))?;
    bytes
        .try_into()
        .map_err(|_| StoreError::Damaged(format!("column {at} has {} bytes, not {N}", bytes.len())))
}

/// How much a query reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryKind {
    /// A few rows that an index finds.
    Lookup,
    /// Possibly every entry. Searches never use all connections, so lookups do not wait for them.
    Search,
}

/// When work may be done again after a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Retry {
    /// Also if it may have been done: the work is idempotent.
    Always,
    /// Only when it certainly was not done.
    IfUndone,
}

/// How far a page was read.
pub(super) enum PageProgress {
    /// It is full, or there are no more entries.
    Complete { has_more: bool },
    /// The engine stopped after this entry, so that others get their turn.
    Paused(Position),
}

/// The channel of entries without one: the rollup has no nulls.
pub(super) const NO_VIA: i64 = -1;

/// The entries whose leaf records are wanted.
#[derive(Clone, Copy)]
pub(super) enum LeafIds<'a> {
    /// All from the first id to the last.
    Range(u64, u64),
    /// Expired entries.
    Expired(&'a [ExpiredEntry]),
}

/// An entry that a prune deletes, as the rollup counts it.
pub(super) struct ExpiredEntry {
    pub(super) id: u64,
    pub(super) uuid: Uuid,
    pub(super) occurred_at: i64,
    /// Model type, action, channel and user.
    pub(super) dimensions: [i64; 4],
}

/// How many columns [`ExpiredEntry::decode`] reads.
pub(super) const EXPIRED_COLUMNS: usize = 7;

impl ExpiredEntry {
    /// The columns that [`ExpiredEntry::decode`] reads, after the id.
    pub(super) const COLUMNS: &str = "occurred_at, model_type, action, via, user_ref, uuid";

    pub(super) fn decode(row: &dyn Columns, dialect: &Dialect) -> Result<Self, StoreError> {
        let via = row.integer_or_null(4)?.unwrap_or(NO_VIA);
        Ok(Self {
            id: (dialect.id_from_column)(row.integer(0)?),
            uuid: row.uuid(6)?,
            occurred_at: row.integer(1)?,
            dimensions: [row.integer(2)?, row.integer(3)?, via, row.integer(5)?],
        })
    }
}

/// A connection inside a transaction, or outside for single statements.
pub(super) trait Session {
    type Error: From<StoreError>;
    const DIALECT: Dialect;

    /// The error of a transaction that lost a race and may be done again.
    fn lost_race(why: &str) -> Self::Error;

    /// Runs a statement with values `?1`, `?2`, …; returns how many rows it changed.
    async fn run(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Self::Error>;

    /// Visits the rows of a statement with values `?1`, `?2`, ….
    async fn visit(
        &self,
        sql: &str,
        values: &[Value<'_>],
        visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
    ) -> Result<(), Self::Error>;

    /// Visits the rows of a statement that was made for one query.
    async fn visit_query(
        &self,
        query: &Condition,
        visit: impl FnMut(&dyn Columns) -> Result<(), StoreError>,
    ) -> Result<(), Self::Error>;

    /// Visits every entry up to `as_of` that matches, in no particular order.
    async fn visit_entries(
        &self,
        query: &EntryQuery<'_>,
        visit: impl FnMut(&StoredEntry<'_>) -> Result<(), StoreError>,
    ) -> Result<(), Self::Error>;

    /// Adds matching entries to a page.
    async fn fill_page(
        &self,
        query: &EntryQuery<'_>,
        request: &PageRequest,
        page: &mut Entries,
    ) -> Result<PageProgress, Self::Error>;

    /// Reads the entry of a statement that selects at most one.
    async fn read_entry(
        &self,
        org: OrgId,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Entry>, Self::Error>;

    /// Visits entries in the order of their ids, each with its seed, as they are now: their checksums are not compared. A
    /// row that cannot be read is left out.
    async fn visit_leaves(
        &self,
        org: OrgId,
        ids: LeafIds<'_>,
        visit: impl FnMut(&StoredEntry<'_>, Option<[u8; 16]>) -> Result<(), StoreError>,
    ) -> Result<(), Self::Error>;

    /// Gives a random seed to the entries between two ids that have none.
    async fn fill_seeds(&self, org: OrgId, first: u64, last: u64) -> Result<(), Self::Error>;

    /// Replaces user, context, texts and uuid of an entry, and deletes its seed. `before` is its uuid so far. The caller has
    /// locked the head row.
    async fn rewrite_entry(&self, org: OrgId, before: Uuid, entry: &Entry) -> Result<(), Self::Error>;

    /// Deletes expired entries.
    async fn delete_expired(&self, org: OrgId, expired: &[ExpiredEntry]) -> Result<(), Self::Error>;

    /// Deletes the entries whose ids lie in these ranges.
    async fn delete_ranges(&self, org: OrgId, ranges: &[(u64, u64)]) -> Result<(), Self::Error>;
}

/// The rows of a statement.
pub(super) async fn list<S: Session, T>(
    db: &S,
    sql: &str,
    values: &[Value<'_>],
    mut decode: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
) -> Result<Vec<T>, S::Error> {
    let mut rows = Vec::new();
    let add = |row: &dyn Columns| {
        rows.push(decode(row)?);
        Ok(())
    };
    db.visit(sql, values, add).await?;
    Ok(rows)
}

/// The row of a statement that gives at most one.
pub(super) async fn optional<S: Session, T>(
    db: &S,
    sql: &str,
    values: &[Value<'_>],
    decode: impl FnMut(&dyn Columns) -> Result<T, StoreError>,
) -> Result<Option<T>, S::Error> {
    list(db, sql, values, decode).await.map(|mut rows| rows.pop())
}
