//! Compression of a file, chosen by the ending of its name.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// How the name's ending says the file is compressed, in upper or lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CompressionFormat {
    Plain,
    Gzip,
    Zstd,
}

impl CompressionFormat {
    pub(super) fn of(target: &Path) -> Self {
        let ending = target.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }

    pub(super) fn begin<W: Write>(self, file: BufWriter<W>) -> io::Result<Encoder<W>> {
        Ok(match self {
            Self::Plain => Encoder::Plain(file),
            Self::Gzip => Encoder::Gzip(GzEncoder::new(file, Compression::default())),
            Self::Zstd => Encoder::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
        })
    }
}

/// What stands between the data and the file.
pub(super) enum Encoder<W: Write> {
    Plain(BufWriter<W>),
    Gzip(GzEncoder<BufWriter<W>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<W>>),
}

impl<W: Write> Encoder<W> {
    /// Ends the last compressed member.
    pub(super) fn end(self) -> io::Result<BufWriter<W>> {
        match self {
            Self::Plain(file) => Ok(file),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
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

/// Unpacks what was written under this name.
///
/// # Errors
/// When Zstandard cannot be set up.
pub(crate) fn decompressed<'a>(
    target: &Path,
    packed: impl Read + Send + 'a,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match CompressionFormat::of(target) {
        CompressionFormat::Plain => Box::new(packed),
        CompressionFormat::Gzip => Box::new(MultiGzDecoder::new(packed)),
        CompressionFormat::Zstd => Box::new(zstd::stream::read::Decoder::new(packed)?),
    })
}
