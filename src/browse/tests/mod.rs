//! The screens as a user sees them, without a terminal and without a server. Test code only.

mod fake_log;
mod paging;
mod screens;
mod typing;
mod views;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Rect, Size};

use crate::browse::event::{Effect, ScreenEvent};
use crate::browse::state::{Browser, Screen};
use crate::browse::tests::fake_log::FakeLog;
use crate::browse::view::draw;
use crate::model::filter::Filter;
use crate::model::time::TimeContext;
use crate::model::words::Log;
use crate::render::sanitize::width;
use crate::render::style::{Style, Theme};

pub(super) use crate::browse::tests::fake_log::entry;

/// A browser, the log it reads, and the effects that only a terminal could run.
pub(super) struct TestBrowser {
    pub(super) browser: Browser,
    pub(super) log: FakeLog,
    /// Pending effects.
    pub(super) left: Vec<Effect>,
}

impl TestBrowser {
    /// A browser over a log of this many entries, whose first page has arrived.
    pub(super) fn new(entries: u64, columns: u16, rows: u16) -> Self {
        let mut browser = Self::loading(entries, columns, rows);
        browser.answer();
        browser
    }

    /// The same before any answer.
    pub(super) fn loading(entries: u64, columns: u16, rows: u16) -> Self {
        let time = TimeContext { now: fake_log::time_of(entries + 60), zone: chrono_tz::UTC };
        let style = Style {
            width: usize::from(columns),
            color: true,
            theme: Theme::Default,
            ascii: false,
            truncate: true,
            relative: false,
            time,
        };
        let words = vec!["--server".to_owned(), "sqlite:a.db".to_owned()];
        let size = Size { width: columns, height: rows };
        let (browser, left) = Browser::new(Log::Audit, Filter::default(), (style, size), (words, None));
        Self { browser, log: FakeLog { entries, holds: Vec::new() }, left }
    }

    pub(super) fn update(&mut self, event: ScreenEvent) {
        self.left.extend(self.browser.update(event));
    }

    /// Answers pending effects from the log until only those remain that a terminal must run.
    pub(super) fn answer(&mut self) {
        loop {
            let (answerable, left): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.left).into_iter().partition(FakeLog::can_answer);
            self.left = left;
            if answerable.is_empty() {
                return;
            }
            for effect in answerable {
                let event = self.log.answer(effect);
                self.update(event);
            }
        }
    }

    /// Presses keys without answering: characters, or names such as `<Enter>` and `<C-d>`.
    pub(super) fn press_only(&mut self, keys: &str) {
        for key in parsed(keys) {
            self.update(ScreenEvent::Key(key));
        }
    }

    /// Presses keys, and answers after each.
    pub(super) fn press(&mut self, keys: &str) {
        for key in parsed(keys) {
            self.update(ScreenEvent::Key(key));
            self.answer();
        }
    }

    pub(super) fn resize(&mut self, columns: u16, rows: u16) {
        self.update(ScreenEvent::Resize(Size { width: columns, height: rows }));
        self.answer();
    }

    /// Ends all running timers.
    pub(super) fn elapse(&mut self) {
        let waits: Vec<_> = self.left.extract_if(.., |effect| matches!(effect, Effect::Wait(..))).collect();
        for wait in waits {
            if let Effect::Wait(request, _) = wait {
                self.update(ScreenEvent::Elapsed(request));
            }
        }
        self.answer();
    }

    /// The screen as text.
    pub(super) fn shown(&self) -> String {
        let Size { width: columns, height } = self.browser.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, height));
        draw(&self.browser, &mut buffer);
        let mut lines = Vec::new();
        for y in 0..height {
            let (mut line, mut x) = (String::new(), 0);
            while x < columns {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                // A wide letter covers the next cell.
                x += u16::try_from(width(symbol)).expect("a cell").max(1);
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n").trim_end().to_owned()
    }

    /// The id of the selected entry.
    pub(super) fn selected(&self) -> u64 {
        match self.browser.screen() {
            Screen::List(list) => list.entry().map_or(0, |entry| entry.id),
            Screen::Document(_) => 0,
        }
    }
}

fn parsed(keys: &str) -> Vec<KeyEvent> {
    let mut parsed = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let name = rest.strip_prefix('<').and_then(|behind| behind.split_once('>'));
        if let Some((name, behind)) = name.filter(|(name, _)| name.len() > 1) {
            parsed.push(named(name));
            rest = behind;
        } else {
            parsed.push(KeyCode::Char(first).into());
            rest = &rest[first.len_utf8()..];
        }
    }
    parsed
}

fn named(name: &str) -> KeyEvent {
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "BS" => KeyCode::Backspace,
        _ => {
            let key = name.strip_prefix("C-").and_then(|key| key.chars().next()).expect("a key");
            return KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL);
        }
    };
    code.into()
}
