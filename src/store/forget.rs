//! Takes an erased person out of the records of an organization: holds, prunes and earlier erasures.

use crate::model::entry::User;
use crate::model::erasure::Eraser;
use crate::store::calls::OrgId;
use crate::store::holds;
use crate::store::session::{Columns, Session, list, values};

/// Texts that people give, in records that are kept: table, key and column.
const TEXTS: [(&str, &str, &str); 3] =
    [("prunes", "prune_id", "by"), ("erasures", "erasure_id", "by"), ("erasures", "erasure_id", "reason")];

/// Replaces the person in all records, in the transaction that ends an erasure. `users` are all those of the log. The
/// organization's row is locked, so that no hold is created meanwhile.
pub(super) async fn in_records<S: Session>(
    db: &S,
    org: OrgId,
    eraser: &Eraser,
    users: &[User],
) -> Result<(), S::Error> {
    for hold in holds::list(db, org).await? {
        if let Some(hold) = eraser.forgetful_hold(&hold, users) {
            holds::rewrite(db, org, &hold).await?;
        }
    }
    if !eraser.options().also_values {
        return Ok(());
    }
    for (table, key, column) in TEXTS {
        let sql = format!("SELECT {key}, {column} FROM {table} WHERE org_id = ?1");
        let read = |row: &dyn Columns| Ok((row.unsigned(0)?, row.text(1)?.to_owned()));
        for (id, text) in list(db, &sql, values![org], read).await? {
            if let Some(replaced) = eraser.replaced(&text) {
                let sql = format!("UPDATE {table} SET {column} = ?3 WHERE org_id = ?1 AND {key} = ?2");
                db.run(&sql, values![org, id, &replaced]).await?;
            }
        }
    }
    Ok(())
}
