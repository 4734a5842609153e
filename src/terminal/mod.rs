//! The outlets: stdout for data, stderr for the conversation. Nothing else in this programme prints.

pub mod file;
pub mod logs;
pub mod progress;

use std::io::{self, BufWriter, IsTerminal as _, Read as _, Write};

use owo_colors::{OwoColorize as _, Style};

use crate::render::visible::visible;

/// When to paint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColourWhen {
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
pub struct Manners {
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
}

/// The two outlets and what is known about them.
pub struct Terminal {
    out: BufWriter<io::Stdout>,
    err: io::Stderr,
    manners: Manners,
    /// Whether stdout is a terminal.
    pub out_is_terminal: bool,
    /// Whether questions can be asked: stdin and stderr are terminals.
    pub is_interactive: bool,
    err_is_terminal: bool,
    /// Cells in a line of stdout, or 80.
    pub width: usize,
}

impl Terminal {
    /// Looks at the process's outlets.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the door the ban points to")]
    pub fn open(manners: Manners) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
        let width =
            console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns).max(20));
        Self {
            out: BufWriter::with_capacity(64 * 1024, out),
            err,
            manners,
            out_is_terminal,
            is_interactive: io::stdin().is_terminal() && err_is_terminal,
            err_is_terminal,
            width,
        }
    }

    /// Whether data on stdout is painted.
    #[must_use]
    pub const fn paints_data(&self) -> bool {
        self.paints(self.out_is_terminal)
    }

    /// Whether moving progress may be shown on stderr.
    #[must_use]
    pub const fn shows_progress(&self) -> bool {
        self.err_is_terminal && !self.manners.dumb && !self.manners.quiet
    }

    /// Whether stderr is a terminal, where a secret may be shown once.
    #[must_use]
    pub const fn err_is_terminal(&self) -> bool {
        self.err_is_terminal
    }

    const fn paints(&self, is_terminal: bool) -> bool {
        let Manners { colour, no_colour, force_colour, dumb, .. } = self.manners;
        match colour {
            ColourWhen::Always => true,
            ColourWhen::Never => false,
            ColourWhen::Auto => !no_colour && (force_colour || is_terminal && !dumb),
        }
    }

    /// Where data goes. Buffered: [`Terminal::flush`] says whether it arrived.
    pub fn data(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Hands all data over.
    ///
    /// # Errors
    /// What kept it from arriving.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Says how things stand. Unheard under `--quiet`.
    pub fn status(&mut self, text: &str) {
        if !self.manners.quiet {
            self.line("", Style::new(), Style::new().dimmed(), text);
        }
    }

    /// Shows something a question is about, heard also under `--quiet`.
    pub fn show(&mut self, text: &str) {
        self.line("", Style::new(), Style::new(), text);
    }

    /// Shows a text of several lines. What it quotes is visible already, or it could begin a line of its own.
    pub fn show_lines(&mut self, text: &str) {
        for line in text.lines() {
            self.show(line);
        }
    }

    /// Says something that needs attention.
    pub fn warn(&mut self, text: &str) {
        self.line("warning: ", Style::new().yellow().bold(), Style::new(), text);
    }

    /// Says why a command failed.
    pub fn error(&mut self, text: &str) {
        self.line("error: ", Style::new().red().bold(), Style::new(), text);
    }

    /// Says how to go on.
    pub fn hint(&mut self, text: &str) {
        self.line("  hint: ", Style::new().cyan(), Style::new(), text);
    }

    /// Asks for a line of text.
    ///
    /// # Errors
    /// When the terminal went away, or with `Interrupted` on Ctrl-C.
    pub fn ask(&mut self, question: &str) -> io::Result<String> {
        let theme = dialoguer::theme::SimpleTheme;
        let input = dialoguer::Input::<String>::with_theme(&theme)
            .with_prompt(question)
            .allow_empty(true)
            .report(false);
        input.interact_text_on(&console::Term::stderr()).map_err(|dialoguer::Error::IO(error)| {
            // The prompt's line is still open.
            drop(writeln!(self.err));
            error
        })
    }

    /// Asks for a line of text that is not shown.
    ///
    /// # Errors
    /// When the terminal went away.
    pub fn ask_hidden(&mut self, question: &str) -> io::Result<String> {
        let theme = dialoguer::theme::SimpleTheme;
        let password = dialoguer::Password::with_theme(&theme).with_prompt(question).report(false);
        password.interact_on(&console::Term::stderr()).map_err(|dialoguer::Error::IO(error)| error)
    }

    /// Writes one line to stderr. That nobody listens there is no reason to stop. The text may quote the log, so it is
    /// made visible, its line breaks too: what is quoted cannot begin a line.
    fn line(&mut self, head: &str, head_style: Style, style: Style, text: &str) {
        let text = visible(text);
        drop(if self.paints(self.err_is_terminal) {
            writeln!(self.err, "{}{}", head.style(head_style), text.style(style))
        } else {
            writeln!(self.err, "{head}{text}")
        });
    }
}

/// Reads stdin to its end, or up to `limit` bytes, on a thread of its own: while nothing comes, Ctrl-C is still heard.
///
/// # Errors
/// The system's, also when what came is not UTF-8.
pub async fn read_stdin(limit: u64) -> io::Result<String> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = io::stdin().take(limit).read_to_string(&mut text).map(|_| text);
        drop(sender.send(read));
    });
    receiver.await.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))
}
