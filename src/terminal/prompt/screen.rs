//! The whole screen, for as long as somebody looks around: taken, drawn, lent out, and given back as it was.

use std::io;

use crate::terminal::prompt::text_input::TextInput;
use crate::terminal::prompt::menu::{PromptPage, fitted};
use crate::terminal::prompt::modes::ModeGuard;
use crate::terminal::prompt::{ScreenSize, run_prompt, in_place, write};

/// To the alternate screen, which is not kept, with the cursor hidden; what a terminal takes for wider than we do is
/// cut at its edge and does not wrap.
const TAKE: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
/// Back to what stood there, with the cursor shown.
const GIVE_BACK: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// The screen, as long as this lives.
pub(crate) struct FullScreen {
    _modes: ModeGuard,
}

impl FullScreen {
    pub(super) fn open() -> io::Result<Self> {
        let screen = Self { _modes: ModeGuard::without_echo() };
        write(TAKE)?;
        Ok(screen)
    }

    /// Lends the terminal out as it was, to a pager or to what is long and tells its progress.
    ///
    /// # Errors
    /// When the terminal went away.
    pub(crate) async fn lend<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        write(GIVE_BACK)?;
        let outcome = work.await;
        write(TAKE)?;
        Ok(outcome)
    }

    /// Hands a text to the terminal's clipboard, where it has one (OSC 52).
    ///
    /// # Errors
    /// When the terminal went away.
    pub(crate) fn copy(&self, text: &str) -> io::Result<()> {
        use base64::Engine as _;
        write(&format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text)))
    }

    /// Asks for a line of text below the page's head. None on Esc.
    ///
    /// # Errors
    /// When the terminal went away, or with `Interrupted` on Ctrl-C.
    pub(crate) async fn line(&self, page: &PromptPage<'_>, text: &str) -> io::Result<Option<String>> {
        let line = TextInput::new(text);
        let (reader, changed) = (line.clone(), line.clone());
        let question = format!("{}: ", page.question);
        let draw = |(rows, columns): ScreenSize| {
            let head = fitted((page.head)(columns), rows.saturating_sub(1), columns, page.style);
            draw_lines(&head)?;
            write(&format!("{}\x1b[?25h", in_place(&question, &line, columns)))
        };
        let answer = run_prompt(draw, changed.changed(), move || reader.read()).await;
        write("\x1b[?25l")?;
        answer
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        drop(write(GIVE_BACK));
    }
}

/// Draws lines from the top, each of which fits, and clears all else. The cursor ends below the last.
pub(super) fn draw_lines(lines: &[String]) -> io::Result<()> {
    write(&drawn(lines))
}

/// Each line is cleared before it is written: behind one that is as wide as the screen, the cursor still stands on its last
/// cell, and clearing would take that away.
fn drawn(lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("\x1b[K{line}\x1b[0m\r\n")).collect();
    format!("\x1b[?25l\x1b[H{lines}\x1b[J")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cleared_behind_a_line() {
        let wide = "x".repeat(80);
        let text = drawn(&[wide.clone(), "short".to_owned()]);
        assert_eq!(text, format!("\x1b[?25l\x1b[H\x1b[K{wide}\x1b[0m\r\n\x1b[Kshort\x1b[0m\r\n\x1b[J"));
    }
}
