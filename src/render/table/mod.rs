//! Writes the list on a terminal: one line for each entry, fitted to the width.
//!
//! Cells are laid out before they are coloured, so that colour escapes do not count as width. It must not know the query.

mod cell;
mod fit;

use std::collections::BTreeSet;
use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width};
use unicode_width::UnicodeWidthStr as _;

use crate::model::entry::Entry;
use crate::model::time::format;
use crate::render::columns::Column;
use crate::render::sanitize::width;
use crate::render::style::{Role, Style, action_role};
use crate::render::table::cell::{TableCell, shared_domain};
use crate::render::table::fit::{ColumnWidths, FittedColumn, TableFit, fit};

/// The widest cell that comfy-table can count; longer text is cut here.
const WIDEST_CELL: usize = 60_000;

/// Writes a list. Columns grow with the entries that follow, up to the width.
pub struct EntryTable<'a> {
    style: Style,
    columns: &'a [Column],
    /// The widths that the columns would like, by all entries so far.
    natural: Vec<ColumnWidths>,
    fit: Option<TableFit>,
    /// The entries to mark among others. Without any, all are equal.
    marked: BTreeSet<u64>,
    /// The domain that short addresses leave out, as the first entries have it; the header shows it.
    domain: Option<String>,
}

impl<'a> EntryTable<'a> {
    /// A list with these columns.
    pub const fn new(columns: &'a [Column], style: &Style) -> Self {
        Self { style: *style, columns, natural: Vec::new(), fit: None, marked: BTreeSet::new(), domain: None }
    }

    /// Marks the entries with these ids; the others are their surroundings.
    #[must_use]
    pub fn marking(mut self, ids: BTreeSet<u64>) -> Self {
        self.marked = ids;
        self
    }

    /// Takes entries into account that are written later, so that all parts of a list have one layout.
    pub fn measure(&mut self, entries: &[Entry]) {
        self.cells(entries);
    }

    /// Fits the following lines to this width.
    pub fn set_width(&mut self, width: usize) {
        if self.style.width != width {
            self.style.width = width;
            // The following lines get a new layout and a new header.
            self.fit = None;
        }
    }

    /// Writes one line for each entry, and a header before the first, and again when other columns are shown. On narrow
    /// screens columns are left out, which `…` in the header shows.
    pub fn entries(&mut self, out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let cells = self.cells(entries);
        let fit = fit(&self.natural, &self.style);
        if !self.fit.as_ref().is_some_and(|before| before.shows_same_columns(&fit)) {
            self.write(out, &fit, &[self.header(entries, &fit)])?;
        }
        let rows: Vec<_> =
            entries.iter().zip(&cells).map(|(entry, cells)| self.row(&fit, entry, cells)).collect();
        self.write(out, &fit, &rows)?;
        self.fit = Some(fit);
        Ok(())
    }

    /// The cells of entries, whose widths are taken into account from now on.
    fn cells(&mut self, entries: &[Entry]) -> Vec<Vec<TableCell>> {
        if self.natural.is_empty() {
            self.domain = shared_domain(entries);
        }
        let domain = self.domain.as_deref();
        let cell = |entry: &Entry, column: &Column| {
            let cell = TableCell::new(entry, *column, domain, &self.style);
            if *column == Column::Id && self.marked.contains(&entry.id) { cell.marked() } else { cell }
        };
        let row = |entry| self.columns.iter().map(|column| cell(entry, column)).collect();
        let cells: Vec<Vec<TableCell>> = entries.iter().map(row).collect();
        let widths = self.column_widths(entries, &cells);
        let natural = if self.natural.is_empty() { &widths } else { &self.natural };
        self.natural = natural.iter().zip(&widths).map(|(before, now)| before.max(now)).collect();
        cells
    }

    fn column_widths(&self, entries: &[Entry], cells: &[Vec<TableCell>]) -> Vec<ColumnWidths> {
        let natural = |(index, &column): (usize, &Column)| {
            let widest = |is_short| {
                let title = width(&title(column, entries, &self.style));
                cells.iter().map(|row: &Vec<TableCell>| row[index].width(is_short)).fold(title, usize::max)
            };
            let has_two = cells.iter().any(|row| row[index].has_two());
            ColumnWidths { column, width: widest(false), short: widest(true), has_two }
        };
        self.columns.iter().enumerate().map(natural).collect()
    }

    fn header(&self, entries: &[Entry], fit: &TableFit) -> Vec<(String, Role)> {
        let cut = |column: &FittedColumn, suffix: &str| {
            let mut title = title(column.column, entries, &self.style);
            if let (Column::User, true, Some(domain)) = (column.column, fit.is_short, &self.domain) {
                title.push_str(&self.style.text(&format!(" @{domain}")));
            }
            title.push_str(suffix);
            (self.style.cut(&title, column.width), Role::Title)
        };
        let mut titles: Vec<_> = fit.columns.iter().map(|column| cut(column, "")).collect();
        if let (true, Some(title), Some(last)) = (fit.dropped, titles.last_mut(), fit.columns.last()) {
            // The last title always ends with the cut's mark.
            *title = cut(last, &" ".repeat(last.width + 1));
        }
        titles
    }

    fn row(&self, fit: &TableFit, entry: &Entry, cells: &[TableCell]) -> Vec<(String, Role)> {
        let shown = fit.columns.iter().filter_map(|fitted| {
            let index = self.columns.iter().position(|column| *column == fitted.column)?;
            let is_around = !self.marked.is_empty() && !self.marked.contains(&entry.id);
            let role = match fitted.column {
                _ if is_around => Role::Dim,
                Column::Time | Column::RecordedAt => Role::Dim,
                Column::Action => action_role(entry.action),
                _ => Role::Plain,
            };
            let room = if fitted.may_cut { fitted.width } else { WIDEST_CELL };
            Some((cells[index].cut(room, fit.is_short, &self.style), role))
        });
        shown.collect()
    }

    fn write(&self, out: &mut dyn Write, fit: &TableFit, rows: &[Vec<(String, Role)>]) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        for row in rows {
            table.add_row(row.iter().map(|(text, _)| text));
        }
        for (index, fitted) in fit.columns.iter().enumerate() {
            // Cells that are never cut may be wider in later rows; they widen their column.
            let widest = rows.iter().map(|row| width(&row[index].0)).max().unwrap_or(0);
            let cells = widest.max(fitted.width).min(WIDEST_CELL) + fit.gap;
            if let Some(column) = table.column_mut(index) {
                let (cells, gap) = (u16::try_from(cells), u16::try_from(fit.gap));
                column.set_padding((0, gap.unwrap_or_default()));
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(cells.unwrap_or(u16::MAX))));
                if fitted.column == Column::Id {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        for (line, row) in table.lines().zip(rows) {
            writeln!(out, "{}", self.painted(line.trim_end(), row))?;
        }
        Ok(())
    }

    /// Paints each cell within its line. Where comfy-table counts fewer cells than a terminal shows, it has padded with
    /// too many blanks: they are removed.
    fn painted(&self, line: &str, row: &[(String, Role)]) -> String {
        let mut out = String::with_capacity(line.len());
        let (mut rest, mut surplus) = (line, 0);
        for (text, role) in row {
            let text = text.trim_end();
            if text.is_empty() {
                continue;
            }
            let Some((gap, behind)) = rest.split_once(text) else { break };
            out.push_str(gap.get(surplus..).unwrap_or(gap));
            out.push_str(&self.style.paint(*role, text));
            rest = behind;
            surplus = width(text).saturating_sub(text.width());
        }
        out + rest
    }
}

fn title(column: Column, entries: &[Entry], style: &Style) -> String {
    match column {
        Column::Time if !style.relative => format!("TIME ({})", zones(entries, style)),
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
