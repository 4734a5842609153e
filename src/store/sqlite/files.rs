//! Checks that the files of an open database are still the ones that were opened, and measures the log.
//!
//! When somebody deletes or replaces them under a running server, SQLite keeps writing to a file without a name, and
//! acknowledged entries are lost. So their inodes are checked around every commit.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// A file's identity: device and inode, where there are any.
type Identity = (u64, u64);

/// The database and its write-ahead log, as they were opened.
pub(super) struct Files {
    database: (PathBuf, Identity),
    log: (PathBuf, Identity),
}

impl Files {
    /// The files of the database that is open at `path`.
    pub(super) fn open_at(path: &Path) -> Result<Self, StoreError> {
        // SQLite names the log after the file that a link leads to.
        let failed = |error: std::io::Error| StoreError::Open {
            location: path.display().to_string(),
            cause: error.to_string(),
        };
        let database = std::fs::canonicalize(path).map_err(failed)?;
        let log = log_of(&database);
        let known = |path: PathBuf| {
            let identity = identity(&std::fs::metadata(&path)?);
            Ok((path, identity))
        };
        Ok(Self { database: known(database).map_err(failed)?, log: known(log).map_err(failed)? })
    }

    /// Checks that both are still there; returns the log's size in bytes.
    pub(super) fn look(&self) -> Result<u64, StoreError> {
        let mut length = 0;
        for (path, known) in [&self.database, &self.log] {
            match std::fs::metadata(path) {
                Ok(found) if identity(&found) == *known => length = found.len(),
                Ok(_) => return Err(lost(path, "was replaced")),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(lost(path, "was deleted or moved"));
                }
                Err(error) => return Err(lost(path, &format!("cannot be looked at ({error})"))),
            }
        }
        Ok(length)
    }

    /// Whether a deleted log may be copied into the database: the database is the one that was opened, and there is no
    /// other log.
    pub(super) fn can_be_rescued(&self) -> bool {
        let (path, known) = &self.database;
        std::fs::metadata(path).is_ok_and(|found| identity(&found) == *known) && !self.log.0.exists()
    }
}

/// The write-ahead log of the database at this path.
fn log_of(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-wal");
    name.into()
}

fn lost(path: &Path, what: &str) -> StoreError {
    StoreError::Unwritable(format!(
        "{} {what} while the store was open: nothing more is accepted; look after the files, then restart",
        path.display()
    ))
}

fn identity(metadata: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_or_replaced_files_are_detected() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.db");
        let log = directory.path().join("audit.db-wal");
        std::fs::write(&path, "database").expect("written");
        std::fs::write(&log, "log").expect("written");
        let link = directory.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let files = Files::open_at(&link).expect("there");
        assert_eq!(files.look().expect("the same"), 3);
        assert!(!files.can_be_rescued(), "there is a log");
        let words = |files: &Files| files.look().expect_err("lost").to_string();
        // Kept, so that its inode is not given to the next file.
        std::fs::rename(&log, directory.path().join("kept")).expect("moved");
        assert!(words(&files).contains("audit.db-wal was deleted or moved"));
        assert!(files.can_be_rescued());
        std::fs::write(&log, "another").expect("written");
        assert!(words(&files).contains("audit.db-wal was replaced"));
        std::fs::rename(&path, directory.path().join("kept.db")).expect("moved");
        assert!(words(&files).contains("audit.db was deleted or moved") && !files.can_be_rescued());
        std::fs::write(&path, "another").expect("written");
        assert!(words(&files).contains("audit.db was replaced") && !files.can_be_rescued());
    }
}
