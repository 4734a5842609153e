//! Limits the log lines about requests without a valid token: anyone can send them, and would fill the disk of the log.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::server::lock::lock;

/// How many of these requests are logged in a second.
const LINES_A_SECOND: u32 = 50;

/// Counts the lines of the current second.
#[derive(Default)]
pub(super) struct UnauthenticatedLog(Mutex<Lines>);

#[derive(Default)]
struct Lines {
    since: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl UnauthenticatedLog {
    /// Whether to write a line, and then how many were left out since the last one.
    pub(super) fn next_line(&self, now: Instant) -> Option<u64> {
        let mut lines = lock(&self.0);
        if lines.since.is_none_or(|since| now.duration_since(since) >= Duration::from_secs(1)) {
            lines.since = Some(now);
            lines.written = 0;
        }
        if lines.written == LINES_A_SECOND {
            lines.left_out += 1;
            return None;
        }
        lines.written += 1;
        Some(std::mem::take(&mut lines.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_few_lines_and_the_next_one_counts_the_rest() {
        let (log, begun) = (UnauthenticatedLog::default(), Instant::now());
        let lines = (0..10_000).filter_map(|_| log.next_line(begun)).collect::<Vec<_>>();
        assert_eq!(lines, [0; LINES_A_SECOND as usize]);
        let later = begun + Duration::from_secs(1);
        assert_eq!(log.next_line(later), Some(10_000 - u64::from(LINES_A_SECOND)));
        assert_eq!(log.next_line(later), Some(0));
    }
}
