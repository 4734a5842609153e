//! The numbered migrations, applied under a lock on the table that counts them, in a schema of our own.

use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;

/// The migrations, in order. `migrations` holds the number of those that are applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_entries.postgres.sql"),
    include_str!("../migrations/0002_token_use.postgres.sql"),
    include_str!("../migrations/0003_tallies.postgres.sql"),
];

/// Where the tables are, and how many migrations have made them what they are.
const FOUNDATION: &str = "CREATE SCHEMA IF NOT EXISTS krosyn_audit; \
     CREATE TABLE IF NOT EXISTS krosyn_audit.migrations (applied BIGINT NOT NULL)";

/// Brings the database to the present schema. One that has it already is not written to.
pub(super) async fn migrate(mut db: Object, location: &str) -> Result<(), Fault> {
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
async fn applied(db: &Object) -> Result<Option<i64>, Fault> {
    match db.query_opt("SELECT applied FROM migrations", &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        row => Ok(row?.map(|row| row.try_get(0)).transpose()?),
    }
}

/// Makes schema and table. Of two processes that do it at once, one may meet the other's half: it tries again.
async fn found(db: &Object) -> Result<(), Fault> {
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

/// Fails unless the schema is there.
pub(super) async fn ready(db: Object) -> Result<(), Fault> {
    match applied(&db).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::Failed("the schema is gone".to_owned()).into()),
    }
}
