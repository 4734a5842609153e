//! Opens the store of a URL, locks it for one server, and backs it up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::address::without_password;
use crate::store::database::{Engine, Store};
use crate::store::error::StoreError;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::{self, CheckedFile, ServeLock, SqliteStore};

/// Opens the store of a URL. Only this function knows which kinds there are.
///
/// # Errors
/// [`StoreError`], with the path or the URL and never with a password.
pub async fn open(url: &str) -> Result<Arc<Store>, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok(Arc::new(Store::from(Engine::Sqlite(SqliteStore::open(Path::new(path))?))))
        }
        Some(("postgres" | "postgresql", _)) => {
            Ok(Arc::new(Store::from(Engine::Postgres(PostgresStore::open(url).await?))))
        }
        _ => Err(StoreError::UnknownUrl(without_password(url))),
    }
}

/// Locks an open store against other servers, for as long as the lock lives. Servers on PostgreSQL share a store.
///
/// # Errors
/// [`StoreError::Served`] when another server has it.
pub fn lock_for_serving(url: &str) -> Result<ServeLock, StoreError> {
    match url.strip_prefix("sqlite:") {
        Some(path) => ServeLock::take(Path::new(path)),
        None => Ok(ServeLock::not_needed()),
    }
}

/// Copies a SQLite store, in use or not, to a new file; gives its length in bytes.
///
/// # Errors
/// [`StoreError`]; the file is not there then.
pub async fn backup(url: &str, to: &Path) -> Result<u64, StoreError> {
    let Some(from) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) else {
        return Err(StoreError::Backup {
            location: to.display().to_string(),
            cause: format!("{} is no SQLite file; use pg_dump for PostgreSQL", without_password(url)),
        });
    };
    let (from, to) = (PathBuf::from(from), to.to_owned());
    let copied = tokio::task::spawn_blocking(move || sqlite::backup(&from, &to)).await;
    copied.unwrap_or_else(|_| Err(StoreError::Failed("the backup panicked; please report it".to_owned())))
}

/// Reads a whole SQLite store, in use or not. Unlike [`open`], it does not upgrade the store.
///
/// # Errors
/// [`StoreError::Damaged`], and others when the file is no store or cannot be read.
pub async fn check_file(url: &str) -> Result<CheckedFile, StoreError> {
    let path = PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(url));
    let checked = tokio::task::spawn_blocking(move || sqlite::check_file(&path)).await;
    checked.unwrap_or_else(|_| Err(StoreError::Failed("the check panicked; please report it".to_owned())))
}

/// Whether a SQLite store has the schema of this version, and thus trails. Unlike [`open`], it does not upgrade the store.
///
/// # Errors
/// [`StoreError`] when the file is no store.
pub async fn has_trail(url: &str) -> Result<bool, StoreError> {
    let path = PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(url));
    let looked = tokio::task::spawn_blocking(move || sqlite::is_current(&path)).await;
    looked.unwrap_or_else(|_| Err(StoreError::Failed("the check panicked; please report it".to_owned())))
}

/// Opens an empty store in memory.
///
/// # Errors
/// [`StoreError`] when the engine cannot start.
pub fn open_in_memory() -> Result<Arc<Store>, StoreError> {
    Ok(Arc::new(Store::from(Engine::Sqlite(SqliteStore::in_memory()?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_url_is_reported_without_its_password() {
        let opened = open("mysql://a:b@c").await.err();
        assert!(matches!(opened, Some(StoreError::UnknownUrl(url)) if url == "mysql://a@c"));
    }
}
