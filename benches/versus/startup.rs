//! Measures start-up: milliseconds more than `true`.

use std::process::Command;

use crate::process::{product, run};
use crate::report::{Bar, Outcome, by_turns};

pub(crate) fn outcomes() -> Vec<Outcome> {
    let more = |what: &str, bar_ms: f64, arguments: &[&str]| {
        let ours = || run(product().args(arguments));
        let theirs = || run(&mut Command::new("true"));
        let (ours, theirs) = by_turns(51, &ours, &theirs);
        let ratio = (ours.wall_s - theirs.wall_s) * 1000.0;
        Outcome {
            what: format!("{what}, milliseconds more than true"),
            bar: Bar::AtMost(bar_ms),
            ratio,
            ours,
            theirs,
        }
    };
    vec![more("--version", 5.0, &["--version"]), more("--demo list", 100.0, &["--demo", "list"])]
}
