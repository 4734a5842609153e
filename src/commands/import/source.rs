//! Turns files and pipes into lines for the API, on a thread of its own: recognizes each source, puts the records in order,
//! and converts them.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::commands::import::order::{KeyColumns, OrderKey, OrderedReader, ScanResult, scan};
use crate::commands::import::own;
use crate::commands::import::recognize::{RecordSchema, SourceError, SourceFormat, SourceOptions, recognize};
use crate::commands::import::record::{ImportRecord, RecordContent, RecordPosition, RecordReader};
use crate::commands::import::text::{InputFile, SourceText};
use crate::model::foreign::{
    AuditLibrary, ConvertedRow, JsonMembers, RowRejection, TableRules, is_column_name, object_key,
};
use crate::model::json::Json;
use crate::render::filter_summary::counted;

const TRAILER: &str = "the trailer of an export, not an entry; `krosyn-audit verify` checks it";
/// How many events may wait for the sender.
const MAX_WAITING: usize = 1000;

/// What the reader reports. Records are numbered from 1: by line, or by position in a list.
pub(super) enum ImportEvent {
    /// The number of records in all sources.
    Total(u64),
    /// A line for the API.
    Line(u64, String),
    /// A record that gives no line, and why.
    Failed(u64, String),
    /// A message about a record.
    Note(u64, String),
    /// A message about the whole source.
    SourceNote(String),
    /// A warning about the whole source. It follows the source's name.
    SourceWarning(String),
    /// A row that a mapping excludes.
    Excluded,
    /// A row with an event or a class without a mapping.
    Unmapped { number: u64, what: &'static str, column: &'static str, word: String },
    /// A row without the data of an entry.
    Incomplete(u64, &'static str),
    /// Something beside the changes was shortened or left out.
    Adjusted(&'static str),
    /// A class that was put before the ids of its rows.
    Prefixed(String),
    /// The import stops here.
    Error(SourceError),
}

/// What the command line tells about the sources. `rules` are needed for other libraries' tables only: an error names the
/// missing option.
pub(super) struct ImportRequest {
    pub(super) options: SourceOptions,
    pub(super) rules: Result<TableRules, String>,
}

/// Reads the sources on a thread, so that a silent stdin does not delay Ctrl-C. Records of all sources are merged by time.
pub(super) fn read(sources: Vec<InputFile>, request: ImportRequest) -> Receiver<(Arc<str>, ImportEvent)> {
    let (sender, receiver) = channel(MAX_WAITING);
    std::thread::spawn(move || {
        let reader = SourceReader { sender: &sender, request: &request };
        // An error means that the receiver is gone, or that it has been told.
        drop(reader.all(sources));
    });
    receiver
}

/// The receiver is gone, or the error was sent to it.
struct Stopped;

struct SourceReader<'a> {
    sender: &'a Sender<(Arc<str>, ImportEvent)>,
    request: &'a ImportRequest,
}

struct OpenSource {
    name: Arc<str>,
    table: String,
    text: SourceText,
    format: SourceFormat,
    schema: RecordSchema,
    records: OrderedReader,
    next: Option<(Option<OrderKey>, ImportRecord)>,
    /// The position of the last row of each resource, for libraries whose rows need the one before.
    last_rows: HashMap<String, RecordPosition>,
    /// Reads those rows again.
    random_access: Option<Box<dyn RecordReader>>,
    /// Classes that were reported as prefixes.
    prefixed: HashSet<String>,
}

impl SourceReader<'_> {
    fn send(&self, name: &Arc<str>, event: ImportEvent) -> Result<(), Stopped> {
        self.sender.blocking_send((Arc::clone(name), event)).map_err(|_| Stopped)
    }

    fn fail(&self, name: &Arc<str>, error: impl Into<SourceError>) -> Stopped {
        drop(self.send(name, ImportEvent::Error(error.into())));
        Stopped
    }

    fn rules(&self, library: AuditLibrary) -> Result<&TableRules, SourceError> {
        let missing =
            |missing: &String| SourceError::Unusable(format!("this is a {library} table: {missing}"));
        self.request.rules.as_ref().map_err(missing)
    }

    fn all(&self, sources: Vec<InputFile>) -> Result<(), Stopped> {
        let mut opened = Vec::new();
        let mut total = 0;
        for source in sources {
            let name = Arc::clone(&source.name);
            if let Some((source, count)) = self.open(source).map_err(|error| self.fail(&name, error))? {
                opened.push(source);
                total += count;
            }
        }
        let Some(first) = opened.first() else { return Ok(()) };
        self.send(&first.name, ImportEvent::Total(total))?;
        let are_merged = opened.len() > 1;
        for source in &mut opened {
            self.advance(source, are_merged)?;
        }
        while let Some(earliest) = earliest(&opened) {
            let source = &mut opened[earliest];
            if let Some((_, record)) = source.next.take() {
                self.record(source, record)?;
            }
            self.advance(source, are_merged)?;
        }
        Ok(())
    }

    fn open(&self, source: InputFile) -> Result<Option<(OpenSource, u64)>, SourceError> {
        let (name, table) = (Arc::clone(&source.name), source.table_name());
        let text = source.text()?;
        let Some(recognized) = recognize(&text, &self.request.options)? else { return Ok(None) };
        if !recognized.missing_columns.is_empty() {
            let columns = recognized.missing_columns.join(", ");
            let warning = format!("has no column {columns}: the entries are imported without these values");
            drop(self.send(&name, ImportEvent::SourceWarning(warning)));
        }
        let ScanResult { schema, columns, count, positions } =
            scan(&text, &recognized, |library| self.rules(library))?;
        let format = recognized.format;
        if let RecordSchema::Foreign(library) = schema {
            let rules = self.rules(library)?;
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            // The keys of objects may hold anything, so they are counted and not shown.
            let are_header = !format.columns().is_empty();
            rules.check_columns(library, &columns, are_header).map_err(SourceError::Unusable)?;
            let ignored = rules.ignored_columns(library, &columns);
            if !ignored.is_empty() {
                let count = counted(ignored.len() as u64, "column", "columns");
                let shown = ignored.into_iter().filter(|name| are_header && is_column_name(name));
                let shown = shown.collect::<Vec<_>>().join(", ");
                let separator = if shown.is_empty() { "" } else { ": " };
                let note = format!("{count} ignored, as an entry has no field for it{separator}{shown}");
                drop(self.send(&name, ImportEvent::SourceNote(note)));
            }
        }
        let records = OrderedReader::new(format.records(&text)?, positions);
        let opened = OpenSource {
            name,
            table,
            text,
            format,
            schema,
            records,
            next: None,
            last_rows: HashMap::new(),
            random_access: None,
            prefixed: HashSet::new(),
        };
        Ok(Some((opened, count)))
    }

    fn advance(&self, source: &mut OpenSource, with_key: bool) -> Result<(), Stopped> {
        let next = source.records.next().map_err(|error| self.fail(&source.name, error))?;
        source.next = next.map(|record| {
            let keys = KeyColumns::of(source.schema, self.request.rules.as_ref().ok());
            let key = if with_key { keys.of_record(&source.format, &record) } else { None };
            (key, record)
        });
        Ok(())
    }

    fn record(&self, source: &mut OpenSource, record: ImportRecord) -> Result<(), Stopped> {
        let (name, number) = (Arc::clone(&source.name), record.position.number);
        if matches!(record.content, RecordContent::Trailer) {
            return self.send(&name, ImportEvent::Note(number, TRAILER.to_owned()));
        }
        let row = match source.format.row(record.content, source.schema) {
            Ok(row) => row,
            Err(detail) => return self.send(&name, ImportEvent::Failed(number, detail)),
        };
        match source.schema {
            RecordSchema::Own if row.first().is_some_and(|(name, _)| name == "trailer") => {
                self.send(&name, ImportEvent::Note(number, TRAILER.to_owned()))
            }
            RecordSchema::Own => self.own(&name, number, without_server_fields(row)),
            RecordSchema::OwnCsv { has_guards } => self.own(&name, number, own::members(&row, has_guards)),
            RecordSchema::Foreign(library) => self.foreign(source, record.position, library, &row),
        }
    }

    fn own(&self, name: &Arc<str>, number: u64, entry: Result<JsonMembers, String>) -> Result<(), Stopped> {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(detail) => return self.send(name, ImportEvent::Failed(number, detail)),
        };
        for what in own::shorten(&mut entry) {
            self.send(name, ImportEvent::Adjusted(what))?;
        }
        self.send(name, ImportEvent::Line(number, Json::Object(entry).to_string()))
    }

    fn foreign(
        &self,
        source: &mut OpenSource,
        position: RecordPosition,
        library: AuditLibrary,
        row: &JsonMembers,
    ) -> Result<(), Stopped> {
        let (name, number) = (Arc::clone(&source.name), position.number);
        let rules = self.rules(library).map_err(|error| self.fail(&name, error))?;
        let previous = source.previous(row, position).map_err(|error| self.fail(&name, error))?;
        let event = match rules.proposal(library, row, previous.as_deref(), &source.table) {
            Ok(ConvertedRow { proposal, note, adjusted, prefixed }) => {
                for what in adjusted {
                    self.send(&name, ImportEvent::Adjusted(what))?;
                }
                for class in prefixed {
                    if source.prefixed.insert(class.clone()) {
                        self.send(&name, ImportEvent::Prefixed(class))?;
                    }
                }
                if let Some(note) = note {
                    self.send(&name, ImportEvent::Note(number, note))?;
                }
                match serde_json::to_string(&proposal) {
                    Ok(line) => ImportEvent::Line(number, line),
                    Err(error) => ImportEvent::Failed(number, error.to_string()),
                }
            }
            Err(RowRejection::Excluded) => ImportEvent::Excluded,
            Err(RowRejection::Unmapped { what, column, word }) => {
                ImportEvent::Unmapped { number, what, column, word }
            }
            Err(RowRejection::Incomplete(reason)) => ImportEvent::Incomplete(number, reason),
            Err(RowRejection::Invalid(detail)) => ImportEvent::Failed(number, detail),
        };
        self.send(&name, event)
    }
}

impl OpenSource {
    /// The row before this one of the same resource, if the library needs it.
    fn previous(&mut self, row: &JsonMembers, position: RecordPosition) -> io::Result<Option<JsonMembers>> {
        let needs = matches!(self.schema, RecordSchema::Foreign(library) if library.needs_previous());
        let Some(key) = object_key(row).filter(|_| needs) else { return Ok(None) };
        let Some(before) = self.last_rows.insert(key, position) else { return Ok(None) };
        let reader = match &mut self.random_access {
            Some(reader) => reader,
            none => none.insert(self.format.records(&self.text)?),
        };
        reader.go_to(before)?;
        let record = reader.next()?;
        Ok(record.and_then(|record| self.format.row(record.content, self.schema).ok()))
    }
}

/// The source whose next record happened first. A record without a time comes before all others.
fn earliest(sources: &[OpenSource]) -> Option<usize> {
    let mut first: Option<(usize, Option<OrderKey>)> = None;
    for (index, source) in sources.iter().enumerate() {
        let Some((key, _)) = source.next else { continue };
        let is_earlier = match (&first, &key) {
            (None, _) => true,
            (Some((_, None)), _) => false,
            (Some(_), None) => true,
            (Some((_, Some(first))), Some(key)) => key.order(first) == std::cmp::Ordering::Less,
        };
        if is_earlier {
            first = Some((index, key));
        }
    }
    first.map(|(index, _)| index)
}

/// An entry without the members that the server gives.
fn without_server_fields(mut members: JsonMembers) -> Result<JsonMembers, String> {
    members.retain(|(key, _)| key != "id" && key != "recorded_at");
    if !members.iter().any(|(key, _)| key == "occurred_at") {
        return Err("occurred_at is missing: an imported entry must say when it happened".to_owned());
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
