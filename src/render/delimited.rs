//! Streams entries as CSV for spreadsheets and databases, and as TSV for scripts.
//!
//! CSV is RFC 4180 with `\n` between rows, which Python, SQLite's `.import` and spreadsheets read, and has a guard
//! against formulas. TSV has exactly one line for each entry. It must not know the query or the destination.

mod cells;
pub mod guard;
pub mod records;
mod spreadsheet;

use std::io::{self, Write};

use crate::model::change::Change;
use crate::model::entry::EntryView;
use crate::model::integrity::leaf::EntryParts;
use crate::model::json::{JsonError, RawJson};
use crate::render::columns::Column;
use crate::render::delimited::cells::Cells;
pub use crate::render::delimited::cells::{CUT, Delimiter, SPREADSHEET_CELL};
pub use crate::render::delimited::spreadsheet::Spreadsheet;

/// The columns that replace `changes` when each changed field has its own row.
pub const FIELD_COLUMNS: [&str; 4] = ["field", "old", "new", "redacted"];

/// How entries become rows. The server renders pages by it, and the client renders the pages of older servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFormat {
    /// The columns, without [`FIELD_COLUMNS`].
    pub columns: Vec<Column>,
    /// The format.
    pub delimiter: Delimiter,
    /// Whether each changed field has a row of its own.
    pub by_field: bool,
    /// The most characters of a cell.
    pub max_cell: Option<usize>,
}

impl RowFormat {
    /// Appends the byte order mark and the header, where the format has them.
    pub fn begin(&self, out: &mut Vec<u8>) {
        let (guard, bom, comma) = match self.delimiter {
            Delimiter::Csv { guard, bom } => (guard, bom, ","),
            Delimiter::Spreadsheet(sheet) if sheet.semicolon => (true, true, ";"),
            Delimiter::Spreadsheet(_) => (true, true, ","),
            Delimiter::Tsv => return,
        };
        if bom {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        let fields = FIELD_COLUMNS.into_iter().filter(|_| self.by_field);
        let names = self.columns.iter().map(|column| column.name()).chain(fields);
        for (place, name) in names.enumerate() {
            // `import` recognises an unguarded file by quotes around the first name alone; other readers ignore them.
            let quote = if place == 0 && !guard { "\"" } else { "" };
            let separator = if place == 0 { "" } else { comma };
            for part in [separator, quote, name, quote] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.push(b'\n');
    }

    /// Appends one row, or one for each changed field and at least one. Returns whether a cell is longer than
    /// spreadsheets keep.
    ///
    /// # Errors
    /// [`JsonError`] when the changes are no list of changes.
    pub fn entry(&self, entry: &EntryParts<'_>, out: &mut Vec<u8>) -> Result<bool, JsonError> {
        if !self.by_field {
            return Ok(self.row(entry, None, out));
        }
        let changes: Vec<Change> = serde_json::from_str(entry.changes)?;
        if changes.is_empty() {
            return Ok(self.row(entry, Some(&FIELD_COLUMNS.map(|_| (Column::Summary, ""))), out));
        }
        let mut is_long = false;
        for change in &changes {
            is_long |= self.row(entry, Some(&field_cells(change)), out);
        }
        Ok(is_long)
    }

    fn row(
        &self,
        entry: &EntryParts<'_>,
        more: Option<&[(Column, &str); FIELD_COLUMNS.len()]>,
        out: &mut Vec<u8>,
    ) -> bool {
        let begin = out.len();
        let mut cells = Cells { delimiter: self.delimiter, max: self.max_cell, out, is_long: false };
        for column in &self.columns {
            cells.column(entry, *column);
        }
        for (column, text) in more.into_iter().flatten() {
            cells.cell(*column, text);
        }
        let is_long = cells.is_long;
        // Each cell ends with its separator.
        let last = if out.len() > begin { out.len() - 1 } else { begin };
        out.truncate(last);
        if out.len() == begin && self.delimiter != Delimiter::Tsv {
            // An empty line would be no row.
            out.extend_from_slice(b"\"\"");
        }
        out.push(b'\n');
        is_long
    }
}

/// Writes entries as rows.
pub struct Delimited<W: Write> {
    writer: W,
    format: RowFormat,
    /// The rows of one entry.
    rows: Vec<u8>,
    /// The number of entries with a cell longer than [`SPREADSHEET_CELL`].
    long: u64,
}

impl<W: Write> Delimited<W> {
    /// Starts a text with a row for each entry, as [`Self::begin`].
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(writer: W, columns: &[Column], delimiter: Delimiter) -> io::Result<Self> {
        Self::begin(
            writer,
            RowFormat { columns: columns.to_vec(), delimiter, by_field: false, max_cell: None },
        )
    }

    /// Starts a text, with a byte order mark and a header where the format has them.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn begin(mut writer: W, format: RowFormat) -> io::Result<Self> {
        let mut rows = Vec::new();
        format.begin(&mut rows);
        writer.write_all(&rows)?;
        Ok(Self { writer, format, rows, long: 0 })
    }

    /// Continues a text that already has rows: writes no byte order mark and no header.
    pub const fn resume(writer: W, format: RowFormat) -> Self {
        Self { writer, format, rows: Vec::new(), long: 0 }
    }

    /// The number of entries with a cell that a spreadsheet would cut.
    pub const fn long(&self) -> u64 {
        self.long
    }

    /// Writes one row, or one for each changed field and at least one.
    ///
    /// # Errors
    /// Those of the writer; also when the changes are no list of changes.
    pub fn entry(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        self.rows.clear();
        let is_long = self.format.entry(&entry.parts(), &mut self.rows).map_err(io::Error::other)?;
        self.long += u64::from(is_long);
        self.writer.write_all(&self.rows)
    }

    /// Flushes all rows.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Ends the text and returns the writer.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        Ok(self.writer)
    }
}

/// The cells of [`FIELD_COLUMNS`], each with the column whose rules apply; values are JSON.
fn field_cells(change: &Change) -> [(Column, &str); FIELD_COLUMNS.len()] {
    let [old, new] = [&change.old, &change.new].map(|side| side.as_ref().map_or("", RawJson::get));
    [
        (Column::Summary, &change.field),
        (Column::Changes, old),
        (Column::Changes, new),
        (Column::Summary, if change.redacted { "true" } else { "" }),
    ]
}

/// Unwraps the I/O error. Its kind distinguishes a closed pipe from a full disk, which `csv::Error` hides.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests;
