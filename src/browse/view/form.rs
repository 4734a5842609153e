//! Draws the filter form above the bottom of the screen.

use ratatui::layout::{Position, Rect};

use crate::browse::form::FilterEditor;
use crate::browse::state::Browser;
use crate::browse::view::painter::Painter;
use crate::render::detail::line::Span;
use crate::render::style::Role;

/// The width of the pointer and the label, in cells.
const LABEL: u16 = 11;
const TITLE: &str = " filters: the list narrows while you type, !VALUE excludes ";
/// The least width, in cells, for the long title and the range of visible lines.
const WHOLE_TITLE: u16 = 76;

/// Draws the form above the two lines at the bottom, on at most half of the screen: the list that it narrows stays in sight.
/// Returns where the cursor is.
pub(super) fn draw(painter: &mut Painter<'_>, browser: &Browser, form: &FilterEditor) -> Option<Position> {
    let (columns, rows) = (browser.size.width, browser.size.height);
    let all = u16::try_from(form.fields.len() + 1).ok()?;
    let height = all.min((rows / 2).max(2)).min(rows.saturating_sub(3));
    let area = Rect::new(0, rows.saturating_sub(height + 2), columns, height);
    painter.clear(area);
    painter.rule(Rect { height: area.height.min(1), ..area });
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let shown = usize::from(body.height);
    let first = (form.current + 1).saturating_sub(shown);
    let place = match form.fields.len() {
        fields if fields > shown => format!(" {}-{} of {fields} ", first + 1, first + shown),
        _ => String::new(),
    };
    let title = if columns < WHOLE_TITLE { " filters, !VALUE excludes " } else { TITLE };
    painter.title(
        Rect { x: 2, width: columns.saturating_sub(2), height: area.height.min(1), ..area },
        title,
        &place,
    );
    let room = columns.saturating_sub(LABEL + 1);
    let mut cursor = None;
    for (row, (index, field)) in (0..body.height).zip(form.fields.iter().enumerate().skip(first)) {
        let is_current = index == form.current;
        let (text, at) = field.input.window(usize::from(room));
        let pointer = if is_current { ">" } else { " " };
        let value = match (text.is_empty(), is_current) {
            (true, true) => Span { text: painter.sanitized(field.example), role: Role::Dim },
            _ => Span { text: painter.sanitized(&text), role: Role::Plain },
        };
        let mut spans = vec![Span { text: format!("{pointer} {:<8} ", field.label), role: Role::Dim }, value];
        // The last line has the error of the current line.
        if let Some(error) = field.error.as_deref().filter(|_| !is_current) {
            spans.push(Span { text: painter.sanitized(&format!("  ! {error}")), role: Role::Removed });
        }
        painter.spans(body, row, &spans, 0, false);
        if is_current {
            let x = LABEL.saturating_add(u16::try_from(at).unwrap_or(0));
            cursor = Some(Position { x: x.min(columns.saturating_sub(1)), y: body.y + row });
        }
    }
    cursor
}
