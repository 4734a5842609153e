//! Which columns of a list are shown, how wide each may be, and how far apart they stand.
//!
//! Changes are cut first, then names and the like; never id, time or action. It knows widths, not texts.

use crate::render::columns::Column;
use crate::render::style::Style;

/// A column as it would like to be.
#[derive(Clone, Copy)]
pub(super) struct ColumnWidths {
    pub(super) column: Column,
    pub(super) width: usize,
    /// Its width in the short form that some columns have.
    pub(super) short: usize,
}

/// A column that is shown.
pub(super) struct FittedColumn {
    pub(super) column: Column,
    pub(super) width: usize,
    /// Whether a cell that is wider is cut.
    pub(super) may_cut: bool,
}

/// All columns that are shown.
pub(super) struct TableFit {
    pub(super) columns: Vec<FittedColumn>,
    /// Blanks between two columns.
    pub(super) gap: usize,
    /// Whether cells stand in their short form.
    pub(super) is_short: bool,
    /// Whether some column had to be left out.
    pub(super) dropped: bool,
}

/// Fits columns into the look's width.
pub(super) fn fit(natural: &[ColumnWidths], style: &Style) -> TableFit {
    let mut fit = TableFit { columns: preferred(natural, style, false), gap: 2, is_short: false, dropped: false };
    if !style.truncate {
        return fit;
    }
    for room in [ShrinkLevel::Comfort, ShrinkLevel::Least] {
        fit.shrink(style.width, true, room);
        fit.shrink(style.width, false, room);
    }
    if fit.total() <= style.width {
        return fit;
    }
    let mut stay: Vec<ColumnWidths> = natural.to_vec();
    loop {
        fit = TableFit { columns: preferred(&stay, style, true), gap: 1, is_short: true, ..fit };
        fit.shrink(style.width, true, ShrinkLevel::Narrow);
        fit.shrink(style.width, false, ShrinkLevel::Narrow);
        let may_go = stay.iter().enumerate().filter(|(_, natural)| !is_never_cut(natural.column));
        let first_to_go = may_go.max_by_key(|(index, natural)| (drop_priority(natural.column), *index));
        match first_to_go {
            Some((index, _)) if fit.total() > style.width => drop(stay.remove(index)),
            _ => return fit,
        }
        fit.dropped = true;
    }
}

fn preferred(natural: &[ColumnWidths], style: &Style, is_short: bool) -> Vec<FittedColumn> {
    let wish = |natural: &ColumnWidths| {
        let may_cut = style.truncate && !is_never_cut(natural.column);
        let width = if is_short { natural.short } else { natural.width };
        FittedColumn {
            column: natural.column,
            width: if may_cut { width.min(style.width) } else { width },
            may_cut,
        }
    };
    natural.iter().map(wish).collect()
}

impl TableFit {
    /// Cells of the whole line.
    fn total(&self) -> usize {
        let cells: usize = self.columns.iter().map(|fitted| fitted.width + self.gap).sum();
        cells.saturating_sub(self.gap)
    }

    /// Takes cells from the widest first, as long as there is room to spare.
    fn shrink(&mut self, width: usize, changes: bool, room: ShrinkLevel) {
        let mut over = self.total().saturating_sub(width);
        while over > 0 {
            let shrinkable = self.columns.iter_mut().filter(|fitted| {
                fitted.may_cut
                    && is_changes(fitted.column) == changes
                    && fitted.width > min_width(fitted.column, room)
            });
            let Some(widest) = shrinkable.max_by_key(|fitted| fitted.width) else { return };
            widest.width -= 1;
            over -= 1;
        }
    }
}

/// How much of a column is spared. A table whose names are long gives up comfort everywhere before it gives up the use
/// of any one column.
#[derive(Clone, Copy)]
enum ShrinkLevel {
    /// Enough to know most texts by.
    Comfort,
    /// Enough to know a person, or a resource of a known kind, by.
    Least,
    /// Fewer cells tell too little: then a column is better left out.
    Narrow,
}

const fn is_never_cut(column: Column) -> bool {
    matches!(column, Column::Id | Column::Time | Column::RecordedAt | Column::Action)
}

const fn is_changes(column: Column) -> bool {
    matches!(column, Column::Summary | Column::Changes)
}

const fn min_width(column: Column, room: ShrinkLevel) -> usize {
    match (room, column) {
        (ShrinkLevel::Comfort, Column::Summary | Column::Changes) => 24,
        (ShrinkLevel::Comfort, Column::Resource) => 26,
        (ShrinkLevel::Comfort, _) => 20,
        (ShrinkLevel::Least, Column::Resource) => 18,
        (ShrinkLevel::Least, Column::Summary | Column::Changes | Column::User) => 12,
        // `11 fields`, `status …`.
        (ShrinkLevel::Narrow, Column::Summary | Column::Changes) => 9,
        (ShrinkLevel::Narrow, Column::User | Column::Resource) => 8,
        (ShrinkLevel::Least | ShrinkLevel::Narrow, _) => 6,
    }
}

/// What goes first when even the least of each does not fit: changes, then what only a wide list has, then the user.
const fn drop_priority(column: Column) -> u8 {
    match column {
        Column::Summary | Column::Changes => 3,
        Column::Resource | Column::ModelName => 0,
        Column::User => 1,
        _ => 2,
    }
}
