//! One server at a time on a file.
//!
//! Commands may use the file while a server runs: SQLite's locks allow it. Two servers would track limits, token use and
//! the log's size separately, and block each other's writes, so the second one is refused. The system releases the lock
//! when the process ends.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::Path;

use crate::store::error::StoreError;
use crate::store::lock_file::open_lock_file;

/// A server's lock on a file, for as long as this lives.
#[derive(Debug)]
pub struct ServeLock(#[expect(dead_code, reason = "the lock is held by the open file")] Option<File>);

impl ServeLock {
    /// No lock, for databases that servers share.
    pub(in crate::store) const fn not_needed() -> Self {
        Self(None)
    }

    /// Takes the lock of the database at `path`, which is already open.
    pub(in crate::store) fn take(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: &std::io::Error| StoreError::Open {
            location: path.display().to_string(),
            cause: format!("cannot take its server lock: {error}"),
        };
        // The file has one lock, whatever links lead to it.
        let mut name = OsString::from(std::fs::canonicalize(path).map_err(|error| failed(&error))?);
        name.push("-serve");
        let file = open_lock_file(Path::new(&name)).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => Err(StoreError::Served(path.display().to_string())),
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                tracing::warn!("this file system has no locks: nothing keeps a second server off the store");
                Ok(Self(None))
            }
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_server_lock_under_any_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("audit.db"), directory.path().join("link.db"));
        std::fs::write(&path, "").expect("written");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let first = ServeLock::take(&path).expect("free");
        for name in [&path, &link] {
            assert!(matches!(ServeLock::take(name), Err(StoreError::Served(_))));
        }
        drop(first);
        ServeLock::take(&link).expect("given back");
    }
}
