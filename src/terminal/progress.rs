//! Progress on stderr, on terminals only: count, rate and remaining time.

use std::fmt::Write;
use std::time::Duration;

use indicatif::style::ProgressTracker;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::render::filter_summary::grouped;
use crate::terminal::Terminal;

/// The redraw interval, also without changes.
const REDRAW: Duration = Duration::from_millis(100);
/// Work shorter than this shows no spinner.
const PATIENCE: Duration = Duration::from_millis(80);

/// A growing count; hidden without a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts to count. `what` is the verb, such as `exported`.
    pub(crate) fn start(terminal: &Terminal, what: &str) -> Self {
        let progress = Self::drawn(terminal.shows_progress(), what);
        progress.style("{spinner} {msg} {done}, {rate}/s");
        progress
    }

    fn drawn(is_watched: bool, what: &str) -> Self {
        if !is_watched {
            return Self(ProgressBar::hidden());
        }
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let progress = Self(ProgressBar::with_draw_target(None, target).with_message(what.to_owned()));
        progress.0.enable_steady_tick(REDRAW);
        progress
    }

    /// Sets the exact or estimated total.
    pub(crate) fn expect(&self, total: u64) {
        if self.0.length() != Some(total) {
            self.0.set_length(total);
            self.style("{spinner} {msg} {done} of {all}, {rate}/s, {eta} left");
        }
    }

    fn style(&self, template: &str) {
        let Ok(style) = ProgressStyle::with_template(template) else { return };
        let style = style.with_key("done", text_key(|state| grouped(state.pos())));
        let style = style.with_key("all", text_key(|state| grouped(state.len().unwrap_or_default())));
        self.0.set_style(style.with_key("rate", text_key(|state| format!("{:.0}", state.per_sec()))));
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.inc(more);
    }

    /// Sets the current count.
    pub(crate) fn reach(&self, count: u64) {
        self.0.set_position(count);
    }

    /// Hides the progress line while `say` prints.
    pub(crate) fn pause<T>(&self, say: impl FnOnce() -> T) -> T {
        self.0.suspend(say)
    }
}

/// A key of a progress template.
fn text_key(text: fn(&ProgressState) -> String) -> impl ProgressTracker {
    move |state: &ProgressState, out: &mut dyn Write| {
        // Writing to a string cannot fail.
        let _ = out.write_str(&text(state));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Awaits `work`, and shows a spinner with `what` if it takes noticeable time.
pub(crate) async fn with_spinner<T>(is_watched: bool, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        outcome = &mut work => return outcome,
        () = tokio::time::sleep(PATIENCE) => {}
    }
    let waiting = Progress::drawn(is_watched, what);
    waiting.style("{spinner} {msg}, {elapsed}");
    work.await
}
