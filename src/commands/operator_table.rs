//! Prints the lists of operator commands: a table on a terminal, tab-separated text in a pipe.

use crate::commands::Context;
use crate::error::Failure;
use crate::model::time::format::day;
use crate::model::timestamp::Timestamp;
use crate::render::delimited::Delimiter;
use crate::render::delimited::records::records;
use crate::render::filter_summary::grouped;
use crate::render::grid::{GridCell, GridLayout, grid};
use crate::render::style::{Role, Style};

/// The text of an empty cell.
const EMPTY: &str = "-";

/// Text columns are not made narrower than this.
const MIN_TEXT_WIDTH: usize = 8;

pub(super) enum OperatorValue {
    Text(String),
    Number(u64),
    Time(Option<Timestamp>),
    /// A time that a table shows as a day.
    Day(Option<Timestamp>),
}

impl OperatorValue {
    /// For programs: numbers without separators, times in UTC.
    fn plain(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Time(at) | Self::Day(at) => at.map_or_else(|| EMPTY.to_owned(), |at| at.to_string()),
        }
    }

    fn cell(self, style: &Style) -> GridCell {
        match self {
            Self::Text(text) => GridCell::new(text, Role::Plain),
            Self::Number(number) => GridCell::number(grouped(number), Role::Plain),
            Self::Day(at) => {
                let zone = style.time.zone;
                GridCell::new(at.map_or_else(|| EMPTY.to_owned(), |at| day(at, zone).to_string()), Role::Dim)
            }
            Self::Time(at) => {
                GridCell::new(at.map_or_else(|| EMPTY.to_owned(), |at| style.moment(at)), Role::Dim)
            }
        }
    }
}

/// Prints rows: on a terminal with a header and in the user's zone, in a pipe without a header.
pub(super) fn print_table(
    context: &mut Context,
    head: &[&str],
    rows: Vec<Vec<OperatorValue>>,
) -> Result<(), Failure> {
    if !context.terminal.out_is_terminal {
        let rows = rows.into_iter().map(|row| row.into_iter().map(OperatorValue::plain).collect());
        records(context.terminal.data(), Delimiter::Tsv, head, rows)?;
        return Ok(context.terminal.flush()?);
    }
    if !rows.is_empty() {
        let style = context.appearance.style(&context.terminal, context.time, true);
        let is_number = |column: usize| matches!(rows[0].get(column), Some(OperatorValue::Number(_)));
        let title = |(column, name): (usize, &&str)| match is_number(column) {
            true => GridCell::number(name.to_uppercase(), Role::Title),
            false => GridCell::new(name.to_uppercase(), Role::Title),
        };
        let texts = rows[0].iter().enumerate().filter(|(_, value)| matches!(value, OperatorValue::Text(_)));
        let narrow: Vec<_> = texts.map(|(column, _)| (column, MIN_TEXT_WIDTH)).rev().collect();
        let layout = GridLayout { narrow: &narrow, ..GridLayout::default() };
        let mut lines = vec![head.iter().enumerate().map(title).collect()];
        lines.extend(rows.into_iter().map(|row| row.into_iter().map(|value| value.cell(&style)).collect()));
        grid(context.terminal.data(), lines, layout, &style)?;
    }
    Ok(context.terminal.flush()?)
}
