//! A file that is either whole or not there: written beside its place as `NAME.part`, synced, then renamed.
//!
//! What is no file of a disk, such as a device or a FIFO, is written into as it stands.
//!
//! It can be written with checkpoints: places up to which the part is known to be good, from which a later run goes
//! on. A compressed file is there cut into members that unpack one after the other, as both gzip and Zstandard allow,
//! so that a file gone on from a checkpoint is byte for byte the one written in one go.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::evidence::merkle::Hash;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
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
    /// It cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
}

/// A chain of more links leads nowhere.
const MOST_LINKS: usize = 40;

/// A file's bytes so far, as they lie on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// How many there are.
    pub bytes: u64,
    /// Their hash.
    pub sha256: Hash,
}

/// The file itself, with a count and a hash of what went into it.
struct Counted {
    file: File,
    bytes: u64,
    hash: Sha256,
}

impl Counted {
    fn stored(&self) -> Stored {
        Stored { bytes: self.bytes, sha256: self.hash.clone().finalize().into() }
    }
}

/// How the name's ending says the file is to be packed.
#[derive(Clone, Copy)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    fn of(target: &Path) -> Self {
        match target.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }

    fn begin(self, file: BufWriter<Counted>) -> io::Result<Encoder> {
        Ok(match self {
            Self::Plain => Encoder::Plain(file),
            Self::Gzip => Encoder::Gzip(GzEncoder::new(file, Compression::default())),
            Self::Zstd => Encoder::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
        })
    }
}

/// What stands between the data and the file.
enum Encoder {
    Plain(BufWriter<Counted>),
    Gzip(GzEncoder<BufWriter<Counted>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<Counted>>),
}

impl Encoder {
    fn end(self) -> io::Result<BufWriter<Counted>> {
        match self {
            Self::Plain(file) => Ok(file),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// A file being written. Dropped before [`NewFile::finish`] it takes its part with it, unless that can be gone on from.
pub struct NewFile {
    encoder: Option<Encoder>,
    packing: Packing,
    part: PathBuf,
    target: PathBuf,
    has_checkpoint: bool,
    /// Whether it is written into as it stands: then there is no part.
    passes: bool,
}

/// The name a file has until it is whole.
#[must_use]
pub fn part_of(target: &Path) -> PathBuf {
    beside(&leads_to(target), ".part")
}

/// Where a symbolic link leads, through others, be there a file or not yet.
fn leads_to(target: &Path) -> PathBuf {
    let mut place = target.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = std::fs::read_link(&place) else { break };
        place = place.parent().map_or(next.clone(), |parent| parent.join(&next));
    }
    place
}

/// Whether what stands there takes what is written as it comes: a device, a FIFO, or this process's own outlet.
#[must_use]
pub fn passes_on(target: &Path) -> bool {
    std::fs::metadata(target).is_ok_and(|it| !it.is_dir() && (!it.is_file() || is_own_outlet(target)))
}

/// Whether a path names what this process has open, which may well be a file that somebody else has begun.
fn is_own_outlet(target: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"].iter().any(|outlet| target.starts_with(outlet))
}

/// A name made of another by adding to its end.
#[must_use]
pub fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(target.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}

/// Unpacks what was written under this name.
///
/// # Errors
/// When Zstandard cannot be set up.
pub fn unpacked<'a>(target: &Path, packed: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match Packing::of(target) {
        Packing::Plain => Box::new(packed),
        Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(packed)?),
    })
}

impl NewFile {
    /// Begins a file at `target`, before any long work, so that a bad path fails at once. `.gz` and `.zst` compress.
    ///
    /// # Errors
    /// [`FileError`] when the target is there and `force` is not given, or the part cannot be made.
    pub fn create(target: &Path, force: bool) -> Result<Self, FileError> {
        Self::open(target, force, None)
    }

    /// Goes on with the part of `target` behind a checkpoint; what was written after it is taken away.
    ///
    /// # Errors
    /// [`FileError`], also when the part is not as it was at the checkpoint.
    pub fn resume(target: &Path, force: bool, checkpoint: Stored) -> Result<Self, FileError> {
        Self::open(target, force, Some(checkpoint))
    }

    fn open(target: &Path, force: bool, checkpoint: Option<Stored>) -> Result<Self, FileError> {
        if target.is_dir() {
            return Err(FileError::Directory(target.to_owned()));
        }
        if passes_on(target) {
            return Self::pass(target);
        }
        if target.exists() && !force {
            return Err(FileError::Exists(target.to_owned()));
        }
        let part = part_of(target);
        let cannot_write = |cause| FileError::Write { path: part.clone(), cause };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(checkpoint.is_none());
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part).map_err(cannot_write)?;
        // What an earlier run left there may be open to others.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(cannot_write)?;
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => return Err(FileError::Busy(target.to_owned())),
            // Not every file system has locks; those without cannot tell.
            Err(std::fs::TryLockError::Error(_)) | Ok(()) => {}
        }
        let mut file = Counted { file, bytes: 0, hash: Sha256::new() };
        let kept = file.keep(checkpoint.map_or(0, |stored| stored.bytes)).map_err(cannot_write)?;
        if checkpoint.is_some_and(|checkpoint| checkpoint != kept) {
            return Err(FileError::Damaged(part));
        }
        let packing = Packing::of(target);
        let encoder = packing.begin(BufWriter::with_capacity(256 * 1024, file)).map_err(cannot_write)?;
        let has_checkpoint = checkpoint.is_some();
        Ok(Self {
            encoder: Some(encoder),
            packing,
            part,
            target: leads_to(target),
            has_checkpoint,
            passes: false,
        })
    }

    fn pass(target: &Path) -> Result<Self, FileError> {
        let cannot_write = |cause| FileError::Write { path: target.to_owned(), cause };
        let file = OpenOptions::new().append(true).open(target).map_err(cannot_write)?;
        let (packing, file) = (Packing::of(target), Counted { file, bytes: 0, hash: Sha256::new() });
        let encoder = Some(packing.begin(BufWriter::new(file)).map_err(cannot_write)?);
        let target = target.to_owned();
        Ok(Self { encoder, packing, part: target.clone(), target, has_checkpoint: false, passes: true })
    }

    /// Hands all so far to the system and tells what lies there. A compressed file begins a new member here.
    ///
    /// # Errors
    /// The system's.
    pub fn checkpoint(&mut self) -> io::Result<Stored> {
        let Some(encoder) = self.encoder.take() else { return Err(io::ErrorKind::NotConnected.into()) };
        let mut file = encoder.end()?;
        file.flush()?;
        let stored = file.get_ref().stored();
        self.encoder = Some(self.packing.begin(file)?);
        self.has_checkpoint = true;
        Ok(stored)
    }

    /// Makes the file durable, lets `before` see what it is, and gives it its name.
    ///
    /// # Errors
    /// That of `before`, or a [`FileError`], with the path; then nothing stands under the name.
    pub fn finish_after<E: From<FileError>>(
        mut self,
        before: impl FnOnce(Stored) -> Result<(), E>,
    ) -> Result<(), E> {
        let cannot_write = |path: &Path| {
            let path = path.to_owned();
            |cause| FileError::Write { path, cause }
        };
        let synced = match self.encoder.take() {
            Some(encoder) => encoder.end().and_then(|mut file| {
                file.flush()?;
                if !self.passes {
                    file.get_ref().file.sync_all()?;
                }
                Ok(file.get_ref().stored())
            }),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        let outcome = synced.map_err(cannot_write(&self.target)).map_err(E::from).and_then(before);
        if self.passes {
            return outcome;
        }
        let outcome = outcome.and_then(|()| {
            Ok(std::fs::rename(&self.part, &self.target).map_err(cannot_write(&self.target))?)
        });
        if outcome.is_err() && !self.has_checkpoint {
            drop(std::fs::remove_file(&self.part));
        }
        outcome
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// [`FileError`], with the path; then nothing stands under the name.
    pub fn finish(self) -> Result<(), FileError> {
        self.finish_after(|_| Ok(()))
    }

    /// Keeps what there is as `NAME.part`, and tells its path.
    #[must_use]
    pub fn keep_part(mut self) -> PathBuf {
        if let Some(mut encoder) = self.encoder.take() {
            drop(encoder.flush());
        }
        self.part.clone()
    }
}

impl Counted {
    /// Keeps the first `bytes` of the file, reading them again, and takes the rest away.
    fn keep(&mut self, bytes: u64) -> io::Result<Stored> {
        let mut left = (&self.file).take(bytes);
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

impl Write for Counted {
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

impl Write for Encoder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
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

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.encoder.is_some() && !self.has_checkpoint && !self.passes {
            drop(std::fs::remove_file(&self.part));
        }
    }
}

#[cfg(test)]
mod tests;
