//! Recognizes a source: how its records are written (JSON, delimited text, SQL), and who wrote them.

use std::collections::BTreeMap;
use std::io;

use serde_json::value::RawValue;

use crate::commands::import::delimited::DelimitedReader;
use crate::commands::import::delimited::dialect::{CsvTable, detect};
use crate::commands::import::documents::{DocumentReader, LineReader, ListNesting, detect_nesting};
use crate::commands::import::own::{self, OwnHeader};
use crate::commands::import::record::{CellKind, RecordContent, RecordReader, SourceCell};
use crate::commands::import::sql::{self, SqlRowReader, SqlTable};
use crate::commands::import::text::SourceText;
use crate::model::foreign::{AuditLibrary, flatten_dumpdata};
use crate::model::json::Json;

/// What the command line tells about the sources.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceOptions {
    pub(super) library: Option<AuditLibrary>,
    /// The columns of a table without a header.
    pub(super) columns: Option<Vec<String>>,
}

/// The meaning of a source's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordSchema {
    /// Entries as our JSON.
    Own,
    /// Our CSV, with or without guards against formulas.
    OwnCsv {
        has_guards: bool,
    },
    Foreign(AuditLibrary),
}

/// How the records of a source are written.
#[derive(Debug, Clone)]
pub(super) enum SourceFormat {
    Lines,
    Document(ListNesting),
    Delimited(CsvTable),
    Sql(SqlTable),
}

/// A source whose format is known. The first object of a JSON source tells its schema later.
pub(super) struct RecognizedSource {
    pub(super) format: SourceFormat,
    pub(super) schema: Option<RecordSchema>,
    /// Columns of our CSV that the source does not have.
    pub(super) missing_columns: Vec<&'static str>,
}

/// Why nothing of a source can be imported.
pub(super) enum SourceError {
    Io(io::Error),
    /// The reason, and what to do.
    Unusable(String),
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn unrecognized() -> SourceError {
    SourceError::Unusable("unrecognized format: expected JSON lines, a JSON list, a krosyn-audit CSV export, or a table of an audit library with its column names in the first row (--columns NAME,… names those of a file without a header)".to_owned())
}

/// Recognizes a source; `None` when it is blank.
pub(super) fn recognize(
    text: &SourceText,
    options: &SourceOptions,
) -> Result<Option<RecognizedSource>, SourceError> {
    let mut reader = text.reader()?;
    let Some(first) = reader.skip_whitespace()? else { return Ok(None) };
    let json = |format| {
        let schema = options.library.map(RecordSchema::Foreign);
        Ok(Some(RecognizedSource { format, schema, missing_columns: Vec::new() }))
    };
    match first {
        b'{' if options.columns.is_none() && first_line_is_record(text, options)? => {
            json(SourceFormat::Lines)
        }
        b'{' | b'[' => {
            let nesting = detect_nesting(text, &|object| is_record(object, options))?;
            json(nesting.map_or(SourceFormat::Lines, SourceFormat::Document))
        }
        _ if options.columns.is_none() && sql::is_sql(text)? => sql_dump(text, options).map(Some),
        _ => delimited(text, options).map(Some),
    }
}

/// Whether the first line is a whole record, and not the beginning of a document.
fn first_line_is_record(text: &SourceText, options: &SourceOptions) -> io::Result<bool> {
    let Some(first) = LineReader::new(text.reader()?).next()? else { return Ok(false) };
    Ok(matches!(first.content, RecordContent::Json(line) if is_record(&line, options)))
}

/// Whether an object is a record, judged by the names of its members.
fn is_record(text: &str, options: &SourceOptions) -> bool {
    let Some(members) = raw_members(text) else { return false };
    ["occurred_at", "model_type", "trailer"].iter().any(|name| members.contains_key(*name))
        || options.library.is_some() && members.len() > 2
        || AuditLibrary::of(members.keys().map(String::as_str)).is_some()
}

/// The library whose table has these columns. The library from the command line counts if its id column is there.
fn library_of(columns: &[String], options: &SourceOptions) -> Option<AuditLibrary> {
    let has_id = |library: &AuditLibrary| columns.iter().any(|name| name == library.layout().id);
    options.library.filter(has_id).or_else(|| AuditLibrary::of(columns.iter().map(String::as_str)))
}

fn sql_dump(text: &SourceText, options: &SourceOptions) -> Result<RecognizedSource, SourceError> {
    let tables = sql::tables(text, &|columns| library_of(columns, options).is_some());
    let tables = tables.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => SourceError::Unusable(format!("cannot read the SQL dump: {error}")),
        _ => error.into(),
    })?;
    let mut chosen: Vec<_> = tables
        .into_iter()
        .filter_map(|table| Some((library_of(&table.columns, options)?, table)))
        .filter(|(library, _)| options.library.is_none_or(|wanted| wanted == *library))
        .collect();
    match (chosen.pop(), chosen.is_empty()) {
        (Some((library, table)), true) => Ok(RecognizedSource {
            format: SourceFormat::Sql(table),
            schema: Some(RecordSchema::Foreign(library)),
            missing_columns: Vec::new(),
        }),
        (None, _) => Err(SourceError::Unusable("the SQL dump has no rows of an audit library's table (INSERT with literal values, or COPY): dump that table alone, or export it as CSV with a header".to_owned())),
        (Some(last), false) => {
            chosen.push(last);
            let names = chosen.iter().map(|(library, table)| format!("{} ({library})", table.name));
            let names = names.collect::<Vec<_>>().join(", ");
            Err(SourceError::Unusable(format!("the SQL dump has several audit tables: {names}; choose one with --from, or dump one table alone")))
        }
    }
}

fn delimited(text: &SourceText, options: &SourceOptions) -> Result<RecognizedSource, SourceError> {
    let is_foreign = |columns: &[String]| library_of(columns, options).is_some();
    let is_own = |columns: &[String]| !is_foreign(columns) && own::judge(columns) != OwnHeader::Unknown;
    let is_known = |columns: &[String]| is_foreign(columns) || is_own(columns);
    let table = detect(text, options.columns.as_deref(), &is_known, &is_own)?.ok_or_else(unrecognized)?;
    let (schema, missing_columns) = match library_of(&table.columns, options) {
        Some(library) => (RecordSchema::Foreign(library), Vec::new()),
        None => match own::judge(&table.columns) {
            OwnHeader::Unknown => return Err(unrecognized()),
            OwnHeader::Incomplete(missing) => {
                return Err(SourceError::Unusable(format!(
                    "no column {}: an entry needs it (an export without --columns has all columns)",
                    missing.join(", ")
                )));
            }
            OwnHeader::Complete { missing_columns } => {
                (RecordSchema::OwnCsv { has_guards: own::has_guards(text, table.dialect)? }, missing_columns)
            }
        },
    };
    Ok(RecognizedSource { format: SourceFormat::Delimited(table), schema: Some(schema), missing_columns })
}

impl SourceFormat {
    /// A reader that begins at the first record.
    pub(super) fn records(&self, text: &SourceText) -> io::Result<Box<dyn RecordReader>> {
        Ok(match self {
            Self::Lines => Box::new(LineReader::new(text.reader()?)),
            Self::Document(nesting) => Box::new(DocumentReader::new(text.reader()?, *nesting)),
            Self::Sql(table) => Box::new(SqlRowReader::new(text, table.clone())?),
            Self::Delimited(table) => {
                let mut rows = DelimitedReader::new(text.reader()?, table.dialect);
                rows.width = Some(table.columns.len());
                rows.go_to(table.first)?;
                Box::new(rows)
            }
        })
    }

    /// The columns of all rows. JSON has none: each object names its own.
    pub(super) fn columns(&self) -> &[String] {
        match self {
            Self::Delimited(table) => &table.columns,
            Self::Sql(table) => &table.columns,
            Self::Lines | Self::Document(_) => &[],
        }
    }

    /// A record as named values.
    ///
    /// # Errors
    /// What is wrong with the record. The message quotes no value of it.
    pub(super) fn row(
        &self,
        content: RecordContent,
        schema: RecordSchema,
    ) -> Result<Vec<(String, Json)>, String> {
        match content {
            RecordContent::Json(text) => {
                match Json::parse(text.trim()).map_err(|error| error.to_string())? {
                    Json::Object(members) => Ok(flatten_dumpdata(members)),
                    _ => Err("the line is not a JSON object".to_owned()),
                }
            }
            RecordContent::Cells(cells) => {
                let named = self.columns().iter().zip(cells);
                named.map(|(name, cell)| Ok((name.clone(), self.value(name, cell, schema)?))).collect()
            }
            RecordContent::Bad(detail) => Err(detail),
            RecordContent::Trailer => Ok(Vec::new()),
        }
    }

    fn value(&self, name: &str, cell: SourceCell, schema: RecordSchema) -> Result<Json, String> {
        let is_own = matches!(schema, RecordSchema::OwnCsv { .. });
        let text = String::from_utf8(cell.text).map_err(|_| {
            format!(
                "{name} is not UTF-8 (iconv -f WINDOWS-1252 -t UTF-8 converts what Windows programs write)"
            )
        })?;
        let has_null_word = matches!(self, Self::Delimited(table) if !table.has_backslash_null);
        Ok(match cell.kind {
            CellKind::Null if is_own => Json::String("\\N".to_owned()),
            CellKind::Null => Json::Null,
            CellKind::Bare if !is_own && has_null_word && text == "NULL" => Json::Null,
            CellKind::Bare | CellKind::Quoted => Json::String(text),
        })
    }

    /// The names of a JSON record's members and the texts of the `wanted` columns, without parsing the rest. `None` when
    /// the record is malformed.
    pub(super) fn probe(&self, content: &RecordContent, wanted: &[&str]) -> Option<PartialRecord> {
        let mut record = PartialRecord { columns: Vec::new(), texts: Vec::new() };
        match content {
            RecordContent::Json(text) => {
                for (name, value) in raw_members(text)? {
                    if wanted.contains(&name.as_str()) {
                        let text = serde_json::from_str(value.get());
                        record.texts.push((name.clone(), text.unwrap_or_else(|_| value.get().to_owned())));
                    }
                    record.columns.push(name);
                }
            }
            RecordContent::Cells(cells) => {
                for (name, cell) in self.columns().iter().zip(cells) {
                    if wanted.contains(&name.as_str()) {
                        let text = String::from_utf8_lossy(&cell.text).trim().to_owned();
                        record.texts.push((name.clone(), text));
                    }
                }
            }
            RecordContent::Bad(_) | RecordContent::Trailer => return None,
        }
        Some(record)
    }
}

/// The columns of a record that tell its place in the order.
pub(super) struct PartialRecord {
    /// The names of a JSON record's members.
    pub(super) columns: Vec<String>,
    pub(super) texts: Vec<(String, String)>,
}

impl PartialRecord {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(column, _)| column == name).map(|(_, text)| text.as_str())
    }
}

/// The members of an object, unparsed. An object of Django's `dumpdata` is flattened as [`flattened`] does it.
fn raw_members(text: &str) -> Option<BTreeMap<String, &RawValue>> {
    let parsed = |text| serde_json::from_str::<BTreeMap<String, &RawValue>>(text).ok();
    let mut members = parsed(text.trim())?;
    let fields = members.get("fields").filter(|_| members.contains_key("model"));
    let Some(mut row) = fields.and_then(|fields| parsed(fields.get())) else { return Some(members) };
    for (name, column) in [("pk", "dumpdata_pk"), ("model", "dumpdata_model")] {
        row.extend(members.remove(name).map(|value| (column.to_owned(), value)));
    }
    Some(row)
}
