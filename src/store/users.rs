//! Finds the users that a filter admits, by the filter's own definition.

use crate::model::filter::Filter;
use crate::store::calls::OrgId;
use crate::store::codes::user;
use crate::store::session::{Columns, Session, values};

/// The numbers of the admitted users; none if the filter admits all. It tests each user, because there are few.
pub(super) async fn user_refs<S: Session>(
    db: &S,
    org: OrgId,
    filter: &Filter,
) -> Result<Option<Vec<i64>>, S::Error> {
    if filter.user.is_any() {
        return Ok(None);
    }
    let mut refs = Vec::new();
    let add = |row: &dyn Columns| {
        if filter.user.admits_user(&user(row.text(1)?)?) {
            refs.push(row.integer(0)?);
        }
        Ok(())
    };
    db.visit("SELECT user_ref, snapshot FROM users WHERE org_id = ?1", values![org], add).await?;
    Ok(Some(refs))
}
