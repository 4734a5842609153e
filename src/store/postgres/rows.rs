//! Between rows and entries: column order, closed words as numbers, texts as bytes, users by their snapshot.

use std::collections::HashMap;

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::model::entry::{Entry, RequestContext};
use crate::model::filter::Filter;
use crate::model::words::{Action, ModelType, Via};
use crate::store::OrgId;
use crate::store::condition::{Condition, Parameter};
use crate::store::entries::{Snapshot, StoredChanges, StoredEntry};
use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::stored::{self, signed, timestamp, word};

/// The columns [`Reader::entry`] reads, in its order. The user comes with the entry, in one statement: a prune may take
/// away a user between two. `$1` is the organization in every statement that selects them. A condition of two columns,
/// `users.org_id = entries.org_id`, would be sent to every shard by Citus.
pub(super) const COLUMNS: &str = "id, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, \
     (SELECT snapshot FROM users WHERE users.org_id = $1 AND users.user_ref = entries.user_ref), \
     via, ip, user_agent, request_id, reason, changes";

/// A value with its type, as statements that are not prepared want it.
pub(super) fn typed(parameter: &Parameter) -> (Box<dyn ToSql + Sync + Send>, Type) {
    match parameter {
        Parameter::Integer(value) => (Box::new(*value), Type::INT8),
        Parameter::Text(value) => (Box::new(value.clone().into_bytes()), Type::BYTEA),
    }
}

/// Runs a statement that differs from question to question. It is not prepared: the ways to ask are many, and each
/// connection would keep them all.
pub(super) async fn ask(db: &Lent, sql: &str, parameters: &[Parameter]) -> Result<Vec<Row>, Fault> {
    let values: Vec<_> = parameters.iter().map(typed).collect();
    let values: Vec<(&(dyn ToSql + Sync), Type)> =
        values.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect();
    Ok(db.query_typed(sql, &values).await?)
}

/// The organization's highest id.
pub(super) async fn head(db: &Lent, org: OrgId) -> Result<u64, Fault> {
    let statement = db.prepare_cached("SELECT head FROM org_heads WHERE org_id = $1").await?;
    let row = db.query_opt(&statement, &[&org.0]).await?;
    Ok(row.map(|row| row.try_get::<_, i64>(0)).transpose()?.map_or(0, i64::unsigned_abs))
}

/// What every read of entries begins with: the organization, which is `$1`, the bound, and what SQL can say of the
/// filter.
pub(super) fn condition(org: OrgId, filter: &Filter, user_refs: Option<&[i64]>, as_of: u64) -> Condition {
    let mut condition = Condition::default();
    condition.and("org_id = ?", [Parameter::Integer(org.0)]);
    condition.and("id <= ?", [Parameter::Integer(signed(as_of))]);
    condition.and_filter(filter, user_refs);
    condition
}

/// The users a filter means, by its own meaning: there are few, so each is looked at. None when any will do.
pub(super) async fn user_refs(db: &Lent, org: OrgId, filter: &Filter) -> Result<Option<Vec<i64>>, Fault> {
    if filter.user.is_any() {
        return Ok(None);
    }
    let statement = db.prepare_cached("SELECT user_ref, snapshot FROM users WHERE org_id = $1").await?;
    let users = db.query(&statement, &[&org.0]).await?;
    let choice = filter.user.clone();
    off_thread(move || {
        let mut refs = Vec::new();
        for row in users {
            let user = stored::user(row.try_get(1)?)?;
            if choice.admits_user(&user) {
                refs.push(row.try_get(0)?);
            }
        }
        Ok(Some(refs))
    })
    .await
}

/// Computes on a thread where nothing waits: rows that are judged one by one may take long, and the threads that answer
/// everybody else must not.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let failed = |error| StoreError::Failed(format!("judging rows: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

/// Turns rows into entries, or into the JSON of entries, and remembers the users it has met.
#[derive(Default)]
pub(super) struct Reader {
    users: HashMap<String, Snapshot>,
}

impl Reader {
    fn snapshot(&mut self, row: &Row) -> Result<&Snapshot, Fault> {
        let missing = || StoreError::Damaged("a user is missing".to_owned());
        let snapshot: &str = row.try_get::<_, Option<&str>>(8)?.ok_or_else(missing)?;
        if !self.users.contains_key(snapshot) {
            self.users.insert(snapshot.to_owned(), Snapshot::read(snapshot)?);
        }
        Ok(self.users.get(snapshot).ok_or_else(missing)?)
    }

    /// A row of [`COLUMNS`], its texts where they are.
    pub(super) fn row<'r>(&'r mut self, row: &'r Row) -> Result<StoredEntry<'r>, Fault> {
        let code = |column: usize| row.try_get::<_, i16>(column).map(i64::from);
        let via: Option<i16> = row.try_get(9)?;
        Ok(Entry {
            id: row.try_get::<_, i64>(0)?.unsigned_abs(),
            uuid: row.try_get(1)?,
            occurred_at: timestamp(row.try_get(2)?)?,
            recorded_at: timestamp(row.try_get(3)?)?,
            action: word(Action::ALL, code(4)?)?,
            model_type: word(ModelType::ALL, code(5)?)?,
            model_id: text(row, 6)?.unwrap_or_default(),
            model_name: text(row, 7)?,
            user: self.snapshot(row)?,
            context: RequestContext {
                via: via.map(|code| word(Via::ALL, i64::from(code))).transpose()?,
                ip: text(row, 10)?,
                user_agent: text(row, 11)?,
                request_id: text(row, 12)?,
            },
            reason: text(row, 13)?,
            changes: StoredChanges(row.try_get(14)?),
        })
    }

    /// Reads a row of [`COLUMNS`].
    pub(super) fn entry(&mut self, row: &Row) -> Result<Entry, Fault> {
        Ok(self.row(row)?.entry()?)
    }
}

/// A text kept as bytes.
fn text(row: &Row, column: usize) -> Result<Option<&str>, Fault> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    let text = bytes.map(std::str::from_utf8).transpose();
    text.map_err(|error| StoreError::Damaged(format!("a text: {error}")).into())
}
