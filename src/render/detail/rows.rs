//! Lays lines out in rows of the screen: values and notes in columns of their own, and what is too long on further
//! rows, each behind a sign, so that no text can fake a line of ours.
//!
//! It knows nothing of entries or differences. All text passes the look's one door here, before it is measured.

use unicode_segmentation::UnicodeSegmentation;

use crate::render::detail::line::{DetailLine, Span};
use crate::render::filter_summary::grouped;
use crate::render::sanitize::width;
use crate::render::style::{Role, Style};

/// Where notes stand, when values and the width leave the choice.
const NOTE_COLUMN: usize = 68;
/// Labels longer than this push their own value, not everyone's.
const WIDEST_LABEL: usize = 36;
/// A line of more screen widths than this is cut, unless the whole is asked for.
const MOST_WIDTHS: usize = 8;
/// Cells that a value begins with on a row, or it begins on the next.
const LEAST_VALUE: usize = 12;
/// Cells of a piece that stays in one.
const SHORT: usize = 24;
/// Bytes that a cell may take: a letter with all the marks that stay on it.
const MOST_BYTES: usize = 32;

/// A row of the screen, painted, and the cells it takes.
#[derive(Default)]
pub(super) struct ScreenRow {
    pub(super) text: String,
    pub(super) cells: usize,
}

/// What a row, and a line of several rows, may take.
#[derive(Clone, Copy)]
pub(super) struct RowLimits {
    /// Cells by which columns are chosen.
    screen: usize,
    /// Cells of a row.
    row: usize,
    /// Cells of a line.
    line: usize,
}

impl RowLimits {
    /// For rows of `screen` cells, when lines are fitted at all; a line is cut unless it is wanted `full`.
    pub(super) const fn new(screen: usize, full: bool, style: &Style) -> Self {
        let row = if style.truncate { screen } else { usize::MAX };
        Self { screen, row, line: if full { usize::MAX } else { screen.saturating_mul(MOST_WIDTHS) } }
    }

    /// Where a line's mark stands: what is nested deep keeps half of the row.
    fn indent(self, line: &DetailLine) -> usize {
        2 + 4 * line.depth.min((self.row / 2).saturating_sub(2) / 4)
    }
}

/// The columns in which the values and the notes of some lines stand.
pub(super) struct LineColumns {
    value: usize,
    note: usize,
}

impl LineColumns {
    /// Chooses them so that most values stand below each other.
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

/// The rows of one line.
pub(super) fn rows(line: &DetailLine, columns: &LineColumns, limits: RowLimits, style: &Style) -> Vec<ScreenRow> {
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
    if !line.value.is_empty() && !line.became.is_empty() {
        rows.push(Role::Plain, " → ");
    }
    for span in &line.became {
        rows.push(span.role, &span.text);
    }
    if !line.note.is_empty() {
        rows.note_column(columns.note, width(&style.text(&line.note)));
        rows.push(Role::Dim, &line.note);
    }
    rows.finish()
}

/// The rows of some text that begins at `indent`, and goes on at `hanging`.
pub(super) fn text_rows(indent: usize, hanging: usize, text: &[Span], style: &Style) -> Vec<ScreenRow> {
    let limits = RowLimits::new(style.width, false, style);
    let mut rows = RowBuilder::new(indent, hanging, limits, style);
    for span in text {
        rows.push(span.role, &span.text);
    }
    rows.finish()
}

struct RowBuilder<'a> {
    style: &'a Style,
    limits: RowLimits,
    /// Where the sign of a row that goes on stands, and where its text goes on.
    sign: usize,
    hanging: usize,
    done: Vec<ScreenRow>,
    row: ScreenRow,
    /// Cells that the line may still take.
    left: usize,
}

impl<'a> RowBuilder<'a> {
    fn new(indent: usize, hanging: usize, limits: RowLimits, style: &'a Style) -> Self {
        let row = ScreenRow { text: " ".repeat(indent), cells: indent };
        Self { style, limits, sign: indent, hanging, done: Vec::new(), row, left: limits.line }
    }

    /// Adds text, cut to what the line may still take.
    fn push(&mut self, role: Role, text: &str) {
        if self.left == 0 {
            return;
        }
        let beginning = beginning(text, self.left.saturating_mul(MOST_BYTES));
        let shown = self.style.text(beginning);
        let cells = cells_up_to(&shown, self.left);
        if cells <= self.left && beginning.len() == text.len() {
            self.left -= cells;
            return self.wrapped(role, &shown);
        }
        // The sign of the cut stands where the text ends, and ends the line. A blank more than fits makes it sure.
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

    /// Adds shown text, on as many rows as it takes.
    fn wrapped(&mut self, role: Role, text: &str) {
        let mut rest = text;
        let cells = cells_up_to(text, SHORT);
        if cells <= SHORT && self.row.cells.saturating_add(cells) > self.limits.row {
            // A short piece is rather moved than broken.
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

    /// Goes to the column of values, two blanks on where the row is past it, or to the next row where little is left.
    fn value_column(&mut self, column: usize) {
        let at = column.max(self.row.cells.saturating_add(2));
        if at.saturating_add(LEAST_VALUE) > self.limits.row {
            self.hanging += 2;
            return self.next_row();
        }
        self.fill_to(at);
        self.hanging = at;
    }

    /// Goes to the column of notes, or nearer, or to the next row, so that a note of this width stays in one piece.
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

/// The beginning of a text, of at most so many bytes.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The cells a text takes, or some number above `most` when it takes more.
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

/// Splits off what fits into `room` cells, preferably behind a blank that is not far; with the cells it takes. A row
/// that is `fresh` takes at least one letter, or there would be no end.
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
