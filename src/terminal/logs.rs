//! What is told line by line on stderr: the server's log, and what a command and its server say to each other.

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) use tracing_subscriber::filter::LevelFilter as LogLevel;

/// How log lines are written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Begins to log. A second call changes nothing.
#[expect(clippy::disallowed_methods, reason = "the log is one of the outlets this module owns")]
pub(crate) fn start(form: LogFormat, level: LevelFilter) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    drop(match form {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    });
}

/// Begins to tell what goes over the wire, which clients tell under the target `http`: at `INFO` each call in a line, at `DEBUG`
/// its headers as well. A server in the same process stays silent.
#[expect(clippy::disallowed_methods, reason = "the conversation is one of the outlets this module owns")]
pub(crate) fn trace_http(level: LevelFilter) {
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .with_level(false)
        .without_time()
        .with_filter(Targets::new().with_target("http", level));
    drop(tracing_subscriber::registry().with(layer).try_init());
}
