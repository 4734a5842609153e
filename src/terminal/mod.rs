//! The terminal: data on stdout, messages on stderr. No other module prints.

pub(crate) mod encoding;
pub(crate) mod file;
pub(crate) mod logs;
mod modes;
pub(crate) mod pager;
pub(crate) mod progress;
pub(crate) mod prompt;
pub(crate) mod screen;
pub(crate) mod signals;

use std::io::{self, IsTerminal as _, Read as _, Write};

use owo_colors::{OwoColorize as _, Style};

use crate::render::sanitize::{sanitize, sanitize_ascii};
use crate::terminal::encoding::decoded;
use crate::terminal::pager::{CtrlC, PagedStdout, Pager};
use crate::terminal::prompt::Prompts;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal that supports colours.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Settings of the environment and the command line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TerminalOptions {
    pub color: ColorWhen,
    /// Whether the terminal supports neither colours nor cursor movement.
    pub dumb: bool,
    /// Whether status messages are suppressed.
    pub quiet: bool,
    /// Whether prompts are off, even on a terminal.
    pub unattended: bool,
    /// Whether messages are ASCII only.
    pub ascii: bool,
}

/// Stdout and stderr, and what is known about them.
pub(crate) struct Terminal {
    out: PagedStdout,
    err: io::Stderr,
    /// Messages held back while a pager has the screen.
    deferred: Vec<String>,
    options: TerminalOptions,
    /// Whether stdin is a terminal.
    pub in_is_terminal: bool,
    pub out_is_terminal: bool,
    /// Whether prompts are possible: stdin and stderr are terminals, and somebody is present.
    is_interactive: bool,
    /// Whether a pager is possible: stdin and stdout are terminals, and somebody is present.
    can_page: bool,
    err_is_terminal: bool,
    /// The width of stdout in cells when the command began, or 80.
    pub width: usize,
}

/// The current width of stdout in cells, or 80.
pub(crate) fn stdout_width() -> usize {
    console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns).max(20))
}

impl Terminal {
    /// Inspects the process's streams.
    #[expect(clippy::disallowed_methods, reason = "this is the door the ban points to")]
    pub(crate) fn open(options: TerminalOptions) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
        let in_is_terminal = io::stdin().is_terminal();
        let is_attended = !options.dumb && !options.unattended;
        let width = stdout_width();
        Self {
            out: PagedStdout::new(out),
            err,
            deferred: Vec::new(),
            options,
            in_is_terminal,
            out_is_terminal,
            is_interactive: in_is_terminal && err_is_terminal && is_attended,
            can_page: in_is_terminal && out_is_terminal && is_attended,
            err_is_terminal,
            width,
        }
    }

    pub(crate) const fn colors_stdout(&self) -> bool {
        self.paints(self.out_is_terminal)
    }

    /// Access to prompts, if a person can answer them.
    pub(crate) fn prompts(&self) -> Option<Prompts> {
        self.is_interactive.then(Prompts::new)
    }

    pub(crate) const fn colors_stderr(&self) -> bool {
        self.paints(self.err_is_terminal)
    }

    /// Whether progress may be shown on stderr.
    pub(crate) const fn shows_progress(&self) -> bool {
        self.err_is_terminal && !self.options.dumb && !self.options.quiet
    }

    /// Whether stderr is a terminal, where a secret may be shown once.
    pub(crate) const fn err_is_terminal(&self) -> bool {
        self.err_is_terminal
    }

    const fn paints(&self, is_terminal: bool) -> bool {
        match self.options.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => is_terminal && !self.options.dumb,
        }
    }

    /// The buffered writer for data. [`Terminal::flush`] reports whether it arrived.
    pub(crate) fn data(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Sends data that is taller than the screen to this pager from now on, if a person can use one.
    pub(crate) fn page(&mut self, pager: Pager) {
        if self.can_page && !pager.words.is_empty() {
            self.out.page(pager);
        }
    }

    /// Tells who receives Ctrl-C.
    pub(crate) const fn ctrl_c(&self) -> &CtrlC {
        self.out.ctrl_c()
    }

    /// Flushes all data and waits until the pager is closed.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let missing = self.out.finish();
        for text in std::mem::take(&mut self.deferred) {
            drop(self.err.write_all(text.as_bytes()));
        }
        if let Some(missing) = missing? {
            self.warn(&missing);
        }
        Ok(())
    }

    /// Prints a status message, unless `--quiet`.
    pub(crate) fn status(&mut self, text: &str) {
        if !self.options.quiet {
            self.write_line("", Style::new(), Style::new().dimmed(), text);
        }
    }

    /// Prints text that a prompt refers to, even with `--quiet`.
    pub(crate) fn show(&mut self, text: &str) {
        self.write_line("", Style::new(), Style::new(), text);
    }

    /// Prints several lines. The caller sanitizes quoted text, which could start a line of its own.
    pub(crate) fn show_lines(&mut self, text: &str) {
        for line in text.lines() {
            self.show(line);
        }
    }

    pub(crate) fn warn(&mut self, text: &str) {
        self.write_line("warning: ", Style::new().yellow().bold(), Style::new(), text);
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.write_line("error: ", Style::new().red().bold(), Style::new(), text);
    }

    pub(crate) fn hint(&mut self, text: &str) {
        self.write_line("  hint: ", Style::new().cyan(), Style::new(), text);
    }

    /// Writes one line to stderr and ignores errors. The text may quote the log, so it is sanitized, including line breaks:
    /// quoted text cannot start a line.
    fn write_line(&mut self, head: &str, head_style: Style, style: Style, text: &str) {
        let text = if self.options.ascii { sanitize_ascii(text) } else { sanitize(text) };
        let text = if self.colors_stderr() {
            format!("{}{}\n", head.style(head_style), text.style(style))
        } else {
            format!("{head}{text}\n")
        };
        if self.out.is_paged() {
            self.deferred.push(text);
        } else {
            drop(self.err.write_all(text.as_bytes()));
        }
    }
}

/// Reads stdin to its end, or up to `limit` bytes, on its own thread, so that Ctrl-C works while no input arrives.
///
/// # Errors
/// The system's, and invalid data if the text is neither UTF-8 nor UTF-16.
pub(crate) async fn read_stdin(limit: u64) -> io::Result<String> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = io::stdin().take(limit).read_to_end(&mut bytes);
        let read = read
            .and_then(|_| decoded(bytes).map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault)));
        drop(sender.send(read));
    });
    receiver.await.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))
}
