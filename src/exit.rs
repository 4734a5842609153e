//! Exit codes. Scripts depend on them, so their numbers never change.

/// Success, also when nothing matched.
pub const DONE: u8 = 0;
/// Any other failure.
pub const FAILED: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// Partly done. Run the same command again to continue.
pub const PARTIAL: u8 = 3;
/// Not signed in, or not allowed.
pub const NOT_ALLOWED: u8 = 4;
/// The requested item does not exist.
pub const NOT_FOUND: u8 = 5;
/// Refused by a safety check. Nothing was changed.
pub const REFUSED: u8 = 6;
/// An integrity check failed.
pub const INTEGRITY: u8 = 7;
/// Locked by another process.
pub const LOCKED: u8 = 8;
/// The server cannot be reached.
pub const UNREACHABLE: u8 = 9;
/// Something matched, with `--exit-code`; or the newest entry is too old, with `status --max-age`.
pub const MATCHED: u8 = 10;
/// The terminal was closed (SIGHUP).
pub const HUNG_UP: u8 = 129;
/// Interrupted by the user (SIGINT).
pub const INTERRUPTED: u8 = 130;
/// Ended by SIGTERM.
pub const TERMINATED: u8 = 143;

/// Returns whether a signal stopped the command.
#[must_use]
pub const fn is_interruption(code: u8) -> bool {
    matches!(code, HUNG_UP | INTERRUPTED | TERMINATED)
}
