//! Writes spans into cells: the only place where roles become terminal styles.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style as CellStyle};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::render::detail::line::Span;
use crate::render::sanitize::width;
use crate::render::style::{Role, Style, Theme};

/// Xterm's orange, as in other output.
const ORANGE: Color = Color::Indexed(208);

/// Writes to a buffer in the user's style.
pub(super) struct Painter<'a> {
    pub(super) buffer: &'a mut Buffer,
    style: &'a Style,
}

impl<'a> Painter<'a> {
    pub(super) const fn new(buffer: &'a mut Buffer, style: &'a Style) -> Self {
        Self { buffer, style }
    }

    /// Makes untrusted text safe to show.
    pub(super) fn sanitized(&self, text: &str) -> String {
        self.style.text(text).into_owned()
    }

    /// Sanitized text, cut to a number of cells.
    pub(super) fn cut(&self, text: &str, cells: usize) -> String {
        self.style.cut(&self.style.text(text), cells)
    }

    fn cell_style(&self, role: Role) -> CellStyle {
        let style = CellStyle::new();
        if !self.style.colour {
            return style;
        }
        let (added, removed, changed) = match self.style.theme {
            Theme::Default => (style.fg(Color::Green), style.fg(Color::Red), style.fg(Color::Yellow)),
            Theme::Colorblind => {
                (style.fg(Color::Blue), style.fg(ORANGE), style.add_modifier(Modifier::BOLD))
            }
            Theme::Mono => (
                style.add_modifier(Modifier::BOLD),
                style.add_modifier(Modifier::DIM),
                style.add_modifier(Modifier::UNDERLINED),
            ),
        };
        match role {
            Role::Plain => style,
            Role::Dim => style.add_modifier(Modifier::DIM),
            Role::Title => style.add_modifier(Modifier::BOLD),
            Role::Added => added,
            Role::Removed => removed,
            Role::Changed => changed,
            Role::AddedWord => added.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::RemovedWord => removed.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::Name | Role::Text | Role::Literal if self.style.theme == Theme::Mono => style,
            Role::Name => style.fg(Color::Blue),
            Role::Text => style.fg(Color::Cyan),
            Role::Literal => style.fg(Color::Yellow),
        }
    }

    /// Writes sanitized spans on a row of an area, without the first `skip` cells. What does not fit is cut with a mark.
    pub(super) fn spans(&mut self, area: Rect, row: u16, spans: &[Span], skip: usize, is_reversed: bool) {
        if row >= area.height || area.width == 0 {
            return;
        }
        let (y, end) = (area.y + row, area.right());
        let reversed = if is_reversed { Modifier::REVERSED } else { Modifier::empty() };
        if is_reversed {
            self.buffer.set_style(Rect { y, height: 1, ..area }, CellStyle::new().add_modifier(reversed));
        }
        let (mut x, mut skipped) = (area.x, 0);
        for span in spans {
            let style = self.cell_style(span.role).add_modifier(reversed);
            for cluster in span.text.graphemes(true) {
                let cells = width(cluster);
                if skipped < skip {
                    skipped += cells;
                    continue;
                }
                if x + u16::try_from(cells).unwrap_or(u16::MAX) > end {
                    let mark = if self.style.ascii { ">" } else { "…" };
                    self.buffer.set_string(end - 1, y, mark, style);
                    return;
                }
                (x, _) = self.buffer.set_stringn(x, y, cluster, cells, style);
            }
        }
    }

    /// Writes text on a row of an area. The text may be untrusted.
    pub(super) fn text(&mut self, area: Rect, row: u16, text: &str, role: Role) {
        let text = self.style.text(text).into_owned();
        self.spans(area, row, &[Span { text, role }], 0, false);
    }

    /// Writes a title on the left and a place on the right, which is left out if there is no room.
    pub(super) fn title(&mut self, area: Rect, title: &str, place: &str) {
        self.text(area, 0, title, Role::Title);
        let used = u16::try_from(width(&self.style.text(title))).unwrap_or(u16::MAX);
        let cells = u16::try_from(width(place)).unwrap_or(u16::MAX);
        if used.saturating_add(cells).saturating_add(2) <= area.width {
            let right = Rect { x: area.right() - cells, width: cells, ..area };
            self.text(right, 0, place, Role::Dim);
        }
    }

    /// Draws a line of one character along an area.
    pub(super) fn rule(&mut self, area: Rect) {
        let is_vertical = area.width == 1;
        let sign = match (is_vertical, self.style.ascii) {
            (true, false) => "│",
            (false, false) => "─",
            (true, true) => "|",
            (false, true) => "-",
        };
        let style = self.cell_style(Role::Dim);
        for position in area.positions() {
            self.buffer.set_string(position.x, position.y, sign, style);
        }
    }

    /// Clears an area that lies above others.
    pub(super) fn clear(&mut self, area: Rect) {
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }
}
