//! Rows of an operator's lists: a table where somebody reads, tab-separated text in a pipe.

use crate::commands::Context;
use crate::error::Failure;
use crate::model::time::format::day;
use crate::model::timestamp::Timestamp;
use crate::render::delimited::Delimiter;
use crate::render::delimited::records::records;
use crate::render::filter_summary::grouped;
use crate::render::grid::{GridCell, GridLayout, grid};
use crate::render::style::{Role, Style};

/// What stands where there is nothing.
const NOTHING: &str = "-";

/// Text is not cut below this.
const LEAST_TEXT: usize = 8;

/// A cell of such a list.
pub(super) enum OperatorValue {
    Text(String),
    Number(u64),
    Time(Option<Timestamp>),
    /// A time of which the day is enough for a reader.
    Day(Option<Timestamp>),
}

impl OperatorValue {
    /// For a programme: whole numbers, and times in UTC.
    fn plain(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Time(at) | Self::Day(at) => at.map_or_else(|| NOTHING.to_owned(), |at| at.to_string()),
        }
    }

    fn cell(self, style: &Style) -> GridCell {
        match self {
            Self::Text(text) => GridCell::new(text, Role::Plain),
            Self::Number(number) => GridCell::number(grouped(number), Role::Plain),
            Self::Day(at) => {
                let zone = style.time.zone;
                GridCell::new(
                    at.map_or_else(|| NOTHING.to_owned(), |at| day(at, zone).to_string()),
                    Role::Dim,
                )
            }
            Self::Time(at) => {
                GridCell::new(at.map_or_else(|| NOTHING.to_owned(), |at| style.moment(at)), Role::Dim)
            }
        }
    }
}

/// Writes rows: with a head and in the reader's zone on a terminal; in a pipe without one, as scripts want it.
pub(super) fn listing(
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
        let style = context.appearance.look(&context.terminal, context.time, true);
        let is_number = |column: usize| matches!(rows[0].get(column), Some(OperatorValue::Number(_)));
        let title = |(column, name): (usize, &&str)| match is_number(column) {
            true => GridCell::number(name.to_uppercase(), Role::Title),
            false => GridCell::new(name.to_uppercase(), Role::Title),
        };
        let texts = rows[0].iter().enumerate().filter(|(_, value)| matches!(value, OperatorValue::Text(_)));
        let narrow: Vec<_> = texts.map(|(column, _)| (column, LEAST_TEXT)).rev().collect();
        let layout = GridLayout { narrow: &narrow, ..GridLayout::default() };
        let mut lines = vec![head.iter().enumerate().map(title).collect()];
        lines.extend(rows.into_iter().map(|row| row.into_iter().map(|value| value.cell(&style)).collect()));
        grid(context.terminal.data(), lines, layout, &style)?;
    }
    Ok(context.terminal.flush()?)
}
