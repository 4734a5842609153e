//! Writes lines side by side: removed lines on the left, added lines on the right, all others across both.
//!
//! `rows` lays out each side; this module pairs their rows.

use std::io::{self, Write};

use crate::render::detail::line::{DetailLine, LineMark};
use crate::render::detail::rows::{LineColumns, RowLimits, ScreenRow, rows, write_rows};
use crate::render::style::{Role, Style};

const BORDER: &str = " │ ";
const ASCII_BORDER: &str = " | ";

/// Writes the lines on two sides of equal width.
pub(super) fn write(out: &mut dyn Write, lines: &[DetailLine], full: bool, style: &Style) -> io::Result<()> {
    let half = style.width.saturating_sub(BORDER.chars().count()) / 2;
    // Sides are truncated even if the style does not truncate: otherwise they would not align.
    let style = &Style { truncate: true, ..*style };
    let (all, one) = (RowLimits::new(style.width, full, style), RowLimits::new(half, full, style));
    let (columns_of_all, columns) = (LineColumns::of(lines, all, style), LineColumns::of(lines, one, style));
    let mut pairs = Pairs { out, style, half, left: Vec::new(), right: Vec::new() };
    for line in lines {
        match (line.mark, line.new_value.is_empty()) {
            (Some(LineMark::Removed), _) => pairs.removed(rows(line, &columns, one, style))?,
            (Some(LineMark::Added), _) => pairs.right.push(rows(line, &columns, one, style)),
            (_, false) => {
                pairs.flush()?;
                let side = |value| DetailLine { value, new_value: Vec::new(), ..line.clone() };
                let old = DetailLine { note: String::new(), ..side(line.value.clone()) };
                pairs.left.push(rows(&old, &columns, one, style));
                pairs.right.push(rows(&side(line.new_value.clone()), &columns, one, style));
            }
            _ => {
                pairs.flush()?;
                write_rows(pairs.out, &rows(line, &columns_of_all, all, style))?;
            }
        }
    }
    pairs.flush()
}

/// Lines that wait for their counterparts.
struct Pairs<'a> {
    out: &'a mut dyn Write,
    style: &'a Style,
    half: usize,
    left: Vec<Vec<ScreenRow>>,
    right: Vec<Vec<ScreenRow>>,
}

impl Pairs<'_> {
    /// Adds removed rows. After added rows they start a new pair.
    fn removed(&mut self, rows: Vec<ScreenRow>) -> io::Result<()> {
        if !self.right.is_empty() {
            self.flush()?;
        }
        self.left.push(rows);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let (left, right) = (std::mem::take(&mut self.left), std::mem::take(&mut self.right));
        let border = self.style.paint(Role::Dim, if self.style.ascii { ASCII_BORDER } else { BORDER });
        for (old, new) in paired(left, right) {
            for (old, new) in paired(old, new) {
                let blanks = " ".repeat(self.half.saturating_sub(old.cells));
                let row = format!("{}{blanks}{border}{}", old.text, new.text);
                writeln!(self.out, "{}", row.trim_end_matches(' '))?;
            }
        }
        Ok(())
    }
}

/// Pairs both sides; the shorter one is filled with defaults.
fn paired<T: Default>(mut left: Vec<T>, mut right: Vec<T>) -> impl Iterator<Item = (T, T)> {
    let longest = left.len().max(right.len());
    left.resize_with(longest, T::default);
    right.resize_with(longest, T::default);
    left.into_iter().zip(right)
}
