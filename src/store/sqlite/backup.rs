//! Backs up a database that may be in use: one snapshot, written beside the target, checked, and then renamed.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::sqlite::schema;

/// Copies the database at `from` to the new file `to`, without unused pages; returns its size in bytes.
pub(in crate::store) fn backup(from: &Path, to: &Path) -> Result<u64, StoreError> {
    let failed = |cause: &dyn std::fmt::Display| StoreError::Backup {
        location: to.display().to_string(),
        cause: cause.to_string(),
    };
    if to.symlink_metadata().is_ok() {
        return Err(failed(&"a file of this name is there already"));
    }
    let source = schema::open_for_backup(from)?;
    let copy = UnfinishedCopy::create(to).map_err(|error| failed(&error))?;
    let name = copy.path.to_str().ok_or_else(|| failed(&"its path is not UTF-8"))?;
    source.execute("VACUUM INTO ?1", [name]).map_err(|error| failed(&error))?;
    schema::forget_signing_key(&copy.path).map_err(|error| failed(&error))?;
    schema::check_copy(&copy.path).map_err(|error| failed(&error))?;
    copy.keep_as(to).map_err(|error| failed(&error))
}

/// Whether a file has the schema of this version. It is not upgraded.
pub(in crate::store) fn is_current(path: &Path) -> Result<bool, StoreError> {
    schema::is_current(&schema::open_for_backup(path)?)
}

/// An unfinished copy, deleted unless it is kept.
struct UnfinishedCopy {
    path: PathBuf,
}

impl UnfinishedCopy {
    /// Creates an empty file beside `to`, for its owner only, with an unpredictable name.
    fn create(to: &Path) -> io::Result<Self> {
        let to = std::path::absolute(to)?;
        let mut name = OsString::from(".");
        name.push(to.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        name.push(format!(".{}", Uuid::now_v7()));
        let path = to.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?;
        Ok(Self { path })
    }

    /// Renames the finished copy durably, and never replaces another file.
    fn keep_as(self, to: &Path) -> io::Result<u64> {
        let file = File::open(&self.path)?;
        file.sync_all()?;
        // A link, because a rename would replace a file created meanwhile.
        std::fs::hard_link(&self.path, to)?;
        let length = file.metadata()?.len();
        drop(self);
        let directory = std::path::absolute(to)?;
        directory.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())?;
        Ok(length)
    }
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap_or(());
    }
}
