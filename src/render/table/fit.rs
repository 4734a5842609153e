//! Which columns of a list are shown, and how wide each may be.
//!
//! Changes are cut first, then names and the like; never id, time or action. It knows widths, not texts.

use crate::render::columns::Column;
use crate::render::look::Look;

/// A blank before and behind each cell, the last one's trailing blank left out.
const PADDING: usize = 2;

/// A column that is shown.
pub(super) struct Fitted {
    pub(super) column: Column,
    pub(super) width: usize,
    /// Whether a cell that is wider is cut.
    pub(super) may_cut: bool,
}

/// Fits columns of these natural widths, and tells whether some had to be left out.
pub(super) fn fit(natural: &[(Column, usize)], look: &Look) -> (Vec<Fitted>, bool) {
    let mut columns: Vec<Fitted> = natural
        .iter()
        .map(|&(column, width)| {
            let may_cut = look.truncate && !is_whole(column);
            Fitted { column, width: if may_cut { width.min(look.width) } else { width }, may_cut }
        })
        .collect();
    if !look.truncate {
        return (columns, false);
    }
    let mut dropped = false;
    loop {
        for room in [Room::Comfort, Room::Least] {
            shrink(&mut columns, look.width, true, room);
            shrink(&mut columns, look.width, false, room);
        }
        if total(&columns) <= look.width {
            return (columns, dropped);
        }
        let first_to_go = columns
            .iter()
            .enumerate()
            .filter(|(_, fitted)| fitted.may_cut)
            .max_by_key(|(index, fitted)| (sacrifice(fitted.column), *index))
            .map(|(index, _)| index);
        let Some(index) = first_to_go else { return (columns, dropped) };
        columns.remove(index);
        dropped = true;
        // The room that became free belongs to those that stay.
        for fitted in columns.iter_mut().filter(|fitted| fitted.may_cut) {
            let wanted = natural.iter().find(|(column, _)| *column == fitted.column);
            fitted.width = wanted.map_or(fitted.width, |&(_, width)| width.min(look.width));
        }
    }
}

/// Cells of the whole line.
fn total(columns: &[Fitted]) -> usize {
    (columns.iter().map(|fitted| fitted.width + PADDING).sum::<usize>()).saturating_sub(1)
}

/// How much of a column is spared. A table whose names are long gives up comfort everywhere before it gives up the use
/// of any one column.
#[derive(Clone, Copy)]
enum Room {
    /// Enough to know most texts by.
    Comfort,
    /// Fewer cells tell too little.
    Least,
}

/// Takes cells from the widest first, as long as there is room to spare.
fn shrink(columns: &mut [Fitted], width: usize, changes: bool, room: Room) {
    let has_changes = columns.iter().any(|fitted| is_changes(fitted.column));
    let mut over = total(columns).saturating_sub(width);
    while over > 0 {
        let shrinkable = columns.iter_mut().filter(|fitted| {
            fitted.may_cut
                && is_changes(fitted.column) == changes
                && fitted.width > spared(fitted.column, has_changes, room)
        });
        let Some(widest) = shrinkable.max_by_key(|fitted| fitted.width) else { return };
        widest.width -= 1;
        over -= 1;
    }
}

const fn is_whole(column: Column) -> bool {
    matches!(column, Column::Id | Column::Time | Column::RecordedAt | Column::Action)
}

const fn is_changes(column: Column) -> bool {
    matches!(column, Column::Summary | Column::Changes)
}

/// Names give way to nothing while there are changes that could go first.
const fn spared(column: Column, has_changes: bool, room: Room) -> usize {
    match (room, column) {
        (Room::Comfort, Column::Summary | Column::Changes) => 28,
        (Room::Comfort, _) => 22,
        (Room::Least, Column::Summary | Column::Changes) => 10,
        (Room::Least, Column::User | Column::Resource) if has_changes => 10,
        (Room::Least, _) => 5,
    }
}

/// What goes first when even the least of each does not fit: changes, then what only a wide list has, then the user.
const fn sacrifice(column: Column) -> u8 {
    match column {
        Column::Summary | Column::Changes => 3,
        Column::Resource | Column::ModelName => 0,
        Column::User => 1,
        _ => 2,
    }
}
