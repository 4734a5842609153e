//! Finds the users of entries that are written, and adds those that the log does not have yet.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::model::entry::User;
use crate::store::calls::OrgId;
use crate::store::error::StoreError;

/// The users of one append, each looked up once: most entries have the same few.
pub(super) struct Users<'a> {
    db: &'a Connection,
    org: OrgId,
    known: Vec<(User, (i64, Arc<str>))>,
}

impl<'a> Users<'a> {
    pub(super) const fn new(db: &'a Connection, org: OrgId) -> Self {
        Self { db, org, known: Vec::new() }
    }

    /// The user's number and snapshot.
    pub(super) fn find_or_add(&mut self, user: &User) -> Result<(i64, Arc<str>), StoreError> {
        if let Some((_, found)) = self.known.iter().find(|(known, _)| known == user) {
            return Ok(found.clone());
        }
        let snapshot = serde_json::to_string(user).map_err(|error| StoreError::Failed(error.to_string()))?;
        let snapshot = Arc::<str>::from(snapshot);
        let mut find =
            self.db.prepare_cached("SELECT user_ref FROM users WHERE org_id = ?1 AND snapshot = ?2")?;
        let found: Option<i64> =
            find.query_row(params![self.org.0, &*snapshot], |row| row.get(0)).optional()?;
        let user_ref = match found {
            Some(user_ref) => user_ref,
            None => self.db.prepare_cached(
                "INSERT INTO users (org_id, user_ref, snapshot) \
                 VALUES (?1, (SELECT coalesce(max(user_ref), 0) + 1 FROM users WHERE org_id = ?1), ?2) RETURNING user_ref",
            )?
            .query_row(params![self.org.0, &*snapshot], |row| row.get(0))?,
        };
        // Beyond this, the table is faster than the list.
        if self.known.len() < 64 {
            self.known.push((user.clone(), (user_ref, Arc::clone(&snapshot))));
        }
        Ok((user_ref, snapshot))
    }
}
