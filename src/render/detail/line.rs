//! The lines of the detail view: a mark, a label, a value, a note, laid out in columns and painted.
//!
//! It knows nothing of entries or differences. All text passes the look's one door here, before it is measured.

use std::io::{self, Write};

use crate::render::look::{Look, Tone};
use crate::render::visible::width;

/// Where notes stand, when values and the width leave the choice.
const NOTE_COLUMN: usize = 68;
/// Labels longer than this push their own value, not everyone's.
const WIDEST_LABEL: usize = 36;
/// A line of more screen widths than this is cut, unless the whole is asked for.
const MOST_WIDTHS: usize = 8;

/// A piece of text and how it is painted.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// One line.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) depth: usize,
    /// A mark and a blank before the label: `+`, `-`, `~`, `>`, `!`.
    pub(super) mark: Option<Mark>,
    /// What the value belongs to; a line without one is text that follows its mark at once.
    pub(super) label: Option<String>,
    pub(super) value: Vec<Span>,
    pub(super) note: String,
}

/// What a line tells of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Added,
    Removed,
    Changed,
    Moved,
    Redacted,
}

impl Mark {
    const fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
            Self::Moved => ">",
            Self::Redacted => "!",
        }
    }

    pub(super) const fn tone(self) -> Tone {
        match self {
            Self::Added => Tone::Added,
            Self::Removed => Tone::Removed,
            Self::Changed | Self::Moved | Self::Redacted => Tone::Changed,
        }
    }
}

impl Line {
    fn indent(&self) -> usize {
        2 + 4 * self.depth
    }
}

/// Writes the lines, values and notes each in a column of their own.
pub(super) fn write(out: &mut dyn Write, lines: Vec<Line>, full: bool, look: &Look) -> io::Result<()> {
    let lines: Vec<Line> = lines.into_iter().map(|line| shown(line, look)).collect();
    let label_end = |line: &Line| Some(line.indent() + 2 + width(line.label.as_ref()?));
    let with_value = lines.iter().filter(|line| !line.value.is_empty());
    let value_column =
        with_value.filter_map(label_end).filter(|&end| end <= WIDEST_LABEL).max().unwrap_or(0) + 3;
    let widest_note = lines.iter().map(|line| width(&line.note)).max().unwrap_or(0);
    let note_column =
        look.width.saturating_sub(widest_note).clamp(value_column, NOTE_COLUMN.max(value_column));
    let most = if full || !look.truncate { usize::MAX } else { look.width.saturating_mul(MOST_WIDTHS) };

    for line in lines {
        let mut row = Row { look, out: String::new(), at: 0, most };
        row.fill_to(line.indent());
        if let Some(mark) = line.mark {
            row.push(mark.tone(), mark.sign());
            row.push(Tone::Plain, " ");
        }
        if let Some(label) = &line.label {
            row.push(Tone::Plain, label);
            if !line.value.is_empty() {
                row.column(value_column);
            }
        }
        for span in &line.value {
            row.push(span.tone, &span.text);
        }
        if !line.note.is_empty() {
            row.column(note_column);
            row.push(Tone::Dim, &line.note);
        }
        writeln!(out, "{}", row.out.trim_end_matches(' '))?;
    }
    Ok(())
}

/// The line as it may be shown.
fn shown(mut line: Line, look: &Look) -> Line {
    line.label = line.label.map(|label| look.text(&label).into_owned());
    line.note = look.text(&line.note).into_owned();
    for span in &mut line.value {
        span.text = look.text(&span.text).into_owned();
    }
    line
}

struct Row<'a> {
    look: &'a Look,
    out: String,
    at: usize,
    most: usize,
}

impl Row<'_> {
    fn push(&mut self, tone: Tone, text: &str) {
        let room = self.most.saturating_sub(self.at);
        if room == 0 {
            return;
        }
        let cells = width(text);
        if cells <= room {
            self.out.push_str(&self.look.paint(tone, text));
            self.at += cells;
            return;
        }
        // The sign of the cut stands where the text ends, and ends the row.
        let size = format!(" ({cells} wide: --full)");
        self.out.push_str(&self.look.paint(tone, &self.look.cut(text, room)));
        self.out.push_str(&self.look.paint(Tone::Dim, &size));
        self.at = self.most;
    }

    fn fill_to(&mut self, column: usize) {
        let blanks = column.saturating_sub(self.at);
        self.out.push_str(&" ".repeat(blanks));
        self.at += blanks;
    }

    /// Goes to a column, or two blanks on where the row is past it already.
    fn column(&mut self, column: usize) {
        self.fill_to(column.max(self.at.saturating_add(2)));
    }
}
