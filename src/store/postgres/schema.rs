//! Applies the numbered migrations, under a lock on the table that counts them, in a schema of our own.

use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use crate::store::error::StoreError;
use crate::store::postgres::error::DatabaseError;
use crate::store::postgres::pool::Connection;
use crate::store::postgres::session::in_transaction;

/// The migrations, in order. `migrations` holds the number of those that are applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_entries.postgres.sql"),
    include_str!("../migrations/0002_token_use.postgres.sql"),
    include_str!("../migrations/0003_tallies.postgres.sql"),
    include_str!("../migrations/0004_checksums.postgres.sql"),
    include_str!("../migrations/0005_integrity.postgres.sql"),
    include_str!("../migrations/0006_text.postgres.sql"),
    include_str!("../migrations/0007_sessions.postgres.sql"),
    include_str!("../migrations/0008_holds.postgres.sql"),
    include_str!("../migrations/0009_erasures.postgres.sql"),
];

/// The schema of our tables, and the count of applied migrations.
const FOUNDATION: &str = "CREATE SCHEMA IF NOT EXISTS krosyn_audit; \
     CREATE TABLE IF NOT EXISTS krosyn_audit.migrations (applied BIGINT NOT NULL)";

/// Brings the database to the current schema. A current database is not written to.
pub(super) async fn migrate(db: Connection, location: &str) -> Result<(), DatabaseError> {
    let known = MIGRATIONS.len() as i64;
    if applied(&db).await? == Some(known) {
        return Ok(());
    }
    found(&db).await?;
    in_transaction(&db, async {
        db.batch_execute("LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE").await?;
        let found: i64 =
            db.query_one("SELECT coalesce(max(applied), 0) FROM migrations", &[]).await?.try_get(0)?;
        if found > known {
            return Err(StoreError::NewerSchema { location: location.to_owned(), found, known }.into());
        }
        for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            db.batch_execute(migration).await?;
        }
        db.execute("DELETE FROM migrations", &[]).await?;
        db.execute("INSERT INTO migrations (applied) VALUES ($1)", &[&known]).await?;
        Ok(())
    })
    .await
}

/// The number of applied migrations; none if their table does not exist.
async fn applied(db: &Object) -> Result<Option<i64>, DatabaseError> {
    match db.query_opt("SELECT applied FROM migrations", &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        row => Ok(row?.map(|row| row.try_get(0)).transpose()?),
    }
}

/// Creates schema and table. If another process does the same at once, one of them retries.
async fn found(db: &Object) -> Result<(), DatabaseError> {
    match db.batch_execute(FOUNDATION).await {
        Err(error) if is_there_already(&error) => Ok(db.batch_execute(FOUNDATION).await?),
        made => Ok(made?),
    }
}

/// Whether creating something failed because another process created it at the same time.
pub(super) fn is_there_already(error: &tokio_postgres::Error) -> bool {
    let made = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_OBJECT,
    ];
    error.code().is_some_and(|code| made.contains(code))
}

/// Fails unless the schema is there and the database takes writes: a standby, or one whose disk is full, may not.
pub(super) async fn ready(db: Connection) -> Result<(), DatabaseError> {
    if applied(&db).await?.is_none() {
        return Err(StoreError::Failed("the schema is gone".to_owned()).into());
    }
    let read_only = db.query_one("SELECT current_setting('transaction_read_only')::boolean", &[]).await?;
    match read_only.try_get(0)? {
        // A new connection may reach its successor.
        true => {
            Err(DatabaseError::Lost("the database takes no writes: it is a standby or read-only".to_owned()))
        }
        false => Ok(()),
    }
}

/// Logs whether the database checks its pages for damage. Entries have no checksums here, so only data checksums detect a
/// flipped bit.
pub(super) async fn log_checksums(db: Connection) -> Result<(), DatabaseError> {
    match db.query_one("SHOW data_checksums", &[]).await?.try_get(0)? {
        "on" => tracing::info!(data_checksums = "on", "the database detects damaged pages"),
        other => tracing::warn!(
            data_checksums = other,
            "the database does not detect damaged pages: data checksums are off; stop it and run `pg_checksums --enable`"
        ),
    }
    Ok(())
}
