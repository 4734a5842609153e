//! From SQLite's rows to entries: keys, checksums, and users by their number.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::store::calls::OrgId;
use crate::store::entries::Snapshot;
use crate::store::error::StoreError;
use crate::store::session::Columns as _;
use crate::store::sqlite::checksum;
use crate::store::{decode, entries};

/// The columns [`EntryReader::row`] reads, in its order.
pub(super) const COLUMNS: &str = "key, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, user_ref, via, ip, \
     user_agent, request_id, reason, changes, checksum, on_behalf_ref";

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

fn damaged(id: u64, what: &str) -> StoreError {
    StoreError::Damaged(format!("entry {id}: {what}"))
}

/// Turns rows into entries, and remembers the users it has met.
pub(super) struct EntryReader<'a> {
    db: &'a Connection,
    org: OrgId,
    users: HashMap<i64, Snapshot>,
    /// Up to which id entries have no checksum, once it was read.
    unchecked: Option<u64>,
}

impl<'a> EntryReader<'a> {
    pub(super) fn new(db: &'a Connection, org: OrgId) -> Self {
        Self { db, org, users: HashMap::new(), unchecked: None }
    }

    /// Reads a user's snapshot, unless it was read before.
    fn meet(&mut self, user_ref: i64) -> Result<(), StoreError> {
        if !self.users.contains_key(&user_ref) {
            let mut statement =
                self.db.prepare_cached("SELECT snapshot FROM users WHERE org_id = ?1 AND user_ref = ?2")?;
            let snapshot: Option<String> =
                statement.query_row(params![self.org.0, user_ref], |row| row.get(0)).optional()?;
            self.users
                .extend(snapshot.map(|text| Snapshot::read(&text)).transpose()?.map(|read| (user_ref, read)));
        }
        Ok(())
    }

    fn snapshot(&self, user_ref: i64) -> Result<&Snapshot, StoreError> {
        self.users.get(&user_ref).ok_or_else(|| StoreError::Damaged("a user is missing".to_owned()))
    }

    /// A row of [`COLUMNS`], its texts where they are.
    pub(super) fn row<'r>(&'r mut self, row: &'r Row<'_>) -> Result<entries::StoredEntry<'r>, StoreError> {
        let (key, user_ref, stored) = (row.integer(0)?, row.integer(8)?, row.integer_or_null(15)?);
        let id = id(key);
        if stored.is_none() {
            self.must_be_unchecked(id, row.text(14)?)?;
        }
        let entry = self.row_unchecked(row)?;
        match stored.is_none_or(|stored| stored == checksum::of_row(key, user_ref, &entry)) {
            true => Ok(entry),
            false => Err(damaged(id, "its checksum does not match")),
        }
    }

    /// A row of [`COLUMNS`], even if it was changed since it was stored.
    pub(super) fn row_unchecked<'r>(
        &'r mut self,
        row: &'r Row<'_>,
    ) -> Result<entries::StoredEntry<'r>, StoreError> {
        let (user_ref, on_behalf_ref) = (row.integer(8)?, row.integer_or_null(16)?);
        [user_ref].into_iter().chain(on_behalf_ref).try_for_each(|user_ref| self.meet(user_ref))?;
        let on_behalf_of = on_behalf_ref.map(|user_ref| self.snapshot(user_ref)).transpose()?;
        decode::entry(row, id(row.integer(0)?), self.snapshot(user_ref)?, on_behalf_of)
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
}
