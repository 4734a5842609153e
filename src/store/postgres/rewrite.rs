//! Replaces parts of an entry, as an erasure does.

use deadpool_postgres::Object;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::entry::{Entry, User};
use crate::store::calls::OrgId;
use crate::store::codes::to_signed_saturating;
use crate::store::error::StoreError;
use crate::store::postgres::error::DatabaseError;

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
    let bytes = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    let update = db
        .prepare_cached(
            "UPDATE entries SET user_ref = $4, on_behalf_ref = $5, ip = $6, user_agent = $7, request_id = $8, model_id = $9, \
             model_name = $10, reason = $11, changes = $12, uuid = $13, seed = NULL \
             WHERE org_id = $1 AND id = $2 AND occurred_at = $3",
        )
        .await?;
    let (id, occurred_at) = (to_signed_saturating(entry.id), entry.occurred_at.micros());
    let [ip, user_agent, request_id, model_name, reason] = [
        &entry.context.ip,
        &entry.context.user_agent,
        &entry.context.request_id,
        &entry.model_name,
        &entry.reason,
    ]
    .map(bytes);
    let (model_id, changes) = (entry.model_id.as_bytes(), entry.changes.get());
    db.execute(
        &update,
        &[
            &org.0,
            &id,
            &occurred_at,
            &user_ref,
            &on_behalf_ref,
            &ip,
            &user_agent,
            &request_id,
            &model_id,
            &model_name,
            &reason,
            &changes,
            &entry.uuid,
        ],
    )
    .await?;
    if before != entry.uuid {
        let delete = db.prepare_cached("DELETE FROM entry_keys WHERE org_id = $1 AND uuid = $2").await?;
        db.execute(&delete, &[&org.0, &before]).await?;
        let add = db
            .prepare_cached("INSERT INTO entry_keys (org_id, uuid, id, occurred_at) VALUES ($1, $2, $3, $4)")
            .await?;
        db.execute(&add, &[&org.0, &entry.uuid, &id, &occurred_at]).await?;
    }
    Ok(())
}

/// The number of a user, who is added if the log does not have them yet.
async fn find_or_add(db: &Object, org: OrgId, user: &User) -> Result<i64, DatabaseError> {
    let snapshot = serde_json::to_string(user).map_err(|error| StoreError::Failed(error.to_string()))?;
    let digest = Sha256::digest(&snapshot).to_vec();
    let find = db.prepare_cached("SELECT user_ref FROM users WHERE org_id = $1 AND digest = $2").await?;
    if let Some(row) = db.query_opt(&find, &[&org.0, &digest]).await? {
        return Ok(row.try_get(0)?);
    }
    let last = db.prepare_cached("SELECT coalesce(max(user_ref), 0) FROM users WHERE org_id = $1").await?;
    let user_ref = db.query_one(&last, &[&org.0]).await?.try_get::<_, i64>(0)? + 1;
    let add = db
        .prepare_cached("INSERT INTO users (org_id, user_ref, digest, snapshot) VALUES ($1, $2, $3, $4)")
        .await?;
    db.execute(&add, &[&org.0, &user_ref, &digest, &snapshot]).await?;
    Ok(user_ref)
}
