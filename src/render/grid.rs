//! Cells in columns: each as wide as its widest text, the last one cut to what the width leaves.
//!
//! All text passes the look's one door here, before it is measured. What the cells mean is not known.

use std::io::{self, Write};

use crate::render::look::{Look, Tone};
use crate::render::visible::width;

/// Cells between two columns.
const GAP: usize = 2;

/// One cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
    is_number: bool,
}

impl Cell {
    /// Text, in this tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, is_number: false }
    }

    /// A number, which stands at the right of its column.
    pub fn number(text: impl Into<String>, tone: Tone) -> Self {
        Self { is_number: true, ..Self::new(text, tone) }
    }

    fn shown(self, look: &Look) -> Self {
        Self { text: look.text(self.text.trim_end_matches('\n')).into_owned(), ..self }
    }
}

/// Writes rows, which may have different numbers of cells.
///
/// # Errors
/// The writer's.
pub fn grid(out: &mut dyn Write, rows: Vec<Vec<Cell>>, look: &Look) -> io::Result<()> {
    let rows: Vec<Vec<Cell>> =
        rows.into_iter().map(|row| row.into_iter().map(|cell| cell.shown(look)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(&cell.text)).max();
    let mut widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    if let Some((last, others)) = widths.split_last_mut().filter(|_| look.truncate) {
        let taken: usize = others.iter().map(|width| width + GAP).sum();
        *last = (*last).min(look.width.saturating_sub(taken + 1).max(1));
    }
    for row in rows {
        let mut line = " ".to_owned();
        let cells = row.len();
        for (column, (cell, column_width)) in row.into_iter().zip(&widths).enumerate() {
            let text = if look.truncate { look.cut(&cell.text, *column_width) } else { cell.text };
            let blanks = " ".repeat(column_width.saturating_sub(width(&text)));
            let painted = look.paint(cell.tone, &text);
            match (cell.is_number, column + 1 == cells) {
                (true, _) => line.extend([blanks.as_str(), &painted]),
                (false, true) => line.push_str(&painted),
                (false, false) => line.extend([painted.as_str(), &blanks]),
            }
            if column + 1 < cells {
                line.push_str(&" ".repeat(GAP));
            }
        }
        writeln!(out, "{}", line.trim_end_matches(' '))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::look;

    #[test]
    fn columns_stand_below_each_other_and_the_last_is_cut() {
        let row = |name: &str, number: &str, text: &str| {
            vec![
                Cell::new(name, Tone::Plain),
                Cell::number(number, Tone::Plain),
                Cell::new(text, Tone::Plain),
            ]
        };
        let mut out = Vec::new();
        let rows = vec![row("日本", "7", "a\u{1b}b"), row("a", "1 200", "long enough to be cut"), vec![]];
        grid(&mut out, rows, &look(24)).expect("memory takes all");
        assert_eq!(String::from_utf8(out).expect("text"), " 日本      7  a␛b\n a     1 200  long enou…\n\n");
    }
}
