//! The outlets: stdout for data, stderr for the conversation. Nothing else in this programme prints.

pub(crate) mod encoding;
pub(crate) mod file;
pub(crate) mod logs;
pub(crate) mod pager;
pub(crate) mod progress;
pub(crate) mod prompt;
pub(crate) mod signals;

use std::io::{self, IsTerminal as _, Read as _, Write};

use owo_colors::{OwoColorize as _, Style};

use crate::render::sanitize::{sanitize, sanitize_ascii};
use crate::terminal::encoding::decoded;
use crate::terminal::pager::{CtrlC, PagedStdout, Pager};
use crate::terminal::prompt::Prompts;

/// When to paint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColourWhen {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the environment and the command line say about the outlets.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TerminalOptions {
    /// When to paint.
    pub colour: ColourWhen,
    /// Whether the environment asks for no colour.
    pub no_colour: bool,
    /// Whether the environment asks for colour everywhere.
    pub force_colour: bool,
    /// Whether the terminal can neither paint nor move.
    pub dumb: bool,
    /// Whether only errors are said.
    pub quiet: bool,
    /// Whether nobody sits there, terminal or not.
    pub unattended: bool,
    /// Whether the conversation is held in ASCII alone.
    pub ascii: bool,
}

/// The two outlets and what is known about them.
pub(crate) struct Terminal {
    out: PagedStdout,
    err: io::Stderr,
    /// What was said while a pager had the screen.
    deferred: Vec<String>,
    options: TerminalOptions,
    /// Whether stdin is a terminal, where nothing comes unless somebody types it.
    pub in_is_terminal: bool,
    /// Whether stdout is a terminal.
    pub out_is_terminal: bool,
    /// Whether questions can be asked: stdin and stderr are terminals, and somebody sits there.
    is_interactive: bool,
    /// Whether a pager can be used: stdin and stdout are terminals, and somebody sits there.
    can_page: bool,
    err_is_terminal: bool,
    /// Cells in a line of stdout, or 80.
    pub width: usize,
}

impl Terminal {
    /// Looks at the process's outlets.
    #[expect(clippy::disallowed_methods, reason = "this is the door the ban points to")]
    pub(crate) fn open(manners: TerminalOptions) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
        let in_is_terminal = io::stdin().is_terminal();
        let is_attended = !manners.dumb && !manners.unattended;
        let width =
            console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns).max(20));
        Self {
            out: PagedStdout::new(out),
            err,
            deferred: Vec::new(),
            options: manners,
            in_is_terminal,
            out_is_terminal,
            is_interactive: in_is_terminal && err_is_terminal && is_attended,
            can_page: in_is_terminal && out_is_terminal && is_attended,
            err_is_terminal,
            width,
        }
    }

    /// Whether data on stdout is painted.
    pub(crate) const fn colours_stdout(&self) -> bool {
        self.paints(self.out_is_terminal)
    }

    /// Who can be asked, where somebody can.
    pub(crate) fn prompts(&self) -> Option<Prompts> {
        self.is_interactive.then(Prompts::new)
    }

    /// Whether the conversation on stderr is painted.
    pub(crate) const fn colours_stderr(&self) -> bool {
        self.paints(self.err_is_terminal)
    }

    /// Whether moving progress may be shown on stderr.
    pub(crate) const fn shows_progress(&self) -> bool {
        self.err_is_terminal && !self.options.dumb && !self.options.quiet
    }

    /// Whether stderr is a terminal, where a secret may be shown once.
    pub(crate) const fn err_is_terminal(&self) -> bool {
        self.err_is_terminal
    }

    const fn paints(&self, is_terminal: bool) -> bool {
        let TerminalOptions { colour, no_colour, force_colour, dumb, .. } = self.options;
        match colour {
            ColourWhen::Always => true,
            ColourWhen::Never => false,
            ColourWhen::Auto => !no_colour && (force_colour || is_terminal && !dumb),
        }
    }

    /// Where data goes. Buffered: [`Terminal::flush`] says whether it arrived.
    pub(crate) fn data(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// From now on, data that is taller than the screen goes to this pager, where somebody can use it.
    pub(crate) fn page(&mut self, pager: Pager) {
        if self.can_page && !pager.words.is_empty() {
            self.out.page(pager);
        }
    }

    /// Whose Ctrl-C is.
    pub(crate) const fn ctrl_c(&self) -> &CtrlC {
        self.out.ctrl_c()
    }

    /// Hands all data over, and waits for the reader of a pager to leave it.
    ///
    /// # Errors
    /// What kept it from arriving.
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

    /// Says how things stand. Unheard under `--quiet`.
    pub(crate) fn status(&mut self, text: &str) {
        if !self.options.quiet {
            self.write_line("", Style::new(), Style::new().dimmed(), text);
        }
    }

    /// Shows something a question is about, heard also under `--quiet`.
    pub(crate) fn show(&mut self, text: &str) {
        self.write_line("", Style::new(), Style::new(), text);
    }

    /// Shows a text of several lines. What it quotes is visible already, or it could begin a line of its own.
    pub(crate) fn show_lines(&mut self, text: &str) {
        for line in text.lines() {
            self.show(line);
        }
    }

    /// Says something that needs attention.
    pub(crate) fn warn(&mut self, text: &str) {
        self.write_line("warning: ", Style::new().yellow().bold(), Style::new(), text);
    }

    /// Says why a command failed.
    pub(crate) fn error(&mut self, text: &str) {
        self.write_line("error: ", Style::new().red().bold(), Style::new(), text);
    }

    /// Says how to go on.
    pub(crate) fn hint(&mut self, text: &str) {
        self.write_line("  hint: ", Style::new().cyan(), Style::new(), text);
    }

    /// Writes one line to stderr. That nobody listens there is no reason to stop. The text may quote the log, so it is
    /// made visible, its line breaks too: what is quoted cannot begin a line.
    fn write_line(&mut self, head: &str, head_style: Style, style: Style, text: &str) {
        let text = if self.options.ascii { sanitize_ascii(text) } else { sanitize(text) };
        let text = if self.colours_stderr() {
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

/// Reads stdin to its end, or up to `limit` bytes, on a thread of its own: while nothing comes, Ctrl-C is still heard.
///
/// # Errors
/// The system's, also when what came is neither UTF-8 nor UTF-16.
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
