//! Writes files atomically: to `NAME.part` first, synced, then renamed. Devices and FIFOs are written directly.
//!
//! A writer can set checkpoints, from which a later run resumes. A compressed file starts a new member at each
//! checkpoint, as gzip and Zstandard allow, so that a resumed file is identical to one written in one run.

mod claim;
mod compression;
mod early_sync;
mod error;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

use crate::terminal::file::claim::is_own_stream;
use crate::terminal::file::compression::{CompressionFormat, Encoder};
use crate::terminal::file::early_sync::EarlySync;

pub(crate) use crate::terminal::file::claim::{
    ClaimedFile, LockedFile, TemporaryFile, read_trusted, remove_temporary_files, rename, resolve_links,
    sync_directory_of,
};
pub(crate) use crate::terminal::file::compression::decompressed;
pub(crate) use crate::terminal::file::error::FileError;

/// How much of a file was written, by which a later run recognises it. A CRC-32 finds what an accident changes, for a
/// fraction of the time of a SHA-256: only a manifest proves more, and has that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileCheckpoint {
    pub bytes: u64,
    pub crc32: u32,
}

impl FileCheckpoint {
    const BEGINNING: Self = Self { bytes: 0, crc32: 0 };
}

/// A file with the number and checksum of the bytes written.
struct ChecksummedFile {
    file: LockedFile,
    bytes: u64,
    crc32: Hasher,
}

impl ChecksummedFile {
    fn stored(&self) -> FileCheckpoint {
        FileCheckpoint { bytes: self.bytes, crc32: self.crc32.clone().finalize() }
    }
}

/// A file being written. If dropped before [`NewFile::finish`], its part is removed, unless it can be resumed.
pub(crate) struct NewFile {
    // Dropped before the file, whose lock guards the removal. None if the part stays.
    temporary: Option<TemporaryFile>,
    encoder: Option<Encoder<ChecksummedFile>>,
    packing: CompressionFormat,
    early_sync: EarlySync,
    part: PathBuf,
    target: PathBuf,
    /// Whether the target is written directly, without a part.
    is_passthrough: bool,
}

/// A part that this process has opened and locked, but not read or changed yet.
pub(crate) struct PartFile {
    claimed: ClaimedFile,
    name: PathBuf,
    target: PathBuf,
}

/// The path of a file's part.
pub(crate) fn part_path(target: &Path) -> PathBuf {
    with_suffix(&resolve_links(target).unwrap_or_else(|_| target.to_owned()), ".part")
}

/// Whether the target is written directly: a device, a FIFO, or a stream of this process.
pub(crate) fn is_passthrough(target: &Path) -> bool {
    std::fs::metadata(target).is_ok_and(|it| !it.is_dir() && (!it.is_file() || is_own_stream(target)))
}

/// A path with text added to its end.
pub(crate) fn with_suffix(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(target.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}

impl PartFile {
    /// Opens and locks the part of `target`, or creates it.
    pub(crate) fn claim(target: &Path) -> Result<Self, FileError> {
        let name = target.to_owned();
        let target = resolve_links(target)?;
        Ok(Self { claimed: ClaimedFile::open(&with_suffix(&target, ".part"), &name)?, name, target })
    }

    pub(crate) fn path(&self) -> &Path {
        self.claimed.path()
    }

    /// Starts the file and discards the part's content. Fails if the target exists, unless `force`.
    pub(crate) fn begin(self, force: bool) -> Result<NewFile, FileError> {
        self.open(force, None)
    }

    /// Resumes after a checkpoint and discards later content. Fails if the content before the checkpoint was changed.
    pub(crate) fn resume(self, force: bool, checkpoint: FileCheckpoint) -> Result<NewFile, FileError> {
        self.open(force, Some(checkpoint))
    }

    fn open(self, force: bool, checkpoint: Option<FileCheckpoint>) -> Result<NewFile, FileError> {
        let Self { claimed, name, target } = self;
        refuse_existing(&name, force)?;
        let part = claimed.path().to_owned();
        let cannot_write = |cause| FileError::Write { path: part.clone(), cause };
        let (file, temporary) = match checkpoint {
            Some(_) if claimed.is_new() => return Err(FileError::Damaged(part)),
            Some(_) => (claimed.keep(), None),
            None => {
                let (file, temporary) = claimed.begin();
                (file, Some(temporary))
            }
        };
        let mut file = ChecksummedFile { file, bytes: 0, crc32: Hasher::new() };
        if !file.keep(checkpoint.unwrap_or(FileCheckpoint::BEGINNING)).map_err(cannot_write)? {
            return Err(FileError::Damaged(part));
        }
        let packing = CompressionFormat::of(&name);
        let encoder = packing.begin(BufWriter::with_capacity(256 * 1024, file)).map_err(cannot_write)?;
        Ok(NewFile {
            temporary,
            encoder: Some(encoder),
            packing,
            early_sync: EarlySync::default(),
            part,
            target,
            is_passthrough: false,
        })
    }
}

fn refuse_existing(target: &Path, force: bool) -> Result<(), FileError> {
    if target.is_dir() {
        return Err(FileError::Directory(target.to_owned()));
    }
    if target.exists() && !force {
        return Err(FileError::Exists(target.to_owned()));
    }
    Ok(())
}

impl NewFile {
    /// Starts a file at `target`. Call it before any long work, so that a bad path fails at once. `.gz` and `.zst` compress.
    pub(crate) fn create(target: &Path, force: bool) -> Result<Self, FileError> {
        if is_passthrough(target) {
            resolve_links(target)?;
            return Self::pass(target);
        }
        // Checked before the part too: an existing target is the more useful error.
        refuse_existing(target, force)?;
        PartFile::claim(target)?.begin(force)
    }

    /// The path of its part; none if it is written directly.
    pub(crate) fn part(&self) -> Option<&Path> {
        (!self.is_passthrough).then_some(&self.part)
    }

    fn pass(target: &Path) -> Result<Self, FileError> {
        let cannot_write = |cause| FileError::Write { path: target.to_owned(), cause };
        let file = OpenOptions::new().append(true).open(target).map_err(cannot_write)?;
        let (packing, file) = (
            CompressionFormat::of(target),
            ChecksummedFile { file: file.into(), bytes: 0, crc32: Hasher::new() },
        );
        let encoder = Some(packing.begin(BufWriter::new(file)).map_err(cannot_write)?);
        let target = target.to_owned();
        Ok(Self {
            temporary: None,
            encoder,
            packing,
            early_sync: EarlySync::default(),
            part: target.clone(),
            target,
            is_passthrough: true,
        })
    }

    /// Flushes all data to the system and returns how much it has. A compressed file starts a new member.
    pub(crate) fn checkpoint(&mut self) -> io::Result<FileCheckpoint> {
        let Some(encoder) = self.encoder.take() else { return Err(io::ErrorKind::NotConnected.into()) };
        let mut file = encoder.end()?;
        file.flush()?;
        let stored = file.get_ref().stored();
        if !self.is_passthrough {
            self.early_sync.advance(&file.get_ref().file, stored.bytes)?;
        }
        self.encoder = Some(self.packing.begin(file)?);
        self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        Ok(stored)
    }

    /// Syncs the file, passes it to `before`, which may read it, and renames it durably. If an error is returned, the target
    /// does not exist, except after a failed sync of the directory.
    pub(crate) fn finish_after<E: From<FileError>>(
        mut self,
        before: impl FnOnce(&File) -> Result<(), E>,
    ) -> Result<(), E> {
        let cannot_write = |cause| FileError::Write { path: self.target.clone(), cause };
        let ended = match self.encoder.take() {
            Some(encoder) => encoder.end().and_then(|mut file| {
                file.flush()?;
                if !self.is_passthrough {
                    self.early_sync.finish()?;
                    file.get_ref().file.sync_all()?;
                }
                Ok(file)
            }),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        // Keep the file open, and with it the lock, until the rename.
        let file = ended.map_err(cannot_write)?;
        before(&file.get_ref().file)?;
        if !self.is_passthrough {
            rename(&self.part, &self.target).map_err(cannot_write)?;
            self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), FileError> {
        self.finish_after(|_| Ok(()))
    }

    /// Keeps the written data as `NAME.part` and returns its path.
    pub(crate) fn keep_part(mut self) -> PathBuf {
        self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        if let Some(mut encoder) = self.encoder.take() {
            drop(encoder.flush());
        }
        self.part.clone()
    }
}

impl ChecksummedFile {
    /// Keeps the file up to the checkpoint and discards the rest. Returns false, and leaves the file unchanged for inspection, if
    /// it differs from what was written before the checkpoint.
    fn keep(&mut self, checkpoint: FileCheckpoint) -> io::Result<bool> {
        let file: &File = &self.file;
        let mut left = file.take(checkpoint.bytes);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = left.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            self.bytes += read as u64;
            self.crc32.update(&buffer[..read]);
        }
        if self.stored() != checkpoint {
            return Ok(false);
        }
        self.file.set_len(checkpoint.bytes)?;
        self.file.seek(SeekFrom::Start(checkpoint.bytes))?;
        Ok(true)
    }
}

impl Write for ChecksummedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        self.crc32.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.encoder.as_mut().map_or(Ok(0), |encoder| encoder.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.as_mut().map_or(Ok(()), Write::flush)
    }
}

#[cfg(test)]
mod tests;
