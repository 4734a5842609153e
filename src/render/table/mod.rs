//! Writes the list on a terminal: one line for each entry, fitted to the width.
//!
//! Cells are laid out before they are coloured, so that colour escapes do not count as width. It must not know the query.

mod cell;
mod fit;

use std::io::{self, Write};

use crate::model::entry::Entry;
use crate::model::time::format;
use crate::render::columns::Column;
use crate::render::grid::{GridCell, write_aligned};
use crate::render::sanitize::width;
use crate::render::style::{Role, Style, action_role};
use crate::render::table::cell::TableCell;
use crate::render::table::fit::{ColumnWidths, FittedColumn, TableFit, fit};

/// Writes a list. The first entries decide the column widths for all that follow.
pub struct EntryTable<'a> {
    style: &'a Style,
    columns: &'a [Column],
    fit: Option<TableFit>,
}

impl<'a> EntryTable<'a> {
    /// A list with these columns.
    pub const fn new(columns: &'a [Column], style: &'a Style) -> Self {
        Self { style, columns, fit: None }
    }

    /// Writes one line for each entry, and a header before the first. On narrow screens columns are left out, which `…` in
    /// the header shows.
    pub fn entries(&mut self, out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let cells =
            |entry| self.columns.iter().map(|&column| TableCell::new(entry, column, self.style)).collect();
        let cells: Vec<Vec<TableCell>> = entries.iter().map(cells).collect();
        if self.fit.is_none() {
            let fit = fit(&self.column_widths(entries, &cells), self.style);
            self.write(out, &fit, vec![self.header(entries, &fit)])?;
            self.fit = Some(fit);
        }
        let Some(fit) = &self.fit else { return Ok(()) };
        let rows: Vec<_> =
            entries.iter().zip(&cells).map(|(entry, cells)| self.row(fit, entry, cells)).collect();
        self.write(out, fit, rows)
    }

    fn column_widths(&self, entries: &[Entry], cells: &[Vec<TableCell>]) -> Vec<ColumnWidths> {
        let natural = |(index, &column): (usize, &Column)| {
            let widest = |is_short| {
                let title = width(&title(column, is_short, entries, self.style));
                cells.iter().map(|row: &Vec<TableCell>| row[index].width(is_short)).fold(title, usize::max)
            };
            ColumnWidths { column, width: widest(false), short: widest(true) }
        };
        self.columns.iter().enumerate().map(natural).collect()
    }

    fn header(&self, entries: &[Entry], fit: &TableFit) -> Vec<GridCell> {
        let cut = |column: &FittedColumn, suffix: &str| {
            let title = title(column.column, fit.is_short, entries, self.style) + suffix;
            self.cell(column, self.style.cut(&title, column.width), Role::Title)
        };
        let mut titles: Vec<GridCell> = fit.columns.iter().map(|column| cut(column, "")).collect();
        if let (true, Some(title), Some(last)) = (fit.dropped, titles.last_mut(), fit.columns.last()) {
            // The last title always ends with the cut's mark.
            *title = cut(last, &" ".repeat(last.width + 1));
        }
        titles
    }

    fn row(&self, fit: &TableFit, entry: &Entry, cells: &[TableCell]) -> Vec<GridCell> {
        let shown = fit.columns.iter().filter_map(|fitted| {
            let index = self.columns.iter().position(|column| *column == fitted.column)?;
            let role = match fitted.column {
                Column::Time | Column::RecordedAt => Role::Dim,
                Column::Action => action_role(entry.action),
                _ => Role::Plain,
            };
            let room = if fitted.may_cut { fitted.width } else { usize::MAX };
            Some(self.cell(fitted, cells[index].cut(room, fit.is_short, self.style), role))
        });
        shown.collect()
    }

    fn cell(&self, column: &FittedColumn, text: String, role: Role) -> GridCell {
        if column.column == Column::Id { GridCell::number(text, role) } else { GridCell::new(text, role) }
    }

    fn write(&self, out: &mut dyn Write, fit: &TableFit, rows: Vec<Vec<GridCell>>) -> io::Result<()> {
        // Cells that are never cut may be wider in later rows; they widen their column.
        let widest = |(index, column): (usize, &FittedColumn)| {
            rows.iter().map(|row| row[index].width()).fold(column.width, usize::max)
        };
        let widths: Vec<usize> = fit.columns.iter().enumerate().map(widest).collect();
        write_aligned(out, rows.into_iter(), &widths, fit.gap, self.style)
    }
}

fn title(column: Column, is_short: bool, entries: &[Entry], style: &Style) -> String {
    match column {
        Column::Time if !style.relative => format!("TIME ({})", zones(entries, style)),
        Column::Resource if is_short => "NAME".to_owned(),
        Column::Resource => "RESOURCE".to_owned(),
        Column::Summary => "CHANGES".to_owned(),
        Column::RequestId => "REQUEST".to_owned(),
        other => other.name().replace('_', " ").to_uppercase(),
    }
}

/// The zone's abbreviations at these times: two if a clock change lies between them.
fn zones(entries: &[Entry], style: &Style) -> String {
    let mut labels: Vec<String> = Vec::new();
    for entry in entries {
        let label = format::zone_label(entry.occurred_at, style.time.zone);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    if labels.is_empty() {
        labels.push(format::zone_label(style.time.now, style.time.zone));
    }
    labels.join("/")
}

#[cfg(test)]
mod tests;
