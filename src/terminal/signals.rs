//! Handles signals that end a command. They are received on their own thread, so that a command that computes, or blocks
//! in a read or write, ends too.
//!
//! The command is notified and gets some time to end itself. If it does not, this module removes temporary files,
//! restores the terminal's modes and exits. Operations that must not stop half-way are atomic: a rename, a transaction.

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
use crate::terminal::screen::give_back;

/// How long a command may take to react to a signal.
const NOTICE: Duration = Duration::from_millis(500);
/// How long it may then take to close its store.
const CLOSING: Duration = Duration::from_millis(2000);
/// How long its output may take to arrive.
const LEAVING: Duration = Duration::from_millis(300);
/// How long the final message may take, to a reader that may not read.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A signal that ends a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TerminationSignal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// The terminal was closed.
    HangUp,
}

impl TerminationSignal {
    /// The exit code: 128 plus the signal's number.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => exit::INTERRUPTED,
            Self::Terminate => exit::TERMINATED,
            Self::HangUp => exit::HUNG_UP,
        }
    }
}

/// A hint how to resume interrupted work, for the final message.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResumeHint(Arc<Mutex<Option<String>>>);

impl ResumeHint {
    pub(crate) fn set(&self, hint: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hint;
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A command's access to signals.
pub(crate) struct Signals {
    received: watch::Receiver<Option<TerminationSignal>>,
    more_time: channel::UnboundedSender<Duration>,
    is_reported: Arc<AtomicBool>,
}

impl Signals {
    /// Starts to listen. `last_words` gives the message on stderr for a command that is ended and has printed nothing.
    pub(crate) fn listen(
        ctrl_c: CtrlC,
        last_words: impl FnOnce(TerminationSignal) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let (notify, received) = watch::channel(None);
        let (more_time, time_requests) = channel::unbounded_channel();
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
            let ending = runtime.block_on(listener.wait(&ctrl_c, &notify, time_requests));
            ctrl_c.end_pager();
            end(ending, &modes, (!reported.load(Relaxed)).then(|| last_words(ending)));
        })?;
        is_ready.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { received, more_time, is_reported })
    }

    pub(crate) fn has_received(&self) -> bool {
        self.received.borrow().is_some()
    }

    pub(crate) async fn wait(&self) -> TerminationSignal {
        let mut received = self.received.clone();
        match received.wait_for(Option::is_some).await.map(|received| *received) {
            Ok(Some(ending)) => ending,
            // The signal thread is gone: no signal can arrive.
            _ => std::future::pending().await,
        }
    }

    /// Tells that the command has reported the interruption and closes its store.
    pub(crate) fn notify_closing(&self) {
        self.is_reported.store(true, Relaxed);
        self.more_time.send(CLOSING).unwrap_or(());
    }

    /// Tells that the store is closed and the remaining output is being written.
    pub(crate) fn notify_leaving(&self) {
        self.more_time.send(LEAVING).unwrap_or(());
    }
}

/// The process's signal handlers.
struct Listener {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

impl Listener {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Under nohup, hang-ups are ignored.
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

/// Whether this process was started with hang-ups ignored. `false` if the system does not say.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

impl Listener {
    /// Receives a signal, notifies the command, and returns when its time is over or at a second signal.
    async fn wait(
        mut self,
        ctrl_c: &CtrlC,
        notify: &watch::Sender<Option<TerminationSignal>>,
        mut time_requests: channel::UnboundedReceiver<Duration>,
    ) -> TerminationSignal {
        let ending = loop {
            match self.next().await {
                TerminationSignal::Interrupt if !ctrl_c.is_ours() => {}
                ending => break ending,
            }
        };
        notify.send_replace(Some(ending));
        let mut time = NOTICE;
        loop {
            tokio::select! {
                () = tokio::time::sleep(time) => return ending,
                _ = self.next() => return ending,
                Some(more) = time_requests.recv() => time = more,
            }
        }
    }
}

/// Ends the process while the command still runs.
#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "the main thread, which would return the exit code, is blocked"
)]
fn end(ending: TerminationSignal, modes: &TerminalModes, last_words: Option<String>) {
    remove_temporary_files();
    give_back();
    modes.give_back();
    let (written, is_written) = mpsc::channel();
    thread::spawn(move || {
        let words = last_words.unwrap_or_default();
        drop(io::stderr().write_all(words.as_bytes()));
        written.send(()).unwrap_or(());
    });
    // The reader of stderr may not read.
    is_written.recv_timeout(LAST_WORDS).unwrap_or(());
    // Exiting flushes stdout, which may be a full pipe.
    thread::spawn(|| {
        thread::sleep(LEAVING);
        use rustix::process::{Signal, getpid, kill_process};
        kill_process(getpid(), Signal::KILL).unwrap_or(());
    });
    std::process::exit(ending.exit_code().into());
}

/// The terminal's modes when the command began.
struct TerminalModes {
    at_start: Option<rustix::termios::Termios>,
}

impl TerminalModes {
    fn now() -> Self {
        Self { at_start: rustix::termios::tcgetattr(io::stdin()).ok() }
    }

    /// Restores the modes if they changed. A background command may not set them, and has not changed them.
    fn give_back(&self) {
        if let (Some(at_start), Ok(now)) = (&self.at_start, rustix::termios::tcgetattr(io::stdin())) {
            let differ = now.local_modes != at_start.local_modes || now.input_modes != at_start.input_modes;
            if differ {
                use rustix::termios::{OptionalActions, tcsetattr};
                // Do not wait for pending output: the terminal may be stopped.
                tcsetattr(io::stdin(), OptionalActions::Now, at_start).unwrap_or(());
            }
        }
    }
}
