//! What a prune leaves behind: users without entries, and free pages. Both are removed in small commits.

use rusqlite::{Connection, params};

use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::prunes;
use crate::store::sqlite::session::run_now;

/// The most pages given back in one commit.
const PAGES_A_COMMIT: u32 = 512;
/// How many users are looked at in one commit.
const USERS_A_COMMIT: u32 = 500;

/// Deletes those of the next users behind `after` that have no entries; returns the last one looked at, none at the end.
pub(super) fn delete_unused_users(
    db: &Connection,
    org: OrgId,
    after: i64,
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT max(user_ref) FROM \
               (SELECT user_ref FROM users WHERE org_id = ?1 AND user_ref > ?2 ORDER BY user_ref LIMIT ?3)";
    let last: Option<i64> = db.query_row(sql, params![org.0, after, USERS_A_COMMIT], |row| row.get(0))?;
    if let Some(last) = last {
        run_now(prunes::delete_unused_users(db, org, after, last))?;
    }
    Ok(last)
}

/// Gives some free pages back to the file system; returns whether there are more.
pub(super) fn give_back(db: &Connection) -> Result<bool, StoreError> {
    let free = || db.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0));
    let before = free()?;
    if before > 0 {
        let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({PAGES_A_COMMIT})"))?;
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
    }
    let after = free()?;
    Ok(after > 0 && after < before)
}
