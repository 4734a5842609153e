//! The editor of a one-line text input: takes keys, returns the text and the cursor. It draws nothing.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use console::{Key, Term};
use tokio::sync::Notify;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::render::sanitize::{sanitize, width};

/// The longest input in bytes; longer text was pasted by mistake.
const LONGEST: usize = 4096;

/// A line that one thread edits and another draws.
#[derive(Clone, Default)]
pub(super) struct TextInput(Arc<Shared>);

#[derive(Default)]
struct Shared {
    typed: Mutex<TextBuffer>,
    changed: Notify,
}

/// The text before and after the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
struct TextBuffer {
    before: String,
    after: String,
}

/// The result of a key press.
#[derive(Debug, PartialEq, Eq)]
enum KeyOutcome {
    Continue,
    Submit,
    Cancel,
}

impl TextInput {
    /// A line with an initial text.
    pub(super) fn new(text: &str) -> Self {
        let typed = TextBuffer { before: text.to_owned(), after: String::new() };
        Self(Arc::new(Shared { typed: Mutex::new(typed), changed: Notify::new() }))
    }

    /// Notifies about changes.
    pub(super) fn changed(&self) -> &Notify {
        &self.0.changed
    }

    /// Reads keys until Enter, or Esc, which returns none. Ctrl-C fails with `Interrupted`.
    pub(super) fn read(&self) -> io::Result<Option<String>> {
        let term = Term::stderr();
        loop {
            // The lock is not held while waiting for a key.
            let key = term.read_key()?;
            let step = self.typed().press(&key);
            match step {
                KeyOutcome::Continue => self.0.changed.notify_one(),
                KeyOutcome::Submit => return Ok(Some(self.typed().text())),
                KeyOutcome::Cancel => return Ok(None),
            }
        }
    }

    /// The part of the text around the cursor that fits into `cells`, and the cursor's column in it.
    pub(super) fn window(&self, cells: usize) -> (String, usize) {
        let typed = self.typed();
        let (before, after) = (sanitize(&typed.before), sanitize(&typed.after));
        let mut at = width(&before);
        let mut shown = before.graphemes(true);
        while at > cells {
            let Some(first) = shown.next() else { break };
            at -= width(first);
        }
        let mut text = shown.as_str().to_owned();
        let mut room = cells.saturating_sub(at);
        for cluster in after.graphemes(true) {
            let Some(left) = room.checked_sub(width(cluster)) else { break };
            room = left;
            text.push_str(cluster);
        }
        (text, at)
    }

    fn typed(&self) -> MutexGuard<'_, TextBuffer> {
        self.0.typed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TextBuffer {
    fn press(&mut self, key: &Key) -> KeyOutcome {
        match key {
            Key::Enter => return KeyOutcome::Submit,
            Key::Escape => return KeyOutcome::Cancel,
            // Ctrl-D on an empty line, as in a shell.
            Key::Char('\u{4}') if self.before.is_empty() && self.after.is_empty() => {
                return KeyOutcome::Cancel;
            }
            Key::Backspace => drop(self.before.pop()),
            Key::Del => drop(self.take_after()),
            Key::ArrowLeft => {
                if let Some(c) = self.before.pop() {
                    self.after.insert(0, c);
                }
            }
            Key::ArrowRight => {
                if let Some(c) = self.take_after() {
                    self.before.push(c);
                }
            }
            Key::Home => self.after.insert_str(0, &std::mem::take(&mut self.before)),
            Key::End => self.before.push_str(&std::mem::take(&mut self.after)),
            // Ctrl-U, Ctrl-K and Ctrl-W, as in a shell.
            Key::Char('\u{15}') => self.before.clear(),
            Key::Char('\u{b}') => self.after.clear(),
            Key::Char('\u{17}') => {
                let words = self.before.trim_end();
                let end = words.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.before.truncate(end);
            }
            Key::Char(c) if !c.is_control() && self.before.len() + self.after.len() < LONGEST => {
                self.before.push(*c);
            }
            _ => {}
        }
        KeyOutcome::Continue
    }

    fn take_after(&mut self) -> Option<char> {
        (!self.after.is_empty()).then(|| self.after.remove(0))
    }

    fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: impl IntoIterator<Item = Key>) -> TextBuffer {
        let mut typed = TextBuffer::default();
        keys.into_iter().for_each(|key| assert_eq!(typed.press(&key), KeyOutcome::Continue, "{key:?}"));
        typed
    }

    fn chars(text: &str) -> impl Iterator<Item = Key> {
        text.chars().map(Key::Char)
    }

    #[test]
    fn keys_edit_as_in_a_shell() {
        let moves = [Key::ArrowLeft, Key::ArrowLeft, Key::Backspace, Key::Char('é'), Key::Del, Key::End];
        let line = typed(chars("abcd").chain(moves).chain(chars("!")));
        assert_eq!(line.text(), "aéd!");
        let moves = [Key::Home, Key::Char('>'), Key::ArrowRight, Key::ArrowLeft, Key::ArrowLeft];
        assert_eq!(typed(chars("日本").chain(moves)).after, ">日本");
        assert_eq!(typed(chars("one two  \u{17}")).text(), "one ");
        assert_eq!(typed(chars("one\u{15}")), TextBuffer::default());
        assert_eq!(typed(chars("ab").chain([Key::Home]).chain(chars("\u{b}"))).text(), "");
        let mut line = typed(chars("x"));
        assert_eq!(
            [Key::Enter, Key::Escape].map(|key| line.press(&key)),
            [KeyOutcome::Submit, KeyOutcome::Cancel]
        );
    }

    #[test]
    fn controls_and_overlong_input_are_ignored() {
        assert_eq!(typed(chars("a\u{1b}\u{9b}\u{0}\u{7f}b")).text(), "ab");
        let line = typed(chars(&"x".repeat(3 * LONGEST)).chain([Key::Tab, Key::PageUp, Key::Unknown]));
        assert_eq!(line.text().len(), LONGEST);
        assert_eq!(TextBuffer::default().press(&Key::Char('\u{4}')), KeyOutcome::Cancel);
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let line = TextInput::new("0123456789");
        assert_eq!(line.window(20), ("0123456789".to_owned(), 10));
        assert_eq!(line.window(4), ("6789".to_owned(), 4));
        line.typed().press(&Key::Home);
        assert_eq!(line.window(4), ("0123".to_owned(), 0));
        assert_eq!(TextInput::new("日本語").window(3), ("語".to_owned(), 2));
        assert_eq!(TextInput::new("\u{1b}[2J").window(9), ("␛[2J".to_owned(), 4));
        assert_eq!(TextInput::new("日").window(0), (String::new(), 0));
    }
}
