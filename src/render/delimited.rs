//! Streams entries as CSV for spreadsheets and databases, and as TSV for scripts.
//!
//! CSV is RFC 4180 with `\n` between rows, which Python, SQLite's `.import` and spreadsheets read, and has a guard
//! against formulas. TSV has exactly one line for each entry. It must not know the query or the destination.

pub mod guard;
pub mod records;

use std::borrow::Cow;
use std::io::{self, Write};

use crate::model::change::Change;
use crate::model::entry::EntryView;
use crate::model::json::RawJson;
use crate::render::columns::{Column, value};
use crate::render::delimited::guard::{escape_formulas, escape_formulas_in_json};
use crate::render::sanitize::{replace_hidden, sanitize};

/// A format of delimited text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// Commas, quotes where needed, and a header.
    Csv {
        /// Whether formulas get a leading `'`, so that spreadsheets treat them as text.
        guard: bool,
        /// Whether the file starts with a byte order mark, by which Excel recognises UTF-8.
        bom: bool,
    },
    /// Tabs, no header; backslash, tab and line breaks are escaped as `\\`, `\t`, `\n`, `\r`.
    Tsv,
}

/// The columns that replace `changes` when each changed field has its own row.
pub const FIELD_COLUMNS: [&str; 4] = ["field", "old", "new", "redacted"];

/// The most characters of a cell that spreadsheets keep; they cut longer ones silently.
pub const SPREADSHEET_CELL: usize = 32_767;

/// Writes entries as rows.
pub struct Delimited<'a, W: Write> {
    sink: RowSink<W>,
    columns: &'a [Column],
    by_field: bool,
    /// The most characters of a cell.
    max_cell: Option<usize>,
    /// The number of entries with a cell longer than [`SPREADSHEET_CELL`].
    long: u64,
}

enum RowSink<W: Write> {
    Csv { writer: Box<csv::Writer<W>>, guard: bool },
    Tsv(W),
}

impl<'a, W: Write> Delimited<'a, W> {
    /// Starts a text, with a byte order mark and a header where the format has them.
    pub fn new(writer: W, columns: &'a [Column], delimiter: Delimiter) -> io::Result<Self> {
        Self::begin(writer, columns, delimiter, false)
    }

    /// As [`Self::new`], with a row for each changed field.
    pub fn by_field(writer: W, columns: &'a [Column], delimiter: Delimiter) -> io::Result<Self> {
        Self::begin(writer, columns, delimiter, true)
    }

    fn begin(mut writer: W, columns: &'a [Column], delimiter: Delimiter, by_field: bool) -> io::Result<Self> {
        let sink = match delimiter {
            Delimiter::Tsv => RowSink::Tsv(writer),
            Delimiter::Csv { guard, bom } => {
                if bom {
                    writer.write_all("\u{feff}".as_bytes())?;
                }
                let mut writer = Box::new(unquoted_writer(writer));
                let fields = FIELD_COLUMNS.into_iter().filter(|_| by_field);
                let names: Vec<_> = columns.iter().map(|column| column.name()).chain(fields).collect();
                // `import` recognises an unguarded file by quotes around the first name alone; other readers ignore them.
                let first = names.first().map(|name| format!("\"{name}\"")).filter(|_| !guard);
                let header =
                    first.as_deref().into_iter().chain(names.iter().copied().skip(usize::from(!guard)));
                writer.write_record(header).map_err(io_error)?;
                RowSink::Csv { writer, guard }
            }
        };
        Ok(Self { sink, columns, by_field, max_cell: None, long: 0 })
    }

    /// Continues a text that already has rows: writes no byte order mark and no header.
    pub fn resume(writer: W, columns: &'a [Column], delimiter: Delimiter, by_field: bool) -> Self {
        let sink = match delimiter {
            Delimiter::Tsv => RowSink::Tsv(writer),
            Delimiter::Csv { guard, .. } => RowSink::Csv { writer: Box::new(unquoted_writer(writer)), guard },
        };
        Self { sink, columns, by_field, max_cell: None, long: 0 }
    }

    /// Limits every cell to this many characters.
    pub fn limited(self, max_cell: Option<usize>) -> Self {
        Self { max_cell, ..self }
    }

    /// The number of entries with a cell that a spreadsheet would cut.
    pub const fn long(&self) -> u64 {
        self.long
    }

    /// Writes one row, or one for each changed field and at least one.
    pub fn entry(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        let is_long = self.rows(entry)?;
        self.long += u64::from(is_long);
        Ok(())
    }

    /// Returns whether a cell is longer than spreadsheets keep.
    fn rows(&mut self, entry: &EntryView<'_>) -> io::Result<bool> {
        if !self.by_field {
            return self.row(entry, &[]);
        }
        let changes = entry.changes.list().map_err(io::Error::other)?;
        if changes.is_empty() {
            return self.row(entry, &FIELD_COLUMNS.map(|_| (Column::Summary, String::new())));
        }
        changes
            .iter()
            .try_fold(false, |is_long, change| Ok(self.row(entry, &field_cells(change))? || is_long))
    }

    fn row(&mut self, entry: &EntryView<'_>, more: &[(Column, String)]) -> io::Result<bool> {
        let cells = self.columns.iter().map(|column| (*column, value(entry, *column)));
        let more = more.iter().map(|(column, text)| (*column, Cow::Borrowed(text.as_str())));
        let (max, mut is_long) = (self.max_cell, false);
        match &mut self.sink {
            RowSink::Csv { writer, guard } => {
                for (column, text) in cells.chain(more) {
                    let cell = csv_cell(column, text);
                    let cell = match (*guard, column) {
                        (true, Column::Changes) => escape_formulas_in_json(cell),
                        (true, _) => escape_formulas(cell),
                        (false, _) => cell,
                    };
                    let cell = cut(cell, max);
                    // Spreadsheets count UTF-16 units.
                    is_long |=
                        cell.len() > SPREADSHEET_CELL && cell.encode_utf16().count() > SPREADSHEET_CELL;
                    writer.write_field(&*quoted(cell.as_bytes())).map_err(io_error)?;
                }
                writer.write_record(None::<&[u8]>).map_err(io_error)?;
            }
            RowSink::Tsv(writer) => {
                let cells: Vec<String> = cells
                    .chain(more)
                    .map(|(column, text)| cut(tsv_cell(column, text).into(), max).into())
                    .collect();
                writeln!(writer, "{}", cells.join("\t"))?;
            }
        }
        Ok(is_long)
    }

    /// Flushes all rows.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            RowSink::Csv { writer, .. } => writer.flush(),
            RowSink::Tsv(writer) => writer.flush(),
        }
    }

    /// Ends the text and returns the writer.
    pub fn finish(self) -> io::Result<W> {
        match self.sink {
            RowSink::Csv { writer, .. } => writer.into_inner().map_err(csv::IntoInnerError::into_error),
            RowSink::Tsv(mut writer) => {
                writer.flush()?;
                Ok(writer)
            }
        }
    }
}

/// The mark of a cut cell, before and after its original length.
pub const CUT: (&str, &str) = ("… [cut from ", " characters]");

/// Cuts a cell to `max` characters, including the mark of the cut.
fn cut(cell: Cow<'_, str>, max: Option<usize>) -> Cow<'_, str> {
    let Some(max) = max.filter(|max| cell.len() > *max) else { return cell };
    let count = cell.chars().count();
    if count <= max {
        return cell;
    }
    let mark = format!("{}{count}{}", CUT.0, CUT.1);
    let kept = max.saturating_sub(mark.chars().count());
    format!("{}{mark}", cell.chars().take(kept).collect::<String>()).into()
}

/// A writer for cells that are already quoted.
fn unquoted_writer<W: Write>(writer: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Never).from_writer(writer)
}

/// Quotes a cell if needed (RFC 4180) and doubles its quotes. JSON has many quotes, for which this loop is three times
/// as fast as the library's search.
fn quoted(cell: &[u8]) -> Cow<'_, [u8]> {
    let is = |wanted: u8| cell.iter().fold(0, |count, byte| count + usize::from(*byte == wanted));
    let quotes = is(b'"');
    if quotes == 0 && is(b',') + is(b'\n') + is(b'\r') == 0 {
        return Cow::Borrowed(cell);
    }
    let mut text = vec![b'"'; cell.len() + quotes + 2];
    let mut place = 1;
    for byte in cell {
        text[place] = *byte;
        // The buffer is filled with quotes: skipping one byte doubles the quote.
        place += 1 + usize::from(*byte == b'"');
    }
    Cow::Owned(text)
}

/// The cells of [`FIELD_COLUMNS`], each with the column whose rules apply; values are JSON.
fn field_cells(change: &Change) -> [(Column, String); 4] {
    let side = |side: &Option<RawJson>| side.as_ref().map_or_else(String::new, |raw| raw.get().to_owned());
    [
        (Column::Summary, change.field.clone()),
        (Column::Changes, side(&change.old)),
        (Column::Changes, side(&change.new)),
        (Column::Summary, if change.redacted { "true" } else { "" }.to_owned()),
    ]
}

/// Unwraps the I/O error. Its kind distinguishes a closed pipe from a full disk, which `csv::Error` hides.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Sanitizes a CSV cell. Line breaks and tabs stay; in JSON, hidden characters become JSON escapes, which keeps its
/// meaning.
fn csv_cell(column: Column, text: Cow<'_, str>) -> Cow<'_, str> {
    if column == Column::Changes {
        return map_cow(text, escape_json);
    }
    map_cow(text, |text| {
        replace_hidden(text, |c, next, out| match c {
            '\n' | '\t' => out.push(c),
            '\r' if next == Some('\n') => out.push(c),
            other => out.push_str(&sanitize(other.encode_utf8(&mut [0; 4]))),
        })
    })
}

fn tsv_cell(column: Column, text: Cow<'_, str>) -> String {
    let text = if column == Column::Changes { map_cow(text, escape_json) } else { text };
    let text = text.replace('\\', "\\\\");
    replace_hidden(&text, |c, _, out| match c {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        other => out.push_str(&sanitize(other.encode_utf8(&mut [0; 4]))),
    })
    .into_owned()
}

/// Escapes invisible characters in JSON, such as `\u202e`.
fn escape_json(text: &str) -> Cow<'_, str> {
    replace_hidden(text, |c, _, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

/// Maps text and keeps it borrowed if it stays the same.
fn map_cow(text: Cow<'_, str>, change: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => Cow::Owned(change(&text).into_owned()),
    }
}

#[cfg(test)]
mod tests;
