//! Draws a list: title, rows, the detail of the selected entry, and facets.

use ratatui::layout::Rect;

use crate::browse::list::{List, ListPurpose, ListRow};
use crate::browse::state::Browser;
use crate::browse::view::facets;
use crate::browse::view::painter::Painter;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::render::detail::line::Span;
use crate::render::filter_summary::{counted, describe_in, grouped, joined};
use crate::render::style::Role;

/// The sign of an entry that a hold covers.
const HELD: &str = "H";

pub(super) fn draw(painter: &mut Painter<'_>, browser: &Browser, list: &List) {
    let areas = browser.list_areas(list);
    let place = match list.window.total {
        0 => String::new(),
        total => format!("{} of {}", grouped(list.selected + 1), grouped(total)),
    };
    painter.title(areas.title, &title(browser, list), &place);
    let span = |text: &str, role| Span { text: text.to_owned(), role };
    if !list.rows.header.is_empty() {
        let indent = span(&" ".repeat(usize::from(list.rows.gutter)), Role::Plain);
        painter.spans(areas.header, 0, std::iter::once(&indent).chain(&list.rows.header), 0, false);
    }
    if list.window.entries().is_empty() {
        let text = match list.filter == Filter::default() {
            _ if list.failed.is_some() => "  the entries could not be loaded · r tries again",
            _ if !list.is_loaded || list.page_request.is_some() => "  loading …",
            true => "  the log is empty · F follows new entries",
            false => "  no entries match · f filters · x clears",
        };
        painter.text(areas.rows, 0, text, Role::Dim);
    }
    for row in 0..areas.rows.height {
        let index = list.top + u64::from(row);
        let (Some(row_of_entry), Some(entry)) = (list.row(index), list.window.get(index)) else { break };
        let ListRow { spans, bracket, is_held } = row_of_entry;
        let is_selected = index == list.selected;
        let mark = if list.marks.contains(&entry.id) { "*" } else { " " };
        let hold = match is_held {
            Some(true) => HELD,
            Some(false) => " ",
            None => "",
        };
        let gutter = [
            span(if is_selected { ">" } else { " " }, Role::Title),
            span(mark, List::MARK),
            span(bracket, Role::Dim),
            span(hold, List::MARK),
            span(" ", Role::Plain),
        ];
        painter.spans(areas.rows, row, gutter.iter().chain(spans), 0, is_selected);
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
    let lines = &list.detail.lines;
    let (rows, lines) = (usize::from(area.height), &lines[list.detail.top.min(lines.len())..]);
    let shown = if lines.len() > rows { rows.saturating_sub(1) } else { lines.len() };
    for (row, line) in (0..area.height).zip(&lines[..shown]) {
        painter.spans(area, row, line, 0, false);
    }
    if lines.len() > shown && rows > 0 {
        let more = counted((lines.len() - shown) as u64, "more line", "more lines");
        let text = format!("… {more}: J scrolls, Enter opens");
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
    joined(parts)
}
