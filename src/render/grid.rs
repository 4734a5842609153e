//! Cells in columns: each as wide as its widest text. Where that is too wide, the columns that may be are narrowed, and
//! then the last is cut to what is left.
//!
//! All text passes the look's one door here, before it is measured. What the cells mean is not known.

use std::io::{self, Write};

use crate::render::sanitize::width;
use crate::render::style::{Role, Style};

/// Before the last column gets less than this, others are narrowed.
const LEAST_LAST: usize = 16;

/// How columns share a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridLayout<'a> {
    /// Blanks between two columns.
    pub gap: usize,
    /// Which columns may be narrowed, one after the other, and to how many cells.
    pub narrow: &'a [(usize, usize)],
}

impl Default for GridLayout<'_> {
    fn default() -> Self {
        Self { gap: 2, narrow: &[] }
    }
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub(crate) struct GridCell {
    text: String,
    role: Role,
    is_number: bool,
    is_path: bool,
}

impl GridCell {
    /// Text, in this role.
    pub(crate) fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role, is_number: false, is_path: false }
    }

    /// A number, which stands at the right of its column.
    pub(crate) fn number(text: impl Into<String>, role: Role) -> Self {
        Self { is_number: true, ..Self::new(text, role) }
    }

    /// A path, whose end says more than its beginning: it is cut in front.
    pub(crate) fn path(text: impl Into<String>, role: Role) -> Self {
        Self { is_path: true, ..Self::new(text, role) }
    }

    fn sanitized(self, style: &Style) -> Self {
        Self { text: style.text(self.text.trim_end_matches('\n')).into_owned(), ..self }
    }
}

/// Writes rows, which may have different numbers of cells.
pub(crate) fn grid(
    out: &mut dyn Write,
    rows: Vec<Vec<GridCell>>,
    layout: GridLayout<'_>,
    style: &Style,
) -> io::Result<()> {
    let rows: Vec<Vec<GridCell>> =
        rows.into_iter().map(|row| row.into_iter().map(|cell| cell.sanitized(style)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(&cell.text)).max();
    let mut widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    if style.truncate {
        fit(&mut widths, layout, style.width);
    }
    for row in rows {
        let mut line = String::new();
        let cells = row.len();
        for (column, (cell, column_width)) in row.into_iter().zip(&widths).enumerate() {
            let text = match (style.truncate, cell.is_path) {
                (false, _) => cell.text,
                (true, false) => style.cut(&cell.text, *column_width),
                (true, true) => style.cut_front(&cell.text, *column_width),
            };
            let blanks = " ".repeat(column_width.saturating_sub(width(&text)));
            let painted = style.paint(cell.role, &text);
            match (cell.is_number, column + 1 == cells) {
                (true, _) => line.extend([blanks.as_str(), &painted]),
                (false, true) => line.push_str(&painted),
                (false, false) => line.extend([painted.as_str(), &blanks]),
            }
            if column + 1 < cells {
                line.push_str(&" ".repeat(layout.gap));
            }
        }
        writeln!(out, "{}", line.trim_end_matches(' '))?;
    }
    Ok(())
}

/// Makes columns share `room` cells.
fn fit(widths: &mut [usize], layout: GridLayout<'_>, room: usize) {
    let Some(last) = widths.len().checked_sub(1) else { return };
    let room = room.saturating_sub(last * layout.gap);
    for (column, least) in layout.narrow {
        let taken: usize = widths[..last].iter().sum::<usize>() + widths[last].min(LEAST_LAST);
        if let Some(width) = widths.get_mut(*column) {
            *width = width.saturating_sub(taken.saturating_sub(room)).max(*least).min(*width);
        }
    }
    let taken: usize = widths[..last].iter().sum();
    widths[last] = widths[last].min(room.saturating_sub(taken).max(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::style;

    #[test]
    fn columns_stand_below_each_other_and_the_last_is_cut() {
        let row = |name: &str, number: &str, text: &str| {
            vec![
                GridCell::new(name, Role::Plain),
                GridCell::number(number, Role::Plain),
                GridCell::new(text, Role::Plain),
            ]
        };
        let mut out = Vec::new();
        let rows = vec![row("日本", "7", "a\u{1b}b"), row("a", "1 200", "long enough to be cut"), vec![]];
        grid(&mut out, rows, GridLayout::default(), &style(24)).expect("memory takes all");
        assert_eq!(String::from_utf8(out).expect("text"), "日本      7  a␛b\na     1 200  long enoug…\n\n");
    }

    #[test]
    fn columns_that_may_be_are_narrowed_before_the_last_has_too_little() {
        let row = vec![
            GridCell::new("ana.ruiz@acme.example", Role::Plain),
            GridCell::path("process.mappings.from", Role::Plain),
            GridCell::new("a value of many words", Role::Plain),
        ];
        let text = |columns| {
            let mut out = Vec::new();
            let layout = GridLayout { narrow: &[(0, 8), (1, 10)], ..GridLayout::default() };
            grid(&mut out, vec![row.clone()], layout, &style(columns)).expect("memory takes all");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(text(67), "ana.ruiz@acme.example  process.mappings.from  a value of many words\n");
        assert_eq!(text(60), "ana.ruiz@acme.exam…  process.mappings.from  a value of many…\n");
        assert_eq!(text(40), "ana.rui…  …ppings.from  a value of many…\n");
    }
}
