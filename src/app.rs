//! From the process's arguments to its exit code: parse, set up, run, report.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use chrono_tz::Tz;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{FromArgMatches as _, ValueEnum as _};

use crate::args;
use crate::args::output::Format;
use crate::cli::{self, Cli};
use crate::commands::{self, Context};
use crate::config::env::Environment;
use crate::config::{Origin, SelectedProfile};
use crate::error::Failure;
use crate::exit;
use crate::terminal::logs::{self, LogLevel};
use crate::terminal::signals::{ResumeHint, Signals, TerminationSignal};
use crate::terminal::{Terminal, TerminalOptions};

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let environment = Environment::read();
    if let Some(shell) = &environment.complete {
        return complete(&shell.clone(), environment);
    }
    let words = arguments();
    // Scripts often ask for the version first: answer without building the command tree.
    if let [_, word] = &words[..]
        && (word == "--version" || word == "-V")
    {
        return version();
    }
    let parsed = cli::tree().try_get_matches_from(words).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok((cli, matches))
    });
    let (mut cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return report_usage(error),
    };
    let json_errors = cli.command.as_ref().is_some_and(cli::Command::is_json);
    let (settings, settings_error) = match settings(&cli, &environment) {
        Ok(settings) => (settings, None),
        // Reported below, with the appearance that needs no profile.
        Err(failure) => (SelectedProfile::default(), Some(failure)),
    };
    let is_typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let resolved = cli.appearance.resolve(is_typed, &environment, &settings);
    let options = TerminalOptions {
        color: cli.appearance.color,
        dumb: environment.dumb,
        quiet: cli.appearance.quiet,
        unattended: environment.ci,
        ascii: cli.appearance.ascii,
    };
    let mut context = Context {
        settings,
        appearance: cli.appearance.clone(),
        resolved,
        demo: cli.demo,
        ..Context::new(environment, options)
    };
    context.time.zone = cli.appearance.tz.unwrap_or(Tz::UTC);
    if let Some(warning) = unknown_zone(&cli, &context) {
        context.terminal.warn(&warning);
    }
    let outcome = match settings_error {
        Some(failure) => Err(failure),
        None => {
            Runtime::start(&cli, &context, json_errors).and_then(|runtime| runtime.run(cli, &mut context))
        }
    };
    let is_silent = matches!(&outcome, Err(failure) if failure.is_silent);
    // A failed command may have written data too. Flushing also ends the pager before anything else is printed.
    let flushed = if is_silent { Ok(()) } else { context.terminal.flush() };
    let outcome = outcome.and_then(|code| Ok(flushed.map(|()| code)?));
    ExitCode::from(outcome.unwrap_or_else(|failure| {
        report(&mut context, &failure, json_errors);
        failure.exit
    }))
}

/// Prints help, the version or a usage error. clap chooses between stdout and stderr.
fn report_usage(mut error: clap::Error) -> ExitCode {
    if let Some(failure) = misplaced_destination(&error) {
        let mut terminal = Terminal::open(TerminalOptions::default());
        terminal.error(&failure.message);
        failure.hints.iter().for_each(|hint| terminal.hint(hint));
        if asks_for_json() {
            terminal.show(&as_json(&failure));
        }
        return ExitCode::from(failure.exit);
    }
    let suggestion = suggestion(&error);
    if suggestion.is_some() {
        // Our suggestion replaces clap's, which compares only spelling.
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
    }
    if let Some(failed) = write_failure(error.print()) {
        return failed;
    }
    let mut terminal = Terminal::open(TerminalOptions::default());
    suggestion.iter().for_each(|hint| terminal.hint(hint));
    if error.use_stderr() && asks_for_json() {
        let failure = suggestion.into_iter().fold(usage(&error.to_string()), Failure::hint);
        terminal.show(&as_json(&failure));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE))
}

/// A warning about a `TZ` that names no zone, if no flag or profile sets the zone.
fn unknown_zone(cli: &Cli, context: &Context) -> Option<String> {
    let shows_times = cli.command.as_ref().is_some_and(cli::Command::has_profile);
    let tz = context.environment.unknown_zone.as_ref().filter(|_| shows_times)?;
    let zone = context.resolved.iter().find(|it| it.key == "tz" && it.origin == Origin::Default)?;
    Some(format!(
        "TZ={tz} is not a known time zone: using {}; set TZ or --tz to a name such as Europe/Madrid",
        zone.value
    ))
}

/// The process's arguments, with `help COMMAND` as `COMMAND --help`, and connection flags after the command.
fn arguments() -> Vec<OsString> {
    let mut words = args::connection::behind_command(std::env::args_os().collect());
    let first = words.iter().skip(1).position(|word| !word.to_string_lossy().starts_with('-'));
    if let Some(place) = first.map(|place| place + 1).filter(|place| words[*place] == "help") {
        words.remove(place);
        words.push("--help".into());
    }
    words
}

fn version() -> ExitCode {
    let mut terminal = Terminal::open(TerminalOptions::default());
    let version = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    let written = writeln!(terminal.data(), "{version}").and_then(|()| terminal.flush());
    write_failure(written).unwrap_or(ExitCode::from(exit::DONE))
}

/// The exit code when help or the version could not be written. A closed pipe is not a failure.
fn write_failure(written: std::io::Result<()>) -> Option<ExitCode> {
    let cause = written.err().filter(|cause| cause.kind() != std::io::ErrorKind::BrokenPipe)?;
    Terminal::open(TerminalOptions::default()).error(&format!("cannot write: {cause}"));
    Some(ExitCode::from(exit::FAILED))
}

/// The failure of a `forward` whose destination has no flag. clap's message would repeat it, and it may hold a secret.
fn misplaced_destination(error: &clap::Error) -> Option<Failure> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let is_forward = arguments().iter().skip(1).any(|word| word == "forward");
    (is_forward && word.contains(':')).then(|| {
        Failure::usage("unexpected argument: it is not shown, because it may hold a secret")
            .hint("give the destination with --to, such as --to webhook:URL or --to webhook:@FILE")
    })
}

/// A suggestion for a mistyped command, flag or value.
fn suggestion(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let words: Vec<_> = arguments().iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if error.kind() == ErrorKind::InvalidSubcommand {
        return args::suggest::subcommand(&words, text(ContextKind::InvalidSubcommand)?).map(str::to_owned);
    }
    if error.kind() == ErrorKind::ValueValidation && text(ContextKind::InvalidValue) == Some("all") {
        return text(ContextKind::InvalidArg)
            .filter(|flag| flag.starts_with("--limit"))
            .map(|_| "--all".to_owned());
    }
    let word = text(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let tree = cli::tree();
    let command = words.iter().position(|word| tree.find_subcommand(word).is_some())?;
    args::suggest::suggestion(&words[command], word, &words[command + 1..])
}

/// Answers a shell's completion request. The command line to complete follows `--`.
fn complete(shell: &str, environment: Environment) -> ExitCode {
    let mut words: Vec<_> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    // The word to complete stays the last. bash splits words at `=` and `:`, which would hide where a value ends.
    if !words.iter().any(|word| word == "=" || word == ":") {
        let last = words.pop();
        words = args::connection::behind_command(words);
        words.extend(last);
    }
    // A message would appear in the middle of the user's command line.
    let context = Context::new(environment, TerminalOptions { quiet: true, ..TerminalOptions::default() });
    let answer = commands::complete::answer(shell, words, cli::tree(), context);
    let mut terminal = Terminal::open(TerminalOptions::default());
    drop(terminal.data().write_all(&answer).and_then(|()| terminal.flush()));
    ExitCode::SUCCESS
}

/// The selected profile, for commands that use one.
fn settings(cli: &Cli, environment: &Environment) -> Result<SelectedProfile, Failure> {
    match cli.command.as_ref().filter(|command| command.has_profile()) {
        None => Ok(SelectedProfile::default()),
        Some(command) => {
            Ok(SelectedProfile::read(environment, cli.profile.as_deref(), command.creates_profile())?)
        }
    }
}

/// The async runtime of a command and its signal handling. A server handles signals itself.
struct Runtime {
    tokio: tokio::runtime::Runtime,
    signals: Option<Signals>,
    /// Whether the command runs until it is interrupted: then an interruption is a normal end.
    is_endless: bool,
    json_errors: bool,
}

impl Runtime {
    fn start(cli: &Cli, context: &Context, json_errors: bool) -> Result<Self, Failure> {
        let cannot_start = |error| Failure::new(exit::FAILED, format!("cannot start: {error}"));
        let is_server = cli.command.as_ref().is_some_and(cli::Command::is_server);
        let mut builder = match is_server {
            true => tokio::runtime::Builder::new_multi_thread(),
            false => tokio::runtime::Builder::new_current_thread(),
        };
        let tokio = builder.enable_all().build().map_err(cannot_start)?;
        // Before any prompt or change: an unhandled signal would end the process at any point.
        let handles_signals = cli.command.as_ref().is_some_and(cli::Command::handles_signals);
        let signals = (!handles_signals).then(|| {
            let hint = context.resume_hint.clone();
            Signals::listen(context.terminal.ctrl_c().clone(), move |ending| {
                let failure = interrupted(ending, &hint);
                let hints: String = failure.hints.iter().map(|hint| format!("  hint: {hint}\n")).collect();
                let json = json_errors.then(|| as_json(&failure) + "\n");
                format!("error: {}\n{hints}{}", failure.message, json.unwrap_or_default())
            })
        });
        let signals = signals.transpose().map_err(cannot_start)?;
        let is_endless = cli.command.as_ref().is_some_and(cli::Command::is_endless);
        Ok(Self { tokio, signals, is_endless, json_errors })
    }

    /// Runs the command and closes what it opened, also after a failure, a signal or a panic.
    fn run(self, cli: Cli, context: &mut Context) -> Result<u8, Failure> {
        let hint = context.resume_hint.clone();
        let work = AssertUnwindSafe(|| {
            self.tokio.block_on(async {
                let Some(signals) = &self.signals else { return run(cli, context).await };
                tokio::select! {
                    biased;
                    // The command first: data that has already arrived is still written.
                    outcome = run(cli, context) => outcome,
                    ending = signals.wait() => {
                        Err(Failure { is_silent: self.is_endless, ..interrupted(ending, &hint) })
                    }
                }
            })
        });
        let mut outcome = std::panic::catch_unwind(work);
        let received = self.signals.as_ref().filter(|signals| signals.has_received());
        if let (Ok(Err(failure)), Some(signals)) = (&mut outcome, received) {
            // Report before closing the store: the process may be killed while it closes.
            report(context, failure, self.json_errors);
            failure.is_silent = true;
            signals.notify_closing();
        }
        let closed = self.tokio.block_on(context.opened.close());
        if let Some(signals) = received {
            signals.notify_leaving();
        }
        // Do not wait for work that still runs on other threads.
        self.tokio.shutdown_background();
        match outcome {
            Ok(outcome) => outcome.and_then(|code| closed.map(|()| code)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

async fn run(cli: Cli, context: &mut Context) -> Result<u8, Failure> {
    let Some(command) = cli.command else { return cli::start(context) };
    if context.demo && !command.is_client() && !command.is_server() {
        return Err(Failure::usage("--demo works only with commands that use the audit API"));
    }
    if command.is_client() && (cli.debug_http || context.appearance.verbose) {
        logs::trace_http(if cli.debug_http { LogLevel::DEBUG } else { LogLevel::INFO });
    }
    command.run(context).await
}

/// The failure of a command that a signal ended.
fn interrupted(ending: TerminationSignal, resume_hint: &ResumeHint) -> Failure {
    let message = match ending {
        TerminationSignal::Interrupt => "interrupted",
        TerminationSignal::Terminate => "interrupted by SIGTERM",
        TerminationSignal::HangUp => "interrupted by SIGHUP: the terminal was closed",
    };
    resume_hint.get().into_iter().fold(Failure::new(ending.exit_code(), message), Failure::hint)
}

/// Whether arguments that could not be parsed contain a JSON `--format`.
fn asks_for_json() -> bool {
    let words: Vec<_> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let is_json = |word: &str| Format::from_str(word, true).is_ok_and(Format::is_json);
    words.iter().any(|word| word.strip_prefix("--format=").is_some_and(is_json))
        || words.windows(2).any(|pair| pair[0] == "--format" && is_json(&pair[1]))
}

/// Converts clap's message to a failure: its sentence and tips, without the usage lines.
fn usage(text: &str) -> Failure {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let (tips, sentence): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("tip: "));
    let failure = Failure::usage(sentence.join(" ").trim_start_matches("error: "));
    tips.into_iter().fold(failure, |failure, tip| failure.hint(tip.trim_start_matches("tip: ")))
}

/// Prints a failure: the message, then the hints, then one line of JSON if the command writes JSON.
fn report(context: &mut Context, failure: &Failure, json_errors: bool) {
    if failure.is_silent {
        return;
    }
    // An embedded server has no log in which to look up the request.
    let is_remote = !context.opened.has_store();
    let terminal = &mut context.terminal;
    terminal.error(&failure.message);
    if let Some(request_id) = failure.request_id.as_ref().filter(|_| is_remote) {
        terminal.hint(&format!("look for request {request_id} in the server's log"));
    }
    for hint in &failure.hints {
        terminal.hint(hint);
    }
    if json_errors {
        terminal.show(&as_json(failure));
    }
}

fn as_json(failure: &Failure) -> String {
    let error = serde_json::json!({"error": {
        "code": failure.code, "exit": failure.exit, "message": failure.message,
        "hint": failure.hints.last(), "request_id": failure.request_id,
    }});
    error.to_string()
}
