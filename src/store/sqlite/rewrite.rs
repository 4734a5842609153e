//! Replaces parts of an entry, as an erasure does.

use rusqlite::{Connection, params};

use crate::model::entry::Entry;
use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::sqlite::checksum;
use crate::store::sqlite::reader::key;
use crate::store::sqlite::snapshots::Users;

/// Replaces user, context, texts and uuid of an entry, and deletes its seed.
pub(super) fn rewrite(db: &Connection, org: OrgId, entry: &Entry) -> Result<(), StoreError> {
    let mut users = Users::new(db, org);
    let (user_ref, snapshot) = users.find_or_add(&entry.user)?;
    let on_behalf_of = entry.on_behalf_of.as_ref().map(|user| users.find_or_add(user)).transpose()?;
    let (on_behalf_ref, on_behalf_of) = on_behalf_of.unzip();
    let key = key(org, entry.id);
    let checksum = checksum::of_entry(key, entry, (user_ref, &snapshot), on_behalf_of.as_deref());
    let mut update = db.prepare_cached(
        "UPDATE entries SET user_ref = ?2, on_behalf_ref = ?3, ip = ?4, user_agent = ?5, request_id = ?6, model_id = ?7, \
         model_name = ?8, reason = ?9, changes = ?10, uuid = ?11, checksum = ?12, seed = NULL WHERE key = ?1",
    )?;
    update.execute(params![
        key,
        user_ref,
        on_behalf_ref,
        entry.context.ip,
        entry.context.user_agent,
        entry.context.request_id,
        entry.model_id,
        entry.model_name,
        entry.reason,
        entry.changes.get(),
        entry.uuid.as_bytes(),
        checksum,
    ])?;
    Ok(())
}
