//! The server's log, on stderr.

use tracing_subscriber::filter::LevelFilter;

pub use tracing_subscriber::filter::LevelFilter as LogLevel;

/// How log lines are written.
#[derive(Debug, Clone, Copy)]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Begins to log. A second call changes nothing.
#[expect(clippy::disallowed_methods, reason = "the log is one of the outlets this module owns")]
pub fn start(form: LogForm, level: LevelFilter) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    drop(match form {
        LogForm::Text => builder.try_init(),
        LogForm::Json => builder.json().try_init(),
    });
}
