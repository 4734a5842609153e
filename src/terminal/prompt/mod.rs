//! Prompts for a person. Only `Terminal::prompts` makes a [`Prompts`], and only if stdin and stderr are terminals, so that
//! no prompt can wait where nobody can answer.

mod drawing;
mod menu;
mod modes;
mod page;
mod recorder;
mod screen;
mod text_input;

use std::io;

use console::Term;

use crate::render::sanitize::sanitize;
use crate::terminal::prompt::drawing::{ScreenSize, in_place, run_prompt, write};
use crate::terminal::prompt::modes::ModeGuard;
use crate::terminal::prompt::text_input::TextInput;

pub(crate) use crate::terminal::prompt::page::PromptPage;
pub(crate) use crate::terminal::prompt::screen::FullScreen;

/// Access to prompts.
pub(crate) struct Prompts {
    /// Only the terminal can construct it.
    _proof: (),
}

impl Prompts {
    pub(super) const fn new() -> Self {
        Self { _proof: () }
    }

    /// Takes over the whole screen until the [`FullScreen`] is dropped.
    pub(crate) fn screen(&self) -> io::Result<FullScreen> {
        FullScreen::open()
    }

    /// Asks for a line of text below the current output. Returns none on Esc; Ctrl-C fails with `Interrupted`.
    pub(crate) async fn line(&self, question: &str) -> io::Result<Option<String>> {
        let _modes = ModeGuard::without_echo();
        let _ended = LineEnd;
        let line = TextInput::default();
        let (reader, changed) = (line.clone(), line.clone());
        let question = format!("{}: ", sanitize(question));
        let draw = |(_, columns): ScreenSize| write(&in_place(&question, &line, columns));
        run_prompt(draw, changed.changed(), move || reader.read()).await
    }

    /// Asks for a line of text that is not shown.
    pub(crate) async fn secret(&self, question: &str) -> io::Result<String> {
        let _modes = ModeGuard::kept();
        let unended = LineEnd;
        let question = question.to_owned();
        let never = tokio::sync::Notify::new();
        let read = move || {
            let theme = dialoguer::theme::SimpleTheme;
            let password = dialoguer::Password::with_theme(&theme).with_prompt(sanitize(&question));
            // The caller judges an empty answer: repeating the question would never end after the terminal is closed.
            let password = password.report(false).allow_empty_password(true);
            password.interact_on(&Term::stderr()).map_err(|dialoguer::Error::IO(error)| error)
        };
        let answer = run_prompt(|_| Ok(()), &never, read).await;
        if answer.is_ok() {
            // Enter already ended the line.
            std::mem::forget(unended);
        }
        answer
    }
}

/// Ends the question's line when dropped.
struct LineEnd;

impl Drop for LineEnd {
    fn drop(&mut self) {
        drop(write("\r\n"));
    }
}
