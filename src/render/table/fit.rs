//! Fits the columns of a list to the screen: selects them and sets their widths and distance.
//!
//! First it uses short forms (types in short, addresses without the shared domain), then it cuts text where there is most,
//! and never ids, times or actions. Changes keep the most room: they are why the list is read. It must not know the texts.

use crate::render::columns::Column;
use crate::render::style::Style;

/// A column's preferred widths.
#[derive(Clone, Copy)]
pub(super) struct ColumnWidths {
    pub(super) column: Column,
    pub(super) width: usize,
    /// The width of its short form.
    pub(super) short: usize,
    /// Whether a cell names two users.
    pub(super) has_two: bool,
}

impl ColumnWidths {
    /// The widths that suit both.
    pub(super) fn max(&self, other: &Self) -> Self {
        Self {
            column: self.column,
            width: self.width.max(other.width),
            short: self.short.max(other.short),
            has_two: self.has_two || other.has_two,
        }
    }
}

/// A shown column.
pub(super) struct FittedColumn {
    pub(super) column: Column,
    pub(super) width: usize,
    /// Whether wider cells are cut.
    pub(super) may_cut: bool,
    has_two: bool,
}

/// The layout of a list.
pub(super) struct TableFit {
    pub(super) columns: Vec<FittedColumn>,
    /// Spaces between two columns.
    pub(super) gap: usize,
    /// Whether cells use their short form.
    pub(super) is_short: bool,
    /// Whether a column was left out.
    pub(super) dropped: bool,
}

/// Fits columns to the style's width.
pub(super) fn fit(natural: &[ColumnWidths], style: &Style) -> TableFit {
    let mut fit =
        TableFit { columns: preferred(natural, style, false), gap: 2, is_short: false, dropped: false };
    if !style.truncate {
        return fit;
    }
    if fit.total() <= style.width {
        return fit;
    }
    for (gap, room) in [(2, ShrinkLevel::Comfort), (1, ShrinkLevel::Comfort), (1, ShrinkLevel::Least)] {
        fit = TableFit { columns: preferred(natural, style, true), gap, is_short: true, ..fit };
        fit.shrink(style.width, room);
        if fit.total() <= style.width {
            return fit;
        }
    }
    let mut stay: Vec<ColumnWidths> = natural.to_vec();
    loop {
        fit = TableFit { columns: preferred(&stay, style, true), gap: 1, is_short: true, ..fit };
        fit.shrink(style.width, ShrinkLevel::Narrow);
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
            has_two: natural.has_two,
        }
    };
    natural.iter().map(wish).collect()
}

impl TableFit {
    /// Whether a header of this layout names the columns of the other.
    pub(super) fn shows_same_columns(&self, other: &Self) -> bool {
        let columns = |fit: &Self| fit.columns.iter().map(|fitted| fitted.column).collect::<Vec<_>>();
        self.is_short == other.is_short && columns(self) == columns(other)
    }

    /// The width of a line.
    fn total(&self) -> usize {
        let cells: usize = self.columns.iter().map(|fitted| fitted.width + self.gap).sum();
        cells.saturating_sub(self.gap)
    }

    /// Repeatedly narrows the column that is furthest above the minimum widths of `room`.
    fn shrink(&mut self, width: usize, room: ShrinkLevel) {
        let mut over = self.total().saturating_sub(width);
        // Two names need more room than one: it is taken from the other columns.
        let two = self.columns.iter().any(|fitted| fitted.has_two);
        let least = |column| match (room, column) {
            (ShrinkLevel::Least, Column::User) if two => 14,
            (ShrinkLevel::Least, Column::Summary | Column::Changes) if two => 18,
            _ => min_width(column, room),
        };
        while over > 0 {
            // Names give way twice as much as changes.
            let weight = |column| if matches!(column, Column::Summary | Column::Changes) { 1 } else { 2 };
            let surplus = |fitted: &FittedColumn| {
                fitted.width.saturating_sub(least(fitted.column)) * weight(fitted.column)
            };
            let shrinkable = self.columns.iter_mut().filter(|fitted| fitted.may_cut && surplus(fitted) > 0);
            let Some(widest) = shrinkable.max_by_key(|fitted| surplus(fitted)) else { return };
            widest.width -= 1;
            over -= 1;
        }
    }
}

/// The minimum widths while shrinking. All columns shrink to one level before any shrinks further.
#[derive(Clone, Copy)]
enum ShrinkLevel {
    /// Most texts are recognisable.
    Comfort,
    /// Users and resources are recognisable.
    Least,
    /// With fewer cells, the column is left out.
    Narrow,
}

const fn is_never_cut(column: Column) -> bool {
    matches!(column, Column::Id | Column::Time | Column::RecordedAt | Column::Action)
}

const fn min_width(column: Column, room: ShrinkLevel) -> usize {
    match (room, column) {
        (ShrinkLevel::Comfort, Column::Summary | Column::Changes) => 34,
        (ShrinkLevel::Comfort, Column::Resource) => 24,
        (ShrinkLevel::Comfort, Column::User) => 13,
        (ShrinkLevel::Comfort, _) => 16,
        (ShrinkLevel::Least, Column::Summary | Column::Changes) => 21,
        (ShrinkLevel::Least, Column::Resource) => 15,
        (ShrinkLevel::Least, Column::User) => 11,
        // `11 fields`, `status …`.
        (ShrinkLevel::Narrow, Column::Summary | Column::Changes) => 9,
        (ShrinkLevel::Narrow, Column::User | Column::Resource) => 8,
        (ShrinkLevel::Least, _) => 12,
        (ShrinkLevel::Narrow, _) => 6,
    }
}

/// Columns with a higher number are dropped first: changes, then columns of the wide list, then the user.
const fn drop_priority(column: Column) -> u8 {
    match column {
        Column::Summary | Column::Changes => 3,
        Column::Resource | Column::ModelName => 0,
        Column::User => 1,
        _ => 2,
    }
}
