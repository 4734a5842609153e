//! Draws the filter form over the lower part of the screen.

use ratatui::layout::{Position, Rect};

use crate::browse::form::Form;
use crate::browse::state::Browser;
use crate::browse::view::painter::Painter;
use crate::render::detail::line::Span;
use crate::render::style::Role;

/// The cells of a label.
const LABEL: u16 = 8;

/// Draws the form above the two lines at the bottom. Returns where the cursor is.
pub(super) fn draw(painter: &mut Painter<'_>, browser: &Browser, form: &Form) -> Option<Position> {
    let (columns, rows) = (browser.size.width, browser.size.height);
    let height = u16::try_from(form.fields.len() + 1).ok()?.min(rows.saturating_sub(3));
    let area = Rect::new(0, rows.saturating_sub(height + 2), columns, height);
    painter.clear(area);
    painter.rule(Rect { height: area.height.min(1), ..area });
    let title = Rect { x: 2, width: columns.saturating_sub(2), height: area.height.min(1), ..area };
    painter.text(title, 0, " filters: the list narrows while you type, !VALUE excludes ", Role::Title);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let first = (form.current + 1).saturating_sub(usize::from(body.height));
    let room = columns.saturating_sub(LABEL + 2);
    let mut cursor = None;
    for (row, (index, field)) in (0..body.height).zip(form.fields.iter().enumerate().skip(first)) {
        let is_current = index == form.current;
        let (text, at) = field.input.window(usize::from(room));
        let pointer = if is_current { ">" } else { " " };
        let mut spans = vec![
            Span { text: format!("{pointer} {:<6} ", field.label), role: Role::Dim },
            Span { text: painter.sanitized(&text), role: Role::Plain },
        ];
        if let Some(error) = &field.error {
            spans.push(Span { text: painter.sanitized(&format!("  ! {error}")), role: Role::Removed });
        }
        painter.spans(body, row, &spans, 0, false);
        if is_current {
            let x = (LABEL + 1).saturating_add(u16::try_from(at).unwrap_or(0));
            cursor = Some(Position { x: x.min(columns.saturating_sub(1)), y: body.y + row });
        }
    }
    cursor
}
