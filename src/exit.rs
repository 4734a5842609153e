//! Exit codes: an interface for scripts, one constant and one sentence each.

/// Done, also when nothing matched.
pub const DONE: u8 = 0;
/// Failed.
pub const FAILED: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// Partly done; running the same command again goes on.
pub const PARTIAL: u8 = 3;
/// Not signed in, or not allowed.
pub const NOT_ALLOWED: u8 = 4;
/// What was asked for is not there.
pub const NOT_FOUND: u8 = 5;
/// Refused by a guard; nothing was done.
pub const REFUSED: u8 = 6;
/// An integrity check failed.
pub const INTEGRITY: u8 = 7;
/// Locked by another.
pub const LOCKED: u8 = 8;
/// The server cannot be reached.
pub const UNREACHABLE: u8 = 9;
/// Something matched, and `--exit-code` asked to be told.
pub const MATCHED: u8 = 10;
/// The terminal went away.
pub const HUNG_UP: u8 = 129;
/// Interrupted by the user.
pub const INTERRUPTED: u8 = 130;
/// Ended by SIGTERM.
pub const TERMINATED: u8 = 143;

/// Whether this is the end of a command that a signal stopped.
#[must_use]
pub const fn is_interruption(code: u8) -> bool {
    matches!(code, HUNG_UP | INTERRUPTED | TERMINATED)
}
