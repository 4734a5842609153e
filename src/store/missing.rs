//! Errors about rows that a log or its organization should have.

use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::session::{Session, optional, values};

/// The organization of a log does not exist, or was deleted.
pub(super) fn no_organization(log: OrgId) -> StoreError {
    StoreError::Missing(format!("organization number {}", log.audit().number()))
}

/// Damage, unless the organization was deleted.
pub(super) async fn missing_row<S: Session>(db: &S, org: OrgId, what: &str) -> Result<StoreError, S::Error> {
    let sql = "SELECT 1 FROM org_heads WHERE org_id = ?1";
    Ok(match optional(db, sql, values![org], |_| Ok(())).await? {
        Some(()) => StoreError::Damaged(format!("log {} has no {what}", org.number())),
        None => StoreError::Missing(format!("log number {}", org.number())),
    })
}
