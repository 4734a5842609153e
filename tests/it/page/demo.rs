//! `--demo serve` as a process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::support::sandbox::Sandbox;

/// The demo's server, killed when it is dropped.
pub(super) struct Demo {
    child: Child,
    pub(super) base: String,
    /// The link that it prints.
    pub(super) link: String,
}

impl Demo {
    pub(super) fn start(sandbox: &Sandbox) -> Self {
        let mut command =
            sandbox.command(&["--demo", "serve", "--listen", "127.0.0.1:0", "--log-level", "warn"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut line = |word: &str| {
            let line = lines.next().expect("a line").expect("text");
            line.strip_prefix(word).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let (base, link) = (line("listening on "), line("open "));
        Self { child, base, link }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
