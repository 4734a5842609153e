//! Captures what a dialoguer menu wants to show, before it is drawn.
//!
//! dialoguer handles keys and the menu's state. Its drawing assumes a fixed terminal size and labels that never wrap;
//! otherwise it erases lines above the menu. So its theme reports the menu to a [`Recorder`], its output is discarded, and
//! `menu` draws the whole screen.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use console::Term;
use dialoguer::theme::Theme;
use fuzzy_matcher::skim::SkimMatcherV2;
use tokio::sync::Notify;

/// The state of a menu.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct MenuState {
    /// The items of the current page.
    pub(super) items: Vec<MenuItem>,
    /// The search text before and after the cursor, for a search.
    pub(super) query: Option<(String, String)>,
    /// Whether the next report starts a new drawing.
    is_stale: bool,
}

/// An item of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MenuItem {
    /// The key given to the menu.
    pub(super) key: String,
    pub(super) is_active: bool,
    /// Whether it is marked, in a menu with marks.
    pub(super) mark: Option<bool>,
}

/// A theme and an output for dialoguer that only record.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    shown: Mutex<MenuState>,
    changed: Notify,
}

impl Recorder {
    /// A terminal whose keys are read and whose output is discarded.
    pub(super) fn term(&self) -> Term {
        Term::read_write_pair(Keys, self.clone())
    }

    /// The current menu.
    pub(super) fn shown(&self) -> MenuState {
        self.lock().clone()
    }

    /// Notifies about changes.
    pub(super) fn changed(&self) -> &Notify {
        &self.0.changed
    }

    fn lock(&self) -> MutexGuard<'_, MenuState> {
        self.0.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn item(&self, key: &str, is_active: bool, mark: Option<bool>) {
        let mut shown = self.lock();
        if shown.is_stale {
            shown.items.clear();
            shown.is_stale = false;
        }
        shown.items.push(MenuItem { key: key.to_owned(), is_active, mark });
    }

    fn prompt(&self, query: Option<(&str, &str)>) {
        let query = query.map(|(before, behind)| (before.to_owned(), behind.to_owned()));
        *self.lock() = MenuState { query, ..MenuState::default() };
    }
}

impl Theme for Recorder {
    fn format_select_prompt(&self, _: &mut dyn fmt::Write, _: &str) -> fmt::Result {
        self.prompt(None);
        Ok(())
    }

    fn format_multi_select_prompt(&self, _: &mut dyn fmt::Write, _: &str) -> fmt::Result {
        self.prompt(None);
        Ok(())
    }

    fn format_fuzzy_select_prompt(
        &self,
        _: &mut dyn fmt::Write,
        _: &str,
        query: &str,
        at: usize,
    ) -> fmt::Result {
        self.prompt(Some(query.split_at_checked(at).unwrap_or((query, ""))));
        Ok(())
    }

    fn format_select_prompt_item(&self, _: &mut dyn fmt::Write, key: &str, is_active: bool) -> fmt::Result {
        self.item(key, is_active, None);
        Ok(())
    }

    fn format_multi_select_prompt_item(
        &self,
        _: &mut dyn fmt::Write,
        key: &str,
        is_checked: bool,
        is_active: bool,
    ) -> fmt::Result {
        self.item(key, is_active, Some(is_checked));
        Ok(())
    }

    fn format_fuzzy_select_prompt_item(
        &self,
        _: &mut dyn fmt::Write,
        key: &str,
        is_active: bool,
        _: bool,
        _: &SkimMatcherV2,
        _: &str,
    ) -> fmt::Result {
        self.item(key, is_active, None);
        Ok(())
    }
}

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Before a new drawing, dialoguer moves the cursor up and clears lines; items contain no escapes.
        if bytes.starts_with(b"\x1b") {
            self.lock().is_stale = true;
        } else {
            self.0.changed.notify_one();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The output represents stderr, whose size dialoguer asks for.
impl AsRawFd for Recorder {
    #[expect(clippy::disallowed_methods, reason = "the descriptor's number, to ask the terminal's size")]
    fn as_raw_fd(&self) -> RawFd {
        io::stderr().as_raw_fd()
    }
}

/// A placeholder: console always reads keys from stdin.
#[derive(Debug)]
struct Keys;

impl Read for Keys {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl AsRawFd for Keys {
    fn as_raw_fd(&self) -> RawFd {
        io::stdin().as_raw_fd()
    }
}
