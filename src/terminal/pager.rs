//! The pager: a text that is taller than the screen is read there. What fits is printed, and so is everything when
//! there is no pager.

use std::io::{self, BufWriter, Stdout, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use console::{Term, measure_text_width};

/// Which pager, and what is set for it in its environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pager {
    /// The program and its arguments; none for no pager.
    pub words: Vec<String>,
    /// Variables it is given.
    pub variables: Vec<(&'static str, &'static str)>,
}

/// Whose Ctrl-C is: as long as a pager has the screen, it is the pager's. Holds the pager's process id, or 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct CtrlC(Arc<AtomicU32>);

impl CtrlC {
    /// Tells whether one that is heard now is meant for us.
    pub(crate) fn is_ours(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    /// Asks a pager that has the screen to end: its text will not go on.
    pub(super) fn end_pager(&self) {
        #[cfg(unix)]
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

/// A text on its way to a pager.
struct Paging {
    pager: Pager,
    rows: usize,
    columns: usize,
    /// What was written as long as it fits on the screen, and where its last line begins.
    held: Vec<u8>,
    line_start: usize,
    used_rows: usize,
    child: Option<Child>,
    /// Why the pager could not be started; then everything is printed.
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

    /// From now on, what is taller than the screen goes to this pager.
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

    /// Whether a pager has the screen.
    pub(super) fn is_paged(&self) -> bool {
        self.paging.as_ref().is_some_and(|paging| paging.child.is_some())
    }

    /// Hands over what is left and waits until it was read; tells why there was no pager, when there should have been.
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

    /// A pager gets all of it in the end; until then nobody knows whether there is one.
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
        // One row is the shell's, for its next prompt.
        if self.used_rows >= self.rows {
            self.start()?;
        }
        Ok(bytes.len())
    }

    fn start(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let Some((program, args)) = self.pager.words.split_first() else { return Ok(()) };
        let mut command = Command::new(program);
        command.args(args).envs(self.pager.variables.iter().copied()).stdin(Stdio::piped());
        match command.spawn() {
            Ok(child) => {
                self.ctrl_c.0.store(child.id(), Relaxed);
                let input = self.child.insert(child).stdin.as_mut();
                input.map_or(Ok(()), |input| input.write_all(&held))
            }
            Err(error) => {
                self.missing = Some(format!("the pager {program} cannot be started: {error}"));
                self.held = held;
                Ok(())
            }
        }
    }
}

/// However the text ends, the pager keeps the screen until its reader leaves it.
impl Drop for Paging {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            drop(child.wait());
            self.ctrl_c.0.store(0, Relaxed);
        }
    }
}
