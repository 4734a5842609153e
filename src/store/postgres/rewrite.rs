//! Replaces parts of an entry, as an erasure does.

use deadpool_postgres::Object;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::entry::{Entry, User};
use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::postgres::error::DatabaseError;
use crate::store::session::{Columns, Session as _, optional, values};

/// Replaces user, context, texts and uuid of an entry, and deletes its seed. The caller has locked the head row, so that no
/// other transaction adds users.
pub(super) async fn rewrite(
    db: &Object,
    org: OrgId,
    before: Uuid,
    entry: &Entry,
) -> Result<(), DatabaseError> {
    let user_ref = find_or_add(db, org, &entry.user).await?;
    let on_behalf_ref = match &entry.on_behalf_of {
        Some(user) => Some(find_or_add(db, org, user).await?),
        None => None,
    };
    let update = "UPDATE entries SET user_ref = ?4, on_behalf_ref = ?5, ip = ?6, user_agent = ?7, request_id = ?8, \
                  model_id = ?9, model_name = ?10, reason = ?11, changes = ?12, uuid = ?13, seed = NULL \
                  WHERE org_id = ?1 AND id = ?2 AND occurred_at = ?3";
    let values = values![
        org,
        entry.id,
        entry.occurred_at,
        user_ref,
        on_behalf_ref,
        entry.context.ip.as_ref(),
        entry.context.user_agent.as_ref(),
        entry.context.request_id.as_ref(),
        &entry.model_id,
        entry.model_name.as_ref(),
        entry.reason.as_ref(),
        entry.changes.get(),
        entry.uuid.as_bytes(),
    ];
    db.run(update, values).await?;
    if before != entry.uuid {
        let delete = "DELETE FROM entry_keys WHERE org_id = ?1 AND uuid = ?2";
        db.run(delete, values![org, before.as_bytes()]).await?;
        let add = "INSERT INTO entry_keys (org_id, uuid, id, occurred_at) VALUES (?1, ?2, ?3, ?4)";
        db.run(add, values![org, entry.uuid.as_bytes(), entry.id, entry.occurred_at]).await?;
    }
    Ok(())
}

/// The number of a user, who is added if the log does not have them yet.
async fn find_or_add(db: &Object, org: OrgId, user: &User) -> Result<i64, DatabaseError> {
    let snapshot = serde_json::to_string(user).map_err(|error| StoreError::Failed(error.to_string()))?;
    let digest: [u8; 32] = Sha256::digest(&snapshot).into();
    let number = |row: &dyn Columns| row.integer(0);
    let find = "SELECT user_ref FROM users WHERE org_id = ?1 AND digest = ?2";
    if let Some(user_ref) = optional(db, find, values![org, &digest], number).await? {
        return Ok(user_ref);
    }
    let last = "SELECT coalesce(max(user_ref), 0) FROM users WHERE org_id = ?1";
    let user_ref = optional(db, last, values![org], number).await?.unwrap_or_default() + 1;
    let add = "INSERT INTO users (org_id, user_ref, digest, snapshot) VALUES (?1, ?2, ?3, ?4)";
    db.run(add, values![org, user_ref, &digest, &snapshot]).await?;
    Ok(user_ref)
}
