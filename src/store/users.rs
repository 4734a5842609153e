//! Finds the users that a filter admits, by the filter's own definition.

use crate::model::filter::Filter;
use crate::store::calls::OrgId;
use crate::store::codes::user;
use crate::store::condition::UserRefs;
use crate::store::session::{Columns, Session, values};

/// The numbers of the admitted users. It tests each user, because there are few.
pub(super) async fn user_refs<S: Session>(db: &S, org: OrgId, filter: &Filter) -> Result<UserRefs, S::Error> {
    let filters = [&filter.user, &filter.on_behalf_of];
    if filters.iter().all(|filter| filter.is_any()) {
        return Ok(UserRefs::default());
    }
    let mut refs = filters.map(|filter| (!filter.is_any()).then(Vec::new));
    let add = |row: &dyn Columns| {
        let (user_ref, user) = (row.integer(0)?, user(row.text(1)?)?);
        for (filter, refs) in filters.iter().zip(&mut refs) {
            if let Some(refs) = refs.as_mut().filter(|_| filter.admits_user(&user)) {
                refs.push(user_ref);
            }
        }
        Ok(())
    };
    db.visit("SELECT user_ref, snapshot FROM users WHERE org_id = ?1", values![org], add).await?;
    let [user, on_behalf_of] = refs;
    Ok(UserRefs { user, on_behalf_of })
}
