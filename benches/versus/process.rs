//! Runs a command, or watches a running one: wall time, CPU seconds and peak memory of every process, from Linux's `/proc`.
//! `/proc` still has the CPU time of a child that ended until it is waited for.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// The interval at which peak memory is read; a peak just before the end may be missed.
const SAMPLE_EVERY: Duration = Duration::from_millis(2);

/// The cost of a piece of work.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_kib: u64,
}

/// Runs a command to its end and discards its output.
pub(crate) fn run(command: &mut Command) -> Cost {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let begin = Instant::now();
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let pid = child.id();
    let (done, peak_kib) = (AtomicBool::new(false), AtomicU64::new(0));
    let wall_s = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                peak_kib.fetch_max(peak(pid), Ordering::Relaxed);
                thread::sleep(SAMPLE_EVERY);
            }
        });
        let id = Pid::from_raw(pid.cast_signed()).expect("a process has a number");
        waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it is our child");
        let wall_s = begin.elapsed().as_secs_f64();
        done.store(true, Ordering::Relaxed);
        wall_s
    });
    let cpu_s = cpu(pid);
    let output = child.wait_with_output().expect("it is our child");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Cost { wall_s, cpu_s, peak_kib: peak_kib.into_inner() }
}

/// User and system CPU seconds of a process so far, with those of children that it waited for.
pub(crate) fn cpu(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may contain spaces; utime, stime, cutime and cstime are the 14th to 17th field.
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    #[expect(clippy::cast_precision_loss, reason = "ticks of a hundredth of a second")]
    let seconds = ticks as f64 / 100.0;
    seconds
}

/// Peak resident memory of a running process so far, in KiB.
pub(crate) fn peak(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// The product under test.
pub(crate) fn product() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_krosyn-audit"));
    // The user's settings must not apply.
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent");
    command
}

/// A running `serve` over one store; dropping it ends the process.
pub(crate) struct Serve {
    child: Child,
    pub(crate) base: String,
}

impl Serve {
    /// Starts it over a SQLite file.
    pub(crate) fn start(store: &Path) -> Self {
        Self::start_over(&format!("sqlite:{}", store.display()))
    }

    /// Starts it on a free port and waits for its ready line.
    pub(crate) fn start_over(store: &str) -> Self {
        use std::io::{BufRead as _, BufReader};
        let mut child = product()
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--no-sweep",
                "--rate-limit",
                "0",
                // Adding ten million entries to a tree takes longer than a query may.
                "--query-timeout",
                "0",
                "--log-level",
                "error",
            ])
            .args(["--store", store])
            .stdout(Stdio::piped())
            .spawn()
            .expect("serve starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a ready line");
        let base = line.trim().strip_prefix("listening on ").expect("the ready line").to_owned();
        Self { child, base }
    }

    /// Waits until it no longer works on its own account: after a start it checks the whole store, which would share the cores
    /// with what is measured.
    pub(crate) fn rest(&self) {
        let mut before = cpu(self.pid());
        loop {
            thread::sleep(Duration::from_millis(500));
            let now = cpu(self.pid());
            if now - before < 0.02 {
                return;
            }
            before = now;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let id = Pid::from_raw(self.pid().cast_signed()).expect("a process has a number");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap_or(());
        self.child.wait().map(drop).unwrap_or(());
    }
}
