//! Compresses and decompresses files by their extension.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// A compression format. The file's extension selects it; its case does not matter.
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

/// A writer that compresses into a file.
pub(super) enum Encoder<W: Write> {
    Plain(BufWriter<W>),
    Gzip(GzEncoder<BufWriter<W>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<W>>),
}

impl<W: Write> Encoder<W> {
    /// Ends the current compressed member.
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

/// Decompresses the content of a file with this name.
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
