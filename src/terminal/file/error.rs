//! The error of file operations, each with its path.

use std::io;
use std::path::PathBuf;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The file exists and may not be replaced.
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    /// The target is a directory.
    #[error("{} is a directory: name a file in it", .0.display())]
    Directory(PathBuf),
    /// Another process writes the file.
    #[error("another command is writing {}", .0.display())]
    Busy(PathBuf),
    /// The part differs from what was written before the checkpoint.
    #[error("cannot resume {}: it was changed since it was written", .0.display())]
    Damaged(PathBuf),
    /// The file, or a working file beside it, may be another user's.
    #[error("cannot use {}: {why}", path.display())]
    Untrusted { path: PathBuf, why: String },
    #[error("cannot read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: io::Error },
    #[error("cannot write {}: {cause}", path.display())]
    Write { path: PathBuf, cause: io::Error },
}
