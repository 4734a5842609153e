//! The modes of the terminal: kept, and given back whatever happens.
//!
//! Between two keys the library below leaves the terminal as it found it. So what is typed ahead, or held down while a
//! page loads, would be echoed into the middle of the screen, if the terminal echoed.

/// The modes as they were. Dropped, they are so again.
pub(super) struct ModeGuard {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl ModeGuard {
    /// Changes nothing.
    pub(super) fn kept() -> Self {
        Self { before: rustix::termios::tcgetattr(std::io::stdin()).ok() }
    }

    /// Echoes nothing, and hands keys over one by one. Ctrl-C stays a signal.
    pub(super) fn without_echo() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcsetattr};
        let kept = Self::kept();
        // Where they cannot be set, keys that are typed too early are seen; no more than that.
        if let Some(mut modes) = kept.before.clone() {
            modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &modes);
        }
        kept
    }
}

/// A reader of keys that nobody waits for any more is somewhere on its way to wait for a key, for which it sets the
/// modes. Waits until it has, so that those set behind this are the last.
#[cfg(unix)]
pub(super) fn settle() {
    use rustix::termios::{InputModes, LocalModes, tcgetattr};
    for _ in 0..50 {
        let waits = tcgetattr(std::io::stdin()).map_or(true, |modes| {
            // Keys one by one, as they are; or a line that is not shown.
            let raw = !modes.input_modes.contains(InputModes::ICRNL);
            raw || modes.local_modes & (LocalModes::ECHO | LocalModes::ICANON) == LocalModes::ICANON
        });
        if waits {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[cfg(not(unix))]
pub(super) const fn settle() {}

#[cfg(unix)]
impl Drop for ModeGuard {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(modes) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, modes);
        }
    }
}

/// Elsewhere the console has no such modes.
#[cfg(not(unix))]
impl ModeGuard {
    pub(super) const fn kept() -> Self {
        Self {}
    }

    pub(super) const fn without_echo() -> Self {
        Self {}
    }
}
