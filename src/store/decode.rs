//! From rows to the model: organizations, tokens, prunes and entries. It runs no statement and knows no engine.

use std::collections::HashMap;

use crate::model::entry::{Entry, RequestContext};
use crate::model::prune::Prune;
use crate::model::words::{Action, ModelType, Via};
use crate::store::calls::{OrgId, Organization, StoredToken};
use crate::store::codes::{retention, scopes, user, word};
use crate::store::entries::{Snapshot, StoredChanges, StoredEntry};
use crate::store::error::StoreError;
use crate::store::session::Columns;

pub(super) const ORGANIZATION_COLUMNS: &str =
    "org_id, slug, plan, floor, organizations.created_at, organizations.uuid";
pub(super) const TOKEN_COLUMNS: &str =
    "name, hash, scopes, tokens.created_at, expires_at, revoked_at, created_by, last_used_at";
/// Where the organization begins in a row of both.
pub(super) const AFTER_TOKEN: usize = 8;
pub(super) const PRUNE_COLUMNS: &str =
    "prune_id, started_at, finished_at, by, cutoff, deleted, first_id, last_id, complete";

pub(super) fn organization(row: &dyn Columns, from: usize) -> Result<Organization, StoreError> {
    Ok(Organization {
        id: OrgId(row.integer(from)?),
        slug: row.text(from + 1)?.to_owned(),
        retention: retention(row.text(from + 2)?, row.text_or_null(from + 3)?)?,
        created_at: row.time(from + 4)?,
        uuid: row.uuid(from + 5)?,
    })
}

pub(super) fn token(row: &dyn Columns) -> Result<StoredToken, StoreError> {
    Ok(StoredToken {
        name: row.text(0)?.to_owned(),
        hash: row.hash(1)?,
        scopes: scopes(row.text(2)?)?,
        created_at: row.time(3)?,
        expires_at: row.time_or_null(4)?,
        revoked_at: row.time_or_null(5)?,
        created_by: row.text_or_null(6)?.map(str::to_owned),
        last_used_at: row.time_or_null(7)?,
    })
}

pub(super) fn prune(row: &dyn Columns) -> Result<Prune, StoreError> {
    Ok(Prune {
        id: row.unsigned(0)?,
        started_at: row.time(1)?,
        finished_at: row.time_or_null(2)?,
        by: row.text(3)?.to_owned(),
        cutoff: row.time(4)?,
        deleted: row.unsigned(5)?,
        first_id: row.unsigned(6)?,
        last_id: row.unsigned(7)?,
        complete: row.integer(8)? != 0,
    })
}

/// A row of `Dialect::entry_columns`, its texts where they are. Each engine finds the id and the users its own way.
pub(super) fn entry<'r>(
    row: &'r impl Columns,
    id: u64,
    user: &'r Snapshot,
    on_behalf_of: Option<&'r Snapshot>,
) -> Result<StoredEntry<'r>, StoreError> {
    Ok(Entry {
        id,
        uuid: row.uuid(1)?,
        occurred_at: row.time(2)?,
        recorded_at: row.time(3)?,
        action: word(Action::ALL, row.integer(4)?)?,
        model_type: word(ModelType::ALL, row.integer(5)?)?,
        model_id: row.text(6)?,
        model_name: row.text_or_null(7)?,
        user,
        on_behalf_of,
        context: RequestContext {
            via: row.integer_or_null(9)?.map(|code| word(Via::ALL, code)).transpose()?,
            ip: row.text_or_null(10)?,
            user_agent: row.text_or_null(11)?,
            request_id: row.text_or_null(12)?,
        },
        reason: row.text_or_null(13)?,
        changes: StoredChanges(row.text(14)?),
    })
}

/// An entry that was read, or none if its row is damaged, which is logged: a verifier must see the other entries.
pub(super) fn readable<'r>(
    entry: Result<StoredEntry<'r>, StoreError>,
    log: OrgId,
    id: u64,
) -> Result<Option<StoredEntry<'r>>, StoreError> {
    match entry {
        Err(StoreError::Damaged(cause)) => {
            tracing::error!(log = log.number(), id, cause, "an entry cannot be read");
            Ok(None)
        }
        entry => entry.map(Some),
    }
}

/// The labels of users, each read from its snapshot once.
#[derive(Default)]
pub(super) struct UserLabels(HashMap<String, String>);

impl UserLabels {
    /// The label of the user whose snapshot is in this column.
    pub(super) fn label(&mut self, row: &dyn Columns, at: usize) -> Result<&str, StoreError> {
        let missing = || StoreError::Damaged("a user is missing".to_owned());
        let snapshot = row.text_or_null(at)?.ok_or_else(missing)?;
        if !self.0.contains_key(snapshot) {
            self.0.insert(snapshot.to_owned(), user(snapshot)?.label().to_owned());
        }
        self.0.get(snapshot).map(String::as_str).ok_or_else(missing)
    }
}
