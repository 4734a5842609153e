//! A list on a screen, for benchmarks: a key and the drawing after it.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::{Rect, Size};

use crate::browse::event::{Effect, EffectResult, ScreenEvent};
use crate::browse::state::Browser;
use crate::browse::view::draw;
use crate::browse::window::{LoadedPage, PageAnchor};
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::words::Log;
use crate::render::style::Style;

/// A list whose loaded part is given.
pub struct Frame {
    browser: Browser,
    buffer: Buffer,
    is_down: bool,
}

impl Frame {
    /// A screen of this many columns and rows, over a log of `total` entries of which these are loaded.
    #[must_use]
    pub fn new(entries: Vec<Entry>, total: u64, style: Style, (columns, rows): (u16, u16)) -> Self {
        let size = Size { width: columns, height: rows };
        let (mut browser, effects) =
            Browser::new(Log::Audit, Filter::default(), (style, size), (Vec::new(), None));
        let load = effects.into_iter().find_map(|effect| match effect {
            Effect::Load(request, page) => Some((request, page.anchor)),
            _ => None,
        });
        let (request, anchor) = load.unwrap_or((0, PageAnchor::First));
        let page =
            LoadedPage { anchor, entries, is_end: true, total: Some(total), before: None, as_of: total };
        drop(browser.update(ScreenEvent::Done(request, Ok(EffectResult::Page(page)))));
        Self { browser, buffer: Buffer::empty(Rect::new(0, 0, columns, rows)), is_down: false }
    }

    /// Moves one entry down or up, and draws.
    pub fn press_and_draw(&mut self) {
        self.is_down = !self.is_down;
        let key = if self.is_down { 'j' } else { 'k' };
        drop(self.browser.update(ScreenEvent::Key(KeyCode::Char(key).into())));
        self.buffer.reset();
        draw(&self.browser, &mut self.buffer);
    }

    /// The lines of the screen, as text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let columns = usize::from(self.buffer.area.width).max(1);
        let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        self.buffer.content.chunks(columns).map(row).collect()
    }
}
