//! One server at a time on a file.
//!
//! Commands may work on the file beside a server: SQLite keeps them apart. Two servers would each keep limits, tokens'
//! uses and the log's length on their own, and stop each other at every write, so the second one is refused. The
//! system gives the lock back when the process ends, however it ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::store::error::StoreError;

/// A server's hold on a file, for as long as this lives.
#[derive(Debug)]
pub struct ServeLock(#[expect(dead_code, reason = "the lock is held by the open file")] Option<File>);

impl ServeLock {
    /// Where servers need none: the database keeps them apart.
    pub(in crate::store) const fn not_needed() -> Self {
        Self(None)
    }

    /// Takes the lock beside the database at `path`, which is open already.
    pub(in crate::store) fn take(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: &std::io::Error| StoreError::Open {
            location: path.display().to_string(),
            cause: format!("its servers' lock cannot be taken: {error}"),
        };
        // By whatever links it was named, the file has one lock.
        let mut name = OsString::from(std::fs::canonicalize(path).map_err(|error| failed(&error))?);
        name.push("-serve");
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&name).map_err(|error| failed(&error))?;
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

    #[cfg(unix)]
    #[test]
    fn a_file_has_one_server_by_whatever_name() {
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
