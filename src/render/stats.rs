//! Counts as a bar chart, as a table of two dimensions, and as rows for delimited text. Days without entries are included.
//!
//! It must not know which entries were counted.

use std::collections::HashMap;
use std::io::{self, Write};

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use chrono_tz::Tz;

use crate::model::stats::{Group, WEEKDAYS};
use crate::model::time::format::day;
use crate::model::timestamp::Timestamp;
use crate::model::words::Dimension;
use crate::render::filter_summary::grouped;
use crate::render::grid::{GridCell, GridLayout, grid};
use crate::render::sanitize::width;
use crate::render::style::{Role, Style};

/// The widest bar, in cells.
const LONGEST_BAR: usize = 48;
/// The widest label, in cells.
const LONGEST_LABEL: usize = 40;
/// The widest column header of a table, in cells.
const LONGEST_HEADER: usize = 24;
/// Up to this many rows, rows without entries are all shown.
const MAX_CHART_ROWS: usize = 100;
/// Beyond that, a run of at least this many rows without entries becomes one row.
const LONGEST_SILENCE: usize = 14;
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A value and its number of entries; no value for entries without one.
pub(crate) type ValueCount = (Option<String>, u64);

/// The requested time range.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StatsWindow {
    /// Its start, if one was given. Earlier days are not shown.
    pub since: Option<Timestamp>,
    /// Its exclusive end, if one was given; otherwise the current time if `since` was given.
    pub until: Option<Timestamp>,
}

/// The counts of one dimension. Values of time are complete and in order; all others are sorted by falling count.
pub(crate) fn rows(
    groups: &[Group],
    place: usize,
    by: Dimension,
    window: StatsWindow,
    zone: Tz,
) -> Vec<ValueCount> {
    let mut rows: Vec<ValueCount> = Vec::new();
    let mut places = HashMap::new();
    for group in groups {
        let value = group.key.get(place).cloned().flatten();
        let index = *places.entry(value.clone()).or_insert_with(|| {
            rows.push((value, 0));
            rows.len() - 1
        });
        rows[index].1 += group.count;
    }
    if !by.is_time() {
        rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        return rows;
    }
    let counts: HashMap<_, _> =
        rows.iter().filter_map(|(value, count)| Some((value.clone()?, *count))).collect();
    let mut known: Vec<&String> = counts.keys().collect();
    known.sort();
    let all =
        all_names(by, known.first().zip(known.last()).map(|(a, b)| (a.as_str(), b.as_str())), window, zone);
    all.into_iter().map(|value| (Some(value.clone()), counts.get(&value).copied().unwrap_or(0))).collect()
}

/// Every day, week or month from the first to the last; every hour of a day, every day of a week.
fn all_names(by: Dimension, known: Option<(&str, &str)>, window: StatsWindow, zone: Tz) -> Vec<String> {
    match by {
        Dimension::Hour => return (0..24).map(|hour| format!("{hour:02}")).collect(),
        Dimension::Weekday => return WEEKDAYS.map(str::to_owned).to_vec(),
        _ => {}
    }
    let last_moment = |until: Timestamp| until.plus(chrono::TimeDelta::microseconds(-1));
    let since = window.since.map(|since| day(since, zone));
    let until = window.until.map(|until| day(last_moment(until), zone));
    let known = known.and_then(|(first, last)| Some((first_day(by, first)?, last_day(by, last)?)));
    let first = since.or(known.map(|(first, _)| first));
    let last = until.or(known.map(|(_, last)| last));
    let (Some(mut at), Some(last)) = (first, last) else { return Vec::new() };
    let mut all: Vec<String> = Vec::new();
    while at <= last {
        let name = match by {
            Dimension::Week => at.format("%G-W%V").to_string(),
            Dimension::Month => at.format("%Y-%m").to_string(),
            _ => at.format("%F").to_string(),
        };
        if all.last() != Some(&name) {
            all.push(name);
        }
        let Some(next) = at.checked_add_days(Days::new(1)) else { break };
        at = next;
    }
    all
}

fn first_day(by: Dimension, name: &str) -> Option<NaiveDate> {
    match by {
        Dimension::Month => format!("{name}-01").parse().ok(),
        Dimension::Week => {
            let (year, week) = name.split_once("-W")?;
            NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, Weekday::Mon)
        }
        _ => name.parse().ok(),
    }
}

fn last_day(by: Dimension, name: &str) -> Option<NaiveDate> {
    let first = first_day(by, name)?;
    match by {
        Dimension::Week => first.checked_add_days(Days::new(6)),
        Dimension::Month => first.with_day(28),
        _ => Some(first),
    }
}

/// The rows with the most entries; the number of other rows and the sum of their counts.
pub(crate) fn top(mut rows: Vec<ValueCount>, most: usize) -> (Vec<ValueCount>, Option<(usize, u64)>) {
    rows.retain(|(_, count)| *count > 0);
    // The sort is stable: equal counts keep their order.
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let others = rows.split_off(rows.len().min(most));
    let sum = others.iter().map(|(_, count)| count).sum();
    (rows, (!others.is_empty()).then_some((others.len(), sum)))
}

/// A row of a chart or table.
enum ChartRow<'a> {
    Row(&'a ValueCount),
    /// This many rows without entries.
    Gap(usize),
}

/// Joins long runs of rows without entries, so that one very old entry does not hide the others.
fn collapse_gaps(by: Dimension, rows: &[ValueCount]) -> Vec<ChartRow<'_>> {
    if !by.is_time() || rows.len() <= MAX_CHART_ROWS {
        return rows.iter().map(ChartRow::Row).collect();
    }
    let chunks = rows.chunk_by(|a, b| (a.1 == 0) == (b.1 == 0));
    let drawn = chunks.flat_map(|chunk| match chunk {
        [(_, 0), ..] if chunk.len() >= LONGEST_SILENCE => vec![ChartRow::Gap(chunk.len())],
        _ => chunk.iter().map(ChartRow::Row).collect(),
    });
    drawn.collect()
}

/// `(20 411 days without entries)`
fn gap_label(by: Dimension, rows: usize) -> String {
    let what = match by {
        Dimension::Week => "weeks",
        Dimension::Month => "months",
        _ => "days",
    };
    format!("({} {what} without entries)", grouped(rows as u64))
}

/// Writes one dimension: a line for each value, with its count and a bar.
pub(crate) fn chart(
    out: &mut dyn Write,
    by: Dimension,
    rows: &[ValueCount],
    others: Option<(usize, u64)>,
    style: &Style,
) -> io::Result<()> {
    let drawn = collapse_gaps(by, rows);
    let labels: Vec<String> = drawn.iter().map(|row| row.label(by, style)).collect();
    let others = others.map(|(number, count)| (format!("{number} others"), count));
    let counts = rows.iter().map(|(_, count)| *count).chain(others.iter().map(|(_, count)| *count));
    let most = counts.clone().max().unwrap_or(0).max(1);
    let widest_label = labels.iter().map(|label| width(label)).max().unwrap_or(0).max(by.title().len());
    let widest_count = grouped(most).len().max("ENTRIES".len());
    let room = if style.truncate { style.width } else { 100 };
    let longest = room.saturating_sub(widest_label + widest_count + 6).clamp(8, LONGEST_BAR);
    let head = vec![GridCell::new(by.title(), Role::Title), GridCell::number("ENTRIES", Role::Title)];
    let line = |label: String, role: Role, count: u64| {
        let bar = GridCell::new(bar(count, most, longest, style.ascii), Role::Changed);
        let number = GridCell::number(grouped(count), if count == 0 { Role::Dim } else { Role::Plain });
        vec![GridCell::new(label, role), number, bar]
    };
    let mut lines = vec![head];
    lines.extend(labels.into_iter().zip(&drawn).map(|(label, row)| match row {
        ChartRow::Row((_, count)) => line(label, Role::Plain, *count),
        ChartRow::Gap(_) => line(label, Role::Dim, 0),
    }));
    lines.extend(others.map(|(label, count)| line(label, Role::Dim, count)));
    grid(out, lines, GridLayout::default(), style)
}

/// Writes two dimensions, the first down and the second across, with sums. Columns that do not fit are counted
/// together, those with the fewest entries first.
pub(crate) fn table(
    out: &mut dyn Write,
    by: [Dimension; 2],
    down: &[ValueCount],
    across: &[ValueCount],
    groups: &[Group],
    style: &Style,
) -> io::Result<()> {
    // A dimension of time may have thousands of empty columns.
    let full: Vec<ValueCount>;
    let across = match across.len() > MAX_CHART_ROWS {
        true => {
            full = across.iter().filter(|(_, count)| *count > 0).cloned().collect();
            full.as_slice()
        }
        false => across,
    };
    let drawn = collapse_gaps(by[0], down);
    let counts: HashMap<&[Option<String>], u64> =
        groups.iter().map(|group| (group.key.as_slice(), group.count)).collect();
    let headers: Vec<String> = across
        .iter()
        .map(|(value, _)| style.cut(&style.text(value.as_deref().unwrap_or("(none)")), LONGEST_HEADER))
        .collect();
    let labels: Vec<String> = drawn.iter().map(|row| row.label(by[0], style)).collect();
    let of = |value: &Option<String>, column: &ValueCount| {
        counts.get([value.clone(), column.0.clone()].as_slice()).copied().unwrap_or(0)
    };
    let widths: Vec<usize> = across
        .iter()
        .zip(&headers)
        .map(|(column, header)| {
            let numbers = down.iter().map(|(value, _)| grouped(of(value, column)).len());
            numbers.max().unwrap_or(1).max(width(header))
        })
        .collect();
    // Narrow columns, such as hours, stand closer.
    let gap = if headers.iter().all(|header| width(header) <= 2) { 1 } else { 2 };
    let widest_label = labels.iter().map(|label| width(label)).max().unwrap_or(0).max(by[0].title().len());
    let widest_sum = down.iter().map(|(_, all)| grouped(*all).len()).max().unwrap_or(0).max("ALL".len());
    let room = style.width.saturating_sub(widest_label + gap + widest_sum);
    let is_shown = columns_that_fit(across, &widths, gap, if style.truncate { room } else { usize::MAX });

    let shown: Vec<usize> = (0..across.len()).filter(|column| is_shown[*column]).collect();
    let others = across.len() - shown.len();
    let mut head = vec![GridCell::new(by[0].title(), Role::Title)];
    head.extend(shown.iter().map(|column| GridCell::number(headers[*column].as_str(), Role::Title)));
    if others > 0 {
        head.push(GridCell::number(others_title(others), Role::Dim));
    }
    head.push(GridCell::number("ALL", Role::Title));
    let nothing = if style.ascii { "." } else { "·" };
    let number = |count: u64| match count {
        0 => GridCell::number(nothing, Role::Dim),
        count => GridCell::number(grouped(count), Role::Plain),
    };
    let mut lines = vec![head];
    for (row, label) in drawn.iter().zip(labels) {
        let ChartRow::Row((value, all)) = row else {
            let empty = std::iter::repeat_with(|| number(0)).take(shown.len() + usize::from(others > 0) + 1);
            lines.push(std::iter::once(GridCell::new(label, Role::Dim)).chain(empty).collect());
            continue;
        };
        let counts: Vec<u64> = shown.iter().map(|column| of(value, &across[*column])).collect();
        let mut line = vec![GridCell::new(label, Role::Plain)];
        line.extend(counts.iter().map(|count| number(*count)));
        if others > 0 {
            line.push(number(*all - counts.iter().sum::<u64>()));
        }
        line.push(number(*all));
        lines.push(line);
    }
    grid(out, lines, GridLayout { gap, ..GridLayout::default() }, style)
}

fn others_title(others: usize) -> String {
    format!("{others} others")
}

/// Selects the columns that fit into `room`: all, or those with the most entries and one for the others. At least one.
fn columns_that_fit(across: &[ValueCount], widths: &[usize], gap: usize, room: usize) -> Vec<bool> {
    let all: usize = widths.iter().map(|width| width + gap).sum();
    if all <= room {
        return vec![true; across.len()];
    }
    let mut room = room.saturating_sub(others_title(across.len()).len() + gap);
    let mut fullest: Vec<usize> = (0..across.len()).collect();
    fullest.sort_by_key(|column| std::cmp::Reverse(across[*column].1));
    let mut is_shown = vec![false; across.len()];
    for (place, column) in fullest.into_iter().enumerate() {
        let Some(left) = room.checked_sub(widths[column] + gap) else {
            is_shown[column] |= place == 0;
            break;
        };
        room = left;
        is_shown[column] = true;
    }
    is_shown
}

impl ChartRow<'_> {
    fn label(&self, by: Dimension, style: &Style) -> String {
        match self {
            Self::Row((value, _)) => label(by, value.as_deref(), style),
            Self::Gap(rows) => gap_label(by, *rows),
        }
    }
}

fn label(by: Dimension, value: Option<&str>, style: &Style) -> String {
    let Some(value) = value else { return "(none)".to_owned() };
    match value.parse::<NaiveDate>() {
        Ok(date) if by == Dimension::Day => date.format("%F %a").to_string(),
        _ => style.cut(&style.text(value), LONGEST_LABEL),
    }
}

/// A bar in proportion to its count. Every count above zero has a visible bar.
fn bar(count: u64, most: u64, longest: usize, ascii: bool) -> String {
    let eighths = (u128::from(count) * longest as u128 * 8).div_ceil(u128::from(most));
    let eighths = usize::try_from(eighths).unwrap_or(usize::MAX).min(longest * 8);
    if ascii {
        return "#".repeat(eighths.div_ceil(8));
    }
    let mut bar = "█".repeat(eighths / 8);
    bar.extend((eighths % 8).checked_sub(1).map(|part| EIGHTHS[part]));
    bar
}

impl Dimension {
    const fn title(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Hour => "HOUR",
            Self::Weekday => "WEEKDAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Action => "ACTION",
            Self::ModelType => "TYPE",
            Self::User => "USER",
            Self::Field => "FIELD",
            Self::Via => "VIA",
            Self::Resource => "RESOURCE",
        }
    }
}

#[cfg(test)]
mod tests;
