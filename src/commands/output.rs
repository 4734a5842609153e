//! Where entries are written to, in the form asked for: one sink for `list`, `show` and `export`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;

use crate::api::query::filter_pairs;
use crate::args::output::{Format, ListOutputArgs};
use crate::error::Failure;
use crate::model::entry::{Entry, EntryView};
use crate::model::filter::Filter;
use crate::render::columns::{
    Column, ColumnsError, EXPORT_COLUMNS, TABLE_COLUMNS, TSV_COLUMNS, WIDE_COLUMNS, parse_columns,
};
use crate::render::delimited::{Delimited, Delimiter};
use crate::render::json::{self, DocumentEnd, JsonDocument};
use crate::render::style::Style;
use crate::render::table::EntryTable;
use crate::terminal::Terminal;
use crate::terminal::file::{NewFile, is_passthrough};

/// A file, or stdout.
pub(super) enum Destination<'a> {
    File(Box<NewFile>),
    Stdout(&'a mut Terminal),
}

impl<'a> Destination<'a> {
    /// Opens it before any long work, so that a bad path fails at once.
    pub(super) fn open(terminal: &'a mut Terminal, args: &ListOutputArgs) -> Result<Self, Failure> {
        match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                Ok(Self::File(Box::new(NewFile::create(path, args.force)?)))
            }
            _ => Ok(Self::Stdout(terminal)),
        }
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::File(file) => &mut **file,
            Self::Stdout(terminal) => terminal.data(),
        }
    }

    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::File(file) => Ok(file.finish()?),
            Self::Stdout(terminal) => Ok(terminal.flush()?),
        }
    }
}

/// The form that a file's name asks for, in upper or lower case. A name that promises what is not written is refused.
pub(super) fn by_name(path: &Path) -> Result<Option<Format>, Failure> {
    let name = path.to_string_lossy().to_lowercase();
    let packed = [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending));
    let name = packed.unwrap_or(&name);
    let ending = name.rsplit(['/', '.']).next().filter(|ending| name.ends_with(&format!(".{ending}")));
    Ok(match ending {
        Some("jsonl" | "ndjson") => Some(Format::Jsonl),
        Some("json") => Some(Format::Json),
        Some("tsv") => Some(Format::Tsv),
        Some("csv") => Some(Format::Csv),
        // A text, whatever its form.
        Some("txt" | "text" | "log") => None,
        // What begins with a digit is a date or a version.
        Some(other) if (other == "7z" || other.starts_with(char::is_alphabetic)) && !is_passthrough(path) => {
            return Err(Failure::usage(format!(
                "{} ends in .{other}, which is no format that can be written",
                path.display()
            ))
            .hint("name it .csv, .tsv, .json or .jsonl, with .gz or .zst to compress it, or give --format"));
        }
        _ => None,
    })
}

/// The columns of a form, as `--columns` changes them.
pub(super) fn columns(format: Format, args: &ListOutputArgs) -> Result<Vec<Column>, Failure> {
    let default = match format {
        Format::Table => TABLE_COLUMNS,
        Format::Wide => WIDE_COLUMNS,
        Format::Tsv => TSV_COLUMNS,
        Format::Csv | Format::Json | Format::Jsonl => EXPORT_COLUMNS,
    };
    match &args.columns {
        // The fields have columns of their own then.
        None if args.explode => {
            Ok(default.iter().copied().filter(|column| *column != Column::Changes).collect())
        }
        None => Ok(default.to_vec()),
        Some(_) if format.is_json() => {
            Err(Failure::usage("--columns has no meaning for json and jsonl, which hold whole entries"))
        }
        Some(spec) if spec.trim().is_empty() => {
            Err(Failure::usage("--columns names no column").hint("--columns help lists them all"))
        }
        Some(spec) => parse_columns(spec, default).map_err(|error| {
            let failure = Failure::usage(format!("--columns: {error}"));
            match error {
                ColumnsError::Unknown(word) if word.nearest().is_some() => {
                    failure.hint(format!("did you mean {}?", word.nearest().unwrap_or("")))
                }
                _ => failure.hint("--columns help lists them all"),
            }
        }),
    }
}

/// Answers `--columns help`; tells whether that was asked.
pub(super) fn explains_columns(terminal: &mut Terminal, args: &ListOutputArgs) -> Result<bool, Failure> {
    let asked = args.columns.as_deref() == Some("help");
    for column in Column::ALL.iter().filter(|_| asked) {
        writeln!(terminal.data(), "{:<12} {}", column.name(), column.description())?;
    }
    Ok(asked)
}

/// Entries on their way out.
pub(super) enum Sink<'a> {
    Table(&'a mut dyn Write, EntryTable<'a>),
    Lines(&'a mut dyn Write),
    Document(JsonDocument<&'a mut dyn Write>),
    Delimited(Box<Delimited<'a, &'a mut dyn Write>>),
}

impl<'a> Sink<'a> {
    pub(super) fn open(
        out: &'a mut dyn Write,
        format: Format,
        columns: &'a [Column],
        args: &ListOutputArgs,
        style: &'a Style,
        filter: &Filter,
    ) -> io::Result<Self> {
        Ok(match format {
            Format::Table | Format::Wide => Self::Table(out, EntryTable::new(columns, style)),
            Format::Jsonl => Self::Lines(out),
            Format::Json => Self::Document(JsonDocument::new(out, &query(filter))?),
            Format::Csv | Format::Tsv => {
                let begin = if args.explode { Delimited::by_field } else { Delimited::new };
                let rows = begin(out, columns, delimiter(format, args))?.limited(args.max_cell);
                Self::Delimited(Box::new(rows))
            }
        })
    }

    /// Goes on with what was written before, behind at least one entry: without a header, a query or a layout again.
    pub(super) fn reopen(
        out: &'a mut dyn Write,
        format: Format,
        columns: &'a [Column],
        args: &ListOutputArgs,
        style: &'a Style,
    ) -> io::Result<Self> {
        Ok(match format {
            Format::Table | Format::Wide => Self::Table(out, EntryTable::new(columns, style)),
            Format::Jsonl => Self::Lines(out),
            Format::Json => Self::Document(JsonDocument::resume(out)),
            Format::Csv | Format::Tsv => {
                let delimiter = delimiter(format, args);
                let rows = Delimited::resume(out, columns, delimiter, args.explode);
                Self::Delimited(Box::new(rows.limited(args.max_cell)))
            }
        })
    }

    /// Writes some entries. A table takes its widths from the first.
    pub(super) fn entries(&mut self, entries: &[Entry]) -> io::Result<()> {
        match self {
            Self::Table(out, table) => table.entries(out, entries),
            _ => entries.iter().try_for_each(|entry| self.view(&entry.view())),
        }
    }

    /// Writes an entry whose texts lie in the page it came with.
    pub(super) fn view(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        match self {
            Self::Table(..) => Err(io::Error::other("a table is laid out by whole entries")),
            Self::Lines(out) => json::line(out, entry),
            Self::Document(document) => document.entry(entry),
            Self::Delimited(delimited) => delimited.entry(entry),
        }
    }

    /// Hands on all that was written so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Delimited(delimited) => delimited.flush(),
            Self::Table(..) | Self::Lines(_) | Self::Document(_) => Ok(()),
        }
    }

    /// How many entries have a cell that a spreadsheet would cut.
    pub(super) fn long(&self) -> u64 {
        match self {
            Self::Delimited(delimited) => delimited.long(),
            Self::Table(..) | Self::Lines(_) | Self::Document(_) => 0,
        }
    }

    /// Ends the output; a JSON document says here whether it is complete.
    pub(super) fn finish(self, ending: DocumentEnd<'_>) -> io::Result<()> {
        match self {
            Self::Table(..) | Self::Lines(_) => Ok(()),
            Self::Document(document) => document.finish(ending).map(drop),
            Self::Delimited(delimited) => delimited.finish().map(drop),
        }
    }
}

fn delimiter(format: Format, args: &ListOutputArgs) -> Delimiter {
    match format {
        Format::Csv => Delimiter::Csv { guard: !args.no_formula_guard, bom: args.bom },
        _ => Delimiter::Tsv,
    }
}

/// What a sink writes into where its text is wanted piece by piece, and the terminal stays free meanwhile.
#[derive(Clone, Default)]
pub(super) struct Held(Rc<RefCell<Vec<u8>>>);

impl Held {
    /// Hands on what was written since.
    pub(super) fn hand_on<T>(&self, to: impl FnOnce(&[u8]) -> T) -> T {
        let mut held = self.0.borrow_mut();
        let outcome = to(&held);
        held.clear();
        outcome
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The filter as a JSON document states it: each parameter with its values.
pub(super) fn query(filter: &Filter) -> BTreeMap<&'static str, Vec<String>> {
    let mut query = BTreeMap::<_, Vec<String>>::new();
    for (name, value) in filter_pairs(filter) {
        query.entry(name).or_default().push(value);
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_asks_for_a_form_or_promises_one_that_there_is_not() {
        let form = |name: &str| by_name(Path::new(name)).map_err(|failure| failure.exit);
        assert_eq!(form("a.b/x.CSV.gz"), Ok(Some(Format::Csv)));
        assert_eq!(form("x.ndjson"), Ok(Some(Format::Jsonl)));
        assert_eq!(form("X.JSONL.ZST"), Ok(Some(Format::Jsonl)));
        for plain in
            ["x", "x.txt", "csv", "a.csv/x", "x.gz", "x.GZ", "a-2026.11.20", ".hidden/x", "a.", "/dev/null"]
        {
            assert_eq!(form(plain), Ok(None), "{plain}");
        }
        for other in
            ["a.xlsx", "a.csv.zip", "a.parquet.gz", "report.html", "a.HTML", "a.csv.bz2", "a.gzip", "a.7z"]
        {
            assert_eq!(form(other), Err(2), "{other}");
        }
    }
}
