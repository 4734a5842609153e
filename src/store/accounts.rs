//! Organizations and tokens. Both tables are found without an organization, so Citus keeps a whole copy on each node.

use uuid::Uuid;

use crate::model::plan::Retention;
use crate::model::timestamp::Timestamp;
use crate::store::calls::{OrgId, Organization, StoredToken, TokenUse};
use crate::store::codes::{json, lookup};
use crate::store::decode::{AFTER_TOKEN, ORGANIZATION_COLUMNS, TOKEN_COLUMNS, organization, token};
use crate::store::error::StoreError;
use crate::store::session::{Session, list, optional, values};
use crate::store::{deletions, text};

pub(super) async fn organizations<S: Session>(db: &S) -> Result<Vec<Organization>, S::Error> {
    let sql = format!(
        "SELECT {ORGANIZATION_COLUMNS} FROM organizations WHERE org_id > 0 AND {} ORDER BY slug",
        deletions::is_alive()
    );
    list(db, &sql, &[], |row| organization(row, 0)).await
}

/// Creates an organization with its two logs, in a transaction.
pub(super) async fn create_organization<S: Session>(
    db: &S,
    uuid: Uuid,
    slug: &str,
    retention: Retention,
    now: Timestamp,
) -> Result<Organization, S::Error> {
    if let Some(lock) = S::DIALECT.lock_organizations {
        db.run(lock, &[]).await?;
    }
    let (plan, floor) = (retention.plan.as_str(), retention.floor.map(|floor| floor.to_string()));
    // WHERE keeps SQLite from reading ON CONFLICT as a join.
    let sql = "INSERT INTO organizations (org_id, slug, plan, floor, created_at, uuid) \
               SELECT coalesce(max(org_id), 0) + 1, ?1, ?2, ?3, ?4, ?5 FROM organizations WHERE true \
               ON CONFLICT DO NOTHING RETURNING org_id";
    let new = values![slug, plan, floor.as_deref(), now, uuid.as_bytes()];
    let created = optional(db, sql, new, |row| row.integer(0)).await?;
    let Some(id) = created.map(OrgId) else {
        let sql = "SELECT 1 FROM organizations WHERE slug = ?1";
        return Err(match optional(db, sql, values![slug], |_| Ok(())).await? {
            Some(()) => StoreError::Exists(format!("an organization {slug:?}")).into(),
            None => S::lost_race("another organization took the number"),
        });
    };
    let sql = "INSERT INTO organizations (org_id, slug, plan, created_at, uuid) VALUES (?1, ?2, ?3, ?4, ?5)";
    db.run(sql, values![id.trail(), &format!("{slug}/trail"), plan, now, uuid.as_bytes()]).await?;
    for log in [id, id.trail()] {
        db.run("INSERT INTO org_heads (org_id, head) VALUES (?1, 0)", values![log]).await?;
        db.run("INSERT INTO trees (org_id, size, unprotected) VALUES (?1, 0, 0)", values![log]).await?;
        text::create(db, log).await?;
    }
    Ok(Organization { id, uuid, slug: slug.to_owned(), retention, created_at: now })
}

/// Changes the slugs of an organization and of its trail, in a transaction.
pub(super) async fn rename_organization<S: Session>(db: &S, org: OrgId, slug: &str) -> Result<(), S::Error> {
    if let Some(lock) = S::DIALECT.lock_organizations {
        db.run(lock, &[]).await?;
    }
    let sql = "SELECT 1 FROM organizations WHERE slug = ?1 AND org_id <> ?2";
    if optional(db, sql, values![slug, org], |_| Ok(())).await?.is_some() {
        return Err(StoreError::Exists(format!("an organization {slug:?}")).into());
    }
    for (log, slug) in [(org, slug), (org.trail(), &format!("{slug}/trail"))] {
        db.run("UPDATE organizations SET slug = ?2 WHERE org_id = ?1", values![log, slug]).await?;
    }
    Ok(())
}

pub(super) async fn set_retention<S: Session>(
    db: &S,
    org: OrgId,
    retention: Retention,
) -> Result<(), S::Error> {
    let (plan, floor) = (retention.plan.as_str(), retention.floor.map(|floor| floor.to_string()));
    let sql = "UPDATE organizations SET plan = ?2, floor = ?3 WHERE org_id = ?1";
    db.run(sql, values![org, plan, floor.as_deref()]).await?;
    Ok(())
}

pub(super) async fn create_token<S: Session>(
    db: &S,
    org: OrgId,
    token: &StoredToken,
) -> Result<(), S::Error> {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let scopes = scopes.join(",");
    let sql = "INSERT INTO tokens (org_id, name, lookup, hash, scopes, created_at, expires_at, created_by) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (org_id, name) DO NOTHING";
    let values = values![
        org,
        &token.name,
        lookup(&token.hash),
        &token.hash,
        &scopes,
        token.created_at,
        token.expires_at,
        token.created_by.as_deref(),
    ];
    match db.run(sql, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::Exists(format!("a token {:?}", token.name)).into()),
    }
}

pub(super) async fn tokens<S: Session>(db: &S, org: OrgId) -> Result<Vec<StoredToken>, S::Error> {
    let sql = format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE org_id = ?1 ORDER BY name");
    list(db, &sql, values![org], token).await
}

pub(super) async fn revoke_token<S: Session>(
    db: &S,
    org: OrgId,
    name: &str,
    now: Timestamp,
) -> Result<(), S::Error> {
    // The first revocation counts; another changes nothing.
    let sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?3) WHERE org_id = ?1 AND name = ?2";
    match db.run(sql, values![org, name, now]).await? {
        1 => Ok(()),
        _ => Err(StoreError::Missing(format!("token {name:?}")).into()),
    }
}

pub(super) async fn note_token_uses<S: Session>(
    db: &S,
    org: OrgId,
    uses: &[TokenUse],
) -> Result<(), S::Error> {
    let uses: Vec<_> = uses.iter().map(|used| (&used.name, used.at.micros())).collect();
    let sql = format!(
        "UPDATE tokens SET last_used_at = used.at FROM \
         (SELECT value->>0 AS name, max(CAST(value->>1 AS BIGINT)) AS at FROM {}(?2) AS used GROUP BY 1) AS used \
         WHERE org_id = ?1 AND tokens.name = used.name AND coalesce(last_used_at < used.at, true)",
        S::DIALECT.json_elements
    );
    db.run(&sql, values![org, &json(&uses)]).await?;
    Ok(())
}

pub(super) async fn find_tokens<S: Session>(
    db: &S,
    hash: [u8; 32],
) -> Result<Vec<(StoredToken, Organization)>, S::Error> {
    let sql = format!(
        "SELECT {TOKEN_COLUMNS}, {ORGANIZATION_COLUMNS} FROM tokens JOIN organizations USING (org_id) WHERE lookup = ?1"
    );
    list(db, &sql, values![lookup(&hash)], |row| Ok((token(row)?, organization(row, AFTER_TOKEN)?))).await
}
