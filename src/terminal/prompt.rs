//! Prompts for a person. Only `Terminal::prompts` makes a [`Prompts`], and only if stdin and stderr are terminals, so that
//! no prompt waits without a terminal. dialoguer draws them and reads the keys.

use std::io;
use std::thread;

use console::Term;
use dialoguer::theme::SimpleTheme;
use dialoguer::{FuzzySelect, Input, Password};
use tokio::sync::oneshot;

use crate::render::sanitize::sanitize;
use crate::terminal::modes::{ModeGuard, settle};
use crate::terminal::screen::FullScreen;

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

    /// Asks for a line of text below the current output. Ctrl-C fails with `Interrupted`.
    pub(crate) async fn line(&self, question: &str) -> io::Result<String> {
        let question = sanitize(question).into_owned();
        ask(move || {
            let input = Input::with_theme(&SimpleTheme).with_prompt(question).allow_empty(true);
            input.interact_text_on(&Term::stderr())
        })
        .await
    }

    /// Asks for a line of text that is not shown.
    pub(crate) async fn secret(&self, question: &str) -> io::Result<String> {
        let question = sanitize(question).into_owned();
        ask(move || {
            // The caller judges an empty answer: repeating the question would never end after the terminal is closed.
            let password = Password::with_theme(&SimpleTheme).with_prompt(question).report(false);
            password.allow_empty_password(true).interact_on(&Term::stderr())
        })
        .await
    }

    /// Lets the user pick one of these lines, which may be untrusted, by typing a part of it. Returns none on Esc.
    pub(crate) async fn pick(&self, question: &str, lines: &[String]) -> io::Result<Option<usize>> {
        let question = sanitize(question).into_owned();
        let lines: Vec<_> = lines.iter().map(|line| sanitize(line).into_owned()).collect();
        ask(move || {
            let select = FuzzySelect::with_theme(&SimpleTheme).with_prompt(question).items(lines);
            select.default(0).report(false).interact_on_opt(&Term::stderr())
        })
        .await
    }
}

/// Runs a prompt on another thread, so that signals are noticed while it waits.
async fn ask<T: Send + 'static>(
    prompt: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> io::Result<T> {
    let mut asking = Asking { is_answered: false, _modes: ModeGuard::kept() };
    let (sender, answer) = oneshot::channel();
    thread::spawn(move || drop(sender.send(prompt().map_err(|dialoguer::Error::IO(error)| error))));
    let answer = answer.await;
    let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()));
    asking.is_answered = answer.is_ok();
    answer
}

/// Restores the terminal, also if the prompt is abandoned.
struct Asking {
    is_answered: bool,
    _modes: ModeGuard,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.is_answered {
            settle();
            // The cursor is in the question's line, and a selection hides it.
            let term = Term::stderr();
            drop(term.show_cursor().and_then(|()| term.write_line("")));
        }
    }
}
