//! Between rows and entries: column order, closed words as numbers, users by their snapshot.

use std::collections::HashMap;

use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::model::entry::{Entry, User};
use crate::model::filter::Filter;
use crate::model::words::{Action, ModelType, Via};
use crate::store::condition::{Condition, Parameter};
use crate::store::entries::Snapshot;
use crate::store::error::StoreError;
use crate::store::stored::{self, timestamp, word};
use crate::store::{OrgId, entries};

/// The columns [`Reader::entry`] reads, in its order.
pub(super) const COLUMNS: &str = "key, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, user_ref, via, ip, \
     user_agent, request_id, reason, changes";

/// An organization's ids take the lower 40 bits of a key: a trillion entries each.
const ID_BITS: u32 = 40;

/// The row of an organization's entry.
pub(super) fn key(org: OrgId, id: u64) -> i64 {
    let id = i64::try_from(id).unwrap_or(i64::MAX).min((1 << ID_BITS) - 1);
    (org.0 << ID_BITS) | id
}

/// The entry's id in a key.
pub(super) fn id(key: i64) -> u64 {
    (key & ((1 << ID_BITS) - 1)).unsigned_abs()
}

impl ToSql for Parameter {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Integer(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
        }
    }
}

/// The organization's highest id.
pub(super) fn head(db: &Connection, org: OrgId) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached("SELECT head FROM org_heads WHERE org_id = ?1")?;
    let head: Option<i64> = statement.query_row([org.0], |row| row.get(0)).optional()?;
    Ok(head.map_or(0, i64::unsigned_abs))
}

/// What every read of entries begins with: the organization, the bound, and what SQL can say of the filter.
pub(super) fn condition(org: OrgId, filter: &Filter, user_refs: Option<&[i64]>, as_of: u64) -> Condition {
    let mut condition = Condition::default();
    condition.and("org_id = ?", [Parameter::Integer(org.0)]);
    condition.and("key <= ?", [Parameter::Integer(key(org, as_of))]);
    condition.and_filter(filter, user_refs);
    condition
}

/// The users a filter means, by its own meaning: there are few, so each is looked at. None when any will do.
pub(super) fn user_refs(
    db: &Connection,
    org: OrgId,
    filter: &Filter,
) -> Result<Option<Vec<i64>>, StoreError> {
    if filter.user.is_any() {
        return Ok(None);
    }
    let mut statement = db.prepare_cached("SELECT user_ref, snapshot FROM users WHERE org_id = ?1")?;
    let mut rows = statement.query([org.0])?;
    let mut refs = Vec::new();
    while let Some(row) = rows.next()? {
        let user = stored::user(&row.get::<_, String>(1)?)?;
        if filter.user.admits_user(&user) {
            refs.push(row.get(0)?);
        }
    }
    Ok(Some(refs))
}

/// Turns rows into entries, or into the JSON of entries, and remembers the users it has met.
pub(super) struct Reader<'a> {
    db: &'a Connection,
    org: OrgId,
    users: HashMap<i64, Snapshot>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(db: &'a Connection, org: OrgId) -> Self {
        Self { db, org, users: HashMap::new() }
    }

    pub(super) fn user(&mut self, user_ref: i64) -> Result<&User, StoreError> {
        self.snapshot(user_ref).map(|snapshot| &snapshot.user)
    }

    fn snapshot(&mut self, user_ref: i64) -> Result<&Snapshot, StoreError> {
        if !self.users.contains_key(&user_ref) {
            let mut statement =
                self.db.prepare_cached("SELECT snapshot FROM users WHERE org_id = ?1 AND user_ref = ?2")?;
            let snapshot: String = statement.query_row(params![self.org.0, user_ref], |row| row.get(0))?;
            self.users.insert(user_ref, Snapshot::read(&snapshot)?);
        }
        self.users.get(&user_ref).ok_or_else(|| StoreError::Damaged("a user is missing".to_owned()))
    }

    /// A row of [`COLUMNS`], its texts where they are.
    pub(super) fn row<'r>(&'r mut self, row: &'r Row<'_>) -> Result<entries::Row<'r>, StoreError> {
        let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
        let text_or_none = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
        let via: Option<i64> = row.get(9)?;
        Ok(entries::Row {
            id: id(row.get(0)?),
            uuid: Uuid::from_bytes(row.get(1)?),
            occurred_at: timestamp(row.get(2)?)?,
            recorded_at: timestamp(row.get(3)?)?,
            action: word(Action::ALL, row.get(4)?)?,
            model_type: word(ModelType::ALL, row.get(5)?)?,
            model_id: text(6)?,
            model_name: text_or_none(7)?,
            user: self.snapshot(row.get(8)?)?,
            context: entries::Context {
                via: via.map(|code| word(Via::ALL, code)).transpose()?,
                ip: text_or_none(10)?,
                user_agent: text_or_none(11)?,
                request_id: text_or_none(12)?,
            },
            reason: text_or_none(13)?,
            changes: text(14)?,
        })
    }

    /// Reads a row of [`COLUMNS`].
    pub(super) fn entry(&mut self, row: &Row<'_>) -> Result<Entry, StoreError> {
        self.row(row)?.entry()
    }
}
