//! The full-screen mode of the terminal: entered, drawn, suspended and left.

use std::io;

use crate::terminal::prompt::drawing::{ScreenSize, draw_lines, in_place, run_prompt, write};
use crate::terminal::prompt::modes::ModeGuard;
use crate::terminal::prompt::page::{PromptPage, fitted};
use crate::terminal::prompt::text_input::TextInput;

/// Enters the alternate screen, hides the cursor and turns off wrapping: a line that the terminal measures wider than we
/// do is cut.
const TAKE: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
/// Leaves the alternate screen and shows the cursor.
const GIVE_BACK: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Full-screen mode until dropped.
pub(crate) struct FullScreen {
    _modes: ModeGuard,
}

impl FullScreen {
    pub(super) fn open() -> io::Result<Self> {
        let screen = Self { _modes: ModeGuard::without_echo() };
        write(TAKE)?;
        Ok(screen)
    }

    /// Leaves the full screen while `work` runs, such as a pager or work with progress.
    pub(crate) async fn lend<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        write(GIVE_BACK)?;
        let outcome = work.await;
        write(TAKE)?;
        Ok(outcome)
    }

    /// Copies text to the terminal's clipboard, if it has one (OSC 52).
    pub(crate) fn copy(&self, text: &str) -> io::Result<()> {
        use base64::Engine as _;
        write(&format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text)))
    }

    /// Asks for a line of text below the page's head. Returns none on Esc; Ctrl-C fails with `Interrupted`.
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
