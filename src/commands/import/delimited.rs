//! Reads the rows of delimited text, as databases and spreadsheets write it. What cells mean is not known here.
//!
//! Three notations are read. PostgreSQL's `COPY … CSV` and spreadsheets keep to RFC 4180, also with semicolons. MySQL's
//! `INTO OUTFILE` uses backslashes. `mysql --batch` and PostgreSQL's text format have no quotes. The `csv` crate does not
//! tell whether a cell was quoted, and only that tells `NULL` from `"NULL"`.

pub(super) mod dialect;

use std::io;

use crate::commands::import::record::{
    CellKind, ImportRecord, MAX_RECORD_BYTES, RecordContent, RecordPosition, RecordReader, SourceCell,
};
use crate::commands::import::text::TextReader;
use crate::model::evidence::trailer::Trailer;

/// How special characters in cells are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Quotes are doubled within quotes. A backslash is an ordinary character.
    Doubled,
    /// A backslash stands before a quote, a backslash or a line break.
    Backslash,
    /// No quotes, but escapes such as `\t`, `\n` and `\\`.
    Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CsvDialect {
    pub(super) separator: u8,
    pub(super) quoting: Quoting,
}

/// Where a row departs from its dialect.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowDefects {
    /// Text after a closing quote, or an unclosed quote. The cells may be wrong.
    pub(super) is_broken: bool,
    /// The number of notations that writers of the dialect do not use.
    pub(super) odd: u64,
    /// Whether a cell is `\N` without quotes.
    pub(super) has_null: bool,
    pub(super) has_backslash: bool,
}

pub(super) struct DelimitedReader {
    text: TextReader,
    dialect: CsvDialect,
    /// The number of cells in a row, once the header is known.
    pub(super) width: Option<usize>,
    line: u64,
    pub(super) defects: RowDefects,
    /// How many bytes this row may still have.
    left: usize,
}

impl DelimitedReader {
    pub(super) fn new(text: TextReader, dialect: CsvDialect) -> Self {
        Self { text, dialect, width: None, line: 1, defects: RowDefects::default(), left: 0 }
    }

    pub(super) fn position(&self) -> RecordPosition {
        RecordPosition { offset: self.text.position(), number: self.line }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| io::Error::other("a row is too long (is a quote left open?)"))?;
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

    /// Whether the next `\r` belongs to a line end.
    fn is_line_end(&mut self) -> io::Result<bool> {
        let at = self.text.position();
        self.text.byte()?;
        let next = self.text.peek()?;
        self.text.go_to(at)?;
        Ok(matches!(next, None | Some(b'\n')))
    }

    /// The cells of the next row that is not blank; `None` at the end.
    pub(super) fn cells(&mut self) -> io::Result<Option<(RecordPosition, Vec<SourceCell>)>> {
        loop {
            let position = self.position();
            (self.defects, self.left) = (RowDefects::default(), MAX_RECORD_BYTES);
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
            if !matches!(&cells[..], [cell] if cell.kind == CellKind::Bare && cell.text.is_empty()) {
                return Ok(Some((position, cells)));
            }
        }
    }

    fn cell(&mut self) -> io::Result<SourceCell> {
        let mut cell = SourceCell::default();
        if self.dialect.quoting != Quoting::Absent && self.text.peek()? == Some(b'"') {
            self.byte()?;
            cell.kind = CellKind::Quoted;
            self.quoted(&mut cell.text)?;
        }
        while !self.is_end()? {
            // Text after a closing quote.
            self.defects.is_broken |= cell.kind == CellKind::Quoted;
            let Some(byte) = self.byte()? else { break };
            match byte {
                b'\\' if self.dialect.quoting != Quoting::Doubled => {
                    self.defects.has_backslash = true;
                    if cell.text.is_empty() && self.text.peek()? == Some(b'N') {
                        self.byte()?;
                        if self.is_end()? {
                            self.defects.has_null = true;
                            cell.kind = CellKind::Null;
                            return Ok(cell);
                        }
                        self.defects.odd += 1;
                        cell.text.extend(b"\\N");
                    } else {
                        self.escape(&mut cell.text)?;
                    }
                }
                b'"' => {
                    self.defects.odd += u64::from(self.dialect.quoting != Quoting::Absent);
                    cell.text.push(byte);
                }
                _ => {
                    self.defects.has_backslash |= byte == b'\\';
                    cell.text.push(byte);
                }
            }
        }
        let is_literal = self.dialect.quoting == Quoting::Doubled;
        if is_literal && cell.kind == CellKind::Bare && cell.text == b"\\N" {
            self.defects.has_null = true;
            cell.kind = CellKind::Null;
            cell.text.clear();
        }
        // A writer that uses quotes wrote this.
        let looks_quoted = self.dialect.quoting == Quoting::Absent && cell.text.len() > 1;
        if looks_quoted && cell.text.starts_with(b"\"") && cell.text.ends_with(b"\"") {
            self.defects.odd += 1;
        }
        Ok(cell)
    }

    /// Reads a quoted text after its opening quote.
    fn quoted(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let Some(byte) = self.byte()? else {
                self.defects.is_broken = true;
                return Ok(());
            };
            match byte {
                b'"' if self.text.peek()? == Some(b'"') => {
                    self.byte()?;
                    self.defects.odd += u64::from(self.dialect.quoting == Quoting::Backslash);
                    text.push(b'"');
                }
                b'"' => return Ok(()),
                b'\\' if self.dialect.quoting == Quoting::Backslash => {
                    self.defects.has_backslash = true;
                    self.escape(text)?;
                }
                _ => {
                    self.defects.has_backslash |= byte == b'\\';
                    text.push(byte);
                }
            }
        }
    }

    /// Reads an escape after its backslash.
    fn escape(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        let Some(byte) = self.byte()? else {
            text.push(b'\\');
            return Ok(());
        };
        let is_plain = self.dialect.quoting == Quoting::Absent;
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
                // Within quotes MySQL writes a backslash and the line break itself.
                self.defects.odd += u64::from(!is_plain && byte != b'0');
                text.push(short);
            }
            (b'\\' | b'\n' | b'\r' | b'"' | b'\'' | b'\t', None) => text.push(byte),
            (byte, None) if byte == self.dialect.separator => text.push(byte),
            // No writer uses this escape, so the backslash belongs to the text.
            (byte, None) => {
                self.defects.odd += 1;
                text.extend([b'\\', byte]);
            }
        }
        Ok(())
    }
}

impl RecordReader for DelimitedReader {
    fn next(&mut self) -> io::Result<Option<ImportRecord>> {
        let Some((position, cells)) = self.cells()? else { return Ok(None) };
        let is_trailer = matches!(&cells[..], [cell] if Trailer::is_begun_by(&cell.text));
        let content = match self.width {
            _ if is_trailer => RecordContent::Trailer,
            Some(width) if cells.len() != width => {
                RecordContent::Bad(format!("the row has {} cells, the header has {width}", cells.len()))
            }
            _ if self.defects.is_broken => RecordContent::Bad(
                "a cell has text after its closing quote, or its quote is not closed".to_owned(),
            ),
            _ => RecordContent::Cells(cells),
        };
        Ok(Some(ImportRecord { position, content }))
    }

    fn go_to(&mut self, position: RecordPosition) -> io::Result<()> {
        self.line = position.number;
        self.text.go_to(position.offset)
    }
}
