//! Between rows and entries: column order, closed words as numbers, users by their snapshot.

use std::collections::HashMap;

use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::model::entry::{Entry, RequestContext, User};
use crate::model::filter::Filter;
use crate::model::words::{Action, ModelType, Via};
use crate::store::OrgId;
use crate::store::condition::{Condition, Parameter};
use crate::store::entries::{Snapshot, StoredChanges, StoredEntry};
use crate::store::error::StoreError;
use crate::store::sqlite::checksum;
use crate::store::stored::{self, timestamp, word};

/// The columns [`Reader::entry`] reads, in its order.
pub(super) const COLUMNS: &str = "key, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, user_ref, via, ip, \
     user_agent, request_id, reason, changes, checksum";

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

fn damaged(id: u64, what: &str) -> StoreError {
    StoreError::Damaged(format!("entry {id}: {what}"))
}

/// Turns rows into entries, or into the JSON of entries, and remembers the users it has met.
pub(super) struct Reader<'a> {
    db: &'a Connection,
    org: OrgId,
    users: HashMap<i64, Snapshot>,
    /// Up to which id entries have no checksum, once it was asked.
    unchecked: Option<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(db: &'a Connection, org: OrgId) -> Self {
        Self { db, org, users: HashMap::new(), unchecked: None }
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
    pub(super) fn row<'r>(&'r mut self, row: &'r Row<'_>) -> Result<StoredEntry<'r>, StoreError> {
        let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
        let text_or_none = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
        let number = |column| row.get::<_, i64>(column);
        let (key, user_ref, via) = (number(0)?, number(8)?, row.get::<_, Option<i64>>(9)?);
        let (occurred_at, recorded_at, action, model_type) = (number(2)?, number(3)?, number(4)?, number(5)?);
        let (uuid, stored) = (row.get(1)?, row.get::<_, Option<i64>>(15)?);
        let (model_id, model_name, reason, changes) =
            (text(6)?, text_or_none(7)?, text_or_none(13)?, text(14)?);
        let (ip, user_agent, request_id) = (text_or_none(10)?, text_or_none(11)?, text_or_none(12)?);
        if stored.is_none() {
            self.must_be_unchecked(id(key), changes)?;
        }
        let user = self.snapshot(user_ref)?;
        if let Some(stored) = stored {
            let numbers = [key, occurred_at, recorded_at, action, model_type, user_ref];
            let snapshot = Some(user.json.get());
            let texts =
                [Some(model_id), model_name, ip, user_agent, request_id, reason, snapshot, Some(changes)];
            let found = checksum::Row { numbers, uuid, via, texts }.checksum();
            if found != stored {
                return Err(damaged(id(key), "its checksum does not match"));
            }
        }
        let via = via.map(|code| word(Via::ALL, code)).transpose()?;
        Ok(Entry {
            id: id(key),
            uuid: Uuid::from_bytes(uuid),
            occurred_at: timestamp(occurred_at)?,
            recorded_at: timestamp(recorded_at)?,
            action: word(Action::ALL, action)?,
            model_type: word(ModelType::ALL, model_type)?,
            model_id,
            model_name,
            user,
            context: RequestContext { via, ip, user_agent, request_id },
            reason,
            changes: StoredChanges(changes),
        })
    }

    /// Refuses an entry that should have a checksum. An older one must at least be JSON, for it is sent as it is.
    fn must_be_unchecked(&mut self, id: u64, changes: &str) -> Result<(), StoreError> {
        let unchecked = match self.unchecked {
            Some(unchecked) => unchecked,
            None => {
                let sql = "SELECT unchecked FROM org_heads WHERE org_id = ?1";
                let unchecked: i64 =
                    self.db.prepare_cached(sql)?.query_row([self.org.0], |row| row.get(0))?;
                *self.unchecked.insert(unchecked.unsigned_abs())
            }
        };
        if id > unchecked {
            return Err(damaged(id, "it has no checksum"));
        }
        let json = serde_json::from_str::<&serde_json::value::RawValue>(changes);
        json.map(drop).map_err(|error| damaged(id, &error.to_string()))
    }

    /// Reads a row of [`COLUMNS`].
    pub(super) fn entry(&mut self, row: &Row<'_>) -> Result<Entry, StoreError> {
        self.row(row)?.entry()
    }
}
