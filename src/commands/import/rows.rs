//! Rows of delimited text, as databases and spreadsheets write it: each a list of named cells.
//!
//! RFC 4180, which PostgreSQL's `COPY … CSV` and spreadsheets keep to; MySQL's `INTO OUTFILE` with its backslashes;
//! and tab-separated text, as `mysql --batch` and PostgreSQL's text form write it. What the cells mean is not known
//! here.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use crate::model::evidence::trailer::Trailer;
use crate::model::json::Json;

/// By which rules cells are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Commas, and quotes that are doubled within quotes.
    Doubled,
    /// Commas, and a backslash before a quote, a backslash or a line break.
    Backslashes,
    /// Tabs, no quotes, `\t`, `\n`, `\\`.
    Tabs,
}

impl Dialect {
    /// Judged by how a text begins. A JSON object in a cell shows how quotes are written: `"{""a"":1}"` or
    /// `"{\"a\":1}"`; the second cannot be the first rule's, by which the cell would end behind the backslash.
    pub(super) fn of(head: &[u8]) -> Self {
        let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
        if header.contains(&b'\t') && !header.contains(&b',') {
            Self::Tabs
        } else if has(b"\"{\\\"") || has(b",\\N") {
            Self::Backslashes
        } else {
            Self::Doubled
        }
    }
}

/// Text in rows, the first of which names the columns.
pub(super) struct Rows {
    reader: csv::Reader<Bounded>,
    dialect: Dialect,
    header: Vec<String>,
    left: Rc<Cell<u64>>,
    most: u64,
}

/// A row, or what is wrong with it, and the line it begins on.
pub(super) struct Row {
    pub(super) line: u64,
    /// Whether it is the trailer of an export, which is no row.
    pub(super) is_trailer: bool,
    pub(super) cells: Result<Vec<(String, Json)>, String>,
}

impl Rows {
    /// Reads the header. No row may take more than `most` bytes.
    pub(super) fn open(source: Box<dyn BufRead>, dialect: Dialect, most: u64) -> io::Result<Self> {
        let left = Rc::new(Cell::new(most));
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true);
        match dialect {
            Dialect::Doubled => {}
            Dialect::Backslashes => {
                builder.double_quote(false).escape(Some(b'\\'));
            }
            Dialect::Tabs => {
                builder.delimiter(b'\t').quoting(false);
            }
        }
        let reader = builder.from_reader(Bounded { source, left: Rc::clone(&left) });
        let mut rows = Self { reader, dialect, header: Vec::new(), left, most };
        let mut record = ByteRecord::new();
        rows.record(&mut record)?;
        rows.header = record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        Ok(rows)
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    fn record(&mut self, record: &mut ByteRecord) -> io::Result<bool> {
        self.left.set(self.most);
        self.reader.read_byte_record(record).map_err(|error| match error.into_kind() {
            ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    /// The next row; none behind the last.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        let mut record = ByteRecord::new();
        if !self.record(&mut record)? {
            return Ok(None);
        }
        let line = record.position().map_or(0, csv::Position::line);
        let is_trailer = record.len() == 1 && record.get(0).is_some_and(Trailer::is_begun_by);
        Ok(Some(Row { line, is_trailer, cells: self.cells(&record) }))
    }

    fn cells(&self, record: &ByteRecord) -> Result<Vec<(String, Json)>, String> {
        let width = self.header.len();
        if record.len() != width {
            return Err(format!("the row has {} cells and the header {width}", record.len()));
        }
        let cells = self.header.iter().zip(record).map(|(name, cell)| {
            let cell = std::str::from_utf8(cell).map_err(|_| format!("{name} is not UTF-8"))?;
            Ok((name.clone(), self.value(cell)))
        });
        cells.collect()
    }

    fn value(&self, cell: &str) -> Json {
        match self.dialect {
            Dialect::Doubled => Json::String(cell.to_owned()),
            Dialect::Backslashes | Dialect::Tabs if matches!(cell, "\\N" | "NULL") => Json::Null,
            Dialect::Backslashes => Json::String(cell.to_owned()),
            Dialect::Tabs => Json::String(unescaped(cell)),
        }
    }
}

/// A cell of tab-separated text.
fn unescaped(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some('0')) => text.push('\0'),
            ('\\', Some(other)) => text.push(other),
            (other, _) => text.push(other),
        }
    }
    text
}

/// A source that gives so many bytes and then fails: a quote that is never closed must not take all memory.
struct Bounded {
    source: Box<dyn BufRead>,
    left: Rc<Cell<u64>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("a row is too long: is a quote left open?"))?);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, dialect: Dialect) -> Vec<Vec<Json>> {
        let mut rows = Rows::open(Box::new(io::Cursor::new(text.to_owned().into_bytes())), dialect, 1 << 20)
            .expect("rows");
        let values = |row: Row| row.cells.expect("cells").into_iter().map(|(_, value)| value).collect();
        std::iter::from_fn(|| rows.next().expect("memory")).map(values).collect()
    }

    /// As each database writes it.
    fn written(rows: &[Vec<Option<String>>], dialect: Dialect, end: &str) -> String {
        let escape = |text: &str| {
            text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
        };
        let cell = |cell: &Option<String>| match (dialect, cell) {
            (Dialect::Doubled, None) => String::new(),
            (Dialect::Doubled, Some(text)) => format!("\"{}\"", text.replace('"', "\"\"")),
            (_, None) => "\\N".to_owned(),
            (Dialect::Backslashes, Some(text)) => {
                format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\\n"))
            }
            (Dialect::Tabs, Some(text)) => escape(text),
        };
        let separator = if dialect == Dialect::Tabs { "\t" } else { "," };
        let row = |row: &Vec<Option<String>>| row.iter().map(cell).collect::<Vec<_>>().join(separator) + end;
        let header = ["a", "b", "c"].join(separator) + end;
        header + &rows.iter().map(row).collect::<String>()
    }

    #[test]
    fn a_dialect_is_known_by_how_it_writes_quotes() {
        for (head, dialect) in [
            ("id,old\n1,\"{\"\"a\"\":\"\"x\\\"\"y\"\"}\"\n", Dialect::Doubled),
            ("id,old\n1,\"{\\\"a\\\":1}\"\n", Dialect::Backslashes),
            ("id,old\n1,\\N\n", Dialect::Backslashes),
            ("id,old\n1,[]\n", Dialect::Doubled),
            ("id\told\n1\t{\"a\":1}\n", Dialect::Tabs),
        ] {
            assert_eq!(Dialect::of(head.as_bytes()), dialect, "{head}");
        }
    }

    #[test]
    fn a_row_of_another_width_and_a_cell_that_is_no_text_are_told() {
        let text = b"a,b\n1,2\n1\n1,\xff\n3,4\n".to_vec();
        let mut rows = Rows::open(Box::new(io::Cursor::new(text)), Dialect::Doubled, 1 << 20).expect("rows");
        let next = |rows: &mut Rows| rows.next().expect("memory").map(|row| (row.line, row.cells.is_ok()));
        let told: Vec<_> = std::iter::from_fn(|| next(&mut rows)).collect();
        assert_eq!(told, [(2, true), (3, false), (4, false), (5, true)]);
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_it() {
        let text = format!("a,b\n1,\"{}", "x".repeat(300_000));
        let mut rows = Rows::open(Box::new(io::Cursor::new(text.into_bytes())), Dialect::Doubled, 100_000)
            .expect("rows");
        assert!(rows.next().is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_a_database_writes_is_read_as_it_was(
            rows in vec(vec(prop::option::of("[a-c\"\\\\,\t\n\r{}:é ]{1,10}"), 3), 0..5),
            dialect in prop::sample::select(vec![Dialect::Doubled, Dialect::Backslashes, Dialect::Tabs]),
            windows: bool,
        ) {
            prop_assume!(!rows.iter().flatten().flatten().any(|cell| cell == "\\N"));
            let text = written(&rows, dialect, if windows { "\r\n" } else { "\n" });
            let none = if dialect == Dialect::Doubled { Json::String(String::new()) } else { Json::Null };
            let value = |cell: Option<String>| cell.map_or(none.clone(), Json::String);
            let expected: Vec<Vec<Json>> = rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect();
            prop_assert_eq!(read(&text, dialect), expected, "{}", text);
        }

        /// Stands in for a fuzz target.
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b','), Just(b'\n'), Just(b'\\')], 0..200)) {
            let dialect = Dialect::of(&bytes);
            if let Ok(mut rows) = Rows::open(Box::new(io::Cursor::new(bytes)), dialect, 1 << 20) {
                while let Ok(Some(_)) = rows.next() {}
            }
        }
    }
}
