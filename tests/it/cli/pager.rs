//! The pager on a real terminal: used only for output taller than the screen.

use super::acme::{self, SERVER};
use crate::support::pty::{CTRL_C, Terminal};
use crate::support::sandbox::{Sandbox, program, skipped};

/// A pager that shows where the text begins and ends, and waits for a line.
const PAGER: &str = "sh -c 'echo PAGED LESS=$LESS; cat; echo END; read line </dev/tty; echo READ'";

fn list(sandbox: &Sandbox, args: &[&str], rows: u16, pager: &str) -> Terminal {
    let mut command = sandbox.command(&[&["list"], args, &SERVER].concat());
    command.env("PAGER", pager);
    command.env("PATH", "/usr/bin:/bin");
    Terminal::start(&command, rows, 100)
}

#[test]
fn only_output_taller_than_the_screen_is_paged() {
    let sandbox = acme::sandbox();
    // A header and twelve rows: the shell's next prompt needs one more.
    for (rows, is_paged) in [(13, true), (14, false), (40, false)] {
        let mut terminal = list(&sandbox, &[], rows, PAGER);
        if is_paged {
            terminal.wait_for("END");
            // Messages about the list wait until the pager ends.
            assert!(!terminal.written().contains("12 of 12"), "{}", terminal.screen());
            terminal.type_in("\r");
        }
        assert_eq!(terminal.end(), 0, "{}", terminal.screen());
        let written = terminal.written();
        assert_eq!(written.contains("PAGED LESS=FRX"), is_paged, "{written}");
        assert!(written.contains("12 of 12, newest first"), "{written}");
        assert!(written.contains("\u{1b}[32m"), "colours live: {written:?}");
    }
}

#[test]
fn other_long_output_is_paged() {
    let sandbox = acme::sandbox();
    for args in [
        &["blame", "connector/42"][..],
        &["stats", "--by", "day"],
        &["list", "--format", "jsonl"],
        &["history", "connector/42", "-p"],
        &["history", "connector/42", "--diff", "2021-03-01 10:00", "now"],
    ] {
        let mut command = sandbox.command(&[args, &SERVER[..]].concat());
        command.env("PAGER", PAGER).env("PATH", "/usr/bin:/bin");
        let mut terminal = Terminal::start(&command, 4, 100);
        terminal.wait_for("END").type_in("\r");
        assert_eq!(terminal.end(), 0, "{args:?} {}", terminal.screen());
        assert!(terminal.written().contains("PAGED"), "{args:?}");
    }
}

#[test]
fn a_disabled_pager_is_not_started() {
    let sandbox = acme::sandbox();
    for (args, pager) in [(&["--no-pager"][..], PAGER), (&[], ""), (&[], "cat")] {
        let mut terminal = list(&sandbox, args, 5, pager);
        assert_eq!(terminal.end(), 0, "{}", terminal.screen());
        assert!(!terminal.written().contains("PAGED"), "{args:?} {pager:?} {}", terminal.written());
    }
    let mut command = sandbox.command(&[&["list"][..], &SERVER].concat());
    command.env("PAGER", PAGER).env("KROSYN_AUDIT_PAGER", "cat");
    let mut terminal = Terminal::start(&command, 5, 100);
    assert_eq!(terminal.end(), 0);
    assert!(!terminal.written().contains("PAGED"), "our own variable goes first");
    let piped = sandbox.finish({
        let mut command = sandbox.command(&[&["list", "--format", "table"][..], &SERVER].concat());
        command.env("PAGER", PAGER).spawn().unwrap()
    });
    assert!(!piped.ended(0).out().contains("PAGED"), "a pipe is read by somebody else");
}

#[test]
fn a_missing_pager_prints_the_text() {
    let sandbox = acme::sandbox();
    let mut terminal = list(&sandbox, &[], 5, "no-such-pager -x");
    assert_eq!(terminal.end(), 0);
    let written = console::strip_ansi_codes(&terminal.written()).into_owned();
    assert!(written.contains("warning: cannot start the pager no-such-pager"), "{written}");
    assert_eq!(written.matches(" conn ").count(), 5, "{written}");
    assert!(written.contains("12 of 12"), "{written}");
}

#[test]
fn quitting_or_killing_the_pager_is_not_an_error() {
    let sandbox = super::demo_log::sandbox();
    for pager in ["head -n 1", "sh -c 'kill -9 $$'", "true"] {
        let mut terminal = list(&sandbox, &["--all"], 24, pager);
        assert_eq!(terminal.end(), 0, "{pager}: {}", terminal.written());
        assert!(!terminal.written().contains("error"), "{}", terminal.written());
        assert!(terminal.is_as_before());
    }
}

#[test]
fn control_c_in_a_pager_goes_to_the_pager() {
    let sandbox = acme::sandbox();
    let mut terminal = list(
        &sandbox,
        &[],
        5,
        "sh -c 'trap \"echo HEARD\" INT; cat; echo END; read line </dev/tty; read line </dev/tty; echo READ'",
    );
    terminal.wait_for("END");
    terminal.press(CTRL_C, "HEARD");
    terminal.press("\r\r", "READ");
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
    assert!(terminal.screen().contains("12 of 12"), "{}", terminal.screen());
}

#[test]
fn less_shows_the_list_and_restores_the_screen() {
    if program("less").is_none() {
        return skipped("the list in less", "less");
    }
    let sandbox = acme::sandbox();
    let mut command = sandbox.command(&[&["list"][..], &SERVER].concat());
    command.env("PATH", "/usr/bin:/bin");
    let mut terminal = Terminal::start(&command, 8, 100);
    terminal.wait_for("RESOURCE").wait_until("a prompt of less", |terminal| terminal.screen().ends_with(':'));
    terminal.press(" ", "(END)").type_in("q");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.screen().contains("12 of 12") && terminal.is_as_before());
}
