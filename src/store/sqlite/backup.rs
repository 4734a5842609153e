//! A backup of a database that may be in use: one picture of it, written beside the target, checked, and then named.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::sqlite::schema;

/// Copies the database at `from` to the new file `to`; gives its length in bytes. Pages that nothing uses are left out.
pub(in crate::store) fn backup(from: &Path, to: &Path) -> Result<u64, StoreError> {
    let failed = |cause: &dyn std::fmt::Display| StoreError::Backup {
        location: to.display().to_string(),
        cause: cause.to_string(),
    };
    if to.symlink_metadata().is_ok() {
        return Err(failed(&"a file of this name is there already"));
    }
    let source = schema::open_for_backup(from)?;
    let part = Part::create(to).map_err(|error| failed(&error))?;
    let name = part.path.to_str().ok_or_else(|| failed(&"its path is not UTF-8"))?;
    source.execute("VACUUM INTO ?1", [name]).map_err(|error| failed(&error))?;
    schema::check_copy(&part.path).map_err(|error| failed(&error))?;
    part.keep_as(to).map_err(|error| failed(&error))
}

/// An unfinished copy: removed unless it is kept.
struct Part {
    path: PathBuf,
}

impl Part {
    /// Makes an empty file beside `to`, for its owner alone, under a name that nobody can know before.
    fn create(to: &Path) -> io::Result<Self> {
        let to = std::path::absolute(to)?;
        let mut name = OsString::from(".");
        name.push(to.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        name.push(format!(".{}", Uuid::now_v7()));
        let path = to.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?;
        Ok(Self { path })
    }

    /// Gives the finished copy its name, durably; never in place of another file.
    fn keep_as(self, to: &Path) -> io::Result<u64> {
        let file = File::open(&self.path)?;
        file.sync_all()?;
        // A link, because a rename would replace a file that came meanwhile.
        std::fs::hard_link(&self.path, to)?;
        let length = file.metadata()?.len();
        drop(self);
        let directory = std::path::absolute(to)?;
        directory.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())?;
        Ok(length)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap_or(());
    }
}
