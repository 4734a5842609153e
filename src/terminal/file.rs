//! A file that is either whole or not there: written beside its place as `NAME.part`, synced, then renamed.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// One of that name is there, and replacing it was not asked for.
    #[error("{} is already there", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
}

/// What stands between the data and the file: nothing, or what the name's ending asks for.
enum Encoder {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

/// A file being written. Dropped before [`NewFile::finish`] it takes its part with it, unless it is to be kept.
pub struct NewFile {
    encoder: Option<Encoder>,
    part: PathBuf,
    target: PathBuf,
}

impl NewFile {
    /// Begins a file at `target`, before any long work, so that a bad path fails at once. `.gz` and `.zst` compress.
    ///
    /// # Errors
    /// [`FileError`] when the target is there and `force` is not given, or the part cannot be made.
    pub fn create(target: &Path, force: bool) -> Result<Self, FileError> {
        if target.exists() && !force {
            return Err(FileError::Exists(target.to_owned()));
        }
        let mut name = OsString::from(target.as_os_str());
        name.push(".part");
        let part = PathBuf::from(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let cannot_write = |cause| FileError::Write { path: part.clone(), cause };
        let file = options.open(&part).map_err(cannot_write)?;
        let file = BufWriter::with_capacity(256 * 1024, file);
        let encoder = match target.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Encoder::Gzip(GzEncoder::new(file, Compression::default())),
            Some("zst") => {
                let encoder = zstd::stream::write::Encoder::new(file, 0);
                Encoder::Zstd(encoder.map_err(cannot_write)?)
            }
            _ => Encoder::Plain(file),
        };
        Ok(Self { encoder: Some(encoder), part, target: target.to_owned() })
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// [`FileError`], with the path; then nothing stands under the name.
    pub fn finish(mut self) -> Result<(), FileError> {
        let place = (|| {
            let Some(encoder) = self.encoder.take() else { return Ok(()) };
            let buffered = match encoder {
                Encoder::Plain(file) => file,
                Encoder::Gzip(encoder) => encoder.finish()?,
                Encoder::Zstd(encoder) => encoder.finish()?,
            };
            buffered.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&self.part, &self.target)
        })();
        if place.is_err() {
            drop(std::fs::remove_file(&self.part));
        }
        place.map_err(|cause| FileError::Write { path: self.target.clone(), cause })
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
        if self.encoder.is_some() {
            drop(std::fs::remove_file(&self.part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_not_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("x.csv");
        let names = || {
            let mut names: Vec<_> = std::fs::read_dir(directory.path())
                .expect("read")
                .map(|it| it.expect("read").file_name())
                .collect();
            names.sort();
            names
        };
        let mut file = NewFile::create(&target, false).expect("begun");
        file.write_all(b"half").expect("written");
        assert_eq!(names(), ["x.csv.part"]);
        drop(file);
        assert!(names().is_empty());
        let mut file = NewFile::create(&target, false).expect("begun");
        file.write_all(b"whole").expect("written");
        file.finish().expect("finished");
        assert_eq!(std::fs::read(&target).expect("read"), b"whole");
        assert!(NewFile::create(&target, false).is_err_and(|error| matches!(error, FileError::Exists(_))));
        let mut file = NewFile::create(&target, true).expect("begun");
        file.write_all(b"half").expect("written");
        assert_eq!(std::fs::read(file.keep_part()).expect("read"), b"half");
        assert_eq!(
            std::fs::read(&target).expect("read"),
            b"whole",
            "the old file stands until the new one is whole"
        );
    }
}
