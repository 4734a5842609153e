//! Writes small files that only their owner may read: saved tokens, and what a witness remembers.

use std::io::{self, Write as _};
use std::path::Path;

use crate::error::Failure;
use crate::terminal::file::{FileError, NewFile, sync_directory_of};

/// Saves a text durably and all at once; creates the directory if needed.
pub(super) fn save(path: &Path, text: &str, hint: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file(path, "write", &error).hint(hint);
    let file_failed = |error: FileError| match error {
        FileError::Write { cause, .. } => failed(cause),
        error => error.into(),
    };
    if let Some(directory) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // The entry of a new directory must be durable too.
        builder.create(directory).and_then(|()| sync_directory_of(directory)).map_err(failed)?;
    }
    let mut file = NewFile::create(path, true).map_err(file_failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.finish().map_err(file_failed)
}
