//! `file:PATH`: appends lines, and syncs them before the position moves. A file that was renamed or removed, as logrotate
//! does, is created again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::event::OutgoingEvent;
use crate::error::Failure;
use crate::terminal::file::{resolve_links, sync_directory_of};

pub(super) struct LogFile {
    path: PathBuf,
    file: Option<File>,
}

impl LogFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    pub(super) async fn deliver(&mut self, events: &[OutgoingEvent<'_>]) -> Result<(), DeliveryError> {
        let lines: String = events.iter().map(|event| format!("{}\n", event.line)).collect();
        if is_fifo(&self.path) {
            let message = format!("cannot append to {}: it is a pipe", self.path.display());
            let hint = "a program reads entries from its standard input: --to exec:PROGRAM";
            return Err(DeliveryError::Permanent(Failure::usage(message).hint(hint)));
        }
        let (path, open) = (self.path.clone(), self.file.take());
        // A slow disk must not keep metrics and signals waiting.
        let work = tokio::task::spawn_blocking(move || append(&path, open, lines.as_bytes()));
        let appended = work.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        let failed = |error: io::Error| {
            DeliveryError::transient(format!("cannot write {}: {error}", self.path.display()))
                .hint("the position stays where it is until the file can be written")
        };
        self.file = Some(appended.map_err(failed)?);
        Ok(())
    }
}

/// Appends to the file that has this name now. After a failure the file has none of the lines.
fn append(path: &Path, open: Option<File>, lines: &[u8]) -> io::Result<File> {
    let mut file = match open {
        Some(file) if is_named(&file, path) => file,
        _ => open_for_appending(path)?,
    };
    let before = file.metadata()?.len();
    let written = file.write_all(lines).and_then(|()| file.sync_data());
    match written {
        Ok(()) => Ok(file),
        // A device cannot be synced.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(file),
        Err(error) => {
            // The disk may be full: half a line would be read as an entry.
            drop(file.set_len(before));
            Err(error)
        }
    }
}

fn open_for_appending(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).read(true).create(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // In a directory that others may write to, the name may be their link.
    let place = resolve_links(path).map_err(io::Error::other)?;
    let is_new = !place.exists();
    let mut file = options.open(place)?;
    if is_new {
        // The name of the file must be as durable as its content.
        sync_directory_of(path)?;
    }
    if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        // A crash has cut off the last line. Nothing is removed: the file may hold the lines of others.
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

/// A pipe would keep entries that nothing reads, and lose them.
fn is_fifo(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    path.metadata().is_ok_and(|it| it.file_type().is_fifo())
}

/// Whether the file still has this name.
fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |it: &std::fs::Metadata| (it.dev(), it.ino());
    let (Ok(own), Ok(named)) = (file.metadata(), path.metadata()) else { return false };
    identity(&own) == identity(&named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_or_removed_file_is_created_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.jsonl");
        let text = |path: &Path| std::fs::read_to_string(path).expect("a file");
        let file = append(&path, None, b"1\n").expect("appended");
        let file = append(&path, Some(file), b"2\n").expect("appended");
        assert_eq!(text(&path), "1\n2\n");
        let rotated = directory.path().join("audit.jsonl.1");
        std::fs::rename(&path, &rotated).expect("renamed");
        let file = append(&path, Some(file), b"3\n").expect("appended");
        std::fs::remove_file(&path).expect("removed");
        append(&path, Some(file), b"4\n").expect("appended");
        assert_eq!((text(&rotated), text(&path)), ("1\n2\n".to_owned(), "4\n".to_owned()));
    }

    #[test]
    fn a_line_that_was_cut_off_does_not_run_into_the_next() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.jsonl");
        std::fs::write(&path, "1\n{\"id\":2,\"u").expect("written");
        append(&path, None, b"2\n").expect("appended");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "1\n{\"id\":2,\"u\n2\n");
    }

    #[test]
    fn a_full_device_is_an_error_and_a_null_device_is_not() {
        assert!(append(Path::new("/dev/full"), None, b"1\n").is_err());
        assert!(append(Path::new("/dev/null"), None, b"1\n").is_ok());
    }
}
