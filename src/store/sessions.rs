//! Sessions of the page, and one-time links that become sessions. Both are found by hash, without an organization, so Citus
//! keeps a whole copy of the table on each node.

use crate::model::timestamp::Timestamp;
use crate::store::calls::StoredSession;
use crate::store::error::StoreError;
use crate::store::session::{Columns, Session, optional, values};

const COLUMNS: &str = "hash, is_link, token_hash, created_at, last_used_at, expires_at";

fn decode(row: &dyn Columns) -> Result<StoredSession, StoreError> {
    Ok(StoredSession {
        hash: row.hash(0)?,
        is_link: row.integer(1)? != 0,
        token_hash: row.hash(2)?,
        created_at: row.time(3)?,
        last_used_at: row.time(4)?,
        expires_at: row.time(5)?,
    })
}

/// How many sessions a token may have beside a new one, and how many links. Beyond, the oldest end: a token could otherwise
/// fill the disk with them.
const MAX_OTHERS: u64 = 199;

/// Adds a session, and deletes those that expired before it began and the oldest ones of a token with too many.
pub(super) async fn add<S: Session>(db: &S, session: &StoredSession) -> Result<(), S::Error> {
    db.run("DELETE FROM sessions WHERE expires_at <= ?1", values![session.created_at]).await?;
    let sql = "INSERT INTO sessions (hash, is_link, token_hash, created_at, last_used_at, expires_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let StoredSession { hash, is_link, token_hash, created_at, last_used_at, expires_at } = session;
    db.run(sql, values![hash, *is_link, token_hash, *created_at, *last_used_at, *expires_at]).await?;
    let sql = "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE token_hash = ?1 AND is_link = ?2 \
               AND hash <> ?3 ORDER BY created_at DESC, hash LIMIT 100000 OFFSET ?4)";
    db.run(sql, values![token_hash, *is_link, hash, MAX_OTHERS]).await?;
    Ok(())
}

pub(super) async fn find<S: Session>(db: &S, hash: [u8; 32]) -> Result<Option<StoredSession>, S::Error> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE hash = ?1");
    optional(db, &sql, values![&hash], decode).await
}

pub(super) async fn touch<S: Session>(db: &S, hash: [u8; 32], now: Timestamp) -> Result<(), S::Error> {
    let sql = "UPDATE sessions SET last_used_at = ?2 WHERE hash = ?1 AND last_used_at < ?2";
    db.run(sql, values![&hash, now]).await?;
    Ok(())
}

/// Deletes a session or a link. Of several callers at once, one gets it.
pub(super) async fn take<S: Session>(db: &S, hash: [u8; 32]) -> Result<Option<StoredSession>, S::Error> {
    let sql = format!("DELETE FROM sessions WHERE hash = ?1 RETURNING {COLUMNS}");
    optional(db, &sql, values![&hash], decode).await
}
