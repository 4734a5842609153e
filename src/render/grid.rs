//! Lays out cells in columns. Each column is as wide as its widest text; if the line is too wide, chosen columns are
//! narrowed first, then the last one is cut.
//!
//! All text is sanitized here, before it is measured. This module must not know what the cells mean.

use std::io::{self, Write};

use crate::render::sanitize::width;
use crate::render::style::{Role, Style};

/// Other columns are narrowed before the last one gets less than this.
const MIN_LAST: usize = 16;

/// How columns share the width of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridLayout<'a> {
    /// Spaces between two columns.
    pub gap: usize,
    /// Columns that may be narrowed, in this order, each with its least width.
    pub narrow: &'a [(usize, usize)],
}

impl Default for GridLayout<'_> {
    fn default() -> Self {
        Self { gap: 2, narrow: &[] }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct GridCell {
    text: String,
    role: Role,
    is_number: bool,
    is_path: bool,
}

impl GridCell {
    pub(crate) fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role, is_number: false, is_path: false }
    }

    /// A right-aligned number.
    pub(crate) fn number(text: impl Into<String>, role: Role) -> Self {
        Self { is_number: true, ..Self::new(text, role) }
    }

    /// A path, which is cut at its front because its end is more specific.
    pub(crate) fn path(text: impl Into<String>, role: Role) -> Self {
        Self { is_path: true, ..Self::new(text, role) }
    }

    fn sanitized(self, style: &Style) -> Self {
        Self { text: style.text(self.text.trim_end_matches('\n')).into_owned(), ..self }
    }
}

/// Writes rows. They may have different numbers of cells.
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
    let cut = |cell: GridCell, max: usize| match (style.truncate, cell.is_path) {
        (false, _) => cell,
        (true, false) => GridCell { text: style.cut(&cell.text, max), ..cell },
        (true, true) => GridCell { text: style.cut_front(&cell.text, max), ..cell },
    };
    let rows =
        rows.into_iter().map(|row| row.into_iter().zip(&widths).map(|(cell, max)| cut(cell, *max)).collect());
    write_aligned(out, rows, &widths, layout.gap, style)
}

/// Writes rows of sanitized cells in columns of these widths. Wider cells shift their neighbours.
fn write_aligned(
    out: &mut dyn Write,
    rows: impl Iterator<Item = Vec<GridCell>>,
    widths: &[usize],
    gap: usize,
    style: &Style,
) -> io::Result<()> {
    for row in rows {
        let mut line = String::new();
        let last = row.len().saturating_sub(1);
        for (column, (cell, column_width)) in row.iter().zip(widths).enumerate() {
            let blanks = " ".repeat(column_width.saturating_sub(width(&cell.text)));
            let painted = style.paint(cell.role, &cell.text);
            match (cell.is_number, column == last) {
                (true, _) => line.extend([blanks.as_str(), &painted]),
                (false, true) => line.push_str(&painted),
                (false, false) => line.extend([painted.as_str(), &blanks]),
            }
            if column < last {
                line.push_str(&" ".repeat(gap));
            }
        }
        writeln!(out, "{}", line.trim_end_matches(' '))?;
    }
    Ok(())
}

/// Narrows the columns so that a line fits in `room` terminal columns.
fn fit(widths: &mut [usize], layout: GridLayout<'_>, room: usize) {
    let Some(last) = widths.len().checked_sub(1) else { return };
    let room = room.saturating_sub(last * layout.gap);
    for (column, least) in layout.narrow {
        let taken: usize = widths[..last].iter().sum::<usize>() + widths[last].min(MIN_LAST);
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
    use crate::render::samples::{printed, style};

    #[test]
    fn columns_are_aligned_and_the_last_is_cut() {
        let row = |name: &str, number: &str, text: &str| {
            vec![
                GridCell::new(name, Role::Plain),
                GridCell::number(number, Role::Plain),
                GridCell::new(text, Role::Plain),
            ]
        };
        let rows = vec![row("日本", "7", "a\u{1b}b"), row("a", "1 200", "long enough to be cut"), vec![]];
        let text = printed(|out| grid(out, rows, GridLayout::default(), &style(24)));
        assert_eq!(text, "日本      7  a␛b\na     1 200  long enoug…\n\n");
    }

    #[test]
    fn chosen_columns_are_narrowed_before_the_last() {
        let row = vec![
            GridCell::new("ana.ruiz@acme.example", Role::Plain),
            GridCell::path("process.mappings.from", Role::Plain),
            GridCell::new("a value of many words", Role::Plain),
        ];
        let text = |columns| {
            let layout = GridLayout { narrow: &[(0, 8), (1, 10)], ..GridLayout::default() };
            printed(|out| grid(out, vec![row.clone()], layout, &style(columns)))
        };
        assert_eq!(text(67), "ana.ruiz@acme.example  process.mappings.from  a value of many words\n");
        assert_eq!(text(60), "ana.ruiz@acme.exam…  process.mappings.from  a value of many…\n");
        assert_eq!(text(40), "ana.rui…  …ppings.from  a value of many…\n");
    }
}
