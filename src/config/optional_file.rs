//! Files of the home directory that may be missing, and who else may use them.

use std::io;
use std::path::Path;

/// Reads a file, or returns `None` if it does not exist. System users may have a home that is no directory or that they
/// may not enter: such a home has no files.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound, PermissionDenied};
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), InvalidFilename | NotADirectory | NotFound) => Ok(None),
        // The error stands if the file exists and only its content is refused.
        Err(error) if error.kind() == PermissionDenied && std::fs::symlink_metadata(path).is_err() => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The permissions of a file when they include one of `forbidden`.
pub(super) fn excess_mode(path: &Path, forbidden: u32) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    Ok(Some(mode).filter(|mode| mode & forbidden != 0))
}
