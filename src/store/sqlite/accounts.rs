//! Organizations and tokens.

use rusqlite::{Connection, Row, params};

use crate::model::plan::Retention;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::stored::{self, lookup, timestamp};
use crate::store::{OrgId, Organization, StoredToken, TokenUse};

const ORGANIZATION_COLUMNS: &str = "org_id, slug, plan, floor, organizations.created_at";
const TOKEN_COLUMNS: &str =
    "name, hash, scopes, tokens.created_at, expires_at, revoked_at, created_by, last_used_at";
/// Where the organization begins in a row of both.
const AFTER_TOKEN: usize = 8;

pub(super) fn organizations(db: &Connection) -> Result<Vec<Organization>, StoreError> {
    let mut select =
        db.prepare(&format!("SELECT {ORGANIZATION_COLUMNS} FROM organizations ORDER BY slug"))?;
    let organizations = select.query_map([], |row| Ok(organization(row, 0)))?;
    organizations.map(|organization| organization?).collect()
}

pub(super) fn create_organization(
    db: &Connection,
    slug: String,
    retention: Retention,
    now: Timestamp,
) -> Result<Organization, StoreError> {
    let floor = retention.floor.map(|floor| floor.to_string());
    let mut insert = db.prepare(
        "INSERT INTO organizations (slug, plan, floor, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (slug) DO NOTHING RETURNING org_id",
    )?;
    let mut rows = insert.query(params![slug, retention.plan.as_str(), floor, now.micros()])?;
    let Some(row) = rows.next()? else { return Err(StoreError::Exists(format!("an organization {slug:?}"))) };
    let id = OrgId(row.get(0)?);
    drop(rows);
    db.execute("INSERT INTO org_heads (org_id, head) VALUES (?1, 0)", [id.0])?;
    Ok(Organization { id, slug, retention, created_at: now })
}

pub(super) fn set_retention(db: &Connection, org: OrgId, retention: Retention) -> Result<(), StoreError> {
    let floor = retention.floor.map(|floor| floor.to_string());
    db.execute(
        "UPDATE organizations SET plan = ?2, floor = ?3 WHERE org_id = ?1",
        params![org.0, retention.plan.as_str(), floor],
    )?;
    Ok(())
}

pub(super) fn create_token(db: &Connection, org: OrgId, token: &StoredToken) -> Result<(), StoreError> {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let created = db.execute(
        "INSERT INTO tokens (org_id, name, lookup, hash, scopes, created_at, expires_at, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (org_id, name) DO NOTHING",
        params![
            org.0,
            token.name,
            lookup(&token.hash),
            token.hash,
            scopes.join(","),
            token.created_at.micros(),
            token.expires_at.map(Timestamp::micros),
            token.created_by,
        ],
    )?;
    if created == 1 { Ok(()) } else { Err(StoreError::Exists(format!("a token {:?}", token.name))) }
}

pub(super) fn tokens(db: &Connection, org: OrgId) -> Result<Vec<StoredToken>, StoreError> {
    let mut select =
        db.prepare(&format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE org_id = ?1 ORDER BY name"))?;
    let tokens = select.query_map([org.0], |row| Ok(token(row)))?;
    tokens.map(|token| token?).collect()
}

pub(super) fn revoke_token(
    db: &Connection,
    org: OrgId,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    // The first revocation is the one that counts; another changes nothing.
    let sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?3) WHERE org_id = ?1 AND name = ?2";
    let revoked = db.execute(sql, params![org.0, name, now.micros()])?;
    if revoked == 1 { Ok(()) } else { Err(StoreError::Missing(format!("token {name:?}"))) }
}

pub(super) fn note_token_uses(db: &Connection, org: OrgId, uses: &[TokenUse]) -> Result<(), StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE tokens SET last_used_at = ?3 WHERE org_id = ?1 AND name = ?2 AND coalesce(last_used_at, ?3 - 1) < ?3",
    )?;
    for used in uses {
        update.execute(params![org.0, used.name, used.at.micros()])?;
    }
    Ok(())
}

pub(super) fn find_tokens(
    db: &Connection,
    hash: [u8; 32],
) -> Result<Vec<(StoredToken, Organization)>, StoreError> {
    let sql = format!(
        "SELECT {TOKEN_COLUMNS}, {ORGANIZATION_COLUMNS} FROM tokens JOIN organizations USING (org_id) WHERE lookup = ?1"
    );
    let mut select = db.prepare_cached(&sql)?;
    let found = select.query_map([lookup(&hash)], |row| {
        Ok(token(row).and_then(|token| Ok((token, organization(row, AFTER_TOKEN)?))))
    })?;
    found.map(|found| found?).collect()
}

fn organization(row: &Row<'_>, from: usize) -> Result<Organization, StoreError> {
    let (plan, floor): (String, Option<String>) = (row.get(from + 2)?, row.get(from + 3)?);
    Ok(Organization {
        id: OrgId(row.get(from)?),
        slug: row.get(from + 1)?,
        retention: stored::retention(&plan, floor.as_deref())?,
        created_at: timestamp(row.get(from + 4)?)?,
    })
}

fn token(row: &Row<'_>) -> Result<StoredToken, StoreError> {
    let scopes: String = row.get(2)?;
    Ok(StoredToken {
        name: row.get(0)?,
        hash: row.get(1)?,
        scopes: stored::scopes(&scopes)?,
        created_at: timestamp(row.get(3)?)?,
        expires_at: row.get::<_, Option<i64>>(4)?.map(timestamp).transpose()?,
        revoked_at: row.get::<_, Option<i64>>(5)?.map(timestamp).transpose()?,
        created_by: row.get(6)?,
        last_used_at: row.get::<_, Option<i64>>(7)?.map(timestamp).transpose()?,
    })
}
