//! Lays out lines in screen rows: values and notes are aligned in columns, and long lines wrap. Each wrapped row begins
//! with a sign, so that no text can fake a line.
//!
//! It must not know entries or differences. All text is sanitized here, before it is measured.

use std::io::{self, Write};

use unicode_segmentation::UnicodeSegmentation;

use crate::render::detail::line::{DetailLine, Span};
use crate::render::filter_summary::grouped;
use crate::render::sanitize::width;
use crate::render::style::{Role, Style};

/// The preferred column of notes.
const NOTE_COLUMN: usize = 68;
/// A longer label shifts its own value, not the column of values.
const WIDEST_LABEL: usize = 36;
/// A line longer than this many screen widths is cut, unless the full view is requested.
const MAX_WIDTHS: usize = 8;
/// The least width of a value next to its label; with less room it starts on the next row.
const MIN_VALUE: usize = 12;
/// A piece of at most this width moves to the next row whole.
const SHORT: usize = 24;
/// The most bytes of one cell: a letter with all its combining marks.
const MAX_BYTES: usize = 32;

/// A coloured row of the screen and its width in cells.
#[derive(Default)]
pub(super) struct ScreenRow {
    pub(super) text: String,
    pub(super) cells: usize,
}

/// The widths of rows and lines.
#[derive(Clone, Copy)]
pub(super) struct RowLimits {
    /// The width by which columns are chosen.
    screen: usize,
    /// The width of a row.
    row: usize,
    /// The width of a line, which may wrap onto several rows.
    line: usize,
}

impl RowLimits {
    /// Limits for rows of `screen` cells. Rows have no limit if the style does not truncate, lines none if `full`.
    pub(super) const fn new(screen: usize, full: bool, style: &Style) -> Self {
        let row = if style.truncate { screen } else { usize::MAX };
        Self { screen, row, line: if full { usize::MAX } else { screen.saturating_mul(MAX_WIDTHS) } }
    }

    /// The column of a line's mark. Deep nesting takes at most half of the row.
    fn indent(self, line: &DetailLine) -> usize {
        2 + 4 * line.depth.min((self.row / 2).saturating_sub(2) / 4)
    }
}

/// The columns of values and notes.
pub(super) struct LineColumns {
    value: usize,
    note: usize,
}

impl LineColumns {
    /// Chooses columns that align most values.
    pub(super) fn of(lines: &[DetailLine], limits: RowLimits, style: &Style) -> Self {
        let widest_label = WIDEST_LABEL.min(limits.screen / 2);
        let label_end =
            |line: &DetailLine| Some(limits.indent(line) + 2 + width(&style.text(line.label.as_ref()?)));
        let with_value = lines.iter().filter(|line| line.has_value());
        let value =
            with_value.filter_map(label_end).filter(|&end| end <= widest_label).max().unwrap_or(0) + 3;
        let widest_note = lines.iter().map(|line| width(&style.text(&line.note))).max().unwrap_or(0);
        let note = limits.screen.saturating_sub(widest_note).clamp(value, NOTE_COLUMN.max(value));
        Self { value, note }
    }
}

pub(super) fn rows(
    line: &DetailLine,
    columns: &LineColumns,
    limits: RowLimits,
    style: &Style,
) -> Vec<ScreenRow> {
    let indent = limits.indent(line);
    let mut rows = RowBuilder::new(indent, indent + 2, limits, style);
    if let Some(mark) = line.mark {
        rows.push(mark.role(), mark.sign());
        rows.push(Role::Plain, " ");
    }
    if let Some(label) = &line.label {
        rows.push(Role::Plain, label);
        if line.has_value() {
            rows.value_column(columns.value);
        }
    }
    for span in &line.value {
        rows.push(span.role, &span.text);
    }
    if !line.value.is_empty() && !line.new_value.is_empty() {
        rows.push(Role::Plain, " → ");
    }
    for span in &line.new_value {
        rows.push(span.role, &span.text);
    }
    if !line.note.is_empty() {
        rows.note_column(columns.note, width(&style.text(&line.note)));
        rows.push(Role::Dim, &line.note);
    }
    rows.finish()
}

/// The rows of text that starts at column `indent` and wraps to column `hanging`.
pub(super) fn text_rows(indent: usize, hanging: usize, text: &[Span], style: &Style) -> Vec<ScreenRow> {
    let limits = RowLimits::new(style.width, false, style);
    let mut rows = RowBuilder::new(indent, hanging, limits, style);
    for span in text {
        rows.push(span.role, &span.text);
    }
    rows.finish()
}

pub(super) fn write_rows(out: &mut dyn Write, rows: &[ScreenRow]) -> io::Result<()> {
    rows.iter().try_for_each(|row| writeln!(out, "{}", row.text.trim_end_matches(' ')))
}

struct RowBuilder<'a> {
    style: &'a Style,
    limits: RowLimits,
    /// The columns of a wrapped row's sign and of its text.
    sign: usize,
    hanging: usize,
    done: Vec<ScreenRow>,
    row: ScreenRow,
    /// Cells left in the line.
    left: usize,
}

impl<'a> RowBuilder<'a> {
    fn new(indent: usize, hanging: usize, limits: RowLimits, style: &'a Style) -> Self {
        let row = ScreenRow { text: " ".repeat(indent), cells: indent };
        Self { style, limits, sign: indent, hanging, done: Vec::new(), row, left: limits.line }
    }

    /// Adds text, cut to the cells left in the line.
    fn push(&mut self, role: Role, text: &str) {
        if self.left == 0 {
            return;
        }
        let beginning = beginning(text, self.left.saturating_mul(MAX_BYTES));
        let shown = self.style.text(beginning);
        let cells = cells_up_to(&shown, self.left);
        if cells <= self.left && beginning.len() == text.len() {
            self.left -= cells;
            return self.wrapped(role, &shown);
        }
        // The added space forces a cut, so that the line always ends with the cut's mark.
        let cut = self.style.cut(&format!("{shown} "), cells.min(self.left));
        self.wrapped(role, &cut);
        let size = format!("({} characters: --full)", grouped(text.chars().count() as u64));
        let behind = self.row.cells.saturating_add(1);
        if behind.saturating_add(width(&size)) > self.limits.row {
            self.next_row();
        } else {
            self.fill_to(behind);
        }
        self.wrapped(Role::Dim, &size);
        self.left = 0;
    }

    /// Adds sanitized text, wrapped onto further rows.
    fn wrapped(&mut self, role: Role, text: &str) {
        let mut rest = text;
        let cells = cells_up_to(text, SHORT);
        if cells <= SHORT && self.row.cells.saturating_add(cells) > self.limits.row {
            // Short pieces move to the next row instead of wrapping.
            self.next_row();
        }
        loop {
            let room = self.limits.row.saturating_sub(self.row.cells);
            let fresh = self.row.cells <= self.hanging;
            let (head, cells, tail) = split(rest, room, fresh);
            self.row.text.push_str(&self.style.paint(role, head));
            self.row.cells += cells;
            if tail.is_empty() {
                return;
            }
            self.next_row();
            rest = tail;
        }
    }

    fn next_row(&mut self) {
        let full = std::mem::take(&mut self.row);
        self.done.push(full);
        self.fill_to(self.sign);
        let sign = if self.style.ascii { "\\" } else { "↪" };
        self.row.text.push_str(&self.style.paint(Role::Dim, sign));
        self.row.cells += 1;
        self.fill_to(self.hanging);
    }

    fn fill_to(&mut self, column: usize) {
        let blanks = column.saturating_sub(self.row.cells);
        self.row.text.push_str(&" ".repeat(blanks));
        self.row.cells += blanks;
    }

    /// Moves to the column of values, or past a long label, or to the next row if little room is left.
    fn value_column(&mut self, column: usize) {
        let at = column.max(self.row.cells.saturating_add(2));
        if at.saturating_add(MIN_VALUE) > self.limits.row {
            self.hanging += 2;
            return self.next_row();
        }
        self.fill_to(at);
        self.hanging = at;
    }

    /// Moves to the column of notes, or nearer, or to the next row, so that a note of this width does not wrap.
    fn note_column(&mut self, column: usize, note: usize) {
        let behind = self.row.cells.saturating_add(2);
        let at =
            [column.max(behind), behind].into_iter().find(|at| at.saturating_add(note) <= self.limits.row);
        match at {
            Some(at) => self.fill_to(at),
            None => self.next_row(),
        }
    }

    fn finish(mut self) -> Vec<ScreenRow> {
        self.done.push(self.row);
        self.done
    }
}

/// The first `most` bytes of a text, or fewer.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The width of a text, or any number above `most` if it is wider.
fn cells_up_to(text: &str, most: usize) -> usize {
    let mut cells = 0;
    for cluster in text.graphemes(true) {
        cells += width(cluster);
        if cells > most {
            break;
        }
    }
    cells
}

/// Splits off the text that fits into `room` cells, with its width; preferably after a space in the second half. A
/// `fresh` row takes at least one grapheme cluster, or wrapping would not end.
fn split(text: &str, room: usize, fresh: bool) -> (&str, usize, &str) {
    let (mut cells, mut blank) = (0, None);
    for (at, cluster) in text.grapheme_indices(true) {
        let wider = cells + width(cluster);
        if wider > room && !(fresh && at == 0) {
            let near = |&(_, cells): &(usize, usize)| cells > room / 2;
            let (at, cells) = blank.filter(near).unwrap_or((at, cells));
            return (&text[..at], cells, &text[at..]);
        }
        cells = wider;
        if cluster == " " {
            blank = Some((at + 1, cells));
        }
    }
    (text, cells, "")
}
