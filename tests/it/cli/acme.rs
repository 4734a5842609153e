//! A small fixed log in `sqlite:audit.db`: twelve entries of March 2021 with every kind of change and hostile
//! names.

use std::sync::LazyLock;

use crate::support::sandbox::{Files, Outcome, Sandbox, Serving};

/// The flags that lead to it.
pub(crate) const SERVER: [&str; 2] = ["--server", "sqlite:audit.db"];

/// As it is imported. Ids follow the lines.
pub(crate) const LINES: &str = include_str!("acme.jsonl");

/// A sandbox that holds the log.
pub(crate) fn sandbox() -> Sandbox {
    static FILES: LazyLock<Files> = LazyLock::new(|| {
        let sandbox = Sandbox::new();
        sandbox.write("acme.jsonl", LINES);
        let imported = run(&sandbox, &["import", "acme.jsonl"]).ended(0);
        assert_eq!(imported.err(), "12 entries recorded\n");
        sandbox.files(&["audit.db"])
    });
    Sandbox::with(&FILES)
}

/// Runs a command on the log.
pub(crate) fn run(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[args, &SERVER].concat())
}

/// Records an update of connector 42 by Zoe, now.
pub(crate) fn record_update(sandbox: &Sandbox, before: &str, after: &str) {
    sandbox.write("before.json", before);
    sandbox.write("after.json", after);
    let what = ["record", "-a", "updated", "--resource", "connector/42", "-u", "Zoe"];
    run(sandbox, &[&what[..], &["--before", "before.json", "--after", "after.json"]].concat()).ended(0);
}

/// A sandbox with a server that keeps the log, and its admin token in `admin.token`.
pub(crate) fn served() -> (Sandbox, Serving) {
    let sandbox = Sandbox::new();
    let serving = sandbox.serve(&[]);
    let import = [&["import", "-"], &serving.flags()[..]].concat();
    sandbox.run_with(&import, LINES.as_bytes()).ended(0);
    (sandbox, serving)
}
