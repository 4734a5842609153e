//! Puts the records of a source in order: by their time, then by the source's own ids.
//!
//! The log numbers entries in the order they arrive, and among equal times the later number is the later change. Files come
//! in any order, often newest first, and may be larger than memory. A first pass finds out whether the records are in order.
//! If not, the position of each is kept in 32 bytes and sorted.

use std::cmp::Ordering;
use std::io;

use uuid::Uuid;

use crate::commands::import::recognize::{
    PartialRecord, RecognizedSource, RecordSchema, SourceError, SourceFormat,
};
use crate::commands::import::record::{ImportRecord, RecordContent, RecordPosition, RecordReader};
use crate::commands::import::text::SourceText;
use crate::model::foreign::{AuditLibrary, TableRules};
use crate::model::timestamp::Timestamp;

/// A source's own id, if it tells an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceId {
    /// From a counter.
    Number(u64),
    /// The upper half of a ULID or a UUID of version 7. It begins with a time.
    Timed(u64),
    Other,
}

impl SourceId {
    fn of(text: &str) -> Self {
        if let Ok(number) = text.parse() {
            return Self::Number(number);
        }
        let upper = |value: u128| u64::try_from(value >> 64).unwrap_or_default();
        match Uuid::try_parse(text) {
            Ok(uuid) if uuid.get_version_num() == 7 => Self::Timed(upper(uuid.as_u128())),
            Ok(_) => Self::Other,
            Err(_) => ulid(text).map_or(Self::Other, |value| Self::Timed(upper(value))),
        }
    }

    const fn value(self) -> u64 {
        match self {
            Self::Number(value) | Self::Timed(value) => value,
            Self::Other => 0,
        }
    }
}

/// A ULID: 26 digits of Crockford's base 32.
fn ulid(text: &str) -> Option<u128> {
    const DIGITS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digit = |c: char| DIGITS.find(c.to_ascii_uppercase()).and_then(|at| u128::try_from(at).ok());
    (text.len() == 26).then(|| text.chars().try_fold(0_u128, |value, c| Some(value << 5 | digit(c)?)))?
}

/// The time of a record in microseconds, and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrderKey {
    pub(super) at: i64,
    pub(super) id: SourceId,
}

impl OrderKey {
    /// The order of two records; equal when it is unknown.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at).then_with(|| match (self.id, other.id) {
            (SourceId::Number(a), SourceId::Number(b)) | (SourceId::Timed(a), SourceId::Timed(b)) => {
                a.cmp(&b)
            }
            _ => Ordering::Equal,
        })
    }
}

/// The columns from which a record's key is read.
#[derive(Clone, Copy)]
pub(super) struct KeyColumns<'a> {
    time: &'static str,
    id: [&'static str; 2],
    /// How times are read. Our own times have an offset and need none.
    rules: Option<&'a TableRules>,
}

impl<'a> KeyColumns<'a> {
    pub(super) fn of(schema: RecordSchema, rules: Option<&'a TableRules>) -> Self {
        match schema {
            RecordSchema::Own => Self { time: "occurred_at", id: ["id", "id"], rules: None },
            RecordSchema::OwnCsv { .. } => Self { time: "time", id: ["id", "id"], rules: None },
            RecordSchema::Foreign(library) => {
                let layout = library.layout();
                Self { time: layout.time, id: [layout.id, "dumpdata_pk"], rules }
            }
        }
    }

    fn wanted(&self) -> [&'static str; 3] {
        [self.time, self.id[0], self.id[1]]
    }

    fn key(&self, probe: &PartialRecord) -> Option<OrderKey> {
        let written = probe.get(self.time).or_else(|| probe.get("occurred_at"))?;
        let at: Timestamp = match self.rules {
            None => written.parse().ok()?,
            Some(rules) => rules.moment_of(written)?,
        };
        let id = self.id.iter().find_map(|name| probe.get(name)).map_or(SourceId::Other, SourceId::of);
        Some(OrderKey { at: at.micros(), id })
    }

    /// The key of a record; `None` when it has no time.
    pub(super) fn of_record(&self, format: &SourceFormat, record: &ImportRecord) -> Option<OrderKey> {
        format.probe(&record.content, &self.wanted()).and_then(|probe| self.key(&probe))
    }
}

/// The result of the first pass.
pub(super) struct ScanResult {
    pub(super) schema: RecordSchema,
    /// Every column of any record, up to [`MAX_COLUMNS`].
    pub(super) columns: Vec<String>,
    /// The number of records.
    pub(super) count: u64,
    /// The positions of the records in order; `None` when the source is in order.
    pub(super) positions: Option<Vec<RecordPosition>>,
}

/// Objects may have any number of different keys.
const MAX_COLUMNS: usize = 500;

const DOUBLED_BACKSLASHES: &str = "its backslashes are doubled, as \\copy (select row_to_json(…)) writes them, and would change the values: export it with psql -AtX -c \"select row_to_json(t) from audits t order by id\" > audits.jsonl";

/// Reads a source once. `rules` gives the rules for a library's table, or an error when an option is missing.
pub(super) fn scan<'a>(
    text: &SourceText,
    source: &RecognizedSource,
    rules: impl Fn(AuditLibrary) -> Result<&'a TableRules, SourceError>,
) -> Result<ScanResult, SourceError> {
    let format = &source.format;
    let mut schema = source.schema;
    let mut keys = None;
    let mut columns: Vec<String> = format.columns().to_vec();
    let (mut count, mut last) = (0, None::<OrderKey>);
    let (mut in_order, mut rises, mut falls) = (true, false, false);
    let (mut has_numbers, mut has_timed, mut has_others) = (false, false, false);
    let mut records = format.records(text)?;
    while let Some(record) = records.next()? {
        count += 1;
        let probed =
            format.probe(&record.content, &keys.map_or([""; 3], |keys: KeyColumns<'_>| keys.wanted()));
        let Some(mut probe) = probed else {
            if has_doubled_backslashes(&record.content) {
                return Err(SourceError::Unusable(DOUBLED_BACKSLASHES.to_owned()));
            }
            continue;
        };
        if keys.is_none() {
            let known = *schema.get_or_insert_with(|| {
                AuditLibrary::of(probe.columns.iter().map(String::as_str))
                    .map_or(RecordSchema::Own, RecordSchema::Foreign)
            });
            let rules = match known {
                RecordSchema::Foreign(library) => Some(rules(library)?),
                RecordSchema::Own | RecordSchema::OwnCsv { .. } => None,
            };
            let found = KeyColumns::of(known, rules);
            keys = Some(found);
            let Some(again) = format.probe(&record.content, &found.wanted()) else { continue };
            probe = again;
        }
        let Some(key) = keys.and_then(|keys| keys.key(&probe)) else { continue };
        for name in probe.columns {
            if columns.len() < MAX_COLUMNS && !columns.contains(&name) {
                columns.push(name);
            }
        }
        match key.id {
            SourceId::Number(_) => has_numbers = true,
            SourceId::Timed(_) => has_timed = true,
            SourceId::Other => has_others = true,
        }
        if let Some(last) = last {
            in_order &= last.order(&key) != Ordering::Greater;
            rises |= key.at > last.at;
            falls |= key.at < last.at;
        }
        last = Some(key);
    }
    let schema = schema.unwrap_or(RecordSchema::Own);
    let positions = match keys {
        Some(keys) if !in_order => {
            let has_ids = has_numbers != has_timed && !has_others;
            // Without usable ids, a file that is newest first throughout is reversed.
            Some(sorted(format, text, keys, has_ids, falls && !rises)?)
        }
        _ => None,
    };
    Ok(ScanResult { schema, columns, count, positions })
}

/// The positions of all records in order. Records without a time come first.
fn sorted(
    format: &SourceFormat,
    text: &SourceText,
    keys: KeyColumns<'_>,
    has_ids: bool,
    is_reversed: bool,
) -> io::Result<Vec<RecordPosition>> {
    let mut keyed = Vec::new();
    let mut records = format.records(text)?;
    while let Some(record) = records.next()? {
        let key = keys.of_record(format, &record).unwrap_or(OrderKey { at: i64::MIN, id: SourceId::Other });
        let id = if has_ids { key.id.value() } else { 0 };
        keyed.push((key.at, id, record.position));
    }
    let rank = |at: i64, offset: u64| if is_reversed && at > i64::MIN { u64::MAX - offset } else { offset };
    keyed.sort_unstable_by_key(|(at, id, position)| (*at, *id, rank(*at, position.offset)));
    Ok(keyed.into_iter().map(|(.., position)| position).collect())
}

/// Whether the text would be JSON if its backslashes were not doubled.
fn has_doubled_backslashes(content: &RecordContent) -> bool {
    let RecordContent::Json(text) = content else { return false };
    let undoubled = text.trim().replace("\\\\", "\\");
    undoubled.len() < text.trim().len() && serde_json::from_str::<serde::de::IgnoredAny>(&undoubled).is_ok()
}

/// Reads the records of a source in order.
pub(super) struct OrderedReader {
    records: Box<dyn RecordReader>,
    positions: Option<std::vec::IntoIter<RecordPosition>>,
}

impl OrderedReader {
    pub(super) fn new(records: Box<dyn RecordReader>, positions: Option<Vec<RecordPosition>>) -> Self {
        Self { records, positions: positions.map(Vec::into_iter) }
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<ImportRecord>> {
        let Some(positions) = &mut self.positions else { return self.records.next() };
        let Some(position) = positions.next() else { return Ok(None) };
        self.records.go_to(position)?;
        self.records.next()
    }
}

#[cfg(test)]
mod tests;
