//! Organizations and tokens. Both are looked up without an organization, so Citus keeps a whole copy on each node.

use tokio_postgres::Row;

use crate::model::plan::Retention;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::stored::{self, lookup, timestamp};
use crate::store::{OrgId, Organization, StoredToken, TokenUse};

const ORGANIZATION_COLUMNS: &str = "org_id, slug, plan, floor, organizations.created_at";
const TOKEN_COLUMNS: &str =
    "name, hash, scopes, tokens.created_at, expires_at, revoked_at, created_by, last_used_at";
/// Where the organization begins in a row of both.
const AFTER_TOKEN: usize = 8;

pub(super) async fn organizations(db: Lent) -> Result<Vec<Organization>, Fault> {
    let sql = format!("SELECT {ORGANIZATION_COLUMNS} FROM organizations ORDER BY slug");
    db.query(&sql, &[]).await?.iter().map(|row| organization(row, 0)).collect()
}

pub(super) async fn create_organization(
    mut db: Lent,
    slug: &str,
    retention: Retention,
    now: Timestamp,
) -> Result<Organization, Fault> {
    let transaction = db.transaction().await?;
    // One at a time, for each takes the next number; who reads does not wait.
    transaction.batch_execute("LOCK TABLE organizations IN SHARE ROW EXCLUSIVE MODE").await?;
    let floor = retention.floor.map(|floor| floor.to_string());
    let sql = "INSERT INTO organizations (org_id, slug, plan, floor, created_at) \
               SELECT coalesce(max(org_id), 0) + 1, $1, $2, $3, $4 FROM organizations \
               ON CONFLICT DO NOTHING RETURNING org_id";
    let plan = retention.plan.as_str();
    let created = transaction.query_opt(sql, &[&slug, &plan, &floor, &now.micros()]).await?;
    let Some(row) = created else {
        let sql = "SELECT 1 FROM organizations WHERE slug = $1";
        return Err(match transaction.query_opt(sql, &[&slug]).await? {
            Some(_) => StoreError::Exists(format!("an organization {slug:?}")).into(),
            None => Fault::Undone("another organization took the number".to_owned()),
        });
    };
    let id = OrgId(row.try_get(0)?);
    transaction.execute("INSERT INTO org_heads (org_id, head) VALUES ($1, 0)", &[&id.0]).await?;
    transaction.commit().await?;
    Ok(Organization { id, slug: slug.to_owned(), retention, created_at: now })
}

pub(super) async fn set_retention(db: Lent, org: OrgId, retention: Retention) -> Result<(), Fault> {
    let floor = retention.floor.map(|floor| floor.to_string());
    let sql = "UPDATE organizations SET plan = $2, floor = $3 WHERE org_id = $1";
    db.execute(sql, &[&org.0, &retention.plan.as_str(), &floor]).await?;
    Ok(())
}

pub(super) async fn create_token(db: Lent, org: OrgId, token: &StoredToken) -> Result<(), Fault> {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let sql = "INSERT INTO tokens (org_id, name, lookup, hash, scopes, created_at, expires_at, created_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (org_id, name) DO NOTHING";
    let expires_at = token.expires_at.map(Timestamp::micros);
    let created = db
        .execute(
            sql,
            &[
                &org.0,
                &token.name,
                &lookup(&token.hash),
                &&token.hash[..],
                &scopes.join(","),
                &token.created_at.micros(),
                &expires_at,
                &token.created_by,
            ],
        )
        .await?;
    if created == 1 { Ok(()) } else { Err(StoreError::Exists(format!("a token {:?}", token.name)).into()) }
}

pub(super) async fn tokens(db: Lent, org: OrgId) -> Result<Vec<StoredToken>, Fault> {
    let sql = format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE org_id = $1 ORDER BY name");
    db.query(&sql, &[&org.0]).await?.iter().map(token).collect()
}

pub(super) async fn revoke_token(db: Lent, org: OrgId, name: &str, now: Timestamp) -> Result<(), Fault> {
    // The first revocation is the one that counts; another changes nothing.
    let sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, $3) WHERE org_id = $1 AND name = $2";
    let revoked = db.execute(sql, &[&org.0, &name, &now.micros()]).await?;
    if revoked == 1 { Ok(()) } else { Err(StoreError::Missing(format!("token {name:?}")).into()) }
}

pub(super) async fn note_token_uses(db: Lent, org: OrgId, uses: &[TokenUse]) -> Result<(), Fault> {
    let (names, times): (Vec<&str>, Vec<i64>) =
        uses.iter().map(|used| (used.name.as_str(), used.at.micros())).unzip();
    let sql = "UPDATE tokens SET last_used_at = used.at FROM \
               (SELECT name, max(at) AS at FROM unnest($2::text[], $3::bigint[]) AS each (name, at) GROUP BY name) AS used \
               WHERE org_id = $1 AND tokens.name = used.name AND coalesce(last_used_at < used.at, true)";
    let update = db.prepare_cached(sql).await?;
    db.execute(&update, &[&org.0, &names, &times]).await?;
    Ok(())
}

pub(super) async fn find_tokens(db: Lent, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, Fault> {
    let sql = format!(
        "SELECT {TOKEN_COLUMNS}, {ORGANIZATION_COLUMNS} FROM tokens JOIN organizations USING (org_id) WHERE lookup = $1"
    );
    let select = db.prepare_cached(&sql).await?;
    let found = db.query(&select, &[&lookup(&hash)]).await?;
    found.iter().map(|row| Ok((token(row)?, organization(row, AFTER_TOKEN)?))).collect()
}

fn organization(row: &Row, from: usize) -> Result<Organization, Fault> {
    Ok(Organization {
        id: OrgId(row.try_get(from)?),
        slug: row.try_get(from + 1)?,
        retention: stored::retention(row.try_get(from + 2)?, row.try_get(from + 3)?)?,
        created_at: timestamp(row.try_get(from + 4)?)?,
    })
}

fn token(row: &Row) -> Result<StoredToken, Fault> {
    let hash: &[u8] = row.try_get(1)?;
    let hash = hash.try_into().map_err(|_| StoreError::Damaged("a hash of another length".to_owned()))?;
    Ok(StoredToken {
        name: row.try_get(0)?,
        hash,
        scopes: stored::scopes(row.try_get(2)?)?,
        created_at: timestamp(row.try_get(3)?)?,
        expires_at: row.try_get::<_, Option<i64>>(4)?.map(timestamp).transpose()?,
        revoked_at: row.try_get::<_, Option<i64>>(5)?.map(timestamp).transpose()?,
        created_by: row.try_get(6)?,
        last_used_at: row.try_get::<_, Option<i64>>(7)?.map(timestamp).transpose()?,
    })
}
