//! The demo organization's log in `sqlite:audit.db`, as a platform would have recorded it.

use std::sync::LazyLock;

use krosyn_audit::clock::Clock;
use krosyn_audit::demo;

use super::acme::SERVER;
use crate::support::sandbox::{Files, Sandbox};

/// The proposals as JSON lines, secrets and all.
pub(crate) fn lines() -> String {
    let line = |proposal: &_| serde_json::to_string(proposal).unwrap() + "\n";
    demo::proposals(Clock::System.now()).iter().map(line).collect()
}

/// A sandbox that holds the log, recorded straight into the store.
pub(crate) fn sandbox() -> Sandbox {
    static FILES: LazyLock<Files> = LazyLock::new(|| {
        let sandbox = Sandbox::new();
        sandbox.run_with(&["import", "-", SERVER[0], SERVER[1]], lines().as_bytes()).ended(0);
        sandbox.files(&["audit.db"])
    });
    Sandbox::with(&FILES)
}
