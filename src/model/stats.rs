//! Statistics queries, which count entries by one or two dimensions, and the conversion of a store's counts to days,
//! hours and weeks of a time zone. It does no I/O.
//!
//! Stores do not know time zones. They count by time slots so narrow that each lies within one hour (or day) of the
//! zone's clock. So stored sums of hours or days can answer a query without reading the entries.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Dimension, Via};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// A statistics query to a store.
#[derive(Debug, Clone)]
pub struct StatsQuery {
    /// The entries to count.
    pub filter: Filter,
    /// The width of a time slot in seconds; without it, all time is one slot.
    pub slot_seconds: Option<u32>,
    /// The other dimensions: those that are not of time.
    pub by: Vec<Dimension>,
}

/// The number of entries of one slot with these values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// The start of the slot: a multiple of its width since 1970.
    pub slot: Option<Timestamp>,
    /// A value for each dimension; none for entries without one.
    pub values: Vec<Option<String>>,
    /// The number of entries.
    pub count: u64,
}

/// The values that a number of entries share, one for each dimension asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// The values, in the order of the dimensions. `null` for entries that have none, such as no channel.
    #[schema(example = json!(["2026-11-20", "updated"]))]
    pub key: Vec<Option<String>>,
    /// The number of entries.
    #[schema(example = 12)]
    pub count: u64,
}

impl Dimension {
    /// Whether it is a dimension of time, which needs a zone.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Hour | Self::Weekday | Self::Week | Self::Month)
    }

    /// The day, hour, weekday, week or month of a time; none for other dimensions.
    pub fn of_moment(self, at: Timestamp, zone: Tz) -> Option<String> {
        let form = match self {
            Self::Day => "%F",
            Self::Hour => "%H",
            Self::Weekday => "%A",
            Self::Week => "%G-W%V",
            Self::Month => "%Y-%m",
            Self::Action | Self::ModelType | Self::User | Self::Field | Self::Via | Self::Resource => {
                return None;
            }
        };
        Some(at.datetime().with_timezone(&zone).format(form).to_string().to_lowercase().replace("-w", "-W"))
    }
}

impl StatsQuery {
    /// The query for counts by these dimensions in `zone`, of entries up to `latest`.
    pub fn new(filter: Filter, by: &[Dimension], zone: Tz, latest: Timestamp) -> Self {
        let since = filter.since.unwrap_or(Timestamp::MIN);
        let until = filter.until.unwrap_or(latest).min(latest);
        let slot_seconds = slot_seconds(by, zone, since, until);
        Self { filter, slot_seconds, by: by.iter().copied().filter(|by| !by.is_time()).collect() }
    }

    /// The start of the slot that contains a time.
    pub fn slot(&self, at: Timestamp) -> Option<Timestamp> {
        let width = i64::from(self.slot_seconds?) * 1_000_000;
        Timestamp::from_micros(at.micros() / width * width)
    }

    /// The values under which an entry is counted: the reference for all stores. An entry with several fields has several
    /// lists. It never looks into field values.
    pub fn values(&self, entry: &Entry) -> Vec<Vec<Option<String>>> {
        let one = |field: Option<&String>| {
            let value = |by: &Dimension| match by {
                Dimension::Action => Some(entry.action.to_string()),
                Dimension::ModelType => Some(entry.model_type.to_string()),
                Dimension::User => Some(entry.user.label().to_owned()),
                Dimension::Via => entry.context.via.map(Via::as_str).map(str::to_owned),
                Dimension::Resource => Some(format!("{}/{}", entry.model_type, entry.model_id)),
                _ => field.cloned(),
            };
            self.by.iter().map(value).collect::<Vec<_>>()
        };
        let fields = match self.by.contains(&Dimension::Field) {
            true => entry.changes.fields().unwrap_or_default(),
            false => Vec::new(),
        };
        if fields.is_empty() {
            vec![one(None)]
        } else {
            fields.iter().map(|field| one(Some(field))).collect()
        }
    }
}

/// The widest slot that always lies within one hour (or day, without hours) of the zone's clock between two times. Most
/// clocks are whole hours from UTC; some are quarters, and some changed at 00:01.
fn slot_seconds(by: &[Dimension], zone: Tz, since: Timestamp, until: Timestamp) -> Option<u32> {
    if !by.iter().any(|by| by.is_time()) {
        return None;
    }
    let unit = if by.contains(&Dimension::Hour) { HOUR } else { DAY };
    // The slots at both ends extend beyond the times.
    let (first, last) = (since.micros() / 1_000_000 - DAY, until.micros() / 1_000_000 + DAY);
    let mut width = greatest_common_divisor(unit, offset(zone, first));
    let mut at = first;
    while at < last {
        let next = at + DAY;
        let (before, after) = (offset(zone, at), offset(zone, next));
        if before != after {
            width = greatest_common_divisor(width, after);
            width = greatest_common_divisor(width, clock_change(zone, at, next));
        }
        at = next;
    }
    u32::try_from(width).ok()
}

/// The second of the zone's clock change, between two times with different offsets.
fn clock_change(zone: Tz, mut before: i64, mut after: i64) -> i64 {
    let old = offset(zone, before);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset(zone, middle) == old { before = middle } else { after = middle }
    }
    after
}

/// The offset from UTC in seconds.
fn offset(zone: Tz, at: i64) -> i64 {
    let at = DateTime::from_timestamp(at, 0).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc().into()
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { greatest_common_divisor(b, a % b) }
}

/// Converts a store's counts to groups: slots become days, hours and so on of the zone. Groups are sorted by time; other
/// dimensions by falling count of their values, then by value.
pub fn groups(counts: &[Count], by: &[Dimension], zone: Tz) -> Vec<Group> {
    let mut sums: BTreeMap<Vec<Option<String>>, u64> = BTreeMap::new();
    for count in counts {
        let mut values = count.values.iter();
        let key = by.iter().map(|by| match count.slot.and_then(|slot| by.of_moment(slot, zone)) {
            Some(moment) => Some(moment),
            None => values.next().cloned().flatten(),
        });
        *sums.entry(key.collect()).or_default() += count.count;
    }
    let totals: Vec<HashMap<&Option<String>, u64>> =
        (0..by.len()).map(|place| totals(&sums, place)).collect();
    let mut groups: Vec<_> =
        sums.iter().map(|(key, count)| Group { key: key.clone(), count: *count }).collect();
    // The map is sorted by values and the sort is stable.
    groups.sort_by_key(|group| {
        let place = |place: usize, value: &Option<String>| match by.get(place) {
            Some(Dimension::Weekday) => (weekday(value.as_deref()), value.clone()),
            Some(by) if by.is_time() => (0, value.clone()),
            _ => (u64::MAX - totals[place].get(value).copied().unwrap_or_default(), value.clone()),
        };
        group.key.iter().enumerate().map(|(index, value)| place(index, value)).collect::<Vec<_>>()
    });
    groups
}

fn totals(sums: &BTreeMap<Vec<Option<String>>, u64>, place: usize) -> HashMap<&Option<String>, u64> {
    let mut totals = HashMap::new();
    for (key, count) in sums {
        *totals.entry(&key[place]).or_default() += count;
    }
    totals
}

/// The days of a week, from Monday.
pub const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn weekday(name: Option<&str>) -> u64 {
    WEEKDAYS.iter().position(|day| Some(*day) == name).map_or(u64::MAX, |place| place as u64)
}

#[cfg(test)]
mod tests;
