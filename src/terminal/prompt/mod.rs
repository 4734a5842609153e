//! Questions to a person. A [`Prompts`] is the proof that there is one: only `Terminal::prompts` makes it, and only where
//! stdin and stderr are terminals, so that a prompt that waits for nobody cannot be written.
//!
//! Keys are read on a thread of their own and everything is drawn here, so that a Ctrl-C, a signal or another size of
//! the window is noticed while a question stands open. Whatever happens, the cursor and the terminal's modes come back.

mod text_input;
mod menu;
mod modes;
mod recorder;
mod screen;

use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use console::Term;
use tokio::sync::oneshot;

use crate::render::sanitize::{cut, sanitize, width};
use crate::terminal::prompt::text_input::TextInput;
use crate::terminal::prompt::modes::{ModeGuard, settle};

pub(crate) use crate::terminal::prompt::menu::PromptPage;
pub(crate) use crate::terminal::prompt::screen::FullScreen;

/// How long a change may go on before it is drawn: a menu is told line by line.
const SETTLE: Duration = Duration::from_millis(4);
/// How often the window's size is looked at. A signal would tell it sooner, and end the reading of a key.
const SIZE_POLL: Duration = Duration::from_millis(100);

/// Somebody who can be asked.
pub(crate) struct Prompts {
    /// So that nobody but the terminal makes one.
    _proof: (),
}

impl Prompts {
    pub(super) const fn new() -> Self {
        Self { _proof: () }
    }

    /// Takes the whole screen, until the [`Screen`] is dropped.
    ///
    /// # Errors
    /// When the terminal went away.
    pub(crate) fn screen(&self) -> io::Result<FullScreen> {
        FullScreen::open()
    }

    /// Asks for a line of text, below what stands there. None on Esc.
    ///
    /// # Errors
    /// When the terminal went away, or with `Interrupted` on Ctrl-C.
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
    ///
    /// # Errors
    /// When the terminal went away.
    pub(crate) async fn secret(&self, question: &str) -> io::Result<String> {
        let _modes = ModeGuard::kept();
        let unended = LineEnd;
        let question = question.to_owned();
        let never = tokio::sync::Notify::new();
        let read = move || {
            let theme = dialoguer::theme::SimpleTheme;
            let password = dialoguer::Password::with_theme(&theme).with_prompt(sanitize(&question));
            // An empty answer is the caller's to judge: asked for ever, a terminal that went away would never end.
            let password = password.report(false).allow_empty_password(true);
            password.interact_on(&Term::stderr()).map_err(|dialoguer::Error::IO(error)| error)
        };
        let answer = run_prompt(|_| Ok(()), &never, read).await;
        if answer.is_ok() {
            // Enter has ended the line.
            std::mem::forget(unended);
        }
        answer
    }
}

/// Rows and columns.
type ScreenSize = (usize, usize);

fn size() -> ScreenSize {
    let (rows, columns) = Term::stderr().size();
    (usize::from(rows).max(1), usize::from(columns).max(1))
}

/// Reads on a thread of its own and draws here: first, after every change, and in every new size.
async fn run_prompt<T: Send + 'static>(
    mut draw: impl FnMut(ScreenSize) -> io::Result<()>,
    changed: &tokio::sync::Notify,
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, mut answer) = oneshot::channel();
    let mut drawn = size();
    draw(drawn)?;
    thread::spawn(move || drop(sender.send(read())));
    let mut reading = KeyReader { is_over: false };
    let mut style = tokio::time::interval(SIZE_POLL);
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => {
                reading.is_over = true;
                return answer.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()));
            }
            () = changed.notified() => {
                tokio::time::sleep(SETTLE).await;
                draw(drawn)?;
            }
            _ = style.tick() => if size() != drawn {
                drawn = size();
                draw(drawn)?;
            }
        }
    }
}

/// A thread that reads keys; when it is abandoned, it stands still first.
struct KeyReader {
    is_over: bool,
}

impl Drop for KeyReader {
    fn drop(&mut self) {
        if !self.is_over {
            settle();
        }
    }
}

/// A question and its answer so far on one line, however long they are.
fn in_place(question: &str, line: &TextInput, columns: usize) -> String {
    let question = cut(question, columns / 2);
    let (text, at) = line.window(columns.saturating_sub(width(&question) + 1));
    let column = width(&question) + at;
    let forward = if column == 0 { String::new() } else { format!("\x1b[{column}C") };
    format!("\r{question}{text}\x1b[K\r{forward}")
}

/// Ends the line of a question, answered or not.
struct LineEnd;

impl Drop for LineEnd {
    fn drop(&mut self) {
        drop(write("\r\n"));
    }
}

/// Writes to the terminal at once.
#[expect(clippy::disallowed_methods, reason = "prompts are a part of the outlets")]
fn write(text: &str) -> io::Result<()> {
    let mut err = io::stderr().lock();
    err.write_all(text.as_bytes())?;
    err.flush()
}
