//! A question on a real terminal: a prune is confirmed by typing the number of entries.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use super::acme::{self, SERVER};
use crate::support::sandbox::{PATIENCE, Sandbox};

/// A command on a pseudo-terminal: our end of it, and what was shown so far.
struct Session {
    terminal: File,
    child: Child,
    shown: String,
    /// As long as it lives, the child is ended once it takes too long.
    _watched: Sender<()>,
}

impl Session {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).unwrap();
        let theirs = ptsname(&ours, Vec::new()).unwrap();
        let theirs = rustix::fs::open(theirs, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        // It controls no session, so a Ctrl-C between two readings must wait as a key rather than be lost as a signal.
        let mut modes = tcgetattr(&theirs).unwrap();
        modes.local_modes.remove(LocalModes::ISIG);
        tcsetattr(&theirs, OptionalActions::Now, &modes).unwrap();
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        let mut command = sandbox.command(&[args, &SERVER].concat());
        command.env("TERM", "xterm").stdin(end(&theirs)).stdout(end(&theirs)).stderr(end(&theirs));
        let child = command.spawn().unwrap();
        let (watched, watchdog) = channel::<()>();
        let pid = Pid::from_child(&child);
        thread::spawn(move || {
            if watchdog.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                kill_process(pid, Signal::KILL).unwrap();
            }
        });
        Self { terminal: File::from(ours), child, shown: String::new(), _watched: watched }
    }

    /// Reads on until this is shown.
    fn expect(&mut self, text: &str) {
        while !self.shown.contains(text) {
            assert!(self.read(), "{text:?} was never shown: {}", self.shown);
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads some; false at the end, which a pseudo-terminal tells by an error.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = self.terminal.read(&mut bytes).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..read]));
        read > 0
    }

    fn end(mut self) -> (Option<i32>, String) {
        while self.read() {}
        (self.child.wait().unwrap().code(), self.shown)
    }
}

fn prune(sandbox: &Sandbox, keys: &str) -> (Option<i32>, String) {
    let mut session = Session::start(sandbox, &["prune", "--max-delete", "100%"]);
    session.expect("Type 12 to delete these entries for ever");
    assert!(session.shown.contains("12 of 12 go (100 %)"), "{}", session.shown);
    session.type_in(keys);
    session.end()
}

fn count(sandbox: &Sandbox) -> usize {
    acme::run(sandbox, &["list", "--columns", "id"]).ended(0).out().lines().count()
}

#[test]
fn only_the_number_of_entries_confirms() {
    let sandbox = acme::sandbox();
    for keys in ["y\r", "\r", "11\r", "12a\r"] {
        let (status, shown) = prune(&sandbox, keys);
        assert_eq!(status, Some(6), "{keys:?} {shown}");
        assert!(shown.contains("not confirmed: nothing was deleted"), "{shown}");
        assert_eq!(count(&sandbox), 12);
    }
    let (status, shown) = prune(&sandbox, "12\r");
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("12 entries deleted, kept on record as prune 1"), "{shown}");
    assert_eq!(count(&sandbox), 0);
}

#[test]
fn control_c_deletes_nothing_and_shows_the_cursor() {
    let sandbox = acme::sandbox();
    let (status, shown) = prune(&sandbox, "1\u{3}");
    assert_eq!(status, Some(130), "{shown:?}");
    assert!(console::strip_ansi_codes(&shown).ends_with("\nerror: interrupted\r\n"), "{shown:?}");
    let last = |code: &str| shown.rfind(code);
    assert!(last("\u{1b}[?25l") <= last("\u{1b}[?25h"), "{shown:?}");
    assert_eq!(count(&sandbox), 12);
}

#[test]
fn a_terminal_gets_a_painted_table_of_its_width() {
    let sandbox = acme::sandbox();
    let (status, shown) = Session::start(&sandbox, &["list"]).end();
    assert_eq!(status, Some(0));
    assert!(shown.contains("\u{1b}[31m") && shown.contains("\u{1b}[32m"), "{shown:?}");
    let plain = console::strip_ansi_codes(&shown);
    let widest = plain.lines().map(console::measure_text_width).max();
    assert!(widest <= Some(100), "{widest:?} {plain}");
    assert!(plain.contains("12 of 12, newest first"), "{plain}");
}
