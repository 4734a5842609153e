//! Pages of entries as rows: CSV, TSV or JSON lines, chosen by `Accept`. The body has only the rows; the
//! cursor of the next page is in headers, which server and client share here.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::query::{PAGE_PARAMETERS, PageRules, Query};
use crate::api::routes::NDJSON;
use crate::model::draft::FieldError;
use crate::model::entry::Entry;
use crate::model::page::{Cursor, MAX_ROWS};
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;

/// A form of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowForm {
    /// Commas, with a header on the first page.
    Csv,
    /// Tabs, without a header.
    Tsv,
    /// One JSON object on each line.
    Jsonl,
}

impl RowForm {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Tsv, Self::Jsonl];

    /// The name in `format=` and in the trail; also the ending of a file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
        }
    }

    /// The media type in `Accept`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Jsonl => NDJSON,
        }
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Jsonl => NDJSON,
        }
    }

    /// The form of a media type, whatever its parameters.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        let name = media_type.split(';').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|form| form.media_type().eq_ignore_ascii_case(name))
    }

    /// The form that an `Accept` header prefers to JSON. `None` is JSON, also for a header that accepts neither.
    #[must_use]
    pub fn preferred(accept: &str) -> Option<Self> {
        let mut best = (0.0, None);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            let weight: f64 = weight.map_or(1.0, |text| text.parse().unwrap_or(0.0));
            let is_json = ["application/json", "application/*", "*/*"]
                .iter()
                .any(|json| json.eq_ignore_ascii_case(name));
            let form = Self::of(name);
            // JSON wins a draw, and so does the form named first.
            let is_better = weight > best.0 || is_json && weight.total_cmp(&best.0).is_eq();
            if (is_json || form.is_some()) && weight > 0.0 && is_better {
                best = (weight, form);
            }
        }
        best.1
    }
}

impl fmt::Display for RowForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The parameters of rows.
pub const ROW_PARAMETERS: &[&str] = &["columns", "explode", "formula_guard", "bom", "max_cell"];
/// The parameters of `GET /audit-logs/export` beside those of a filter and of rows.
pub const EXPORT_PARAMETERS: &[&str] = &["format", "order", "as_of", "trailer"];
/// The shortest limit of a cell: the mark of a cut needs room.
pub const MIN_CELL: usize = 64;

/// How entries become rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOptions {
    /// The form.
    pub form: RowForm,
    /// A list of columns, as `--columns` takes it. All columns of an export if absent.
    pub columns: Option<String>,
    /// One row for each changed field.
    pub explode: bool,
    /// Whether cells of CSV that a spreadsheet would evaluate get a leading `'`.
    pub formula_guard: bool,
    /// Whether CSV begins with a byte order mark.
    pub bom: bool,
    /// The most characters of a cell.
    pub max_cell: Option<usize>,
}

impl From<RowForm> for RowOptions {
    fn from(form: RowForm) -> Self {
        Self { form, columns: None, explode: false, formula_guard: true, bom: false, max_cell: None }
    }
}

impl RowOptions {
    /// Reads a parameter if it is one of [`ROW_PARAMETERS`]. Returns whether it is.
    fn read(&mut self, name: &str, value: &str, errors: &mut Vec<FieldError>) -> bool {
        if !ROW_PARAMETERS.contains(&name) {
            return false;
        }
        if self.form == RowForm::Jsonl {
            errors.push(FieldError::new(name, "is for CSV and TSV: JSON lines contain whole entries"));
            return true;
        }
        match name {
            "columns" => self.columns = Some(value.to_owned()),
            "explode" => self.explode = flag(name, value, errors),
            "formula_guard" => self.formula_guard = flag(name, value, errors),
            "bom" => self.bom = flag(name, value, errors),
            _ => match value.parse() {
                Ok(max) if max >= MIN_CELL => self.max_cell = Some(max),
                _ => errors.push(FieldError::new(name, format!("must be a whole number from {MIN_CELL}"))),
            },
        }
        true
    }

    /// The parameters that [`RowQuery::read`] reads back as these options. Defaults are left out.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let Self { form: _, columns, explode, formula_guard, bom, max_cell } = self;
        let columns = columns.iter().map(|columns| ("columns", columns.clone()));
        let flags =
            [("explode", *explode, false), ("formula_guard", *formula_guard, true), ("bom", *bom, false)];
        let flags = flags.into_iter().filter(|(_, value, default)| value != default);
        let flags = flags.map(|(name, value, _)| (name, value.to_string()));
        columns.chain(flags).chain(max_cell.map(|max| ("max_cell", max.to_string()))).collect()
    }
}

fn flag(name: &str, value: &str, errors: &mut Vec<FieldError>) -> bool {
    if !matches!(value, "true" | "false") {
        errors.push(FieldError::new(name, "must be true or false"));
    }
    value == "true"
}

/// A query for a page of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowQuery {
    /// The entries.
    pub query: Query,
    /// Their form.
    pub options: RowOptions,
}

impl RowQuery {
    /// Reads the pairs of a query string about a log, for a page in this form.
    ///
    /// # Errors
    /// All errors, by parameter.
    pub fn read(
        log: Log,
        form: RowForm,
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Result<Self, Vec<FieldError>> {
        let mut options = RowOptions::from(form);
        let names: Vec<_> = PAGE_PARAMETERS.iter().chain(ROW_PARAMETERS).copied().collect();
        let rules = PageRules { names: &names, default_limit: MAX_ROWS, max_limit: MAX_ROWS };
        let query =
            Query::read_by(log, pairs, &rules, |name, value, errors| options.read(name, value, errors))?;
        Ok(Self { query, options })
    }
}

/// A query for all entries as rows, in one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportQuery {
    /// The entries, and their form.
    pub rows: RowQuery,
    /// Whether the last line is a trailer.
    pub trailer: bool,
}

impl ExportQuery {
    /// Reads the pairs of a query string about a log. `format` is stronger than `accepted`; without both it is CSV.
    ///
    /// # Errors
    /// All errors, by parameter.
    pub fn read(
        log: Log,
        accepted: Option<RowForm>,
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Result<Self, Vec<FieldError>> {
        let format = pairs.iter().find(|(name, _)| name.as_ref() == "format");
        let format =
            format.map(|(_, name)| RowForm::ALL.into_iter().find(|form| form.as_str() == name.as_ref()));
        let form = format.flatten().or(accepted).unwrap_or(RowForm::Csv);
        let (mut options, mut trailer) = (RowOptions::from(form), false);
        let names: Vec<_> = EXPORT_PARAMETERS.iter().chain(ROW_PARAMETERS).copied().collect();
        let rules = PageRules { names: &names, default_limit: MAX_ROWS, max_limit: MAX_ROWS };
        let query = Query::read_by(log, pairs, &rules, |name, value, errors| {
            match name {
                "trailer" => trailer = flag(name, value, errors),
                "format" if format == Some(None) => {
                    errors.push(FieldError::new(name, "must be csv, tsv or jsonl"));
                }
                "format" => {}
                _ => return options.read(name, value, errors),
            }
            true
        })?;
        Ok(Self { rows: RowQuery { query, options }, trailer })
    }
}

/// A line of an export as JSON lines.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ExportLine {
    /// An entry.
    Entry(Box<Entry>),
    /// The last line, with `trailer=true`.
    Trailer(TrailerLine),
}

/// What the last line of an export says of all lines before it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrailerLine {
    /// The version of the format.
    pub trailer: u32,
    /// The number of entries.
    pub entries: u64,
    /// The number of lines.
    pub lines: u64,
    /// The number of bytes.
    pub bytes: u64,
    /// The upper bound: entries with a higher id are left out.
    pub as_of: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
    /// Four bytes of the hash of the other members, in hexadecimal.
    pub check: String,
}

const COUNT: &str = "krosyn-count";
const AS_OF: &str = "krosyn-as-of";
const NEXT_CURSOR: &str = "krosyn-next-cursor";
const LOWEST_ID: &str = "krosyn-lowest-id";
const HIGHEST_ID: &str = "krosyn-highest-id";
const HIGHEST_UUID: &str = "krosyn-highest-uuid";
const LONG_CELLS: &str = "krosyn-long-cells";
const TOTAL: &str = "krosyn-total";
const PRUNED_THROUGH: &str = "krosyn-pruned-through-id";
const PRUNED_BEFORE: &str = "krosyn-pruned-before";

/// What the headers of a page of rows say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowPageInfo {
    /// How many entries the page has. Exploded entries have several rows.
    pub count: u64,
    /// The upper bound of the answer: entries with a higher id are left out.
    pub as_of: u64,
    /// Where the next page begins; absent on the last page.
    pub next: Option<Cursor>,
    /// The lowest id, the highest, and the uuid of the highest; absent on an empty page.
    pub ids: Option<(u64, u64, Uuid)>,
    /// How many entries have a cell that is longer than spreadsheets keep.
    pub long: u64,
    /// How many entries match in all; only when asked for.
    pub total: Option<u64>,
    /// Up to which id, and before which time, entries were pruned.
    pub pruned: Option<(u64, Timestamp)>,
}

impl RowPageInfo {
    /// The headers, in lower case.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![(COUNT, self.count.to_string()), (AS_OF, self.as_of.to_string())];
        headers.push((LONG_CELLS, self.long.to_string()));
        headers.extend(self.next.map(|cursor| (NEXT_CURSOR, cursor.encode())));
        if let Some((lowest, highest, uuid)) = self.ids {
            headers.push((LOWEST_ID, lowest.to_string()));
            headers.push((HIGHEST_ID, highest.to_string()));
            headers.push((HIGHEST_UUID, uuid.to_string()));
        }
        headers.extend(self.total.map(|total| (TOTAL, total.to_string())));
        if let Some((through, before)) = self.pruned {
            headers.push((PRUNED_THROUGH, through.to_string()));
            headers.push((PRUNED_BEFORE, before.to_string()));
        }
        headers
    }

    /// Reads the headers of a page. Returns `None` when they do not follow the API.
    pub fn read<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Self> {
        let number = |name| header(name).map(str::parse::<u64>);
        let count = number(COUNT)?.ok()?;
        let ids = match (number(LOWEST_ID), number(HIGHEST_ID), header(HIGHEST_UUID)) {
            (None, None, None) => None,
            (lowest, highest, uuid) => Some((lowest?.ok()?, highest?.ok()?, uuid?.parse().ok()?)),
        };
        let next = match header(NEXT_CURSOR) {
            None => None,
            Some(text) => Some(Cursor::decode(text)?),
        };
        let pruned = match (number(PRUNED_THROUGH), header(PRUNED_BEFORE)) {
            (None, None) => None,
            (through, before) => Some((through?.ok()?, before?.parse().ok()?)),
        };
        let (as_of, long) = (number(AS_OF)?.ok()?, number(LONG_CELLS)?.ok()?);
        let total = number(TOTAL).transpose().ok()?;
        let is_whole = ids.is_some_and(|(lowest, highest, _)| lowest <= highest) == (count > 0);
        is_whole.then_some(Self { count, as_of, next, ids, long, total, pruned })
    }
}

#[cfg(test)]
mod tests;
