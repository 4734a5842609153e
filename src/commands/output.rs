//! Writes entries in the requested format to a file or stdout. `list`, `history`, `show` and `export` share it.

mod shared_buffer;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::api::query::filter_pairs;
use crate::api::rows::{RowForm, RowOptions};
use crate::args::output::{CsvArgs, Format, OutputArgs};
use crate::args::suggest::format_as_file;
use crate::client::Client;
use crate::commands::Context;
pub(super) use crate::commands::output::shared_buffer::SharedBuffer;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::{Entry, EntryView};
use crate::model::filter::Filter;
use crate::model::words::Log;
use crate::render::columns::{
    Column, ColumnsError, EXPORT_COLUMNS, TABLE_COLUMNS, TSV_COLUMNS, WIDE_COLUMNS, parse_columns,
};
use crate::render::delimited::{Delimited, Delimiter, RowFormat, Spreadsheet};
use crate::render::event::{EventSource, write_event};
use crate::render::json::{self, DocumentEnd, JsonDocument};
use crate::render::style::Style;
use crate::render::table::EntryTable;
use crate::terminal::Terminal;
use crate::terminal::file::{NewFile, is_passthrough};

/// A file, or stdout.
pub(super) enum OutputSink<'a> {
    File(Box<NewFile>),
    Stdout(&'a mut Terminal),
}

impl<'a> OutputSink<'a> {
    /// Opened before any long work, so that a bad path fails at once.
    pub(super) fn open(terminal: &'a mut Terminal, args: &OutputArgs) -> Result<Self, Failure> {
        match args.file() {
            Some(path) => Ok(Self::File(Box::new(NewFile::create(path, args.force)?))),
            None => Ok(Self::Stdout(terminal)),
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

/// The format named by `--format`, else by the ending of the output file.
pub(super) fn chosen_format(args: &OutputArgs) -> Result<Option<Format>, Failure> {
    match (args.format, &args.output) {
        (None, Some(path)) => {
            if let Some(format) = path.to_str().and_then(format_as_file) {
                let name = path.display();
                let message =
                    format!("-o {name} would write a file of that name: did you mean --format {format}?");
                return Err(Failure::usage(message).hint(format!("for a file of that name: -o ./{name}")));
            }
            format_by_name(path)
        }
        (format, _) => Ok(format),
    }
}

/// The format that a file name's ending selects, in any case. Endings of formats that cannot be written are refused.
pub(super) fn format_by_name(path: &Path) -> Result<Option<Format>, Failure> {
    let name = path.to_string_lossy().to_lowercase();
    let compressed = [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending));
    let name = compressed.unwrap_or(&name);
    let ending = name.rsplit(['/', '.']).next().filter(|ending| name.ends_with(&format!(".{ending}")));
    Ok(match ending {
        Some("jsonl" | "ndjson") => Some(Format::Jsonl),
        Some("json") => Some(Format::Json),
        Some("tsv") => Some(Format::Tsv),
        Some("csv") => Some(Format::Csv),
        Some("ocsf") => Some(Format::Ocsf),
        Some("cef") => Some(Format::Cef),
        Some("ecs") => Some(Format::Ecs),
        Some("leef") => Some(Format::Leef),
        // Plain text of any format.
        Some("txt" | "text" | "log") => None,
        // An ending that starts with a digit is a date or a version.
        Some(other) if (other == "7z" || other.starts_with(char::is_alphabetic)) && !is_passthrough(path) => {
            return Err(Failure::usage(format!("cannot write {}: unknown format .{other}", path.display()))
                .hint("name it .csv, .tsv, .json or .jsonl, for a SIEM .ocsf, .cef, .ecs or .leef (.gz or .zst compresses), or give --format"));
        }
        _ => None,
    })
}

/// The format of entries and its options. Resolved once from the flags, or read from the journal of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryFormat {
    pub(super) format: Format,
    pub(super) columns: Vec<Column>,
    pub(super) csv: CsvArgs,
    /// Whether each changed field has a row of its own (CSV and TSV).
    pub(super) explode: bool,
    /// Cells longer than this many characters are cut (CSV and TSV).
    pub(super) max_cell: Option<usize>,
    /// How a spreadsheet reads it (CSV).
    pub(super) spreadsheet: Option<Spreadsheet>,
    /// The log and the organization that events name; see [`EntryFormat::with_source`].
    pub(super) source: Option<(Log, String)>,
}

impl EntryFormat {
    pub(super) fn new(format: Format, args: &OutputArgs, csv: CsvArgs) -> Result<Self, Failure> {
        let columns = columns(format, args.columns.as_deref())?;
        Ok(Self { format, columns, csv, explode: false, max_cell: None, spreadsheet: None, source: None })
    }

    /// Asks for the organization, if the format names it.
    pub(super) async fn with_source(mut self, client: &Client) -> Result<Self, Failure> {
        if self.format.event().is_some() {
            self.source = Some((client.log(), client.whoami().await?.organization));
        }
        Ok(self)
    }

    /// The options by which a server answers this format; none for a format that it does not answer.
    pub(super) fn row_options(&self) -> Option<RowOptions> {
        let form = match self.format {
            // A server knows neither the zone nor the country.
            Format::Csv if self.spreadsheet.is_some() => return None,
            Format::Csv => RowForm::Csv,
            Format::Tsv => RowForm::Tsv,
            Format::Jsonl => return Some(RowForm::Jsonl.into()),
            Format::Table
            | Format::Wide
            | Format::Json
            | Format::Ocsf
            | Format::Cef
            | Format::Ecs
            | Format::Leef => return None,
        };
        let names: Vec<_> = self.columns.iter().map(|column| column.name()).collect();
        Some(RowOptions {
            form,
            columns: Some(names.join(",")),
            explode: self.explode,
            formula_guard: !self.csv.no_formula_guard,
            bom: self.csv.bom,
            max_cell: self.max_cell,
        })
    }

    /// The rows of `csv` or `tsv`.
    fn rows(&self) -> RowFormat {
        RowFormat {
            columns: self.columns.clone(),
            delimiter: self
                .spreadsheet
                .map_or_else(|| delimiter(self.format, self.csv), Delimiter::Spreadsheet),
            by_field: self.explode,
            max_cell: self.max_cell,
        }
    }
}

/// The dialect of `csv` or `tsv`.
pub(super) fn delimiter(format: Format, csv: CsvArgs) -> Delimiter {
    match format {
        Format::Csv => Delimiter::Csv { guard: !csv.no_formula_guard, bom: csv.bom },
        _ => Delimiter::Tsv,
    }
}

/// The names of a format that writes whole entries, and of those like it.
pub(super) const fn whole_entries(format: Format) -> &'static str {
    if format.event().is_some() { "ocsf, cef, ecs and leef" } else { "json and jsonl" }
}

/// The default columns of a format, as `--columns` changes them.
fn columns(format: Format, spec: Option<&str>) -> Result<Vec<Column>, Failure> {
    let default = match format {
        Format::Table => TABLE_COLUMNS,
        Format::Wide => WIDE_COLUMNS,
        Format::Tsv => TSV_COLUMNS,
        Format::Csv | Format::Json | Format::Jsonl => EXPORT_COLUMNS,
        Format::Ocsf | Format::Cef | Format::Ecs | Format::Leef => &[],
    };
    match spec {
        None => Ok(default.to_vec()),
        Some(_) if !format.has_columns() => Err(Failure::usage(format!(
            "--columns cannot be used with {}, which write whole entries",
            whole_entries(format)
        ))),
        Some(spec) if spec.trim().is_empty() => {
            Err(Failure::usage("--columns is empty").hint("--columns help lists all columns"))
        }
        Some(spec) => parse_columns(spec, default).map_err(|error| {
            let failure = Failure::usage(format!("--columns: {error}"));
            match error {
                ColumnsError::Unknown(word) if word.nearest().is_some() => failure.nearest(word.nearest()),
                _ => failure.hint("--columns help lists all columns"),
            }
        }),
    }
}

/// Answers `--columns help`; returns whether it was given.
pub(super) fn explain_columns(terminal: &mut Terminal, args: &OutputArgs) -> Result<bool, Failure> {
    let is_given = args.columns.as_deref() == Some("help");
    for column in Column::ALL.iter().filter(|_| is_given) {
        writeln!(terminal.data(), "{:<18}  {}", column.name(), column.description())?;
    }
    Ok(is_given)
}

/// Writes a value as JSON with line breaks, for `--format json` of commands that answer with one document.
pub(super) fn write_json(context: &mut Context, value: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
    writeln!(context.terminal.data(), "{text}")?;
    Ok(context.terminal.flush()?)
}

/// The log in a sentence.
pub(super) const fn named(log: Log) -> &'static str {
    match log {
        Log::Audit => "the log",
        Log::Trail => "the trail",
    }
}

/// States that a log has no entries.
pub(super) fn empty(log: Log) -> String {
    format!("{} is empty", named(log))
}

/// The key of the log in a query; no filter has this name.
pub(super) const LOG: &str = "log";

/// Writes entries in one format.
pub(super) enum EntryWriter<'a> {
    Table(&'a mut dyn Write, EntryTable<'a>),
    Lines(&'a mut dyn Write),
    Events(EventLines<'a>),
    Document(JsonDocument<&'a mut dyn Write>),
    Delimited(Box<Delimited<&'a mut dyn Write>>),
}

impl<'a> EntryWriter<'a> {
    pub(super) fn open(
        out: &'a mut dyn Write,
        format: &'a EntryFormat,
        style: &'a Style,
        (log, filter): (Log, &Filter),
    ) -> io::Result<Self> {
        let columns = &format.columns;
        Ok(match format.format {
            Format::Table | Format::Wide => Self::Table(out, EntryTable::new(columns, style)),
            Format::Jsonl => Self::Lines(out),
            Format::Json => Self::Document(JsonDocument::new(out, &query(log, filter))?),
            Format::Csv | Format::Tsv => Self::Delimited(Box::new(Delimited::begin(out, format.rows())?)),
            Format::Ocsf | Format::Cef | Format::Ecs | Format::Leef => {
                Self::Events(EventLines { out, format, line: Vec::new() })
            }
        })
    }

    /// Continues output that already holds a header and at least one entry.
    pub(super) fn resume(out: &'a mut dyn Write, format: &'a EntryFormat, style: &'a Style) -> Self {
        let columns = &format.columns;
        match format.format {
            Format::Table | Format::Wide => Self::Table(out, EntryTable::new(columns, style)),
            Format::Jsonl => Self::Lines(out),
            Format::Json => Self::Document(JsonDocument::resume(out)),
            Format::Csv | Format::Tsv => Self::Delimited(Box::new(Delimited::resume(out, format.rows()))),
            Format::Ocsf | Format::Cef | Format::Ecs | Format::Leef => {
                Self::Events(EventLines { out, format, line: Vec::new() })
            }
        }
    }

    /// Writes a batch of entries.
    pub(super) fn entries(&mut self, entries: &[Entry]) -> io::Result<()> {
        match self {
            Self::Table(out, table) => table.entries(out, entries),
            _ => entries.iter().try_for_each(|entry| self.view(&entry.view())),
        }
    }

    /// Writes one entry that borrows its texts from a page. Tables need whole batches: use [`Self::entries`].
    pub(super) fn view(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        match self {
            Self::Table(..) => Err(io::Error::other("a table cannot be written entry by entry")),
            Self::Lines(out) => json::line(out, entry),
            Self::Events(events) => events.write(entry),
            Self::Document(document) => document.entry(entry),
            Self::Delimited(delimited) => delimited.entry(entry),
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Delimited(delimited) => delimited.flush(),
            Self::Table(..) | Self::Lines(_) | Self::Events(_) | Self::Document(_) => Ok(()),
        }
    }

    /// The number of entries with a cell longer than spreadsheets accept.
    pub(super) fn long(&self) -> u64 {
        match self {
            Self::Delimited(delimited) => delimited.long(),
            Self::Table(..) | Self::Lines(_) | Self::Events(_) | Self::Document(_) => 0,
        }
    }

    /// Ends the output. A JSON document states here whether it is complete.
    pub(super) fn finish(self, ending: DocumentEnd<'_>) -> io::Result<()> {
        match self {
            Self::Table(..) | Self::Lines(_) | Self::Events(_) => Ok(()),
            Self::Document(document) => document.finish(ending).map(drop),
            Self::Delimited(delimited) => delimited.finish().map(drop),
        }
    }

    /// Ends the output after a failure.
    pub(super) fn finish_incomplete(self) -> io::Result<()> {
        self.finish(DocumentEnd { matched: None, complete: false, next_cursor: None })
    }
}

/// Writes each entry as an event for a SIEM.
pub(super) struct EventLines<'a> {
    out: &'a mut dyn Write,
    format: &'a EntryFormat,
    line: Vec<u8>,
}

impl EventLines<'_> {
    fn write(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        let (Some(form), Some((log, organization))) = (self.format.format.event(), &self.format.source)
        else {
            return Err(io::Error::other("the source of the events is not known"));
        };
        self.line.clear();
        write_event(form, EventSource { log: *log, organization }, entry, &mut self.line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

/// The query as a JSON document states it: each parameter with its values, and the log unless it is the audit log.
pub(super) fn query(log: Log, filter: &Filter) -> BTreeMap<&'static str, Vec<String>> {
    let mut query = BTreeMap::<_, Vec<String>>::new();
    if log != Log::Audit {
        query.insert(LOG, vec![log.to_string()]);
    }
    for (name, value) in filter_pairs(filter) {
        query.entry(name).or_default().push(value);
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::event::EventFormat;

    #[test]
    fn a_file_name_selects_a_format_or_is_refused() {
        let format = |name: &str| format_by_name(Path::new(name)).map_err(|failure| failure.exit);
        assert_eq!(format("a.b/x.CSV.gz"), Ok(Some(Format::Csv)));
        assert_eq!(format("x.ndjson"), Ok(Some(Format::Jsonl)));
        assert_eq!(format("X.JSONL.ZST"), Ok(Some(Format::Jsonl)));
        for event in [Format::Ocsf, Format::Cef, Format::Ecs, Format::Leef] {
            let ending = event.event().map(EventFormat::as_str).expect("an event");
            assert_eq!(format(&format!("x.{ending}.gz")), Ok(Some(event)));
        }
        for plain in
            ["x", "x.txt", "csv", "a.csv/x", "x.gz", "x.GZ", "a-2026.11.20", ".hidden/x", "a.", "/dev/null"]
        {
            assert_eq!(format(plain), Ok(None), "{plain}");
        }
        for other in
            ["a.xlsx", "a.csv.zip", "a.parquet.gz", "report.html", "a.HTML", "a.csv.bz2", "a.gzip", "a.7z"]
        {
            assert_eq!(format(other), Err(2), "{other}");
        }
    }
}
