//! Rows of delimited text, as databases and spreadsheets write it.
//!
//! RFC 4180, which PostgreSQL's `COPY … CSV` and spreadsheets keep to, also with semicolons; MySQL's `INTO OUTFILE` with
//! its backslashes; and text without quotes, as `mysql --batch` and PostgreSQL's text form write it. The `csv` crate does
//! not tell whether a cell stood in quotes, and by that alone `NULL` is told from "NULL". What cells mean is not known here.

pub(super) mod dialect;

use std::io;

use crate::commands::import::record::{Cell, Content, Kind, MAX_RECORD_BYTES, Place, Record, Records};
use crate::commands::import::text::Window;
use crate::model::evidence::trailer::Trailer;

/// By which rules cells are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Quotes that are doubled within quotes; a backslash is a backslash.
    Doubled,
    /// A backslash before a quote, a backslash or a line break.
    Backslash,
    /// No quotes; `\t`, `\n`, `\\`.
    Absent,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) separator: u8,
    pub(super) quotes: Quotes,
}

/// What of a row is not as its dialect writes it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Faults {
    /// Text behind a closing quote, or a quote that is never closed: the cells may not be what they were.
    pub(super) is_broken: bool,
    /// Spellings that the dialect's writers do not use.
    pub(super) odd: u64,
    /// Whether a cell is the bare `\N`.
    pub(super) has_null: bool,
    pub(super) has_backslash: bool,
}

/// Reads rows.
pub(super) struct Rows {
    text: Window,
    dialect: Dialect,
    /// How many cells a row has, once it is known.
    pub(super) width: Option<usize>,
    line: u64,
    pub(super) faults: Faults,
    left: usize,
}

impl Rows {
    pub(super) fn new(text: Window, dialect: Dialect) -> Self {
        Self { text, dialect, width: None, line: 1, faults: Faults::default(), left: 0 }
    }

    pub(super) fn place(&self) -> Place {
        Place { offset: self.text.position(), number: self.line }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| io::Error::other("a row is too long: is a quote left open?"))?;
        let byte = self.text.byte()?;
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    /// Whether a cell ends here.
    fn is_end(&mut self) -> io::Result<bool> {
        Ok(match self.text.peek()? {
            None | Some(b'\n') => true,
            Some(b'\r') => self.is_line_end()?,
            Some(byte) => byte == self.dialect.separator,
        })
    }

    /// Whether the `\r` that is next belongs to the end of a line.
    fn is_line_end(&mut self) -> io::Result<bool> {
        let at = self.text.position();
        self.text.byte()?;
        let next = self.text.peek()?;
        self.text.go_to(at)?;
        Ok(matches!(next, None | Some(b'\n')))
    }

    /// The cells of the next row, blank lines passed over; none behind the last.
    pub(super) fn cells(&mut self) -> io::Result<Option<(Place, Vec<Cell>)>> {
        loop {
            let place = self.place();
            (self.faults, self.left) = (Faults::default(), MAX_RECORD_BYTES);
            if self.text.peek()?.is_none() {
                return Ok(None);
            }
            let mut cells = Vec::with_capacity(self.width.unwrap_or(16));
            loop {
                cells.push(self.cell()?);
                if self.text.peek()? == Some(self.dialect.separator) {
                    self.byte()?;
                    continue;
                }
                break;
            }
            if self.text.peek()? == Some(b'\r') {
                self.byte()?;
            }
            self.byte()?;
            if !matches!(&cells[..], [cell] if cell.kind == Kind::Bare && cell.text.is_empty()) {
                return Ok(Some((place, cells)));
            }
        }
    }

    fn cell(&mut self) -> io::Result<Cell> {
        let mut cell = Cell::default();
        if self.dialect.quotes != Quotes::Absent && self.text.peek()? == Some(b'"') {
            self.byte()?;
            cell.kind = Kind::Quoted;
            self.quoted(&mut cell.text)?;
        }
        while !self.is_end()? {
            // Text behind a closing quote.
            self.faults.is_broken |= cell.kind == Kind::Quoted;
            let Some(byte) = self.byte()? else { break };
            match byte {
                b'\\' if self.dialect.quotes != Quotes::Doubled => {
                    self.faults.has_backslash = true;
                    if cell.text.is_empty() && self.text.peek()? == Some(b'N') {
                        self.byte()?;
                        if self.is_end()? {
                            self.faults.has_null = true;
                            cell.kind = Kind::Null;
                            return Ok(cell);
                        }
                        self.faults.odd += 1;
                        cell.text.extend(b"\\N");
                    } else {
                        self.escape(&mut cell.text)?;
                    }
                }
                b'"' => {
                    self.faults.odd += u64::from(self.dialect.quotes != Quotes::Absent);
                    cell.text.push(byte);
                }
                _ => {
                    self.faults.has_backslash |= byte == b'\\';
                    cell.text.push(byte);
                }
            }
        }
        let is_literal = self.dialect.quotes == Quotes::Doubled;
        if is_literal && cell.kind == Kind::Bare && cell.text == b"\\N" {
            self.faults.has_null = true;
            cell.kind = Kind::Null;
            cell.text.clear();
        }
        // As a writer with quotes writes it.
        let looks_quoted = self.dialect.quotes == Quotes::Absent && cell.text.len() > 1;
        if looks_quoted && cell.text.starts_with(b"\"") && cell.text.ends_with(b"\"") {
            self.faults.odd += 1;
        }
        Ok(cell)
    }

    /// What stands between quotes, the first of which was read.
    fn quoted(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let Some(byte) = self.byte()? else {
                self.faults.is_broken = true;
                return Ok(());
            };
            match byte {
                b'"' if self.text.peek()? == Some(b'"') => {
                    self.byte()?;
                    self.faults.odd += u64::from(self.dialect.quotes == Quotes::Backslash);
                    text.push(b'"');
                }
                b'"' => return Ok(()),
                b'\\' if self.dialect.quotes == Quotes::Backslash => {
                    self.faults.has_backslash = true;
                    self.escape(text)?;
                }
                _ => {
                    self.faults.has_backslash |= byte == b'\\';
                    text.push(byte);
                }
            }
        }
    }

    /// What a backslash stands for, which was read.
    fn escape(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        let Some(byte) = self.byte()? else {
            text.push(b'\\');
            return Ok(());
        };
        let is_plain = self.dialect.quotes == Quotes::Absent;
        let short = match byte {
            b'0' => Some(0),
            b'n' => Some(b'\n'),
            b't' => Some(b'\t'),
            b'r' => Some(b'\r'),
            b'b' if is_plain => Some(8),
            b'f' if is_plain => Some(12),
            b'v' if is_plain => Some(11),
            b'Z' if is_plain => Some(26),
            _ => None,
        };
        match (byte, short) {
            (_, Some(short)) => {
                // MySQL writes line breaks in quotes as they are, behind a backslash.
                self.faults.odd += u64::from(!is_plain && byte != b'0');
                text.push(short);
            }
            (b'\\' | b'\n' | b'\r' | b'"' | b'\'' | b'\t', None) => text.push(byte),
            (byte, None) if byte == self.dialect.separator => text.push(byte),
            // Nobody who writes by these rules writes that: the backslash is one of the text.
            (byte, None) => {
                self.faults.odd += 1;
                text.extend([b'\\', byte]);
            }
        }
        Ok(())
    }
}

impl Records for Rows {
    fn next(&mut self) -> io::Result<Option<Record>> {
        let Some((place, cells)) = self.cells()? else { return Ok(None) };
        let is_trailer = matches!(&cells[..], [cell] if Trailer::is_begun_by(&cell.text));
        let content = match self.width {
            _ if is_trailer => Content::Trailer,
            Some(width) if cells.len() != width => {
                Content::Bad(format!("the row has {} cells and the header {width}", cells.len()))
            }
            _ if self.faults.is_broken => Content::Bad(
                "a cell goes on behind its closing quote, or its quote is never closed".to_owned(),
            ),
            _ => Content::Cells(cells),
        };
        Ok(Some(Record { place, content }))
    }

    fn go_to(&mut self, place: Place) -> io::Result<()> {
        self.line = place.number;
        self.text.go_to(place.offset)
    }
}
