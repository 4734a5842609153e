//! What is imported, as it comes out of files and pipes: JSON lines, a JSON list, our CSV, or a table of
//! laravel-auditing in any of these, told apart by how it begins.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::commands::import::own::{self, Header};
use crate::commands::import::rows::{Dialect, Row, Rows};
use crate::error::Failure;
use crate::model::draft::MAX_ENTRY_BYTES;
use crate::model::json::Json;
use crate::model::laravel::{MARK, Reading, Refusal};
use crate::terminal::file::unpacked;

/// The longest line: an entry whose before and after are both as large as an entry may be, written generously.
const MAX_LINE_BYTES: usize = 4 * MAX_ENTRY_BYTES;
/// How much of a text in cells is looked at to tell its dialect.
const HEAD_BYTES: u64 = 64 * 1024;
/// What is said of the last line of an export with a trailer.
const TRAILER: &str = "the trailer of an export and no entry; `krosyn-audit verify` checks it";
/// How a JSON document of ours begins.
const DOCUMENT: &str = "{\"query\":";
/// What is said of one.
const WHOLE_DOCUMENT: &str = "it is one JSON document; import JSON lines (export --format jsonl)";
/// How many items may wait to be sent.
const WAITING: usize = 1000;

/// A file, or stdin.
pub(super) struct Source {
    name: Arc<str>,
    text: Box<dyn BufRead + Send>,
    /// How many bytes it holds, packed as it may be, when that is known.
    pub(super) size: Option<u64>,
}

/// How many bytes were read of all sources by now.
#[derive(Clone, Default)]
pub(super) struct Bytes(Arc<AtomicU64>);

impl Bytes {
    pub(super) fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A reader whose bytes are counted.
struct Counted<R>(R, Bytes);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// What came of a piece of a source. Pieces are counted from 1: lines, or the items of a list.
pub(super) enum Item {
    /// A line as it is sent, or what is wrong with it.
    Line(u64, Result<String, String>),
    /// What a reader should know about the piece.
    Note(u64, String),
    /// A row that was to be left out.
    LeftOut,
    /// A row with an event or a class that stands for nothing here.
    Unmapped(&'static str, String),
    /// Columns that the file lacks.
    Lacking(Vec<&'static str>),
    /// The source cannot be read on.
    Broken(io::Error),
    /// Nothing of the source can be imported, or not yet.
    Refused(String),
}

impl Source {
    /// Opens a file, which is unpacked by its name's ending.
    pub(super) fn open(path: &Path, bytes: &Bytes) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            let text = Box::new(BufReader::new(io::stdin()));
            return Ok(Self { name: "stdin".into(), text, size: None });
        }
        let unreadable = |error| Failure::file(path, "read", &error);
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().ok();
        if metadata.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Failure::usage(format!("{} is a directory: name files", path.display())));
        }
        let size = metadata.filter(Metadata::is_file).map(|metadata| metadata.len());
        let text = unpacked(path, Counted(file, bytes.clone())).map_err(unreadable)?;
        let text = Box::new(BufReader::with_capacity(256 * 1024, text));
        Ok(Self { name: path.display().to_string().into(), text, size })
    }
}

/// Reads the sources one after another, on a thread of its own: while stdin is silent, Ctrl-C is still heard. How
/// laravel's rows are to be read, or what has to be said first, is needed only where there are some.
pub(super) fn read(sources: Vec<Source>, reading: Result<Reading, String>) -> Receiver<(Arc<str>, Item)> {
    let (sender, receiver) = channel(WAITING);
    std::thread::spawn(move || {
        for Source { name, text, .. } in sources {
            let mut reader = Reader { name, sender: &sender, reading: &reading };
            match reader.source(text) {
                Ok(()) => {}
                Err(Stop::Unheard) => return,
                Err(Stop::Broken(error)) => {
                    drop(reader.say(Item::Broken(error)));
                    return;
                }
            }
        }
    });
    receiver
}

/// Why reading ends early: nobody listens any more, or there is no more to read.
enum Stop {
    Unheard,
    Broken(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

struct Reader<'a> {
    name: Arc<str>,
    sender: &'a Sender<(Arc<str>, Item)>,
    reading: &'a Result<Reading, String>,
}

impl Reader<'_> {
    fn say(&self, item: Item) -> Result<(), Stop> {
        self.sender.blocking_send((Arc::clone(&self.name), item)).map_err(|_| Stop::Unheard)
    }

    fn source(&mut self, mut text: Box<dyn BufRead + Send>) -> Result<(), Stop> {
        if text.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
            text.consume("\u{feff}".len());
        }
        match text.fill_buf()?.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None | Some(b'{') => self.lines(&mut *text),
            Some(b'[') => self.list(text),
            Some(_) => self.rows(text),
        }
    }

    fn lines(&self, source: &mut dyn BufRead) -> Result<(), Stop> {
        let mut number = 0;
        while let Some(line) = read_line(source)? {
            number += 1;
            match line {
                Ok(line) if number == 1 && line.starts_with(DOCUMENT) => {
                    return self.say(Item::Refused(WHOLE_DOCUMENT.to_owned()));
                }
                Err(detail) => self.say(Item::Line(number, Err(detail)))?,
                Ok(line) if line.trim().is_empty() => {}
                Ok(line) => self.object(number, &line)?,
            }
        }
        Ok(())
    }

    fn list(&self, source: Box<dyn BufRead + Send>) -> Result<(), Stop> {
        let mut items = Items { reader: self, number: 0, stopped: None };
        let mut list = serde_json::Deserializer::from_reader(source);
        let parsed = match list.deserialize_seq(&mut items) {
            Ok(()) => list.end(),
            Err(error) => Err(error),
        };
        match (items.stopped, parsed) {
            (Some(stop), _) => Err(stop),
            (None, Err(error)) if error.is_io() => Err(Stop::Broken(error.into())),
            // Its words hold places, not values.
            (None, Err(error)) => {
                let place =
                    format!("the list is no JSON at line {}, column {}", error.line(), error.column());
                self.say(Item::Line(items.number + 1, Err(place)))
            }
            (None, Ok(())) => Ok(()),
        }
    }

    fn rows(&self, mut source: Box<dyn BufRead + Send>) -> Result<(), Stop> {
        let mut head = Vec::new();
        (&mut source).take(HEAD_BYTES).read_to_end(&mut head)?;
        // Our own CSV is known by its header and keeps to RFC 4180: JSON in its cells says nothing of how it is written.
        let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let dialect = if own::is_header(header) { Dialect::Doubled } else { Dialect::of(&head) };
        // The reader of rows takes the second half of such a line's end for the next line's beginning.
        let half_ends = u64::from(header.ends_with(b"\r"));
        let most = MAX_LINE_BYTES as u64 + HEAD_BYTES;
        let mut rows = Rows::open(Box::new(Cursor::new(head).chain(source)), dialect, most)?;
        let is_laravels = rows.header().iter().any(|name| name == MARK);
        if !is_laravels {
            match own::judge(rows.header()) {
                Header::Ours(lacking) if lacking.is_empty() => {}
                Header::Ours(lacking) => self.say(Item::Lacking(lacking))?,
                Header::Short(missing) => {
                    let missing = missing.join(", ");
                    return self.say(Item::Refused(format!(
                        "it has no column {missing}: an entry cannot be made of it (export without --columns has them all)"
                    )));
                }
                Header::Foreign => {
                    let what = "it is neither JSON, nor our CSV, nor a laravel-auditing table with its column names in the first row";
                    return self.say(Item::Refused(what.to_owned()));
                }
            }
        }
        while let Some(Row { line, is_trailer, cells }) = rows.next()? {
            let line = line + half_ends;
            match cells {
                _ if is_trailer => self.say(Item::Note(line, TRAILER.to_owned()))?,
                Err(detail) => self.say(Item::Line(line, Err(detail)))?,
                Ok(cells) if is_laravels => self.laravel(line, &cells)?,
                Ok(cells) => self.say(Item::Line(line, own::line(&cells)))?,
            }
        }
        Ok(())
    }

    /// A JSON object: a row of laravel's, or an entry.
    fn object(&self, number: u64, text: &str) -> Result<(), Stop> {
        // The parser's words hold places, not values.
        match Json::parse(text.trim()) {
            Err(error) => self.say(Item::Line(number, Err(error.to_string()))),
            Ok(Json::Object(members)) if members.iter().any(|(name, _)| name == MARK) => {
                self.laravel(number, &members)
            }
            Ok(Json::Object(members)) if members.first().is_some_and(|(name, _)| name == "trailer") => {
                self.say(Item::Note(number, TRAILER.to_owned()))
            }
            Ok(Json::Object(members)) => self.say(Item::Line(number, prepared(members))),
            Ok(_) => self.say(Item::Line(number, Err("the line is no JSON object".to_owned()))),
        }
    }

    fn laravel(&self, number: u64, row: &[(String, Json)]) -> Result<(), Stop> {
        let reading = match self.reading {
            Ok(reading) => reading,
            Err(needed) => return self.say(Item::Refused(needed.clone())),
        };
        match reading.proposal(row) {
            Ok((proposal, note)) => {
                if let Some(note) = note {
                    self.say(Item::Note(number, note))?;
                }
                self.say(Item::Line(
                    number,
                    serde_json::to_string(&proposal).map_err(|error| error.to_string()),
                ))
            }
            Err(Refusal::LeftOut) => self.say(Item::LeftOut),
            Err(Refusal::Unmapped(what, name)) => self.say(Item::Unmapped(what, name)),
            Err(Refusal::Wrong(detail)) => self.say(Item::Line(number, Err(detail))),
        }
    }
}

/// The items of a JSON list, one after the other, so that a list of any length fits.
struct Items<'a> {
    reader: &'a Reader<'a>,
    number: u64,
    stopped: Option<Stop>,
}

impl<'de> Visitor<'de> for &mut Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<Box<RawValue>>()? {
            self.number += 1;
            if let Err(stop) = self.reader.object(self.number, item.get()) {
                self.stopped = Some(stop);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// Reads a line within bounds; one that is too long or no UTF-8 is skipped whole and told.
fn read_line(source: &mut dyn BufRead) -> io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    let limit = MAX_LINE_BYTES as u64 + 1;
    if (&mut *source).take(limit).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() > MAX_LINE_BYTES {
        while !bytes.ends_with(b"\n") {
            bytes.clear();
            if (&mut *source).take(limit).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
        }
        return Ok(Some(Err(format!("the line is longer than {MAX_LINE_BYTES} bytes"))));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())))
}

/// A line as it is sent: without what the server gives.
fn prepared(mut members: Vec<(String, Json)>) -> Result<String, String> {
    members.retain(|(key, _)| key != "id" && key != "recorded_at");
    if !members.iter().any(|(key, _)| key == "occurred_at") {
        return Err("there is no occurred_at: an imported entry must say when it happened".to_owned());
    }
    Ok(Json::Object(members).to_string())
}

#[cfg(test)]
mod tests;
