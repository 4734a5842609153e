//! The order of a source's records: by the time they tell, and among equal times by the source's own ids.
//!
//! The log numbers entries in the order they arrive, and among equal times the later number is the later change. Files
//! come in any order, often newest first, and may be larger than memory. A first pass finds out whether the records stand
//! in order; then they are read as they stand. Otherwise the place of each is kept, 32 bytes a record, and sorted.

use std::cmp::Ordering;
use std::io;

use uuid::Uuid;

use crate::commands::import::record::{Content, Place, Record, Records};
use crate::commands::import::shape::{Form, Probe, Refused, Rule, Shape};
use crate::commands::import::text::Text;
use crate::model::foreign::{Format, Reading};
use crate::model::timestamp::Timestamp;

/// A source's own id, as far as it tells an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    /// Counted up.
    Number(u64),
    /// A ULID or a UUID of version 7: the upper half, which begins with a time.
    Timed(u64),
    /// It tells no order.
    Other,
}

impl Id {
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

/// When a record happened, and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) at: i64,
    pub(super) id: Id,
}

impl Key {
    /// The order of two records; equal where nothing tells it.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at).then_with(|| match (self.id, other.id) {
            (Id::Number(a), Id::Number(b)) | (Id::Timed(a), Id::Timed(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        })
    }
}

/// How keys are found in records.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    time: &'static str,
    id: [&'static str; 2],
    /// How times are read; ours say their zone.
    reading: Option<&'a Reading>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(rule: Rule, reading: Option<&'a Reading>) -> Self {
        match rule {
            Rule::Own => Self { time: "occurred_at", id: ["id", "id"], reading: None },
            Rule::OwnCsv { .. } => Self { time: "time", id: ["id", "id"], reading: None },
            Rule::Foreign(format) => {
                let layout = format.layout();
                Self { time: layout.time, id: [layout.id, "dumpdata_pk"], reading }
            }
        }
    }

    fn wanted(&self) -> [&'static str; 3] {
        [self.time, self.id[0], self.id[1]]
    }

    fn key(&self, probe: &Probe) -> Option<Key> {
        let written = probe.get(self.time).or_else(|| probe.get("occurred_at"))?;
        let at: Timestamp = match self.reading {
            None => written.parse().ok()?,
            Some(reading) => reading.moment_of(written)?,
        };
        let id = self.id.iter().find_map(|name| probe.get(name)).map_or(Id::Other, Id::of);
        Some(Key { at: at.micros(), id })
    }

    /// The key of a record; none when it has no time.
    pub(super) fn of_record(&self, form: &Form, record: &Record) -> Option<Key> {
        form.probe(&record.content, &self.wanted()).ok().and_then(|probe| self.key(&probe))
    }
}

/// What a first pass found out.
pub(super) struct Scanned {
    pub(super) rule: Rule,
    /// Every column that a record has.
    pub(super) columns: Vec<String>,
    /// How many records there are.
    pub(super) count: u64,
    /// The places of the records in their order; none when that is how they stand.
    pub(super) places: Option<Vec<Place>>,
}

/// So many different columns are kept in mind: objects may have any.
const MAX_COLUMNS: usize = 500;

const DOUBLED: &str = "its backslashes are doubled, as \\copy (select row_to_json(…)) to a file writes them, so that values would change; write it by: psql -AtX -c \"select row_to_json(t) from audits t order by id\" > audits.jsonl";

/// Reads a source once. `reading` gives how another library's rows are read, or a sentence when that cannot be known.
///
/// # Errors
/// [`Refused`], when the source as a whole cannot be read.
pub(super) fn scan<'a>(
    text: &Text,
    shape: &Shape,
    reading: impl Fn(Format) -> Result<&'a Reading, String>,
) -> Result<Scanned, Refused> {
    let form = &shape.form;
    let mut rule = shape.rule;
    let mut keys = None;
    let mut columns: Vec<String> = form.header().unwrap_or_default().to_vec();
    let (mut count, mut last, mut in_order, mut rises, mut falls) = (0, None::<Key>, true, false, false);
    let (mut numbers, mut timed, mut others) = (false, false, false);
    let mut records = form.records(text)?;
    while let Some(record) = records.next()? {
        count += 1;
        let probed = form.probe(&record.content, &keys.map_or([""; 3], |keys: Keys<'_>| keys.wanted()));
        let Ok(mut probe) = probed else {
            if is_doubled(&record.content) {
                return Err(Refused::Whole(DOUBLED.to_owned()));
            }
            continue;
        };
        if keys.is_none() {
            let known = *rule.get_or_insert_with(|| {
                Format::of(probe.columns.iter().map(String::as_str)).map_or(Rule::Own, Rule::Foreign)
            });
            let reading = match known {
                Rule::Foreign(format) => Some(reading(format).map_err(Refused::Whole)?),
                Rule::Own | Rule::OwnCsv { .. } => None,
            };
            let found = Keys::of(known, reading);
            keys = Some(found);
            let Ok(again) = form.probe(&record.content, &found.wanted()) else { continue };
            probe = again;
        }
        let Some(key) = keys.and_then(|keys| keys.key(&probe)) else { continue };
        for name in probe.columns {
            if columns.len() < MAX_COLUMNS && !columns.contains(&name) {
                columns.push(name);
            }
        }
        match key.id {
            Id::Number(_) => numbers = true,
            Id::Timed(_) => timed = true,
            Id::Other => others = true,
        }
        if let Some(last) = last {
            in_order &= last.order(&key) != Ordering::Greater;
            rises |= key.at > last.at;
            falls |= key.at < last.at;
        }
        last = Some(key);
    }
    let rule = rule.unwrap_or(Rule::Own);
    let places = match keys {
        Some(keys) if !in_order => {
            let has_ids = numbers != timed && !others;
            // Where ids tell nothing, a file that falls throughout is turned round.
            Some(sorted(form, text, keys, has_ids, falls && !rises)?)
        }
        _ => None,
    };
    Ok(Scanned { rule, columns, count, places })
}

/// The places of all records in their order. Those without a time come first.
fn sorted(
    form: &Form,
    text: &Text,
    keys: Keys<'_>,
    has_ids: bool,
    is_reversed: bool,
) -> io::Result<Vec<Place>> {
    let mut pieces = Vec::new();
    let mut records = form.records(text)?;
    while let Some(record) = records.next()? {
        let key = keys.of_record(form, &record).unwrap_or(Key { at: i64::MIN, id: Id::Other });
        let id = if has_ids { key.id.value() } else { 0 };
        pieces.push((key.at, id, record.place));
    }
    let position = |at: i64, place: Place| match is_reversed && at > i64::MIN {
        true => u64::MAX - place.offset,
        false => place.offset,
    };
    pieces.sort_unstable_by_key(|(at, id, place)| (*at, *id, position(*at, *place)));
    Ok(pieces.into_iter().map(|(.., place)| place).collect())
}

/// Whether text is JSON but for its doubled backslashes.
fn is_doubled(content: &Content) -> bool {
    let Content::Json(text) = content else { return false };
    let undoubled = text.trim().replace("\\\\", "\\");
    undoubled.len() < text.trim().len() && serde_json::from_str::<serde::de::IgnoredAny>(&undoubled).is_ok()
}

/// The records of a source in their order.
pub(super) struct InOrder {
    records: Box<dyn Records>,
    places: Option<std::vec::IntoIter<Place>>,
}

impl InOrder {
    pub(super) fn new(records: Box<dyn Records>, places: Option<Vec<Place>>) -> Self {
        Self { records, places: places.map(Vec::into_iter) }
    }

    /// The next record; none behind the last.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let Some(places) = &mut self.places else { return self.records.next() };
        let Some(place) = places.next() else { return Ok(None) };
        self.records.go_to(place)?;
        self.records.next()
    }
}

#[cfg(test)]
mod tests;
