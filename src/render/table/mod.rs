//! The list on a terminal: one line for each entry, fitted to the width.
//!
//! Texts are made, fitted and laid out unpainted, then painted, so that colours never count as width. What does not
//! fit is cut in [`fit`]; the query and what was left out are told elsewhere.

mod fit;

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
use unicode_width::UnicodeWidthStr;

use crate::model::entry::{Entry, User};
use crate::model::time::format;
use crate::model::words::UserKind;
use crate::render::columns::{Column, value};
use crate::render::look::{Look, Tone, mark, tone};
use crate::render::table::fit::{Fitted, fit};
use crate::render::visible::width;

/// How far comfy-table can count; a line without limits is cut here.
const WIDEST_CELL: usize = 60_000;

/// Column widths, fitted once and kept for all rows that follow.
pub struct Layout<'a> {
    look: &'a Look,
    headers: Vec<String>,
    columns: Vec<Fitted>,
}

/// Writes a header and one line for each entry.
///
/// # Errors
/// The writer's.
pub fn table(out: &mut dyn Write, entries: &[Entry], columns: &[Column], look: &Look) -> io::Result<()> {
    let layout = Layout::fitted(entries, columns, look);
    layout.header(out)?;
    layout.rows(out, entries)
}

impl<'a> Layout<'a> {
    /// Chooses widths by these entries. At narrow widths whole columns go, and `…` in the header says so.
    #[must_use]
    pub fn fitted(entries: &[Entry], columns: &[Column], look: &'a Look) -> Self {
        let natural = |&column: &Column| {
            let title = title(column, entries, look);
            let widest = entries.iter().map(|entry| width(&cell(entry, column, look))).max().unwrap_or(0);
            (column, width(&title).max(widest))
        };
        let natural: Vec<_> = columns.iter().map(natural).collect();
        let (columns, dropped) = fit(&natural, look);
        let mut headers: Vec<String> = columns
            .iter()
            .map(|fitted| look.cut(&title(fitted.column, entries, look), fitted.width))
            .collect();
        if dropped && let (Some(header), Some(last)) = (headers.last_mut(), columns.last()) {
            // The last header ends in the sign of a cut whether or not its own text is whole.
            *header = look.cut(&format!("{header}{}", " ".repeat(last.width + 1)), last.width);
        }
        Self { look, headers, columns }
    }

    /// Writes the header.
    ///
    /// # Errors
    /// The writer's.
    pub fn header(&self, out: &mut dyn Write) -> io::Result<()> {
        let cells = self.headers.iter().map(|text| (text.clone(), Tone::Title)).collect();
        self.write(out, &[cells])
    }

    /// Writes one line for each entry.
    ///
    /// # Errors
    /// The writer's.
    pub fn rows(&self, out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
        let rows: Vec<Vec<(String, Tone)>> = entries
            .iter()
            .map(|entry| self.columns.iter().map(|fitted| self.fitted_cell(entry, fitted)).collect())
            .collect();
        self.write(out, &rows)
    }

    fn fitted_cell(&self, entry: &Entry, fitted: &Fitted) -> (String, Tone) {
        let text = cell(entry, fitted.column, self.look);
        let tone = match fitted.column {
            Column::Time | Column::RecordedAt => Tone::Dim,
            Column::Action => tone(entry.action),
            _ => Tone::Plain,
        };
        let room = if fitted.may_cut { fitted.width } else { WIDEST_CELL };
        (self.look.cut(&text, room), tone)
    }

    fn write(&self, out: &mut dyn Write, rows: &[Vec<(String, Tone)>]) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
        for row in rows {
            table.add_row(row.iter().map(|(text, _)| Cell::new(text)));
        }
        for (index, fitted) in self.columns.iter().enumerate() {
            // Later rows may be wider where nothing may be cut: they push their neighbours, but stay whole.
            let widest = rows.iter().map(|row| width(&row[index].0)).max().unwrap_or(0);
            let padded = widest.max(fitted.width).min(WIDEST_CELL) + 2;
            if let Some(column) = table.column_mut(index) {
                let cells = u16::try_from(padded).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(cells)));
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

    /// Paints each cell where it stands in the line. Where comfy-table counts fewer cells than a terminal shows, it
    /// filled up with blanks that are taken away again.
    fn painted(&self, line: &str, row: &[(String, Tone)]) -> String {
        let mut out = String::with_capacity(line.len());
        let (mut rest, mut surplus) = (line, 0);
        for (text, tone) in row {
            let text = text.trim_end();
            if text.is_empty() {
                continue;
            }
            let Some((gap, behind)) = rest.split_once(text) else { break };
            out.push_str(gap.get(surplus..).unwrap_or(gap));
            out.push_str(&self.look.paint(*tone, text));
            rest = behind;
            surplus = width(text).saturating_sub(text.width());
        }
        out + rest
    }
}

fn title(column: Column, entries: &[Entry], look: &Look) -> String {
    match column {
        Column::Time if !look.relative => format!("TIME ({})", zones(entries, look)),
        Column::Resource => "RESOURCE".to_owned(),
        Column::Summary => "CHANGES".to_owned(),
        Column::RequestId => "REQUEST".to_owned(),
        other => other.name().replace('_', " ").to_uppercase(),
    }
}

/// The zone's short names at these moments: two, when they lie on both sides of a clock change.
fn zones(entries: &[Entry], look: &Look) -> String {
    let mut labels: Vec<String> = Vec::new();
    for entry in entries {
        let label = format::zone_label(entry.occurred_at, look.time.zone);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    if labels.is_empty() {
        labels.push(format::zone_label(look.time.now, look.time.zone));
    }
    labels.join("/")
}

/// The text of one cell, safe to show and whole.
fn cell(entry: &Entry, column: Column, look: &Look) -> String {
    let text = match column {
        Column::Time => look.moment(entry.occurred_at),
        Column::RecordedAt => format::full(entry.recorded_at, &look.time),
        Column::Action => format!("{} {}", mark(entry.action), entry.action),
        Column::User => user(&entry.user),
        Column::Resource => resource(entry),
        other => value(entry, other).into_owned(),
    };
    look.text(text.trim()).into_owned()
}

/// `ana.ruiz@acme.io`, and `terraform (service)` for who is no person.
fn user(user: &User) -> String {
    match user.kind {
        UserKind::User => user.label().to_owned(),
        kind => format!("{} ({kind})", user.name.as_deref().unwrap_or(user.label())),
    }
}

/// `connector Salesforce → Warehouse`, or `connector #42` without a name.
fn resource(entry: &Entry) -> String {
    let label = entry.model_type.label();
    match entry.model_name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => format!("{label} {name}"),
        _ => format!("{label} #{}", entry.model_id),
    }
}

#[cfg(test)]
mod tests;
