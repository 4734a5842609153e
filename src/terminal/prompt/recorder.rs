//! What a menu of dialoguer wants to show, caught before it is shown.
//!
//! dialoguer keeps the state of a menu and reads the keys. Its drawing counts the lines of a terminal that never changes
//! its size and labels that never wrap, and where that is wrong it eats the lines above. So its theme tells a
//! [`Recorder`] what there is, what it writes is thrown away, and the menu is drawn whole from what was told.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use console::Term;
use dialoguer::theme::Theme;
use fuzzy_matcher::skim::SkimMatcherV2;
use tokio::sync::Notify;

/// A menu as it should stand on the screen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct MenuState {
    /// The items of the page that is open.
    pub(super) items: Vec<MenuItem>,
    /// What is searched for, before and behind the cursor, where something can be.
    pub(super) query: Option<(String, String)>,
    /// Whether what is told next belongs to a new drawing.
    is_stale: bool,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MenuItem {
    /// As the menu was given it.
    pub(super) key: String,
    pub(super) is_active: bool,
    /// Whether it is marked, where items can be.
    pub(super) mark: Option<bool>,
}

/// A theme and an outlet for dialoguer that only take note.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    shown: Mutex<MenuState>,
    changed: Notify,
}

impl Recorder {
    /// A terminal whose keys are read and whose text is thrown away.
    pub(super) fn term(&self) -> Term {
        Term::read_write_pair(Keys, self.clone())
    }

    /// What should stand on the screen now.
    pub(super) fn shown(&self) -> MenuState {
        self.lock().clone()
    }

    /// Tells when that changed.
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
        // Between two drawings the cursor moves up and lines are cleared; the items themselves have no controls.
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

/// The outlet stands for stderr, whose size counts.
impl AsRawFd for Recorder {
    #[expect(clippy::disallowed_methods, reason = "the descriptor's number, to ask the terminal's size")]
    fn as_raw_fd(&self) -> RawFd {
        io::stderr().as_raw_fd()
    }
}

/// console reads keys from stdin whatever it is given; it wants something to hold.
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
