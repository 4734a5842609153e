//! The editor of one line of text.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::render::sanitize::{sanitize, width};

/// The longest input in bytes; longer text was pasted by mistake.
const LONGEST: usize = 4096;

/// The text before and after the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LineInput {
    before: String,
    after: String,
}

impl LineInput {
    pub(crate) fn new(text: &str) -> Self {
        Self { before: text.to_owned(), after: String::new() }
    }

    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// Inserts typed or pasted text, without its control characters.
    pub(crate) fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.before.len() + self.after.len() < LONGEST {
                self.before.push(c);
            }
        }
    }

    /// Edits as a shell does. Returns whether the key has a meaning here.
    pub(crate) fn press(&mut self, key: KeyEvent) -> bool {
        let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Backspace => drop(self.before.pop()),
            KeyCode::Delete => drop(self.take_after()),
            KeyCode::Left => {
                if let Some(c) = self.before.pop() {
                    self.after.insert(0, c);
                }
            }
            KeyCode::Right => {
                if let Some(c) = self.take_after() {
                    self.before.push(c);
                }
            }
            KeyCode::Home => self.after.insert_str(0, &std::mem::take(&mut self.before)),
            KeyCode::End => self.before.push_str(&std::mem::take(&mut self.after)),
            KeyCode::Char('a') if is_ctrl => self.after.insert_str(0, &std::mem::take(&mut self.before)),
            KeyCode::Char('e') if is_ctrl => self.before.push_str(&std::mem::take(&mut self.after)),
            KeyCode::Char('u') if is_ctrl => self.before.clear(),
            KeyCode::Char('k') if is_ctrl => self.after.clear(),
            KeyCode::Char('h') if is_ctrl => drop(self.before.pop()),
            KeyCode::Char('w') if is_ctrl => {
                let words = self.before.trim_end();
                let end = words.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.before.truncate(end);
            }
            KeyCode::Char(c) if !is_ctrl && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            _ => return false,
        }
        true
    }

    fn take_after(&mut self) -> Option<char> {
        (!self.after.is_empty()).then(|| self.after.remove(0))
    }

    /// The sanitized text around the cursor that fits into `cells`, and the cursor's column in it.
    pub(crate) fn window(&self, cells: usize) -> (String, usize) {
        let (before, after) = (sanitize(&self.before), sanitize(&self.after));
        let room_for_cursor = cells.saturating_sub(1);
        let mut at = width(&before);
        let mut shown = before.graphemes(true);
        while at > room_for_cursor {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(codes: impl IntoIterator<Item = KeyCode>) -> LineInput {
        let mut input = LineInput::default();
        codes.into_iter().for_each(|code| assert!(input.press(code.into()), "{code:?}"));
        input
    }

    fn chars(text: &str) -> impl Iterator<Item = KeyCode> {
        text.chars().map(KeyCode::Char)
    }

    #[test]
    fn keys_edit_as_in_a_shell() {
        let moves = [
            KeyCode::Left,
            KeyCode::Left,
            KeyCode::Backspace,
            KeyCode::Char('é'),
            KeyCode::Delete,
            KeyCode::End,
        ];
        assert_eq!(typed(chars("abcd").chain(moves).chain(chars("!"))).text(), "aéd!");
        let mut input = LineInput::new("one two  ");
        let ctrl = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        input.press(ctrl('w'));
        assert_eq!(input.text(), "one ");
        input.press(ctrl('a'));
        input.insert("\u{1b}[2J>\n");
        assert_eq!(input.text(), "[2J>one ");
        input.press(ctrl('k'));
        assert_eq!(input.text(), "[2J>");
        input.press(ctrl('u'));
        assert_eq!(input, LineInput::default());
        assert!(!input.press(ctrl('x')) && !input.press(KeyCode::F(1).into()));
    }

    #[test]
    fn the_window_keeps_the_cursor_and_hides_no_control_character() {
        assert_eq!(LineInput::new("abcdef").window(4), ("def".to_owned(), 3));
        assert_eq!(LineInput::new("日本\u{202e}").window(40), ("日本<U+202E>".to_owned(), 12));
        let mut input = LineInput::new(&"x".repeat(9000));
        input.insert(&"y".repeat(9000));
        assert_eq!(input.text().len(), 9000, "nothing is added to text that is too long already");
        assert_eq!(typed(chars("ab").chain([KeyCode::Home])).window(1), ("a".to_owned(), 0));
    }
}
