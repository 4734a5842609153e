//! Prompts for a person. Only `Terminal::prompts` makes a [`Prompts`], and only if stdin and stderr are terminals, so that
//! no prompt waits without a terminal. dialoguer draws passwords and menus; it knows no Esc in a line of text, so that
//! lines are read here.

use std::fmt;
use std::io;
use std::thread;

use console::{Key, Term};
use dialoguer::theme::{SimpleTheme, Theme};
use dialoguer::{FuzzySelect, Password};
use fuzzy_matcher::skim::SkimMatcherV2;
use tokio::sync::oneshot;

use crate::render::sanitize::{sanitize, width};
use crate::terminal::modes::{ModeGuard, settle};
use crate::terminal::screen::{FullScreen, PromptScreen};

/// Stands between the shown and the searched text of a line. Sanitized text has no tabs.
const BEFORE_SEARCHED: char = '\t';

/// A line of a menu. Both texts may be untrusted.
pub(crate) struct MenuLine {
    /// The line as it is shown.
    pub(crate) shown: String,
    /// Further text that a search finds.
    pub(crate) searched: String,
}

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

    /// Asks for a line of text below the current output. Esc answers with an empty line. Ctrl-C fails with `Interrupted`.
    pub(crate) async fn line(&self, question: &str) -> io::Result<String> {
        let question = sanitize(question).into_owned();
        ask(move || Ok(read_line(&Term::stderr(), &question)?)).await
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

    /// Lets the user pick one of these lines by typing a part of it. Returns none on Esc.
    ///
    /// dialoguer counts the bytes of a line, and not its cells, to find out how many rows to clear. On a screen of its own, rows
    /// that are cleared for nothing do no harm.
    pub(crate) async fn pick(&self, question: &str, lines: &[MenuLine]) -> io::Result<Option<usize>> {
        let question = sanitize(question).into_owned();
        let text = |MenuLine { shown, searched }: &MenuLine| {
            format!("{}{BEFORE_SEARCHED}{}", sanitize(shown), sanitize(searched))
        };
        let lines: Vec<_> = lines.iter().map(text).collect();
        let _screen = PromptScreen::open()?;
        ask(move || {
            let select = FuzzySelect::with_theme(&MenuTheme).with_prompt(question).items(lines);
            select.default(0).report(false).interact_on_opt(&Term::stderr())
        })
        .await
    }
}

/// Shows the lines of a menu without the text that is only searched.
struct MenuTheme;

impl Theme for MenuTheme {
    fn format_fuzzy_select_prompt_item(
        &self,
        out: &mut dyn fmt::Write,
        text: &str,
        is_active: bool,
        _highlights: bool,
        _matcher: &SkimMatcherV2,
        _searched: &str,
    ) -> fmt::Result {
        let shown = text.split(BEFORE_SEARCHED).next().unwrap_or_default();
        write!(out, "{} {shown}", if is_active { ">" } else { " " })
    }
}

/// Reads a line of text, which Backspace and Ctrl-U correct.
fn read_line(term: &Term, question: &str) -> io::Result<String> {
    /// Ctrl-U.
    const KILL: char = '\u{15}';
    let mut line = String::new();
    term.write_str(&format!("{question}: "))?;
    loop {
        match term.read_key()? {
            Key::Enter => break,
            Key::Escape => {
                line.clear();
                break;
            }
            Key::Char(KILL) => term.clear_chars(width(&std::mem::take(&mut line)))?,
            Key::Backspace => {
                let last = line.pop().map_or(0, |last| width(&last.to_string()));
                term.clear_chars(last)?;
            }
            Key::Char(typed) if !typed.is_control() => {
                line.push(typed);
                term.write_str(&sanitize(&typed.to_string()))?;
            }
            _ => {}
        }
    }
    term.write_line("")?;
    Ok(line)
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
