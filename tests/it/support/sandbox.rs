//! Runs the binary in a sandbox: a home of its own, a clean environment, a fixed time zone; and renders its output
//! as one text.
//!
//! It knows nothing of entries and fakes no clock: output that depends on the present is masked.

#![cfg(test)]

use std::fmt;
use std::fs::{File, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The deadline of a command.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two looks at a condition.
pub(crate) const PAUSE: Duration = Duration::from_millis(2);

/// A home directory for one test. Commands run in it, so that a relative path is the same in every run.
pub(crate) struct Sandbox {
    home: TempDir,
}

/// Names and contents of files. A log that many tests start with is recorded once per run and copied.
pub(crate) type Files = Vec<(&'static str, Vec<u8>)>;

/// Output and status of a command.
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    home: PathBuf,
}

/// A running `serve` on `sqlite:audit.db`, killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    url: String,
    token: PathBuf,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// Starts with these files, readable by this user alone.
    pub(crate) fn with(files: &Files) -> Self {
        let sandbox = Self::new();
        for (name, content) in files {
            sandbox.write_with_mode(name, content, 0o600);
        }
        sandbox
    }

    /// Reads files that other sandboxes can start with.
    pub(crate) fn files(&self, names: &[&'static str]) -> Files {
        names.iter().map(|name| (*name, self.read(name))).collect()
    }

    /// A path in the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file in the home.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes a file with this mode.
    pub(crate) fn write_with_mode(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) {
        std::fs::set_permissions(self.write(name, text), Permissions::from_mode(mode)).unwrap();
    }

    /// Reads a file of the home.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Reads a file of the home as text.
    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// The sorted names in the home, without the database files.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.home.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with("audit.db")).collect();
        names.sort();
        names
    }

    /// The binary with these arguments, ready to be started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.in_home(env!("CARGO_BIN_EXE_krosyn-audit"));
        command.args(args);
        command
    }

    /// Another program, with `krosyn-audit` on its path, as a shell has it.
    pub(crate) fn shell(&self, program: &str) -> Command {
        let bin = self.path("bin");
        if !bin.exists() {
            std::fs::create_dir(&bin).unwrap();
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_krosyn-audit"), bin.join("krosyn-audit")).unwrap();
        }
        let mut command = self.in_home(program);
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()));
        command
    }

    fn in_home(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("TZ", "Europe/Madrid")
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary with nothing on stdin.
    #[must_use]
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.finish(self.command(args).spawn().unwrap())
    }

    /// Runs the binary with this on stdin.
    #[must_use]
    pub(crate) fn run_with(&self, args: &[&str], stdin: &[u8]) -> Outcome {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let stdin = stdin.to_vec();
        // A command may end without reading all of it.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let outcome = self.finish(child);
        writer.join().unwrap();
        outcome
    }

    /// Waits for a started command, and kills it at the deadline.
    #[must_use]
    pub(crate) fn finish(&self, child: Child) -> Outcome {
        let pid = Pid::from_child(&child);
        let (send, receive) = mpsc::channel();
        let waiter = std::thread::spawn(move || send.send(child.wait_with_output()));
        let output = receive.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            kill_process(pid, Signal::KILL).unwrap();
            panic!("the command does not end by itself");
        });
        waiter.join().unwrap().unwrap();
        let output = output.unwrap();
        let home = self.home.path().to_owned();
        Outcome { status: output.status.code(), stdout: output.stdout, stderr: output.stderr, home }
    }

    /// Starts `serve` on `sqlite:audit.db` and waits for its ready line. Its log goes to `serve.log`.
    pub(crate) fn serve(&self, args: &[&str]) -> Serving {
        self.serve_on("sqlite:audit.db", args)
    }

    /// The same on another store.
    pub(crate) fn serve_on(&self, store: &str, args: &[&str]) -> Serving {
        self.serve_at(store, "127.0.0.1:0", args)
    }

    /// The same at a given address, such as that of an earlier server.
    pub(crate) fn serve_at(&self, store: &str, address: &str, args: &[&str]) -> Serving {
        let token = self.path("admin.token");
        let mut command = self.command(&["serve", "--store", store, "--listen", address]);
        command.args(["--token-out", "admin.token"]).args(args);
        let log = File::options().create(true).append(true).open(self.path("serve.log")).unwrap();
        let mut child = command.stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let url = url.unwrap_or_else(|| panic!("no ready line: {line:?} {}", self.text("serve.log")));
        Serving { child, url, token }
    }
}

impl Serving {
    /// Where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// The admin token written at the first start.
    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(&self.token).unwrap().trim().to_owned()
    }

    /// The flags to reach it.
    pub(crate) fn flags(&self) -> [&str; 4] {
        ["--server", &self.url, "--token-file", "admin.token"]
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end and returns its status.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Outcome {
    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn ended(self, status: u8) -> Self {
        assert_eq!(self.status, Some(i32::from(status)), "{self}");
        self
    }

    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    pub(crate) fn err(&self) -> &str {
        std::str::from_utf8(&self.stderr).unwrap()
    }

    /// Stdout as a JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Stdout as JSON lines.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        self.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Status, stdout and stderr as one text for a snapshot, with everything masked that differs between runs.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => writeln!(f, "exit {status}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !bytes.is_empty() {
                write!(f, "-- {name}\n{}", masked(&String::from_utf8_lossy(bytes), &self.home))?;
            }
        }
        Ok(())
    }
}

/// Fixed data is from 2021 at the latest, so a later year can only come from the clock.
fn masked(text: &str, home: &Path) -> String {
    let text = text.replace(home.to_str().unwrap(), "[home]");
    let masks = [
        (r"20(2[2-9]|[3-9]\d)-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| [A-Z]+)?", "[now]"),
        (r"\d+ (minutes|hours|days|months|years) ago", "[age] ago"),
        (r"req_[0-9a-f]{32}", "[request]"),
        (r"krosyn-audit/[0-9a-f-]{36}/(audit|trail)\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}", "[key of $1]"),
        (r", \d+ bytes in \d+ ms", ", [bytes] in [ms]"),
        (r"(127\.0\.0\.1|\[::1\]):\d+", "$1:[port]"),
    ];
    masks.iter().fold(text, |text, (pattern, mask)| {
        Regex::new(pattern).unwrap().replace_all(&text, *mask).into_owned()
    })
}

/// Waits until a condition holds. The pause between two looks leaves the processor to the command under test.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Sends a command what Ctrl-C sends it.
pub(crate) fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// Reports a check skipped for want of a program. It writes to stderr directly, because the harness hides the output of
/// passing tests.
#[expect(clippy::disallowed_methods, reason = "the outlets of the product are not those of its tests")]
pub(crate) fn skipped(what: &str, program: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "SKIPPED: {what}: there is no {program} here").unwrap();
}

/// A program, if it is installed.
pub(crate) fn program(name: &str) -> Option<Command> {
    let there = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    there.ok().map(|_| Command::new(name))
}
