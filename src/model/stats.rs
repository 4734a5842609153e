//! Counting entries by one or two dimensions: what a store is asked for, and how its counts become days, hours and
//! weeks of a zone.
//!
//! A store knows no zones. It counts by slots of time narrow enough that each lies within one hour of every clock
//! concerned, so that a kept sum of hours or days can answer in place of the entries. It does no I/O.

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

/// What a store is asked to count.
#[derive(Debug, Clone)]
pub struct StatsQuery {
    /// Which entries.
    pub filter: Filter,
    /// How wide a slot of time is, in seconds; all time is one slot when absent.
    pub slot_seconds: Option<u32>,
    /// By what else: dimensions that are not of time.
    pub by: Vec<Dimension>,
}

/// How many entries of one slot have these values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// Where the slot begins: a multiple of its width since 1970.
    pub slot: Option<Timestamp>,
    /// One value for each dimension; none for entries without one.
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
    /// Whether it is one of time, which takes a zone.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Hour | Self::Weekday | Self::Week | Self::Month)
    }

    /// The name of a moment's day, hour, weekday, week or month; none of a dimension that is not of time.
    #[must_use]
    pub fn of_moment(self, at: Timestamp, zone: Tz) -> Option<String> {
        let form = match self {
            Self::Day => "%F",
            Self::Hour => "%H",
            Self::Weekday => "%A",
            Self::Week => "%G-W%V",
            Self::Month => "%Y-%m",
            Self::Action | Self::ModelType | Self::User | Self::Field | Self::Via => return None,
        };
        Some(at.datetime().with_timezone(&zone).format(form).to_string().to_lowercase().replace("-w", "-W"))
    }
}

impl StatsQuery {
    /// What to ask a store for counts by these dimensions, by the clocks of `zone`, of entries up to `latest`.
    #[must_use]
    pub fn new(filter: Filter, by: &[Dimension], zone: Tz, latest: Timestamp) -> Self {
        let since = filter.since.unwrap_or(Timestamp::MIN);
        let until = filter.until.unwrap_or(latest).min(latest);
        let slot_seconds = slot_seconds(by, zone, since, until);
        Self { filter, slot_seconds, by: by.iter().copied().filter(|by| !by.is_time()).collect() }
    }

    /// Where the slot of a moment begins.
    #[must_use]
    pub fn slot(&self, at: Timestamp) -> Option<Timestamp> {
        let width = i64::from(self.slot_seconds?) * 1_000_000;
        Timestamp::from_micros(at.micros() / width * width)
    }

    /// The values under which an entry counts: the reference meaning. There is more than one list of them where an
    /// entry has several fields, and none of it looks into a value.
    #[must_use]
    pub fn values(&self, entry: &Entry) -> Vec<Vec<Option<String>>> {
        let one = |field: Option<&String>| {
            let value = |by: &Dimension| match by {
                Dimension::Action => Some(entry.action.to_string()),
                Dimension::ModelType => Some(entry.model_type.to_string()),
                Dimension::User => Some(entry.user.label().to_owned()),
                Dimension::Via => entry.context.via.map(Via::as_str).map(str::to_owned),
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

/// The widest slot that lies within one hour (or day, when no hours are asked for) of the zone's clocks, wherever it
/// stands between two moments. Clocks are mostly whole hours from UTC; some are quarters, and some changed at 00:01.
fn slot_seconds(by: &[Dimension], zone: Tz, since: Timestamp, until: Timestamp) -> Option<u32> {
    if !by.iter().any(|by| by.is_time()) {
        return None;
    }
    let unit = if by.contains(&Dimension::Hour) { HOUR } else { DAY };
    // The slots at both ends reach beyond them.
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

/// The second in which the zone's clocks changed, between two moments with different offsets.
fn clock_change(zone: Tz, mut before: i64, mut after: i64) -> i64 {
    let old = offset(zone, before);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset(zone, middle) == old { before = middle } else { after = middle }
    }
    after
}

/// Seconds from UTC.
fn offset(zone: Tz, at: i64) -> i64 {
    let at = DateTime::from_timestamp(at, 0).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc().into()
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { greatest_common_divisor(b, a % b) }
}

/// The counts of a store as groups: slots become days, hours and the like of the zone. Groups stand in the order of
/// time; where a dimension is not of time, by falling count of its value and then by the value.
#[must_use]
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
    // The map has put equal ones in the order of their values; the sort is stable.
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
