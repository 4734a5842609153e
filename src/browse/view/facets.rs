//! Draws the facets: the values of each property with their counts.

use ratatui::layout::{Position, Rect};

use crate::browse::facet_filter::is_chosen;
use crate::browse::list::{Focus, List};
use crate::browse::view::painter::Painter;
use crate::model::words::Log;
use crate::render::detail::line::Span;
use crate::render::filter_summary::grouped;
use crate::render::style::Role;

/// A line of the pane.
enum FacetLine {
    Title(&'static str),
    /// The index of a value.
    Value(usize),
}

/// The lines of the pane, and the first one to show.
fn lines(list: &List, height: u16) -> (Vec<FacetLine>, usize) {
    let (mut lines, mut index, mut selected) = (Vec::new(), 0, 0);
    for (title, _, facets) in list.facet_groups() {
        lines.push(FacetLine::Title(title));
        for _ in facets {
            if index == list.selected_facet {
                selected = lines.len();
            }
            lines.push(FacetLine::Value(index));
            index += 1;
        }
    }
    (lines, (selected + 1).saturating_sub(usize::from(height)))
}

/// The value under the mouse.
pub(crate) fn facet_at(list: &List, area: Rect, at: Position) -> Option<usize> {
    let (lines, first) = lines(list, area.height);
    match lines.get(first + usize::from(at.y.checked_sub(area.y)?))? {
        FacetLine::Value(index) => Some(*index),
        FacetLine::Title(_) => None,
    }
}

pub(super) fn draw(painter: &mut Painter<'_>, log: Log, list: &List, area: Rect) {
    let (lines, first) = lines(list, area.height);
    if lines.is_empty() {
        let text = if list.facets_failed { "not counted · r tries again" } else { "counting …" };
        painter.text(area, 0, text, Role::Dim);
        return;
    }
    let values = list.facet_values();
    for (row, line) in (0..area.height).zip(lines.iter().skip(first)) {
        match line {
            FacetLine::Title(title) => painter.text(area, row, title, Role::Title),
            FacetLine::Value(index) => {
                let (parameter, facet) = values[*index];
                let is_on = is_chosen(&list.filter, log, parameter, &facet.value);
                let is_selected = list.focus == Focus::Facets && *index == list.selected_facet;
                let pointer = if is_selected { ">" } else { " " };
                let mark = if is_on { "[x]" } else { "[ ]" };
                // The count comes first, so that a narrow pane never cuts it off.
                let text = format!("{pointer} {mark} {:>7} {}", grouped(facet.count), facet.value);
                let role = if is_on { Role::Changed } else { Role::Plain };
                let text = painter.sanitized(&text);
                painter.spans(area, row, &[Span { text, role }], 0, is_selected);
            }
        }
    }
}
