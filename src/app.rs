//! From the process's arguments to its exit code: parse, set up, run, report.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use chrono_tz::Tz;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args;
use crate::args::output::AppearanceArgs;
use crate::cli::{self, Cli};
use crate::clock::Clock;
use crate::commands::{self, Context, Opened};
use crate::config::env::Environment;
use crate::config::{Origin, SelectedProfile};
use crate::error::Failure;
use crate::exit;
use crate::model::time::TimeContext;
use crate::terminal::logs::{self, LogLevel};
use crate::terminal::signals::{ResumeHint, Signals, TerminationSignal};
use crate::terminal::{Terminal, TerminalOptions};

/// Runs the programme.
#[must_use]
pub fn main() -> ExitCode {
    let environment = Environment::read();
    if let Some(shell) = &environment.complete {
        return complete(&shell.clone(), environment);
    }
    let words = words();
    // Scripts ask for the version before anything else, and it takes no tree of commands to answer.
    if let [_, word] = &words[..]
        && (word == "--version" || word == "-V")
    {
        return version();
    }
    let parsed = Cli::command().try_get_matches_from(words).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok((cli, matches))
    });
    let (mut cli, matches) = match parsed {
        Ok(parsed) => parsed,
        // Help and version go to stdout, errors to stderr; clap knows which, and a closed pipe is no failure.
        Err(error) => {
            if let Some(failed) = unwritten(error.print()) {
                return failed;
            }
            let (mut terminal, meant) = (Terminal::open(TerminalOptions::default()), meant(&error));
            meant.iter().for_each(|hint| terminal.hint(hint));
            if error.use_stderr() && asks_for_json() {
                let failure = meant.into_iter().fold(usage(&error.to_string()), Failure::hint);
                terminal.show(&as_json(&failure));
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE));
        }
    };
    let to_program = cli.command.as_ref().is_some_and(cli::Command::is_json);
    let settings = settings(&cli, &environment);
    let (settings, unsettled) = match settings {
        Ok(settings) => (settings, None),
        // What cannot be read is told in the look that holds without it.
        Err(failure) => (SelectedProfile::default(), Some(failure)),
    };
    let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let settled = cli.appearance.resolve(typed, &environment, &settings);
    let manners = TerminalOptions {
        colour: cli.appearance.color,
        no_colour: environment.no_color,
        force_colour: environment.force_color,
        dumb: environment.dumb,
        quiet: cli.appearance.quiet,
        unattended: environment.ci,
        ascii: cli.appearance.ascii,
    };
    let clock = Clock::System;
    let time = TimeContext { now: clock.now(), zone: cli.appearance.tz.unwrap_or(Tz::UTC) };
    let mut context = Context {
        terminal: Terminal::open(manners),
        environment,
        clock,
        time,
        settings,
        appearance: cli.appearance.clone(),
        settled,
        demo: cli.demo,
        is_remote: false,
        if_interrupted: ResumeHint::default(),
        ends_by_interruption: false,
        opened: Opened::default(),
    };
    if let Some(warning) = unknown_zone(&cli, &context) {
        context.terminal.warn(&warning);
    }
    let outcome = match unsettled {
        Some(failure) => Err(failure),
        None => Runtime::start(&cli, &context, to_program).and_then(|runtime| runtime.run(cli, &mut context)),
    };
    let is_told = matches!(&outcome, Err(failure) if failure.is_told);
    // Also what a command that failed has written; and a pager is left before anything else is said.
    let flushed = if is_told { Ok(()) } else { context.terminal.flush() };
    let outcome = outcome.and_then(|code| Ok(flushed.map(|()| code)?));
    ExitCode::from(match outcome {
        Ok(code) => code,
        Err(failure) if failure.closed_pipe => exit::DONE,
        Err(failure) => {
            if !failure.is_told {
                report(&mut context, &failure, to_program);
            }
            failure.exit
        }
    })
}

/// What is said of a `TZ` that names no zone, where nothing else names one.
fn unknown_zone(cli: &Cli, context: &Context) -> Option<String> {
    let shows_times = cli.command.as_ref().is_some_and(cli::Command::has_profile);
    let tz = context.environment.unknown_zone.as_ref().filter(|_| shows_times)?;
    let zone = context.settled.iter().find(|it| it.key == "tz" && it.origin == Origin::Default)?;
    Some(format!(
        "TZ={tz} is not the name of a time zone: {} is used; name one such as Europe/Madrid, by TZ or --tz",
        zone.value
    ))
}

/// The process's arguments; `help COMMAND` is `COMMAND --help`.
fn words() -> Vec<OsString> {
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

fn version() -> ExitCode {
    let mut terminal = Terminal::open(TerminalOptions::default());
    let version = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
    let written = writeln!(terminal.data(), "{version}").and_then(|()| terminal.flush());
    unwritten(written).unwrap_or(ExitCode::from(exit::DONE))
}

/// How it ends when help or a version could not be written; a reader that went away is no failure.
fn unwritten(written: std::io::Result<()>) -> Option<ExitCode> {
    let cause = written.err().filter(|cause| cause.kind() != std::io::ErrorKind::BrokenPipe)?;
    Terminal::open(TerminalOptions::default()).error(&format!("cannot write: {cause}"));
    Some(ExitCode::from(exit::FAILED))
}

/// What was likely meant where a word stands that is not expected.
fn meant(error: &clap::Error) -> Option<String> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let words: Vec<_> = words().iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let tree = Cli::command();
    let command = words.iter().position(|word| tree.find_subcommand(word).is_some())?;
    args::suggest::suggestion(&words[command], word, &words[command + 1..])
}

/// Answers a shell that completes a command line, which stands behind `--`.
fn complete(shell: &str, environment: Environment) -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let clock = Clock::System;
    let context = Context {
        // Whatever is said would stand in the middle of somebody's command line.
        terminal: Terminal::open(TerminalOptions { quiet: true, ..TerminalOptions::default() }),
        environment,
        time: TimeContext { now: clock.now(), zone: Tz::UTC },
        clock,
        settings: SelectedProfile::default(),
        appearance: AppearanceArgs::default(),
        settled: Vec::new(),
        demo: false,
        is_remote: false,
        if_interrupted: ResumeHint::default(),
        ends_by_interruption: false,
        opened: Opened::default(),
    };
    let answer = commands::complete::answer(shell, words, Cli::command(), context);
    let mut terminal = Terminal::open(TerminalOptions::default());
    drop(terminal.data().write_all(&answer).and_then(|()| terminal.flush()));
    ExitCode::SUCCESS
}

/// The profile that is meant, for commands that heed one.
fn settings(cli: &Cli, environment: &Environment) -> Result<SelectedProfile, Failure> {
    match cli.command.as_ref().filter(|command| command.has_profile()) {
        None => Ok(SelectedProfile::default()),
        Some(command) => {
            Ok(SelectedProfile::read(environment, cli.profile.as_deref(), command.makes_profile())?)
        }
    }
}

/// What a command runs on, and what hears the signals that end it. A server hears its own.
struct Runtime {
    tokio: tokio::runtime::Runtime,
    signals: Option<Signals>,
    to_program: bool,
}

impl Runtime {
    fn start(cli: &Cli, context: &Context, to_program: bool) -> Result<Self, Failure> {
        let cannot_start = |error| Failure::new(exit::FAILED, format!("cannot start: {error}"));
        let is_server = cli.command.as_ref().is_some_and(cli::Command::is_server);
        let mut builder = match is_server {
            true => tokio::runtime::Builder::new_multi_thread(),
            false => tokio::runtime::Builder::new_current_thread(),
        };
        let tokio = builder.enable_all().build().map_err(cannot_start)?;
        // Listened for before anything is asked or changed: unheard, they end the process where it stands.
        let signals = (!is_server).then(|| {
            let hint = context.if_interrupted.clone();
            Signals::listen(context.terminal.ctrl_c().clone(), move |ending| {
                let failure = hint.get().into_iter().fold(interrupted(ending), Failure::hint);
                let hints: String = failure.hints.iter().map(|hint| format!("  hint: {hint}\n")).collect();
                let json = to_program.then(|| as_json(&failure) + "\n");
                format!("error: {}\n{hints}{}", failure.message, json.unwrap_or_default())
            })
        });
        Ok(Self { tokio, signals: signals.transpose().map_err(cannot_start)?, to_program })
    }

    /// Runs the command. However it ends, by success, failure, a signal or a panic, what it opened is closed.
    fn run(self, cli: Cli, context: &mut Context) -> Result<u8, Failure> {
        let Self { tokio, signals, to_program } = self;
        let work = AssertUnwindSafe(|| tokio.block_on(run_until(signals.as_ref(), cli, context)));
        let outcome = std::panic::catch_unwind(work);
        let heard = signals.as_ref().filter(|signals| signals.has_received());
        let outcome = outcome.map(|outcome| {
            outcome.map_err(|failure| match context.if_interrupted.get() {
                Some(hint) if exit::is_interruption(failure.exit) => failure.hint(hint),
                _ => failure,
            })
        });
        let outcome = match (outcome, heard) {
            (Ok(Err(failure)), Some(signals)) => {
                // Said before the store is closed, which may take longer than the rest of this process's time.
                report(context, &failure, to_program);
                signals.notify_closing();
                Ok(Err(Failure { is_told: true, ..failure }))
            }
            (outcome, _) => outcome,
        };
        let closed = tokio.block_on(context.opened.close());
        if let Some(signals) = heard {
            signals.notify_leaving();
        }
        // Whatever still runs on a thread of its own is not waited for.
        tokio.shutdown_background();
        match outcome {
            Ok(outcome) => outcome.and_then(|code| closed.map(|()| code)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

async fn run_until(signals: Option<&Signals>, cli: Cli, context: &mut Context) -> Result<u8, Failure> {
    let Some(signals) = signals else { return run(cli, context).await };
    tokio::select! {
        biased;
        // First the command: what has arrived for it when it is interrupted is still written.
        outcome = run(cli, context) => outcome,
        ending = signals.wait() => Err(interrupted(ending)),
    }
}

async fn run(cli: Cli, context: &mut Context) -> Result<u8, Failure> {
    let Some(command) = cli.command else { return cli::start(context) };
    if context.demo && !command.talks() {
        return Err(Failure::usage(
            "--demo has no meaning here: it is for commands that talk to an audit API",
        ));
    }
    if command.talks() && (cli.debug_http || context.appearance.verbose) {
        logs::trace_http(if cli.debug_http { LogLevel::DEBUG } else { LogLevel::INFO });
    }
    command.run(context).await
}

/// The end of a command that a signal stopped.
fn interrupted(ending: TerminationSignal) -> Failure {
    let message = match ending {
        TerminationSignal::Interrupt => "interrupted",
        TerminationSignal::Terminate => "interrupted by SIGTERM",
        TerminationSignal::HangUp => "interrupted by SIGHUP: the terminal was closed",
    };
    Failure::new(ending.exit_code(), message)
}

/// Whether arguments that could not be read ask for JSON.
fn asks_for_json() -> bool {
    let words: Vec<_> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let json = |word: &str| matches!(word, "json" | "jsonl");
    words.iter().any(|word| word.strip_prefix("--format=").is_some_and(json))
        || words.windows(2).any(|pair| pair[0] == "--format" && json(&pair[1]))
}

/// What clap says of arguments, as a failure of ours: its sentence, its tips, and not how its help is reached.
fn usage(text: &str) -> Failure {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let (tips, sentence): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("tip: "));
    let failure = Failure::usage(sentence.join(" ").trim_start_matches("error: "));
    tips.into_iter().fold(failure, |failure, tip| failure.hint(tip.trim_start_matches("tip: ")))
}

/// Says what happened, then how to go on; for readers of JSON the last line is JSON.
fn report(context: &mut Context, failure: &Failure, to_program: bool) {
    if failure.closed_pipe || context.ends_by_interruption && exit::is_interruption(failure.exit) {
        return;
    }
    let terminal = &mut context.terminal;
    terminal.error(&failure.message);
    if let Some(request_id) = failure.request_id.as_ref().filter(|_| context.is_remote) {
        terminal.hint(&format!("the server's log knows this request as {request_id}"));
    }
    for hint in &failure.hints {
        terminal.hint(hint);
    }
    if to_program {
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
