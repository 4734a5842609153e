//! The full screen of `browse`: taken over, drawn, suspended and given back, also after a panic or a signal.

use std::io::{self, BufWriter, Stderr, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event as TerminalEvent};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::layout::{Position, Size};
use tokio::sync::mpsc;

use crate::terminal::modes::ModeGuard;

/// Enters the alternate screen without wrapping, and asks for mouse clicks and marked pastes.
const TAKE: &str = "\x1b[?1049h\x1b[2J\x1b[?25l\x1b[?7l\x1b[?1000h\x1b[?1006h\x1b[?2004h";
/// Undoes [`TAKE`], and shows the cursor.
const GIVE_BACK: &str = "\x1b[0m\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Enters the alternate screen for a prompt, with the cursor at the top.
const TAKE_FOR_PROMPT: &str = "\x1b[?1049h\x1b[2J\x1b[H";
/// How often the thread that reads keys looks whether it is still needed.
const KEY_POLL: Duration = Duration::from_millis(100);
/// How long the process may take to stop after Ctrl-Z. A process that no shell watches does not stop.
const SUSPENSION: Duration = Duration::from_millis(300);

/// Whether the screen is taken now.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Full-screen mode until dropped.
pub(crate) struct FullScreen {
    terminal: ratatui::Terminal<CrosstermBackend<BufWriter<Stderr>>>,
    events: mpsc::UnboundedReceiver<io::Result<TerminalEvent>>,
    continued: tokio::signal::unix::Signal,
    _modes: ModeGuard,
}

impl FullScreen {
    pub(super) fn open() -> io::Result<Self> {
        restore_after_panics();
        let modes = ModeGuard::kept();
        let continued = {
            use tokio::signal::unix::{SignalKind, signal};
            signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?
        };
        take()?;
        let terminal = ratatui::Terminal::new(backend()).inspect_err(|_| give_back())?;
        let (sender, events) = mpsc::unbounded_channel();
        thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&sender))?;
        Ok(Self { terminal, events, continued, _modes: modes })
    }

    /// The size of the screen.
    pub(crate) fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draws a screen. `view` returns where the cursor is; otherwise it is hidden.
    pub(crate) fn draw(&mut self, view: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        self.terminal.draw(|frame| {
            if let Some(position) = view(frame.buffer_mut()) {
                frame.set_cursor_position(position);
            }
        })?;
        Ok(())
    }

    /// Waits for a key or another event of the terminal.
    pub(crate) async fn next(&mut self) -> io::Result<TerminalEvent> {
        let continued = self.continued.recv();
        tokio::select! {
            event = self.events.recv() => event.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into())),
            Some(()) = continued => {
                // The shell had the terminal meanwhile.
                self.take_again()?;
                let Size { width, height } = self.size()?;
                Ok(TerminalEvent::Resize(width, height))
            }
        }
    }

    /// An event that has already arrived.
    pub(crate) fn ready(&mut self) -> Option<io::Result<TerminalEvent>> {
        self.events.try_recv().ok()
    }

    /// Leaves the screen while `work` runs, such as work with progress.
    pub(crate) async fn lend<T>(&mut self, work: impl Future<Output = T>) -> io::Result<T> {
        give_back();
        let outcome = work.await;
        self.take_again()?;
        Ok(outcome)
    }

    /// Suspends the process as Ctrl-Z does, and takes the screen again when it continues.
    pub(crate) async fn suspend(&mut self) -> io::Result<()> {
        give_back();
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        tokio::select! {
            _ = self.continued.recv() => {}
            () = tokio::time::sleep(SUSPENSION) => {}
        }
        self.take_again()?;
        Ok(())
    }

    /// Draws all of the screen next time.
    pub(crate) fn redraw(&mut self) -> io::Result<()> {
        self.take_again()
    }

    /// Copies text to the terminal's clipboard, if it has one (OSC 52).
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<()> {
        use base64::Engine as _;
        write(&format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text)))
    }

    /// Takes the screen and draws all of it next time. `ratatui::Terminal::clear` would ask the terminal for the cursor, and
    /// wait for an answer that keys may delay.
    fn take_again(&mut self) -> io::Result<()> {
        take()?;
        self.terminal = ratatui::Terminal::new(backend())?;
        Ok(())
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The alternate screen for a prompt, until dropped. What was on the screen before returns.
pub(super) struct PromptScreen {
    /// Only [`PromptScreen::open`] can construct it.
    _proof: (),
}

impl PromptScreen {
    pub(super) fn open() -> io::Result<Self> {
        IS_TAKEN.store(true, SeqCst);
        write(TAKE_FOR_PROMPT)?;
        Ok(Self { _proof: () })
    }
}

impl Drop for PromptScreen {
    fn drop(&mut self) {
        give_back();
    }
}

#[expect(clippy::disallowed_methods, reason = "the screen is part of the terminal")]
fn backend() -> CrosstermBackend<BufWriter<Stderr>> {
    CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stderr()))
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    IS_TAKEN.store(true, SeqCst);
    write(TAKE)
}

/// Gives the screen back if it is taken. Also called before the process ends by a signal.
pub(super) fn give_back() {
    if IS_TAKEN.swap(false, SeqCst) {
        drop(write(GIVE_BACK));
        drop(disable_raw_mode());
    }
}

/// Reads keys until the screen is gone. It polls, so that the thread never keeps the terminal for itself.
fn read_keys(sender: &mpsc::UnboundedSender<io::Result<TerminalEvent>>) {
    while !sender.is_closed() {
        let read = match event::poll(KEY_POLL) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        let is_over = read.is_err();
        if sender.send(read).is_err() || is_over {
            return;
        }
    }
}

/// The message of a panic must not vanish with the screen: the screen is given back first. A panic on another thread ends
/// only that thread.
fn restore_after_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let owner = thread::current().id();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == owner {
                give_back();
            }
            before(panic);
        }));
    });
}

#[expect(clippy::disallowed_methods, reason = "the screen is part of the terminal")]
fn write(text: &str) -> io::Result<()> {
    let mut err = io::stderr().lock();
    err.write_all(text.as_bytes())?;
    err.flush()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs in a process of its own: see the next test.
    #[test]
    #[ignore = "needs a terminal"]
    fn a_panic_on_the_screen() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let _screen = FullScreen::open().expect("a terminal");
            panic!("a bug");
        });
    }

    #[test]
    fn the_screen_is_given_back_before_the_message_of_a_panic() {
        let program = std::env::current_exe().expect("this program");
        let test = "terminal::screen::tests::a_panic_on_the_screen";
        let line = format!("{} --ignored --exact {test} --nocapture --test-threads=1", program.display());
        // script runs a command on a terminal of its own.
        let output = Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .output()
            .expect("script, of util-linux");
        let written = String::from_utf8_lossy(&output.stdout);
        let (taken, back, message) =
            (written.find("\x1b[?1049h"), written.find("\x1b[?1049l"), written.find("a bug"));
        assert!(taken.is_some() && taken < back && back < message, "{written:?}");
    }
}
