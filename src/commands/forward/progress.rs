//! The position up to which entries were delivered, and its cursor file. The file is never ahead of what was delivered. It is
//! saved a few times a second, and whenever there is nothing to do: a crash repeats the deliveries since.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::last_entry::LogPosition;
use crate::commands::cursor_file::OpenCursor;
use crate::terminal::Terminal;

/// The shortest time between two saves during a stream of deliveries.
const SAVE_EVERY: Duration = Duration::from_millis(250);

/// The saved position of a `forward`, and when it is written.
pub(super) struct CursorProgress {
    cursor: Option<OpenCursor>,
    position: LogPosition,
    /// The position before the last delivery.
    before_last: LogPosition,
    /// The first entry that only `--until` has left out: the cursor stays before it.
    left_out: Option<u64>,
    saved: Option<LogPosition>,
    saved_at: Instant,
    is_failing: bool,
}

impl CursorProgress {
    pub(super) fn new(cursor: Option<OpenCursor>, position: LogPosition) -> Self {
        Self {
            cursor,
            position,
            before_last: position,
            left_out: None,
            saved: None,
            saved_at: Instant::now(),
            is_failing: false,
        }
    }

    pub(super) const fn position(&self) -> LogPosition {
        self.position
    }

    /// Keeps the saved position before an entry that another time window may have.
    pub(super) const fn keep_before(&mut self, left_out: Option<u64>) {
        self.left_out = left_out;
    }

    /// Notes what was delivered, and saves it if the last save is long ago.
    pub(super) fn advance(&mut self, position: LogPosition, terminal: &mut Terminal) {
        self.position = position;
        if self.saved_at.elapsed() >= SAVE_EVERY {
            self.save(terminal);
        }
    }

    /// Notes that the next position is that of a delivery.
    pub(super) const fn begin_delivery(&mut self) {
        self.before_last = self.position;
    }

    /// Goes back before the last delivery, which was not used.
    pub(super) const fn take_back(&mut self) {
        self.position = self.before_last;
    }

    /// Saves the position. If that fails, a later save tries again: deliveries go on, and would be repeated after a crash.
    pub(super) fn save(&mut self, terminal: &mut Terminal) {
        let Some(cursor) = &mut self.cursor else { return };
        let position = self.position.before(self.left_out, self.saved.unwrap_or_default());
        if self.saved == Some(position) {
            return;
        }
        self.saved_at = Instant::now();
        match cursor.save(position) {
            Ok(()) => {
                self.saved = Some(position);
                if std::mem::take(&mut self.is_failing) {
                    terminal.status("the cursor file can be written again");
                }
            }
            Err(failure) if !self.is_failing => {
                self.is_failing = true;
                let message = format!("{}; entries delivered since may be delivered again", failure.message);
                terminal.warn(&message);
            }
            Err(_) => {}
        }
    }
}
