//! Appends the cells of a row to a text: sanitized, guarded, cut and quoted. Most cells are printable ASCII without any
//! character that needs this: they are recognised in blocks and copied at once.

use std::borrow::Cow;

use crate::model::integrity::leaf::EntryParts;
use crate::render::columns::{Column, value};
use crate::render::delimited::guard::{escape_formulas, escape_formulas_in_json};
use crate::render::delimited::spreadsheet::{Spreadsheet, push_cell};
use crate::render::sanitize::{json_escape, replace_hidden, sanitize};

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
    /// CSV for a spreadsheet.
    Spreadsheet(Spreadsheet),
    /// Tabs, no header; backslash, tab and line breaks are escaped as `\\`, `\t`, `\n`, `\r`.
    Tsv,
}

/// The most characters of a cell that spreadsheets keep; they cut longer ones silently.
pub const SPREADSHEET_CELL: usize = 32_767;

/// The mark of a cut cell, before and after its original length.
pub const CUT: (&str, &str) = ("… [cut from ", " characters]");

/// The cells of one row, each followed by a separator.
pub(super) struct Cells<'o> {
    pub(super) delimiter: Delimiter,
    /// The most characters of a cell.
    pub(super) max: Option<usize>,
    pub(super) out: &'o mut Vec<u8>,
    /// Whether a cell is longer than spreadsheets keep.
    pub(super) is_long: bool,
}

impl Cells<'_> {
    /// Appends the cell of a column.
    pub(super) fn column(&mut self, entry: &EntryParts<'_>, column: Column) {
        // Numbers, uuids and times have no character to replace, and are shorter than any limit.
        match (column, self.delimiter) {
            (Column::Time, Delimiter::Spreadsheet(sheet)) => {
                self.out.extend_from_slice(sheet.time(entry.occurred_at).as_bytes());
            }
            (Column::RecordedAt, Delimiter::Spreadsheet(sheet)) => {
                self.out.extend_from_slice(sheet.time(entry.recorded_at).as_bytes());
            }
            (Column::Id, _) => push_number(entry.id, self.out),
            (Column::Uuid, _) => {
                let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
                self.out.extend_from_slice(entry.uuid.hyphenated().encode_lower(&mut text).as_bytes());
            }
            (Column::Time, _) => self.out.extend_from_slice(&entry.occurred_at.written()),
            (Column::RecordedAt, _) => self.out.extend_from_slice(&entry.recorded_at.written()),
            _ => return self.cell(column, &value(entry, column)),
        }
        self.separate();
    }

    /// Appends a text by the rules of a column.
    pub(super) fn cell(&mut self, column: Column, text: &str) {
        let is_short = text.len() <= self.max.unwrap_or(SPREADSHEET_CELL).min(SPREADSHEET_CELL);
        match self.delimiter {
            Delimiter::Csv { guard, .. } if is_short && is_unchanged(text, column, guard) => {
                push_quoted(text.as_bytes(), self.out);
                self.separate();
            }
            Delimiter::Tsv if is_short && has_only(text.as_bytes(), |byte| byte != b'\\') => {
                self.out.extend_from_slice(text.as_bytes());
                self.separate();
            }
            _ => self.by_rules(column, text),
        }
    }

    /// As [`Self::cell`], for any text.
    pub(super) fn by_rules(&mut self, column: Column, text: &str) {
        match self.delimiter {
            Delimiter::Csv { .. } | Delimiter::Spreadsheet(_) => {
                let guard = !matches!(self.delimiter, Delimiter::Csv { guard: false, .. });
                let cell = csv_cell(column, text.into());
                let cell = match (guard, column) {
                    (true, Column::Changes) => escape_formulas_in_json(cell),
                    (true, _) => escape_formulas(cell),
                    (false, _) => cell,
                };
                let cell = cut(cell, self.max);
                // Spreadsheets count UTF-16 units.
                self.is_long |=
                    cell.len() > SPREADSHEET_CELL && cell.encode_utf16().count() > SPREADSHEET_CELL;
                match self.delimiter {
                    Delimiter::Spreadsheet(_) => push_cell(&cell, self.out),
                    _ => push_quoted(cell.as_bytes(), self.out),
                }
            }
            Delimiter::Tsv => {
                let cell = cut(tsv_cell(column, text.into()).into(), self.max);
                self.out.extend_from_slice(cell.as_bytes());
            }
        }
        self.separate();
    }

    fn separate(&mut self) {
        self.out.push(match self.delimiter {
            Delimiter::Csv { .. } => b',',
            Delimiter::Spreadsheet(sheet) => sheet.separator(),
            Delimiter::Tsv => b'\t',
        });
    }
}

/// Appends a number in decimal digits.
fn push_number(mut number: u64, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    let mut place = text.len();
    loop {
        place -= 1;
        text[place] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&text[place..]);
        }
    }
}

/// Whether all bytes are printable ASCII and pass a test. It tests whole blocks, so that the compiler can vectorise it.
fn has_only(text: &[u8], passes: impl Fn(u8) -> bool) -> bool {
    let passes = |byte: &u8| matches!(byte, b' '..=b'~') & passes(*byte);
    text.chunks(64).all(|block| block.iter().fold(true, |all, byte| all & passes(byte)))
}

/// Whether neither sanitizing nor the formula guard changes a text of CSV. It may be wrong about a text that stays the
/// same, never about one that changes.
fn is_unchanged(text: &str, column: Column, guard: bool) -> bool {
    match (guard, column) {
        (false, _) => has_only(text.as_bytes(), |_| true),
        // JSON is no formula. Only what follows a semicolon may be one.
        (true, Column::Changes) => has_only(text.as_bytes(), |byte| byte != b';'),
        (true, _) => {
            let is_start = |byte: &u8| matches!(byte, b' ' | b'\'' | b'=' | b'+' | b'-' | b'@');
            !text.as_bytes().first().is_some_and(is_start) && has_only(text.as_bytes(), |byte| byte != b';')
        }
    }
}

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

/// How many bytes are quoted at once.
const BLOCK: usize = 16;

/// Appends a cell, quoted if needed (RFC 4180), with its quotes doubled. JSON has many quotes, for which writing each
/// byte and moving by one or two places is faster than a search.
pub(super) fn push_quoted(cell: &[u8], out: &mut Vec<u8>) {
    let needs_quotes = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    if cell.chunks(64).all(|block| !block.iter().fold(false, |any, byte| any | needs_quotes(byte))) {
        return out.extend_from_slice(cell);
    }
    let mut place = out.len() + 1;
    // Filled with quotes: moving by two places doubles a quote. Each block may double, and is written as a whole.
    out.resize(place + 2 * cell.len() + 2 * BLOCK, b'"');
    let (blocks, rest) = cell.as_chunks::<BLOCK>();
    for block in blocks {
        let Some(text) = out.get_mut(place..).and_then(|text| text.first_chunk_mut::<{ 2 * BLOCK }>()) else {
            return;
        };
        let mut within = 0;
        for byte in block {
            // The mask states what holds anyway, so that no bound is checked.
            text[within & (2 * BLOCK - 1)] = *byte;
            within += 1 + usize::from(*byte == b'"');
        }
        place += within;
    }
    for byte in rest {
        out[place] = *byte;
        place += 1 + usize::from(*byte == b'"');
    }
    out.truncate(place + 1);
}

/// Sanitizes a CSV cell. Line breaks and tabs stay; in JSON, hidden characters become JSON escapes, which keeps its
/// meaning.
pub(super) fn csv_cell(column: Column, text: Cow<'_, str>) -> Cow<'_, str> {
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

pub(super) fn tsv_cell(column: Column, text: Cow<'_, str>) -> String {
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
    replace_hidden(text, |c, _, out| out.push_str(&json_escape(c)))
}

/// Maps text and keeps it borrowed if it stays the same.
fn map_cow(text: Cow<'_, str>, change: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => Cow::Owned(change(&text).into_owned()),
    }
}
