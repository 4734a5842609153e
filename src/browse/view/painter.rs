//! Writes spans into cells: the only place where roles become terminal styles.

use ratatui::buffer::{Buffer, CellDiffOption};
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
        if !self.style.color {
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
    pub(super) fn spans<'s>(
        &mut self,
        area: Rect,
        row: u16,
        spans: impl IntoIterator<Item = &'s Span>,
        skip: usize,
        is_reversed: bool,
    ) {
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
            let mut rest = span.text.as_str();
            while !rest.is_empty() {
                let (cluster, cells) = first_cluster(rest);
                rest = &rest[cluster.len()..];
                if skipped < skip {
                    skipped += usize::from(cells);
                    continue;
                }
                if x.saturating_add(cells) > end {
                    let mark = if self.style.ascii { ">" } else { "…" };
                    self.put((end - 1, y), mark, 1, style);
                    return;
                }
                self.put((x, y), cluster, cells, style);
                x += cells;
            }
        }
    }

    /// Writes a cluster into its cells. `Buffer::set_string` would split and measure it again, for each cell of each frame.
    fn put(&mut self, (x, y): (u16, u16), cluster: &str, cells: u16, style: CellStyle) {
        if cells == 0 {
            return;
        }
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(cluster).set_style(style);
        }
        // A wide letter covers them.
        for covered in x + 1..x + cells {
            if let Some(cell) = self.buffer.cell_mut((covered, y)) {
                cell.reset();
            }
        }
        // Many terminals draw the parts of a joined emoji side by side: what follows is always written over the rest of them.
        let apart: usize = cluster.chars().map(|part| width(part.encode_utf8(&mut [0; 4]))).sum();
        for after in x + cells..x.saturating_add(u16::try_from(apart).unwrap_or(u16::MAX)) {
            if let Some(cell) = self.buffer.cell_mut((after, y)) {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
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

/// The first letter of a text with its combining marks, and its cells. The text is sanitized, and not empty.
fn first_cluster(text: &str) -> (&str, u16) {
    // Between two ASCII letters a cluster always ends: most text needs no tables.
    if let [first, rest @ ..] = text.as_bytes()
        && first.is_ascii()
        && rest.first().is_none_or(u8::is_ascii)
    {
        return (&text[..1], 1);
    }
    let cluster = text.graphemes(true).next().unwrap_or(text);
    (cluster, u16::try_from(width(cluster)).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::TimeContext;
    use crate::model::timestamp::Timestamp;

    #[test]
    fn what_follows_a_joined_emoji_is_always_written() {
        let time = TimeContext { now: Timestamp::MAX, zone: chrono_tz::UTC };
        let (color, theme) = (true, Theme::Default);
        let style = Style { width: 20, color, theme, ascii: false, truncate: true, relative: false, time };
        let area = Rect::new(0, 0, 12, 1);
        let written = |text: &str| {
            let mut buffer = Buffer::empty(area);
            Painter::new(&mut buffer, &style).text(area, 0, text, Role::Plain);
            // The same screen again: only what is always written.
            buffer.diff(&buffer).into_iter().map(|(x, ..)| x).collect::<Vec<_>>()
        };
        // A thumb and its colour take four cells where they are not joined, and a family of four takes eight.
        assert_eq!(written("👎🏽 x"), [2, 3]);
        assert_eq!(written("a👩‍👩‍👧‍👦"), [3, 4, 5, 6, 7, 8]);
        assert_eq!(written("日本 étoile e\u{301}"), [0_u16; 0]);
    }
}
