//! Draws prompts on stderr and runs them: keys are read on another thread, so that Ctrl-C, signals and size changes are
//! noticed while a prompt is open.

use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use console::Term;
use tokio::sync::oneshot;

use crate::render::sanitize::{cut, width};
use crate::terminal::prompt::modes::settle;
use crate::terminal::prompt::text_input::TextInput;

/// The delay before a change is drawn: dialoguer reports a menu line by line.
const SETTLE: Duration = Duration::from_millis(4);
/// The interval of size checks. A SIGWINCH handler would interrupt the reading of a key.
const SIZE_POLL: Duration = Duration::from_millis(100);

pub(super) type ScreenSize = (usize, usize);

pub(super) fn size() -> ScreenSize {
    let (rows, columns) = Term::stderr().size();
    (usize::from(rows).max(1), usize::from(columns).max(1))
}

/// Reads keys on another thread and draws on this one: at first, after each change, and for each new size.
pub(super) async fn run_prompt<T: Send + 'static>(
    mut draw: impl FnMut(ScreenSize) -> io::Result<()>,
    changed: &tokio::sync::Notify,
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, mut answer) = oneshot::channel();
    let mut drawn = size();
    draw(drawn)?;
    thread::spawn(move || drop(sender.send(read())));
    let mut reading = KeyReader { is_over: false };
    let mut poll = tokio::time::interval(SIZE_POLL);
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
            _ = poll.tick() => if size() != drawn {
                drawn = size();
                draw(drawn)?;
            }
        }
    }
}

/// Guards the thread that reads keys: if it is abandoned, waits until it has set the terminal's modes.
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

/// The escape sequence that draws a question and its answer on one line, cut to the width.
pub(super) fn in_place(question: &str, line: &TextInput, columns: usize) -> String {
    let question = cut(question, columns / 2);
    let (text, at) = line.window(columns.saturating_sub(width(&question) + 1));
    let column = width(&question) + at;
    let forward = if column == 0 { String::new() } else { format!("\x1b[{column}C") };
    format!("\r{question}{text}\x1b[K\r{forward}")
}

/// Draws lines from the top, all of which fit, and clears the rest. The cursor ends below the last line.
pub(super) fn draw_lines(lines: &[String]) -> io::Result<()> {
    write(&drawn(lines))
}

/// Each row is cleared before its line is written: after a line of full width the cursor is on the last cell, and
/// clearing would erase that.
fn drawn(lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| format!("\x1b[K{line}\x1b[0m\r\n")).collect();
    format!("\x1b[?25l\x1b[H{lines}\x1b[J")
}

#[expect(clippy::disallowed_methods, reason = "prompts are part of the terminal")]
pub(super) fn write(text: &str) -> io::Result<()> {
    let mut err = io::stderr().lock();
    err.write_all(text.as_bytes())?;
    err.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cleared_before_they_are_written() {
        let wide = "x".repeat(80);
        let text = drawn(&[wide.clone(), "short".to_owned()]);
        assert_eq!(text, format!("\x1b[?25l\x1b[H\x1b[K{wide}\x1b[0m\r\n\x1b[Kshort\x1b[0m\r\n\x1b[J"));
    }
}
