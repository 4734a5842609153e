//! Progress on stderr, on a terminal only: how many, how fast, how much longer.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::Terminal;

/// How often it is redrawn, in hertz.
const REDRAWS: u8 = 10;

/// A count that grows. Silent where nobody watches.
pub struct Progress(ProgressBar);

impl Progress {
    /// Begins to count `what`.
    #[must_use]
    pub fn start(terminal: &Terminal, what: &str) -> Self {
        if !terminal.shows_progress() {
            return Self(ProgressBar::hidden());
        }
        let progress = Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(REDRAWS)));
        progress.0.set_message(what.to_owned());
        progress.style("{msg} {human_pos}, {per_sec}");
        progress.0.tick();
        progress
    }

    /// Learns how many there will be.
    pub fn expect(&self, total: u64) {
        self.0.set_length(total);
        self.style("{msg} {human_pos} of {human_len}, {per_sec}, {eta} left");
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
    }

    /// Counts `more`.
    pub fn add(&self, more: u64) {
        self.0.inc(more);
    }

    /// Takes the line away, so that what is said next stands alone.
    pub fn pause<T>(&self, say: impl FnOnce() -> T) -> T {
        self.0.suspend(say)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
