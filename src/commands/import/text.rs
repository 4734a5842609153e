//! Gives a source as seekable UTF-8 text: the file itself, or a temporary copy if it is compressed, in UTF-16 or a pipe.
//! What the text holds is not known here.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;

use crate::error::Failure;
use crate::terminal::encoding::{Encoding, Utf16Units};

/// The bytes of one read. A jump costs one read.
const WINDOW: usize = 64 * 1024;

/// An opened file, or stdin.
pub(super) struct InputFile {
    pub(super) name: Arc<str>,
    path: PathBuf,
    file: Option<File>,
    is_regular: bool,
}

impl InputFile {
    /// Opens a file; `-` is stdin.
    ///
    /// # Errors
    /// When the file does not exist or is a directory.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self { name: "stdin".into(), path: path.to_owned(), file: None, is_regular: false });
        }
        let file = File::open(path).map_err(|error| Failure::file(path, "read", &error))?;
        let metadata = file.metadata().ok();
        if metadata.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Failure::usage(format!("{} is a directory: expected a file", path.display())));
        }
        let is_regular = metadata.is_some_and(|it| it.is_file());
        Ok(Self {
            name: path.display().to_string().into(),
            path: path.to_owned(),
            file: Some(file),
            is_regular,
        })
    }

    /// The table's name, for files whose rows do not name their table.
    pub(super) fn table_name(&self) -> String {
        let stem = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        stem.split('.').next().unwrap_or_default().to_owned()
    }

    /// The text. Makes a copy if the file cannot be read in place.
    pub(super) fn text(self) -> io::Result<SourceText> {
        let Some(file) = self.file else { return SourceText::copied(BufReader::new(io::stdin())) };
        if !self.is_regular {
            return SourceText::copied(BufReader::new(file));
        }
        let mut head = Vec::new();
        (&file).take(4).read_to_end(&mut head)?;
        (&file).seek(SeekFrom::Start(0))?;
        match (Compression::of(&head), Encoding::of(&head)) {
            (Compression::None, Encoding::Utf8) => Ok(SourceText { file: Arc::new(Mutex::new(file)) }),
            _ => SourceText::copied(BufReader::new(file)),
        }
    }
}

/// The compression of a file, by its first bytes and not by its name.
enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    fn of(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else {
            Self::None
        }
    }
}

/// UTF-8 text that can be read from any position.
#[derive(Clone)]
pub(super) struct SourceText {
    file: Arc<Mutex<File>>,
}

impl SourceText {
    /// A copy without a name: only this process can read it, and it disappears with the process.
    fn copied(packed: impl BufRead + 'static) -> io::Result<Self> {
        let mut packed = packed;
        let plain: Box<dyn Read> = match Compression::of(packed.fill_buf()?) {
            Compression::None => Box::new(packed),
            Compression::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
        };
        let mut plain = BufReader::with_capacity(WINDOW, plain);
        let cannot_keep = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("cannot write a temporary copy (set TMPDIR to a directory with free space): {error}"),
            )
        };
        let mut copy = BufWriter::with_capacity(WINDOW, tempfile::tempfile().map_err(cannot_keep)?);
        let mut head = Vec::new();
        (&mut plain).take(4).read_to_end(&mut head)?;
        let encoding = Encoding::of(&head);
        let mut whole = io::Cursor::new(head).chain(plain);
        match encoding {
            Encoding::Utf8 => {
                let mut buffer = vec![0; WINDOW];
                loop {
                    let read = whole.read(&mut buffer)?;
                    if read == 0 {
                        break;
                    }
                    copy.write_all(&buffer[..read]).map_err(cannot_keep)?;
                }
            }
            Encoding::Utf16 { big_endian } => {
                let mut fault = None;
                let units = Utf16Units { source: whole, big_endian }
                    .map_while(|unit| unit.map_err(|error| fault = Some(error)).ok());
                for c in char::decode_utf16(units) {
                    let c = c.map_err(|_| io::Error::other("it is not valid UTF-16"))?;
                    copy.write_all(c.encode_utf8(&mut [0; 4]).as_bytes()).map_err(cannot_keep)?;
                }
                if let Some(error) = fault {
                    return Err(error);
                }
            }
        }
        let file = copy.into_inner().map_err(|error| cannot_keep(error.into_error()))?;
        Ok(Self { file: Arc::new(Mutex::new(file)) })
    }

    /// These bytes as they are.
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("written");
        Self { file: Arc::new(Mutex::new(file)) }
    }

    /// A new reader at the beginning, after a byte order mark.
    pub(super) fn reader(&self) -> io::Result<TextReader> {
        let mut reader = TextReader { file: Arc::clone(&self.file), buffer: Vec::new(), start: 0, at: 0 };
        if reader.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
            reader.consume("\u{feff}".len());
        }
        Ok(reader)
    }
}

/// Reads a text through a buffer. Several readers share one file.
pub(super) struct TextReader {
    file: Arc<Mutex<File>>,
    buffer: Vec<u8>,
    /// The position of the buffer in the text.
    start: u64,
    /// How much of the buffer was read.
    at: usize,
}

impl TextReader {
    pub(super) fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Continues at a position. A step back also loads what comes before it, because more steps back usually follow.
    pub(super) fn go_to(&mut self, position: u64) -> io::Result<()> {
        let end = self.start + self.buffer.len() as u64;
        if !(self.start..end).contains(&position) {
            let back = if position < self.start { WINDOW as u64 * 3 / 4 } else { 0 };
            let from = position.saturating_sub(back);
            self.load(from)?;
        }
        self.at = usize::try_from(position - self.start).unwrap_or(self.buffer.len()).min(self.buffer.len());
        Ok(())
    }

    fn load(&mut self, from: u64) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(from))?;
        self.buffer.clear();
        (&mut *file).take(WINDOW as u64).read_to_end(&mut self.buffer)?;
        (self.start, self.at) = (from, 0);
        Ok(())
    }

    /// The next byte, without consuming it.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        if let Some(byte) = self.buffer.get(self.at) {
            return Ok(Some(*byte));
        }
        Ok(self.fill_buf()?.first().copied())
    }

    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    /// Skips whitespace. The next byte, without consuming it.
    pub(super) fn skip_whitespace(&mut self) -> io::Result<Option<u8>> {
        while self.peek()?.is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.byte()?;
        }
        self.peek()
    }
}

impl Read for TextReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for TextReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.buffer.len() {
            self.load(self.position())?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.buffer.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
        let mark = mark.then_some('\u{feff}');
        let whole: String = mark.into_iter().chain(text.chars()).collect();
        whole
            .encode_utf16()
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    #[test]
    fn every_encoding_and_compression_gives_the_same_text() {
        let expected = "{\"a\":\"é日👩\"}\r\n";
        let mut forms = vec![expected.as_bytes().to_vec(), format!("\u{feff}{expected}").into_bytes()];
        for big_endian in [false, true] {
            forms.extend([true, false].map(|mark| utf16(expected, big_endian, mark)));
        }
        for form in forms {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&form).expect("memory");
            let packed = [
                form.clone(),
                gzip.finish().expect("memory"),
                zstd::encode_all(&form[..], 0).expect("memory"),
            ];
            for bytes in packed {
                let mut read = String::new();
                let text = SourceText::copied(io::Cursor::new(bytes)).expect("a temporary file");
                text.reader().expect("read").read_to_string(&mut read).expect("UTF-8");
                assert_eq!(read, expected);
            }
        }
    }

    #[test]
    fn a_text_is_read_forwards_and_backwards() {
        let bytes: Vec<u8> = (0..WINDOW * 3).map(|at| u8::try_from(at % 251).expect("small")).collect();
        let mut reader = SourceText::of(&bytes).reader().expect("read");
        for position in [0, WINDOW + 7, WINDOW - 1, 3, WINDOW * 3 - 1, WINDOW * 2] {
            reader.go_to(position as u64).expect("read");
            assert_eq!(reader.position(), position as u64);
            assert_eq!(reader.byte().expect("read"), Some(bytes[position]));
        }
        reader.go_to((WINDOW * 3) as u64).expect("read");
        assert_eq!(reader.byte().expect("read"), None);
    }
}
