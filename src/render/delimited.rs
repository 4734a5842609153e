//! Entries as CSV for spreadsheets and databases, and as TSV for scripts: a streaming writer.
//!
//! CSV is RFC 4180 with `\n` between rows, which Python, SQLite's `.import` and spreadsheets all read, and a guard
//! against formulas. TSV is one line for each entry, always. Which entries, and where to, is not known here.

pub mod records;

use std::borrow::Cow;
use std::io::{self, Write};

use crate::model::change::Change;
use crate::model::entry::EntryView;
use crate::model::json::RawJson;
use crate::render::columns::{Column, value};
use crate::render::visible::{replace_hidden, visible};

/// A kind of delimited text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    /// Commas, quotes where needed, a header.
    Csv {
        /// Whether a cell that a spreadsheet would compute is made text by a `'` before it.
        guard: bool,
        /// Whether a byte order mark goes first, by which Excel knows UTF-8.
        bom: bool,
    },
    /// Tabs, no header; backslash, tab and line breaks are written `\\`, `\t`, `\n`, `\r`.
    Tsv,
}

/// The columns that take the place of `changes` where each changed field has a row of its own.
pub const FIELD_COLUMNS: [&str; 4] = ["field", "old", "new", "redacted"];

/// Writes entries as rows.
pub struct Delimited<'a, W: Write> {
    sink: Sink<W>,
    columns: &'a [Column],
    by_field: bool,
}

enum Sink<W: Write> {
    Csv { writer: Box<csv::Writer<W>>, guard: bool },
    Tsv(W),
}

impl<'a, W: Write> Delimited<'a, W> {
    /// Begins: with a byte order mark and a header where they belong.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(writer: W, columns: &'a [Column], delimiter: Delimiter) -> io::Result<Self> {
        Self::begin(writer, columns, delimiter, false)
    }

    /// As [`Self::new`], with a row for each changed field.
    ///
    /// # Errors
    /// The writer's.
    pub fn by_field(writer: W, columns: &'a [Column], delimiter: Delimiter) -> io::Result<Self> {
        Self::begin(writer, columns, delimiter, true)
    }

    fn begin(mut writer: W, columns: &'a [Column], delimiter: Delimiter, by_field: bool) -> io::Result<Self> {
        let sink = match delimiter {
            Delimiter::Tsv => Sink::Tsv(writer),
            Delimiter::Csv { guard, bom } => {
                if bom {
                    writer.write_all("\u{feff}".as_bytes())?;
                }
                let mut writer = Box::new(joining(writer));
                let fields = FIELD_COLUMNS.into_iter().filter(|_| by_field);
                let header = columns.iter().map(|column| column.name()).chain(fields);
                writer.write_record(header).map_err(cause)?;
                Sink::Csv { writer, guard }
            }
        };
        Ok(Self { sink, columns, by_field })
    }

    /// Goes on behind rows that were written before: without a mark and a header.
    #[must_use]
    pub fn resume(writer: W, columns: &'a [Column], delimiter: Delimiter, by_field: bool) -> Self {
        let sink = match delimiter {
            Delimiter::Tsv => Sink::Tsv(writer),
            Delimiter::Csv { guard, .. } => Sink::Csv { writer: Box::new(joining(writer)), guard },
        };
        Self { sink, columns, by_field }
    }

    /// Writes one row, or one for each changed field; an entry without any has one all the same.
    ///
    /// # Errors
    /// The writer's.
    pub fn entry(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        if !self.by_field {
            return self.row(entry, &[]);
        }
        let changes = entry.changes.list().map_err(io::Error::other)?;
        if changes.is_empty() {
            return self.row(entry, &FIELD_COLUMNS.map(|_| (Column::Summary, String::new())));
        }
        changes.iter().try_for_each(|change| self.row(entry, &field_cells(change)))
    }

    fn row(&mut self, entry: &EntryView<'_>, more: &[(Column, String)]) -> io::Result<()> {
        let cells = self.columns.iter().map(|column| (*column, value(entry, *column)));
        let more = more.iter().map(|(column, text)| (*column, Cow::Borrowed(text.as_str())));
        match &mut self.sink {
            Sink::Csv { writer, guard } => {
                for (column, text) in cells.chain(more) {
                    let mut cell = csv_cell(column, text);
                    if *guard && is_formula(&cell) {
                        cell = format!("'{cell}").into();
                    }
                    writer.write_field(&*quoted(cell.as_bytes())).map_err(cause)?;
                }
                writer.write_record(None::<&[u8]>).map_err(cause)?;
            }
            Sink::Tsv(writer) => {
                let cells: Vec<String> =
                    cells.chain(more).map(|(column, text)| tsv_cell(column, text)).collect();
                writeln!(writer, "{}", cells.join("\t"))?;
            }
        }
        Ok(())
    }

    /// Hands on all rows so far.
    ///
    /// # Errors
    /// The writer's.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Csv { writer, .. } => writer.flush(),
            Sink::Tsv(writer) => writer.flush(),
        }
    }

    /// Ends, and gives the writer back.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> io::Result<W> {
        match self.sink {
            Sink::Csv { writer, .. } => writer.into_inner().map_err(csv::IntoInnerError::into_error),
            Sink::Tsv(mut writer) => {
                writer.flush()?;
                Ok(writer)
            }
        }
    }
}

/// A writer of cells that are quoted already.
fn joining<W: Write>(writer: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Never).from_writer(writer)
}

/// A cell in quotes where it needs them (RFC 4180), each quote in it doubled. JSON has a quote every few bytes, and a
/// search for the next one from each, as the library does it, takes three times as long as this loop.
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
        // What stands behind a quote is one already.
        place += 1 + usize::from(*byte == b'"');
    }
    Cow::Owned(text)
}

/// The cells of [`FIELD_COLUMNS`], each by the rules of a column: values are JSON.
fn field_cells(change: &Change) -> [(Column, String); 4] {
    let side = |side: &Option<RawJson>| side.as_ref().map_or_else(String::new, |raw| raw.get().to_owned());
    [
        (Column::Summary, change.field.clone()),
        (Column::Changes, side(&change.old)),
        (Column::Changes, side(&change.new)),
        (Column::Summary, if change.redacted { "true" } else { "" }.to_owned()),
    ]
}

/// The writer's own error: its kind tells a reader that went away from a full disk, and `csv` would hide it.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Line breaks and tabs are part of a text; other controls, direction marks and the like are made visible. In JSON
/// they become its own escapes, so that the cell means what it meant.
fn csv_cell(column: Column, text: Cow<'_, str>) -> Cow<'_, str> {
    if column == Column::Changes {
        return changed(text, escape_json);
    }
    changed(text, |text| {
        replace_hidden(text, |c, next, out| match c {
            '\n' | '\t' => out.push(c),
            '\r' if next == Some('\n') => out.push(c),
            other => out.push_str(&visible(other.encode_utf8(&mut [0; 4]))),
        })
    })
}

fn tsv_cell(column: Column, text: Cow<'_, str>) -> String {
    let text = if column == Column::Changes { changed(text, escape_json) } else { text };
    let text = text.replace('\\', "\\\\");
    replace_hidden(&text, |c, _, out| match c {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        other => out.push_str(&visible(other.encode_utf8(&mut [0; 4]))),
    })
    .into_owned()
}

/// What JSON text may hold unescaped, but a terminal would obey or hide, as `\u202e`.
fn escape_json(text: &str) -> Cow<'_, str> {
    replace_hidden(text, |c, _, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

/// Changes borrowed text without copying what stays as it is.
fn changed(text: Cow<'_, str>, change: impl FnOnce(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => Cow::Owned(change(&text).into_owned()),
    }
}

/// Tells whether a spreadsheet may compute the cell: it begins with `=`, `+`, `-`, `@`, a tab or a carriage return,
/// also behind blanks. A plain number such as `-5` is none.
#[must_use]
pub fn is_formula(cell: &str) -> bool {
    let start = cell.trim_start_matches(|c: char| c.is_whitespace() && !matches!(c, '\t' | '\r'));
    start.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(cell)
}

/// Digits with a sign, a point and an exponent at most: what a float reads, without its words `inf` and `nan`.
fn is_number(cell: &str) -> bool {
    cell.chars().all(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')) && cell.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use serde_json::json;

    use super::*;
    use crate::model::entry::Entry;
    use crate::render::columns::{EXPORT_COLUMNS, TSV_COLUMNS};
    use crate::render::samples::entry;

    const CSV: Delimiter = Delimiter::Csv { guard: true, bom: false };
    const UNGUARDED: Delimiter = Delimiter::Csv { guard: false, bom: false };

    fn named(name: &str) -> Entry {
        let mut entry = entry("updated", &json!([{"field": "a", "old": name, "new": 1}]));
        entry.model_name = Some(name.to_owned());
        entry
    }

    fn written(names: &[&str], columns: &[Column], delimiter: Delimiter) -> String {
        let mut delimited = Delimited::new(Vec::new(), columns, delimiter).expect("memory takes all");
        for name in names {
            delimited.entry(&named(name).view()).expect("memory takes all");
        }
        String::from_utf8(delimited.finish().expect("memory takes all")).expect("text")
    }

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
        reader.records().map(|record| cells(record.expect("a row"))).collect()
    }

    #[test]
    fn csv_comes_back_as_it_was() {
        let names = ["a,\"b\"", "two\nlines\r\n", "日本 👩‍💻", "\ttab", "=1+1", ""];
        let rows = read(&written(&names, EXPORT_COLUMNS, UNGUARDED));
        let name = EXPORT_COLUMNS.iter().position(|&column| column == Column::ModelName).expect("a column");
        assert_eq!(rows.iter().map(|row| row[name].as_str()).collect::<Vec<_>>(), names);
        for (row, original) in rows.iter().zip(names) {
            assert_eq!(row.last().map(String::as_str), Some(named(original).changes.get()));
        }
    }

    #[test]
    fn the_header_is_the_columns_and_the_mark_goes_before_it() {
        let text = written(&[], EXPORT_COLUMNS, Delimiter::Csv { guard: true, bom: true });
        assert_eq!(
            text,
            "\u{feff}id,uuid,time,recorded_at,action,model_type,model_id,model_name,user_id,user_email,user_name,\
             user_role,user_kind,via,ip,user_agent,request_id,reason,changes\n"
        );
    }

    #[test]
    fn formulas_become_text_and_numbers_stay() {
        for formula in
            ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r\n=1", "  =1", "\n-a", "\u{a0}=1", "-", "-inf"]
        {
            let rows = read(&written(&[formula], &[Column::ModelName], CSV));
            assert_eq!(rows[0][0], format!("'{formula}"));
        }
        for harmless in ["-5", "+3.2", "-1e-3", "a=b", "'=1", "3-4", ""] {
            assert_eq!(read(&written(&[harmless], &[Column::Id, Column::ModelName], CSV))[0][1], harmless);
        }
    }

    #[test]
    fn what_a_terminal_obeys_is_visible_and_json_stays_json() {
        let name = "\u{1b}[2J\u{202e}x\u{7f}\ry";
        let rows = read(&written(&[name], &[Column::ModelName, Column::Changes], CSV));
        assert_eq!(rows[0][0], "␛[2J<U+202E>x␡␍y");
        assert!(!rows[0][1].contains(['\u{202e}', '\u{7f}']));
        let back: serde_json::Value = serde_json::from_str(&rows[0][1]).expect("JSON");
        assert_eq!(back[0]["old"], name);
    }

    #[test]
    fn each_changed_field_may_have_a_row() {
        let changes = json!([
            {"field": "a", "old": "=1", "new": [1]},
            {"field": "value", "redacted": true},
            {"field": "c", "new": null},
        ]);
        let written = |changes| {
            let mut rows = Delimited::by_field(Vec::new(), &[Column::Id], CSV).expect("memory takes all");
            rows.entry(&entry("updated", changes).view()).expect("memory takes all");
            String::from_utf8(rows.finish().expect("memory takes all")).expect("text")
        };
        assert_eq!(
            written(&changes),
            "id,field,old,new,redacted\n1287,a,\"\"\"=1\"\"\",[1],\n1287,value,,,true\n1287,c,,null,\n"
        );
        assert_eq!(written(&json!([])), "id,field,old,new,redacted\n1287,,,,\n");
    }

    #[test]
    fn tsv_escapes_what_would_break_its_lines() {
        let text = written(&["a\tb\\n\r\nc\u{1b}"], &[Column::Id, Column::ModelName], Delimiter::Tsv);
        assert_eq!(text, "1287\ta\\tb\\\\n\\r\\nc␛\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn tsv_is_one_line_for_each_entry(names in vec(any::<String>(), 0..4)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let text = written(&names, TSV_COLUMNS, Delimiter::Tsv);
            assert_eq!(text.split_terminator('\n').count(), names.len());
            assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
            assert!(text.lines().all(|line| line.split('\t').count() == TSV_COLUMNS.len()));
        }

        /// What is quoted by hand is what the library would have quoted, and in the same way.
        #[test]
        fn cells_are_quoted_as_by_the_library(cells in vec("[ab,\"\n\r\t;'é]{0,6}", 2..4)) {
            let written = |mut writer: csv::Writer<Vec<u8>>, quote: fn(&[u8]) -> Cow<'_, [u8]>| {
                let cells = cells.iter().map(|cell| quote(cell.as_bytes()));
                writer.write_record(cells.map(Cow::into_owned)).expect("memory takes all");
                String::from_utf8(writer.into_inner().expect("memory takes all")).expect("text")
            };
            let library = csv::Writer::from_writer(Vec::new());
            assert_eq!(written(joining(Vec::new()), quoted), written(library, |cell| Cow::Borrowed(cell)));
        }

        #[test]
        fn csv_without_guards_is_read_as_it_was_written(names in vec("[ -~\n\t\u{e4}日,;\"]{0,12}", 0..4)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let rows = read(&written(&names, &[Column::Id, Column::ModelName], UNGUARDED));
            assert_eq!(rows.iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), names);
        }

        #[test]
        fn csv_is_one_row_for_each_entry(names in vec("[ =+\\-@\",'\t\r\na-c\u{202e}]{0,9}", 0..4)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let rows = read(&written(&names, EXPORT_COLUMNS, CSV));
            assert_eq!(rows.len(), names.len());
            assert!(rows.iter().flatten().all(|cell| !is_formula(cell)));
        }
    }
}
