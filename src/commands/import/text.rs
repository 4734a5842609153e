//! A source as plain UTF-8 text that can be read more than once: the file itself, or a temporary copy of what is
//! compressed, in UTF-16 or comes from a pipe.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;

use crate::error::Failure;
use crate::terminal::encoding::{Encoding, Utf16Units};

/// How much is read at a time. A jump costs as much as this.
const WINDOW: usize = 64 * 1024;

/// A file or stdin, opened and not yet read.
pub(super) struct Source {
    pub(super) name: Arc<str>,
    path: PathBuf,
    file: Option<File>,
    is_regular: bool,
}

impl Source {
    /// Opens a file; `-` is stdin.
    ///
    /// # Errors
    /// [`Failure`] when there is none, or it is a directory.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self { name: "stdin".into(), path: path.to_owned(), file: None, is_regular: false });
        }
        let file = File::open(path).map_err(|error| Failure::file(path, "read", &error))?;
        let metadata = file.metadata().ok();
        if metadata.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Failure::usage(format!("{} is a directory: name files", path.display())));
        }
        let is_regular = metadata.is_some_and(|it| it.is_file());
        Ok(Self {
            name: path.display().to_string().into(),
            path: path.to_owned(),
            file: Some(file),
            is_regular,
        })
    }

    /// The name of the table that a file without one inside is taken for.
    pub(super) fn table(&self) -> String {
        let stem = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        stem.split('.').next().unwrap_or_default().to_owned()
    }

    /// Reads what must be read once, and gives the text.
    ///
    /// # Errors
    /// The system's, and a text that is not what its first bytes say.
    pub(super) fn text(self) -> io::Result<Text> {
        let Some(file) = self.file else { return Text::copied(BufReader::new(io::stdin())) };
        if !self.is_regular {
            return Text::copied(BufReader::new(file));
        }
        let mut head = Vec::new();
        (&file).take(4).read_to_end(&mut head)?;
        (&file).seek(SeekFrom::Start(0))?;
        match Packing::of(&head).is_plain() && Encoding::of(&head) == Encoding::Utf8 {
            true => Ok(Text { file: Arc::new(Mutex::new(file)) }),
            false => Text::copied(BufReader::new(file)),
        }
    }
}

/// How bytes are packed, by their first ones and not by a name.
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    fn of(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else {
            Self::Plain
        }
    }

    const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }
}

/// Text that can be read from any place.
#[derive(Clone)]
pub(super) struct Text {
    file: Arc<Mutex<File>>,
}

impl Text {
    /// A copy that only this process can open: it has no name, and is gone with the process.
    fn copied(packed: impl BufRead + 'static) -> io::Result<Self> {
        let mut packed = packed;
        let plain: Box<dyn Read> = match Packing::of(packed.fill_buf()?) {
            Packing::Plain => Box::new(packed),
            Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
        };
        let mut plain = BufReader::with_capacity(WINDOW, plain);
        let cannot_keep = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("cannot keep a temporary copy of it (set TMPDIR to a directory with room): {error}"),
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
                    let c = c.map_err(|_| io::Error::other("it is no valid UTF-16"))?;
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

    /// These bytes, whatever they look like.
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("written");
        Self { file: Arc::new(Mutex::new(file)) }
    }

    /// A reader of its own, at the text's beginning behind a byte order mark.
    pub(super) fn reader(&self) -> io::Result<Window> {
        let mut window = Window { file: Arc::clone(&self.file), buffer: Vec::new(), start: 0, at: 0 };
        if window.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
            window.consume("\u{feff}".len());
        }
        Ok(window)
    }
}

/// A piece of a text in memory, which moves along with its reader.
pub(super) struct Window {
    file: Arc<Mutex<File>>,
    buffer: Vec<u8>,
    /// Where the buffer stands in the text.
    start: u64,
    /// How far the buffer was read.
    at: usize,
}

impl Window {
    pub(super) fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Goes to a place. Going back fills the buffer before that place as well, for whoever goes back goes on to.
    pub(super) fn go_to(&mut self, place: u64) -> io::Result<()> {
        let end = self.start + self.buffer.len() as u64;
        if !(self.start..end).contains(&place) {
            let from = if place < self.start { place.saturating_sub(WINDOW as u64 * 3 / 4) } else { place };
            self.load(from)?;
        }
        self.at = usize::try_from(place - self.start).unwrap_or(self.buffer.len()).min(self.buffer.len());
        Ok(())
    }

    fn load(&mut self, from: u64) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(from))?;
        self.buffer.resize(WINDOW, 0);
        let mut filled = 0;
        while filled < WINDOW {
            match file.read(&mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(filled);
        (self.start, self.at) = (from, 0);
        Ok(())
    }

    /// The next byte, which stays.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        if let Some(byte) = self.buffer.get(self.at) {
            return Ok(Some(*byte));
        }
        Ok(self.fill_buf()?.first().copied())
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Window {
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
    fn text_is_the_same_however_it_is_encoded_and_packed() {
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
                let text = Text::copied(io::Cursor::new(bytes)).expect("a temporary file");
                text.reader().expect("read").read_to_string(&mut read).expect("UTF-8");
                assert_eq!(read, expected);
            }
        }
    }

    #[test]
    fn a_window_is_read_forwards_and_backwards() {
        let bytes: Vec<u8> = (0..WINDOW * 3).map(|at| u8::try_from(at % 251).expect("small")).collect();
        let mut window = Text::of(&bytes).reader().expect("read");
        for place in [0, WINDOW + 7, WINDOW - 1, 3, WINDOW * 3 - 1, WINDOW * 2] {
            window.go_to(place as u64).expect("read");
            assert_eq!(window.position(), place as u64);
            assert_eq!(window.byte().expect("read"), Some(bytes[place]));
        }
        window.go_to((WINDOW * 3) as u64).expect("read");
        assert_eq!(window.byte().expect("read"), None);
    }
}
