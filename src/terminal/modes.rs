//! Saves the terminal's modes and restores them in every case.

/// Restores the saved modes when dropped.
pub(super) struct ModeGuard {
    before: Option<rustix::termios::Termios>,
}

impl ModeGuard {
    /// Saves the modes without changing them.
    pub(super) fn kept() -> Self {
        Self { before: rustix::termios::tcgetattr(std::io::stdin()).ok() }
    }
}

/// Waits until an abandoned key reader has set its modes, so that they are not set after the guard restores its own.
pub(super) fn settle() {
    use rustix::termios::{InputModes, LocalModes, tcgetattr};
    for _ in 0..50 {
        let waits = tcgetattr(std::io::stdin()).map_or(true, |modes| {
            // Raw keys, or a line without echo.
            let raw = !modes.input_modes.contains(InputModes::ICRNL);
            raw || modes.local_modes & (LocalModes::ECHO | LocalModes::ICANON) == LocalModes::ICANON
        });
        if waits {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

impl Drop for ModeGuard {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(modes) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, modes);
        }
    }
}
