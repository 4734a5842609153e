//! The numbered migrations, applied under a lock on the table that counts them, in a schema of our own.

use tokio_postgres::error::SqlState;

use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;

/// The migrations, in order. `migrations` holds the number of those that are applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_entries.postgres.sql"),
    include_str!("../migrations/0002_token_use.postgres.sql"),
    include_str!("../migrations/0003_tallies.postgres.sql"),
    include_str!("../migrations/0004_checksums.postgres.sql"),
];

/// Where the tables are, and how many migrations have made them what they are.
const FOUNDATION: &str = "CREATE SCHEMA IF NOT EXISTS krosyn_audit; \
     CREATE TABLE IF NOT EXISTS krosyn_audit.migrations (applied BIGINT NOT NULL)";

/// Brings the database to the present schema. One that has it already is not written to.
pub(super) async fn migrate(mut db: Lent, location: &str) -> Result<(), Fault> {
    let known = MIGRATIONS.len() as i64;
    if applied(&db).await? == Some(known) {
        return Ok(());
    }
    found(&db).await?;
    let transaction = db.transaction().await?;
    transaction.batch_execute("LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE").await?;
    let found: i64 =
        transaction.query_one("SELECT coalesce(max(applied), 0) FROM migrations", &[]).await?.try_get(0)?;
    if found > known {
        return Err(StoreError::NewerSchema { location: location.to_owned(), found, known }.into());
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.batch_execute(migration).await?;
    }
    transaction.execute("DELETE FROM migrations", &[]).await?;
    transaction.execute("INSERT INTO migrations (applied) VALUES ($1)", &[&known]).await?;
    Ok(transaction.commit().await?)
}

/// How many migrations are applied; none, when the table that says so is not there.
async fn applied(db: &Lent) -> Result<Option<i64>, Fault> {
    match db.query_opt("SELECT applied FROM migrations", &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        row => Ok(row?.map(|row| row.try_get(0)).transpose()?),
    }
}

/// Makes schema and table. Of two processes that do it at once, one may meet the other's half: it tries again.
async fn found(db: &Lent) -> Result<(), Fault> {
    match db.batch_execute(FOUNDATION).await {
        Err(error) if is_there_already(&error) => Ok(db.batch_execute(FOUNDATION).await?),
        made => Ok(made?),
    }
}

/// Tells whether making something failed because another made it at the same time.
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
pub(super) async fn ready(db: Lent) -> Result<(), Fault> {
    if applied(&db).await?.is_none() {
        return Err(StoreError::Failed("the schema is gone".to_owned()).into());
    }
    let read_only = db.query_one("SELECT current_setting('transaction_read_only')::boolean", &[]).await?;
    match read_only.try_get(0)? {
        // Another connection may lead to its successor.
        true => Err(Fault::Lost("the database takes no writes: it is a standby or read-only".to_owned())),
        false => Ok(()),
    }
}

/// Logs whether the database checks its pages for damage. Entries have no checksum of their own here: data checksums
/// are what finds a flipped bit before it is taken for the truth.
pub(super) async fn log_checksums(db: Lent) -> Result<(), Fault> {
    match db.query_one("SHOW data_checksums", &[]).await?.try_get(0)? {
        "on" => tracing::info!(data_checksums = "on", "the database detects damaged pages"),
        other => tracing::warn!(
            data_checksums = other,
            "the database does not detect damaged pages: data checksums are off; stop it and run `pg_checksums --enable`"
        ),
    }
    Ok(())
}
