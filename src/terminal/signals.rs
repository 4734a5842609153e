//! Signals that end a command. They are heard on a thread of its own, so that a command that computes, or that blocks in a
//! read or a write, ends as well.
//!
//! A command that can end by itself does so: it is told, and given a moment. One that does not is ended here, with its
//! temporary files removed and the terminal's modes as they were. Everything that must not stop half-way is atomic on its
//! own: a rename, a transaction of a store.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc as channel, watch};

use crate::exit;
use crate::terminal::file::remove_temporary_files;
use crate::terminal::pager::CtrlC;

/// How long a command has to notice a signal.
const NOTICE: Duration = Duration::from_millis(500);
/// How long it then has to close its store.
const CLOSING: Duration = Duration::from_millis(2000);
/// How long what it has written so far may take to arrive.
const LEAVING: Duration = Duration::from_millis(300);
/// How long the last words may take, to a reader that may not read.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A signal that ends a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TerminationSignal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// The terminal went away.
    HangUp,
}

impl TerminationSignal {
    /// The exit code: 128 and the signal's number.
    #[must_use]
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => exit::INTERRUPTED,
            Self::Terminate => exit::TERMINATED,
            Self::HangUp => exit::HUNG_UP,
        }
    }
}

/// How to go on with what a signal would leave undone, for whoever says so in the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResumeHint(Arc<Mutex<Option<String>>>);

impl ResumeHint {
    /// Sets it, or takes it back.
    pub(crate) fn set(&self, hint: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hint;
    }

    /// What was set last.
    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a command knows of signals.
pub(crate) struct Signals {
    heard: watch::Receiver<Option<TerminationSignal>>,
    more_time: channel::UnboundedSender<Duration>,
    is_reported: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on. `last_words` is written to stderr for a command that has to be ended and has said nothing.
    ///
    /// # Errors
    /// The system's, when there is no thread or no handler to be had.
    pub(crate) fn listen(
        ctrl_c: CtrlC,
        last_words: impl FnOnce(TerminationSignal) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let (tell, heard) = watch::channel(None);
        let (more_time, wanted) = channel::unbounded_channel();
        let (ready, is_ready) = mpsc::channel();
        let is_reported = Arc::new(AtomicBool::new(false));
        let reported = Arc::clone(&is_reported);
        let modes = TerminalModes::now();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let listening = runtime.and_then(|runtime| {
                let _entered = runtime.enter();
                Ok((Listener::new()?, runtime))
            });
            let (listener, runtime) = match listening {
                Ok(listening) => listening,
                Err(error) => return ready.send(Err(error)).unwrap_or(()),
            };
            ready.send(Ok(())).unwrap_or(());
            let ending = runtime.block_on(listener.wait(&ctrl_c, &tell, wanted));
            ctrl_c.end_pager();
            end(ending, &modes, (!reported.load(Relaxed)).then(|| last_words(ending)));
        })?;
        is_ready.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { heard, more_time, is_reported })
    }

    /// Whether a signal was heard.
    pub(crate) fn has_received(&self) -> bool {
        self.heard.borrow().is_some()
    }

    /// Waits for a signal.
    pub(crate) async fn wait(&self) -> TerminationSignal {
        let mut heard = self.heard.clone();
        match heard.wait_for(Option::is_some).await.map(|heard| *heard) {
            Ok(Some(ending)) => ending,
            // The thread went away, and with it whoever could tell.
            _ => std::future::pending().await,
        }
    }

    /// The command has noticed, has said so, and closes its store.
    pub(crate) fn notify_closing(&self) {
        self.is_reported.store(true, Relaxed);
        self.more_time.send(CLOSING).unwrap_or(());
    }

    /// The store is closed, and what was written is on its way.
    pub(crate) fn notify_leaving(&self) {
        self.more_time.send(LEAVING).unwrap_or(());
    }
}

/// The process's handlers.
#[cfg(unix)]
struct Listener {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Listener {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Under nohup a hang-up is to be ignored.
        let hang_up = (!ignores_hang_up()).then(|| signal(SignalKind::hangup())).transpose()?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())?, hang_up })
    }

    async fn next(&mut self) -> TerminationSignal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => TerminationSignal::Interrupt,
            _ = self.terminate.recv() => TerminationSignal::Terminate,
            _ = hang_up => TerminationSignal::HangUp,
        }
    }
}

/// Whether whoever started this process had it ignore hang-ups, as far as the system tells.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
struct Listener;

#[cfg(not(unix))]
impl Listener {
    const fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> TerminationSignal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => TerminationSignal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

impl Listener {
    /// Hears a signal, tells it, and returns when the command has had its time, or at a second signal.
    async fn wait(
        mut self,
        ctrl_c: &CtrlC,
        tell: &watch::Sender<Option<TerminationSignal>>,
        mut wanted: channel::UnboundedReceiver<Duration>,
    ) -> TerminationSignal {
        let ending = loop {
            match self.next().await {
                TerminationSignal::Interrupt if !ctrl_c.is_ours() => {}
                ending => break ending,
            }
        };
        tell.send_replace(Some(ending));
        let mut time = NOTICE;
        loop {
            tokio::select! {
                () = tokio::time::sleep(time) => return ending,
                _ = self.next() => return ending,
                Some(more) = wanted.recv() => time = more,
            }
        }
    }
}

/// Ends the process, which is busy with something else.
#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "whoever would turn an outcome into an exit code is busy"
)]
fn end(ending: TerminationSignal, modes: &TerminalModes, last_words: Option<String>) {
    remove_temporary_files();
    modes.give_back();
    let (said, is_said) = mpsc::channel();
    thread::spawn(move || {
        let words = last_words.unwrap_or_default();
        drop(io::stderr().write_all(words.as_bytes()));
        said.send(()).unwrap_or(());
    });
    // It may be that nobody reads there.
    is_said.recv_timeout(LAST_WORDS).unwrap_or(());
    // Text that is left for stdout is flushed on the way out, to a pipe that may be full.
    #[cfg(unix)]
    thread::spawn(|| {
        thread::sleep(LEAVING);
        use rustix::process::{Signal, getpid, kill_process};
        kill_process(getpid(), Signal::KILL).unwrap_or(());
    });
    std::process::exit(ending.exit_code().into());
}

/// The modes of the terminal when the command began.
struct TerminalModes {
    #[cfg(unix)]
    at_start: Option<rustix::termios::Termios>,
}

impl TerminalModes {
    fn now() -> Self {
        Self {
            #[cfg(unix)]
            at_start: rustix::termios::tcgetattr(io::stdin()).ok(),
        }
    }

    /// Gives them back, if they are others now: a command in the background may not set them, and has not.
    fn give_back(&self) {
        #[cfg(unix)]
        if let (Some(at_start), Ok(now)) = (&self.at_start, rustix::termios::tcgetattr(io::stdin())) {
            let differ = now.local_modes != at_start.local_modes || now.input_modes != at_start.input_modes;
            if differ {
                use rustix::termios::{OptionalActions, tcsetattr};
                // Not after what is still to be shown: the terminal may have been stopped.
                tcsetattr(io::stdin(), OptionalActions::Now, at_start).unwrap_or(());
            }
        }
    }
}
