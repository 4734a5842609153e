//! A file that is either whole or not there: written beside its place as `NAME.part`, synced, then renamed.
//!
//! What is no file of a disk, such as a device or a FIFO, is written into as it stands.
//!
//! It can be written with checkpoints: places up to which the part is known to be good, from which a later run goes
//! on. A compressed file is there cut into members that unpack one after the other, as both gzip and Zstandard allow,
//! so that a file gone on from a checkpoint is byte for byte the one written in one go.

mod claim;
mod compression;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::evidence::merkle::Hash;
use crate::terminal::file::claim::resolve_links;
use crate::terminal::file::compression::{Encoder, CompressionFormat};

pub(crate) use crate::terminal::file::claim::{
    ClaimedFile, LockedFile, TemporaryFile, read_trusted, remove_temporary_files, sync_directory_of,
};
pub(crate) use crate::terminal::file::compression::decompressed;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// One of that name is there, and replacing it was not asked for.
    #[error("{} is already there", .0.display())]
    Exists(PathBuf),
    /// It is a directory.
    #[error("{} is a directory: name a file in it", .0.display())]
    Directory(PathBuf),
    /// Another process writes it.
    #[error("another command is writing {}", .0.display())]
    Busy(PathBuf),
    /// The part is not what was written before the checkpoint.
    #[error("{} is not what was written: it cannot be gone on from", .0.display())]
    Damaged(PathBuf),
    /// It, or a working file beside it, is not this user's own.
    #[error("cannot use {}: {why}", path.display())]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// How that is known.
        why: String,
    },
    /// It cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
}

/// A file's bytes so far, as they lie on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileDigest {
    /// How many there are.
    pub bytes: u64,
    /// Their hash.
    pub sha256: Hash,
}

/// The file itself, with a count and a hash of what went into it.
struct HashedFile {
    file: LockedFile,
    bytes: u64,
    hash: Sha256,
}

impl HashedFile {
    fn stored(&self) -> FileDigest {
        FileDigest { bytes: self.bytes, sha256: self.hash.clone().finalize().into() }
    }
}

/// A file being written. Dropped before [`NewFile::finish`] it takes its part with it, unless that can be gone on from.
pub(crate) struct NewFile {
    // Before the file, whose lock guards the removal. None for a part that stays.
    temporary: Option<TemporaryFile>,
    encoder: Option<Encoder<HashedFile>>,
    packing: CompressionFormat,
    part: PathBuf,
    target: PathBuf,
    /// Whether it is written into as it stands: then there is no part.
    is_passthrough: bool,
}

/// The part of a file that this process alone writes: opened and locked, and nothing in it read or changed yet.
pub(crate) struct PartFile {
    claimed: ClaimedFile,
    name: PathBuf,
    target: PathBuf,
}

/// The name a file has until it is whole.
pub(crate) fn part_path(target: &Path) -> PathBuf {
    with_suffix(&resolve_links(target).unwrap_or_else(|_| target.to_owned()), ".part")
}

/// Whether what stands there takes what is written as it comes: a device, a FIFO, or this process's own outlet.
pub(crate) fn is_passthrough(target: &Path) -> bool {
    std::fs::metadata(target).is_ok_and(|it| !it.is_dir() && (!it.is_file() || is_own_outlet(target)))
}

/// Whether a path names what this process has open, which may well be a file that somebody else has begun.
fn is_own_outlet(target: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"].iter().any(|outlet| target.starts_with(outlet))
}

/// A name made of another by adding to its end.
pub(crate) fn with_suffix(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(target.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}

impl PartFile {
    /// Opens and locks the part of `target`, which is created when it is not there.
    pub(crate) fn claim(target: &Path) -> Result<Self, FileError> {
        let name = target.to_owned();
        let target = resolve_links(target)?;
        Ok(Self { claimed: ClaimedFile::open(&with_suffix(&target, ".part"), &name)?, name, target })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.claimed.path()
    }

    /// Begins the file, in place of what the part holds.
    ///
    /// # Errors
    /// [`FileError`] when the target is there and `force` is not given, or the system's.
    pub(crate) fn begin(self, force: bool) -> Result<NewFile, FileError> {
        self.open(force, None)
    }

    /// Goes on behind a checkpoint; what was written after it is taken away.
    ///
    /// # Errors
    /// [`FileError`], also when the part is not as it was at the checkpoint.
    pub(crate) fn resume(self, force: bool, checkpoint: FileDigest) -> Result<NewFile, FileError> {
        self.open(force, Some(checkpoint))
    }

    fn open(self, force: bool, checkpoint: Option<FileDigest>) -> Result<NewFile, FileError> {
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
        let mut file = HashedFile { file, bytes: 0, hash: Sha256::new() };
        let kept = file.keep(checkpoint.map_or(0, |stored| stored.bytes)).map_err(cannot_write)?;
        if checkpoint.is_some_and(|checkpoint| checkpoint != kept) {
            return Err(FileError::Damaged(part));
        }
        let packing = CompressionFormat::of(&name);
        let encoder = packing.begin(BufWriter::with_capacity(256 * 1024, file)).map_err(cannot_write)?;
        Ok(NewFile { temporary, encoder: Some(encoder), packing, part, target, is_passthrough: false })
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
    /// Begins a file at `target`, before any long work, so that a bad path fails at once. `.gz` and `.zst` compress.
    ///
    /// # Errors
    /// [`FileError`] when the target is there and `force` is not given, or the part cannot be made.
    pub(crate) fn create(target: &Path, force: bool) -> Result<Self, FileError> {
        if is_passthrough(target) {
            resolve_links(target)?;
            return Self::pass(target);
        }
        // Also before the part is made: a target that is there is the better thing to tell.
        refuse_existing(target, force)?;
        PartFile::claim(target)?.begin(force)
    }

    /// Where its part is; none for what is written into as it stands.
    pub(crate) fn part(&self) -> Option<&Path> {
        (!self.is_passthrough).then_some(&self.part)
    }

    fn pass(target: &Path) -> Result<Self, FileError> {
        let cannot_write = |cause| FileError::Write { path: target.to_owned(), cause };
        let file = OpenOptions::new().append(true).open(target).map_err(cannot_write)?;
        let (packing, file) =
            (CompressionFormat::of(target), HashedFile { file: file.into(), bytes: 0, hash: Sha256::new() });
        let encoder = Some(packing.begin(BufWriter::new(file)).map_err(cannot_write)?);
        let target = target.to_owned();
        Ok(Self { temporary: None, encoder, packing, part: target.clone(), target, is_passthrough: true })
    }

    /// Hands all so far to the system and tells what lies there. A compressed file begins a new member here.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn checkpoint(&mut self) -> io::Result<FileDigest> {
        let Some(encoder) = self.encoder.take() else { return Err(io::ErrorKind::NotConnected.into()) };
        let mut file = encoder.end()?;
        file.flush()?;
        let stored = file.get_ref().stored();
        self.encoder = Some(self.packing.begin(file)?);
        self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        Ok(stored)
    }

    /// Makes the file durable, lets `before` see what it is, and gives it its name, durably as well.
    ///
    /// # Errors
    /// That of `before`, or a [`FileError`], with the path; then nothing stands under the name, unless it is only the
    /// name of which nobody knows whether it outlasts a power failure.
    pub(crate) fn finish_after<E: From<FileError>>(
        mut self,
        before: impl FnOnce(FileDigest) -> Result<(), E>,
    ) -> Result<(), E> {
        let cannot_write = |cause| FileError::Write { path: self.target.clone(), cause };
        let ended = match self.encoder.take() {
            Some(encoder) => encoder.end().and_then(|mut file| {
                file.flush()?;
                if !self.is_passthrough {
                    file.get_ref().file.sync_all()?;
                }
                Ok(file)
            }),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        // Held until the end: with the file goes its lock, and another process could write into the part.
        let file = ended.map_err(cannot_write)?;
        before(file.get_ref().stored())?;
        if !self.is_passthrough {
            claim::rename(&self.part, &self.target).map_err(cannot_write)?;
            self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        }
        Ok(())
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// [`FileError`], with the path; then nothing stands under the name.
    pub(crate) fn finish(self) -> Result<(), FileError> {
        self.finish_after(|_| Ok(()))
    }

    /// Keeps what there is as `NAME.part`, and tells its path.
    #[must_use]
    pub(crate) fn keep_part(mut self) -> PathBuf {
        self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        if let Some(mut encoder) = self.encoder.take() {
            drop(encoder.flush());
        }
        self.part.clone()
    }
}

impl HashedFile {
    /// Keeps the first `bytes` of the file, reading them again, and takes the rest away.
    fn keep(&mut self, bytes: u64) -> io::Result<FileDigest> {
        let file: &File = &self.file;
        let mut left = file.take(bytes);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = left.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            self.bytes += read as u64;
            self.hash.update(&buffer[..read]);
        }
        let kept = self.stored();
        // A part that is shorter than it should be stays as it is: somebody may want to look at it.
        if kept.bytes == bytes {
            self.file.set_len(bytes)?;
            self.file.seek(SeekFrom::Start(bytes))?;
        }
        Ok(kept)
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        self.hash.update(&bytes[..written]);
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
