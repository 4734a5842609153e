//! Draws a list: title, rows, the detail of the selected entry, and facets.

use ratatui::layout::Rect;

use crate::browse::list::{GUTTER, List, ListPurpose};
use crate::browse::state::Browser;
use crate::browse::view::facets;
use crate::browse::view::painter::Painter;
use crate::model::page::Order;
use crate::render::detail::line::Span;
use crate::render::filter_summary::{counted, describe_in, grouped};
use crate::render::style::Role;

pub(super) fn draw(painter: &mut Painter<'_>, browser: &Browser, list: &List) {
    let areas = browser.list_areas(list);
    let place = match list.window.total {
        0 => String::new(),
        total => format!("{} of {}", grouped(list.selected + 1), grouped(total)),
    };
    painter.title(areas.title, &title(browser, list), &place);
    let span = |text: &str, role| Span { text: text.to_owned(), role };
    if !list.rows.header.is_empty() {
        let indent = vec![span(&" ".repeat(usize::from(GUTTER)), Role::Plain)];
        painter.spans(areas.header, 0, &[indent, list.rows.header.clone()].concat(), 0, false);
    }
    if list.window.entries().is_empty() {
        let text = if list.is_loaded {
            "  no entries match · f changes the filters · x clears them"
        } else {
            "  loading …"
        };
        painter.text(areas.rows, 0, text, Role::Dim);
    }
    for row in 0..areas.rows.height {
        let index = list.top + u64::from(row);
        let (Some((spans, bracket)), Some(entry)) = (list.row(index), list.window.get(index)) else { break };
        let is_selected = index == list.selected;
        let mark = if list.marks.contains(&entry.id) { "*" } else { " " };
        let gutter = vec![
            span(if is_selected { ">" } else { " " }, Role::Title),
            span(mark, List::MARK),
            span(bracket, Role::Dim),
            span(" ", Role::Plain),
        ];
        painter.spans(areas.rows, row, &[gutter, spans.to_vec()].concat(), 0, is_selected);
    }
    if let Some(divider) = areas.divider {
        painter.rule(divider);
        if let Some(entry) = list.entry().filter(|_| divider.height == 1) {
            let label = Rect { x: divider.x + 2, width: divider.width.saturating_sub(2), ..divider };
            painter.text(label, 0, &format!(" entry {} ", entry.id), Role::Dim);
        }
    }
    if let Some(area) = areas.detail {
        draw_detail(painter, list, area);
    }
    if let Some(area) = areas.facets {
        facets::draw(painter, browser.log, list, area);
    }
}

/// The detail, whose last row says how much is missing.
fn draw_detail(painter: &mut Painter<'_>, list: &List, area: Rect) {
    let lines = &list.preview.lines;
    let rows = usize::from(area.height);
    let shown = if lines.len() > rows { rows.saturating_sub(1) } else { lines.len() };
    for (row, line) in (0..area.height).zip(&lines[..shown]) {
        painter.spans(area, row, line, 0, false);
    }
    if lines.len() > shown && rows > 0 {
        let text = format!("… {} more lines: Enter", grouped((lines.len() - shown) as u64));
        painter.text(area, area.height - 1, &text, Role::Dim);
    }
}

/// `667 entries, newest first · since 2026-11-16 00:00 CET`.
fn title(browser: &Browser, list: &List) -> String {
    let mut parts = vec![match list.purpose {
        ListPurpose::CompareWith(other) => format!("Compare entry {} with", other.id),
        ListPurpose::Browse if list.is_history() => "History".to_owned(),
        ListPurpose::Browse => match list.order {
            Order::Ascending => format!("{}, oldest first", counted(list.window.total, "entry", "entries")),
            _ => format!("{}, newest first", counted(list.window.total, "entry", "entries")),
        },
    }];
    if !list.is_loaded {
        parts = vec!["Entries".to_owned()];
    }
    parts.push(describe_in(browser.log, &list.filter, &browser.style.time));
    if list.follow.is_some() {
        parts.push("following".to_owned());
    }
    if !list.marks.is_empty() {
        parts.push(format!("{} marked", grouped(list.marks.len() as u64)));
    }
    if list.page_request.is_some() && list.is_loaded {
        parts.push("loading …".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}
