//! A pseudo-terminal that controls a session of its own, and the screen it shows.
//!
//! Tests wait for text on the screen, never for a fixed time. A deadline ends only a wait that fails.

#![cfg(test)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::sandbox::{PATIENCE, PAUSE};

/// Enter, as a keyboard sends it.
pub(crate) const ENTER: &str = "\r";
/// Esc.
pub(crate) const ESC: &str = "\u{1b}";
/// Ctrl-C.
pub(crate) const CTRL_C: &str = "\u{3}";
/// The arrow keys.
pub(crate) const DOWN: &str = "\u{1b}[B";
/// See [`DOWN`].
pub(crate) const UP: &str = "\u{1b}[A";

/// A command on a terminal of its own.
pub(crate) struct Terminal {
    ours: File,
    /// Kept open, so that the last output and the modes can be read after the command ended.
    theirs: OwnedFd,
    child: Child,
    screen: vt100::Parser,
    /// Everything that was ever written.
    written: Vec<u8>,
}

impl Terminal {
    /// Starts a command on a terminal of this many rows and columns.
    pub(crate) fn start(command: &Command, rows: u16, columns: u16) -> Self {
        Self::start_redirected(command, "", rows, columns)
    }

    /// The same, with shell redirections such as `</dev/null` or `2>err`.
    pub(crate) fn start_redirected(command: &Command, words: &str, rows: u16, columns: u16) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        tcsetwinsize(&ours, window(rows, columns)).unwrap();
        let theirs = ptsname(&ours, Vec::new()).unwrap();
        let theirs = rustix::fs::open(theirs, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let end = || Stdio::from(theirs.try_clone().unwrap());
        // A session of its own, which the terminal controls: then Ctrl-C is a signal, and a pager finds its keys.
        let mut session = Command::new("setsid");
        session.args([
            "--ctty",
            "env",
            "--default-signal",
            "sh",
            "-c",
            &format!("exec \"$@\" {words}"),
            "sh",
        ]);
        session.arg(command.get_program()).args(command.get_args());
        session.current_dir(command.get_current_dir().unwrap()).env_clear().env("TERM", "xterm-256color");
        session.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        session.stdin(end()).stdout(end()).stderr(end());
        let child = session.spawn().unwrap();
        let screen = vt100::Parser::new(rows, columns, 1000);
        Self { ours: File::from(ours), theirs, child, screen, written: Vec::new() }
    }

    /// Presses keys, or pastes.
    pub(crate) fn type_in(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the window another size.
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        self.screen.screen_mut().set_size(rows, columns);
        tcsetwinsize(&self.ours, window(rows, columns)).unwrap();
    }

    /// What the screen shows, without trailing blanks.
    pub(crate) fn screen(&self) -> String {
        let (_, columns) = self.screen.screen().size();
        let rows: Vec<_> = self.screen.screen().rows(0, columns).collect();
        rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// Whether the screen shows a line that is wider than it.
    pub(crate) fn has_wrapped_rows(&self) -> bool {
        let screen = self.screen.screen();
        (0..screen.size().0).any(|row| screen.row_wrapped(row))
    }

    /// Everything that was ever written, as text.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.written).into_owned()
    }

    /// Whether the cursor is shown.
    pub(crate) fn shows_cursor(&self) -> bool {
        !self.screen.screen().hide_cursor()
    }

    /// Whether the screen is the alternate one.
    pub(crate) fn is_taken(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    /// Whether the terminal echoes and edits lines, as a shell expects it.
    pub(crate) fn is_as_before(&self) -> bool {
        let modes = tcgetattr(&self.theirs).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> &mut Self {
        self.wait_until(text, |terminal| terminal.screen().contains(text))
    }

    /// Waits until the screen no longer shows this.
    #[track_caller]
    pub(crate) fn wait_without(&mut self, text: &str) -> &mut Self {
        self.wait_until(&format!("no {text}"), |terminal| !terminal.screen().contains(text))
    }

    /// Waits until a condition holds. The name is for the failure message.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(self.read(None, deadline), "never shown: {what}\n{}", self.screen());
        }
        self
    }

    /// Waits until the terminal stops echoing. A prompt appears shortly before, and input until then is discarded.
    #[track_caller]
    pub(crate) fn wait_hidden(&mut self) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while tcgetattr(&self.theirs).unwrap().local_modes.contains(LocalModes::ECHO) {
            assert!(Instant::now() < deadline, "what is typed is shown:\n{}", self.screen());
            std::thread::sleep(PAUSE);
        }
        self
    }

    /// Presses keys and waits until the screen shows this.
    #[track_caller]
    pub(crate) fn press(&mut self, keys: &str, text: &str) -> &mut Self {
        self.type_in(keys);
        self.wait_for(text)
    }

    /// Sends the command a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end of the command and returns its status, or the negative signal that ended it.
    #[track_caller]
    pub(crate) fn end(&mut self) -> i32 {
        let ended = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Check for the end first: everything read after it is the rest of the output.
            let status = self.child.try_wait().unwrap();
            while self.read(Some(ended.as_fd()), if status.is_some() { Instant::now() } else { deadline }) {}
            if let Some(status) = status {
                return status.code().unwrap_or_else(|| -status.signal().unwrap());
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.screen());
        }
    }

    /// Reads some output; false if none came before the deadline or before `other` was ready.
    fn read(&mut self, other: Option<BorrowedFd<'_>>, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut ready = vec![PollFd::new(&self.ours, PollFlags::IN)];
        ready.extend(other.map(|other| PollFd::from_borrowed_fd(other, PollFlags::IN)));
        poll(&mut ready, Some(&timeout)).unwrap();
        if !ready[0].revents().contains(PollFlags::IN) {
            return false;
        }
        let mut bytes = [0; 65536];
        let read = self.ours.read(&mut bytes).unwrap_or(0);
        self.screen.process(&bytes[..read]);
        self.written.extend_from_slice(&bytes[..read]);
        read > 0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn window(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
