//! Draws the state into a buffer. Views are pure: they change nothing and measure text as lists do.

pub(crate) mod facets;
mod footer;
mod form;
pub(crate) mod help;
mod list;
mod painter;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::browse::document::Document;
use crate::browse::layout::document_areas;
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::view::painter::Painter;
use crate::render::style::Role;

/// Draws the whole screen. Returns where the cursor is, if text is being typed.
pub(crate) fn draw(browser: &Browser, buffer: &mut Buffer) -> Option<Position> {
    let mut painter = Painter::new(buffer, &browser.style);
    match browser.screen() {
        Screen::List(list) => list::draw(&mut painter, browser, list),
        Screen::Document(document) => draw_document(&mut painter, browser, document),
    }
    let cursor = footer::draw(&mut painter, browser);
    match &browser.mode {
        Mode::Form(form) => form::draw(&mut painter, browser, form),
        _ => cursor,
    }
}

fn draw_document(painter: &mut Painter<'_>, browser: &Browser, document: &Document) {
    let areas = document_areas(browser.size);
    let rows = usize::from(areas.text.height);
    let last = (document.top + rows).min(document.lines.len());
    let place = match document.lines.len() {
        0 => String::new(),
        lines if lines <= rows => format!("{lines} lines"),
        lines => format!("{last} of {lines} lines"),
    };
    painter.title(areas.title, &document.title(), &place);
    if document.content.is_none() {
        let is_loading = document.request.is_some();
        let text = if is_loading { "loading …" } else { "this could not be read · r tries again" };
        painter.text(areas.text, 0, text, Role::Dim);
    }
    for (row, index) in (document.top..last).enumerate() {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        painter.spans(areas.text, row, &document.lines[index], document.left, document.found == Some(index));
    }
}
