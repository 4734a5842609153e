//! Checks the free space of the store's disk before a write fails.

use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// The least free space of a store that is ready, in bytes: as much as the write-ahead log takes before it is emptied.
const MIN_FREE: u64 = 16 * 1024 * 1024;

/// The directory in which a database and its write-ahead log are, whatever link leads there.
pub(super) fn directory_of(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok()?.parent().map(Path::to_owned)
}

/// Fails when the disk is almost full. A disk whose free space is unknown passes.
pub(super) fn check_space(directory: &Path) -> Result<(), StoreError> {
    free_bytes(directory).map_or(Ok(()), judge)
}

fn judge(free: u64) -> Result<(), StoreError> {
    if free >= MIN_FREE {
        return Ok(());
    }
    let mebibytes = |bytes: u64| bytes / (1024 * 1024);
    Err(StoreError::Unwritable(format!(
        "its disk is almost full: {} MiB are free, and {} MiB are needed",
        mebibytes(free),
        mebibytes(MIN_FREE)
    )))
}

/// The space that this process may use.
fn free_bytes(directory: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(directory).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_almost_full_is_reported_with_its_free_space() {
        assert!(judge(MIN_FREE).is_ok());
        let error = judge(MIN_FREE - 1).expect_err("too little");
        assert!(
            matches!(&error, StoreError::Unwritable(cause) if cause.contains("15 MiB are free")),
            "{error}"
        );
    }

    #[test]
    fn the_free_space_of_a_directory_is_known() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(free_bytes(directory.path()).is_some_and(|free| free > 0));
        assert_eq!(free_bytes(&directory.path().join("missing")), None);
        let path = directory.path().join("audit.db");
        std::fs::write(&path, "").expect("written");
        assert_eq!(directory_of(&path), std::fs::canonicalize(directory.path()).ok());
    }
}
