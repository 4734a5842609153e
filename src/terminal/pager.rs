//! Sends output that is taller than the screen to a pager. Other output is printed, as is all output without a pager.

use std::io::{self, BufWriter, Stdout, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use console::{Term, measure_text_width};

/// The pager's command line and environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pager {
    /// The program and its arguments; empty for no pager.
    pub words: Vec<String>,
    /// Its additional environment variables.
    pub variables: Vec<(&'static str, &'static str)>,
    /// Whether the first line is a header, which `less` can keep on the screen.
    pub has_header: bool,
}

/// Tells who receives Ctrl-C: the pager, while it has the screen. Holds the pager's process id, or 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct CtrlC(Arc<AtomicU32>);

impl CtrlC {
    /// Whether this process should handle a Ctrl-C now.
    pub(crate) fn is_ours(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    /// Terminates the pager, because its input ends.
    pub(super) fn end_pager(&self) {
        if let Some(pager) = i32::try_from(self.0.load(Relaxed)).ok().and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process(pager, rustix::process::Signal::TERM).unwrap_or(());
        }
    }
}

/// Stdout, or a pager in front of it.
pub(super) struct PagedStdout {
    stdout: BufWriter<Stdout>,
    paging: Option<Paging>,
    ctrl_c: CtrlC,
}

/// Output that may go to a pager.
struct Paging {
    pager: Pager,
    rows: usize,
    columns: usize,
    /// Output held while it fits on the screen, and the start of its last line.
    held: Vec<u8>,
    line_start: usize,
    used_rows: usize,
    child: Option<Child>,
    /// Why the pager did not start; then all output is printed.
    missing: Option<String>,
    ctrl_c: CtrlC,
}

impl PagedStdout {
    pub(super) fn new(stdout: Stdout) -> Self {
        let stdout = BufWriter::with_capacity(64 * 1024, stdout);
        Self { stdout, paging: None, ctrl_c: CtrlC::default() }
    }

    pub(super) const fn ctrl_c(&self) -> &CtrlC {
        &self.ctrl_c
    }

    /// Sends output that is taller than the screen to this pager from now on.
    pub(super) fn page(&mut self, pager: Pager) {
        let (rows, columns) = Term::stdout().size();
        self.paging = Some(Paging {
            pager,
            rows: rows.into(),
            columns: usize::from(columns).max(1),
            held: Vec::new(),
            line_start: 0,
            used_rows: 0,
            child: None,
            missing: None,
            ctrl_c: self.ctrl_c.clone(),
        });
    }

    pub(super) fn is_paged(&self) -> bool {
        self.paging.as_ref().is_some_and(|paging| paging.child.is_some())
    }

    /// Writes the rest and waits for the pager. Returns why the pager did not start, if it should have.
    pub(super) fn finish(&mut self) -> io::Result<Option<String>> {
        let Some(mut paging) = self.paging.take() else { return self.stdout.flush().map(|()| None) };
        if paging.child.is_none() {
            self.stdout.write_all(&paging.held)?;
            self.stdout.flush()?;
        }
        Ok(paging.missing.take())
    }
}

impl Write for PagedStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.paging {
            None => self.stdout.write(bytes),
            Some(paging) if paging.missing.is_none() => paging.write(bytes),
            Some(paging) => {
                self.stdout.write_all(&std::mem::take(&mut paging.held))?;
                self.stdout.write(bytes)
            }
        }
    }

    /// With a pager, does nothing: only `finish` knows whether the pager is needed.
    fn flush(&mut self) -> io::Result<()> {
        if self.paging.is_some() { Ok(()) } else { self.stdout.flush() }
    }
}

impl Paging {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(mut input) = self.child.as_ref().and_then(|child| child.stdin.as_ref()) {
            return input.write(bytes);
        }
        self.held.extend_from_slice(bytes);
        while let Some(length) = self.held[self.line_start..].iter().position(|byte| *byte == b'\n') {
            let line = &self.held[self.line_start..self.line_start + length];
            let width = measure_text_width(&String::from_utf8_lossy(line));
            self.used_rows += width.div_ceil(self.columns).max(1);
            self.line_start += length + 1;
        }
        // One row is left for the shell's prompt.
        if self.used_rows >= self.rows {
            self.start()?;
        }
        Ok(bytes.len())
    }

    fn start(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let Some((program, args)) = self.pager.words.split_first() else { return Ok(()) };
        let mut command = Command::new(program);
        command.args(args);
        if self.pager.has_header && keeps_headers(program) {
            command.arg("--header=1");
        }
        command.envs(self.pager.variables.iter().copied()).stdin(Stdio::piped());
        match command.spawn() {
            Ok(child) => {
                self.ctrl_c.0.store(child.id(), Relaxed);
                let input = self.child.insert(child).stdin.as_mut();
                input.map_or(Ok(()), |input| input.write_all(&held))
            }
            Err(error) => {
                self.missing = Some(format!("cannot start the pager {program}: {error}"));
                self.held = held;
                Ok(())
            }
        }
    }
}

/// Whether a program is a `less` that knows `--header`.
fn keeps_headers(program: &str) -> bool {
    let is_less = std::path::Path::new(program).file_stem().is_some_and(|name| name == "less");
    let version = is_less.then(|| Command::new(program).arg("--version").stdin(Stdio::null()).output().ok());
    let text = version.flatten().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.is_some_and(|text| less_version(&text) >= FIRST_WITH_HEADER)
}

/// The first release of `less` with `--header`.
const FIRST_WITH_HEADER: u32 = 600;

/// The number in `less 608 (GNU regular expressions)`.
fn less_version(text: &str) -> u32 {
    let number = text.strip_prefix("less ").and_then(|rest| rest.split([' ', '.', '\n']).next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// However the output ends, the pager keeps the screen until the reader closes it.
impl Drop for Paging {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            drop(child.wait());
            self.ctrl_c.0.store(0, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_less_is_read() {
        assert_eq!(less_version("less 608 (GNU regular expressions)\nCopyright"), 608);
        assert_eq!(less_version("less 590.1 (x)"), 590);
        assert_eq!(less_version("BusyBox v1.36"), 0);
        assert!(!keeps_headers("cat"));
    }
}
