//! Logging to stderr: the server's log, and the HTTP exchange of a command.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

pub(crate) use tracing_subscriber::filter::LevelFilter as LogLevel;

/// The format of log lines.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LogFormat {
    /// Text for people.
    Text,
    /// JSON lines.
    Json,
}

/// Changes the level of a running log.
#[derive(Debug, Clone)]
pub(crate) struct LogLevelControl(reload::Handle<LevelFilter, Registry>);

impl LogLevelControl {
    /// Shows lines of this level and above from now on.
    pub(crate) fn set(&self, level: LevelFilter) {
        // It fails only after the log has ended.
        self.0.reload(level).unwrap_or(());
    }
}

/// Starts the log. A second call has no effect.
#[expect(clippy::disallowed_methods, reason = "the log is one of the outlets this module owns")]
pub(crate) fn start(form: LogFormat, level: LevelFilter) -> LogLevelControl {
    let (filter, handle) = reload::Layer::new(level);
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false);
    let filtered = tracing_subscriber::registry().with(filter);
    drop(match form {
        LogFormat::Text => filtered.with(lines).try_init(),
        LogFormat::Json => filtered.with(lines.json()).try_init(),
    });
    LogLevelControl(handle)
}

/// Starts the HTTP log (target `http`): a line for each call at `INFO`, also its headers at `DEBUG`. A server in the same
/// process does not log.
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
