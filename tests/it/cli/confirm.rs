//! Confirmation of a prune on a real terminal: the user types the number of entries.

use super::acme::{self, SERVER};
use crate::support::pty::{CTRL_C, ENTER, ESC, Terminal};
use crate::support::sandbox::Sandbox;

const QUESTION: &str = "Type 12 to delete them permanently";

fn asked(sandbox: &Sandbox) -> Terminal {
    let command = sandbox.command(&[&["prune", "--max-delete", "100%"][..], &SERVER].concat());
    let mut terminal = Terminal::start(&command, 40, 100);
    terminal.wait_for(QUESTION);
    assert!(terminal.screen().contains("12 of 12 go (100 %)"), "{}", terminal.screen());
    terminal
}

/// Types one key after another, and waits until each is shown. dialoguer takes the terminal for each key anew: in between,
/// the terminal would echo what is typed.
fn type_keys(terminal: &mut Terminal, keys: &[(&str, &str)]) {
    for (key, shown) in keys {
        terminal.wait_hidden().type_in(key);
        let line = format!("{QUESTION}: {shown}");
        terminal.wait_until(&line, |terminal| terminal.screen().lines().any(|it| it.trim_end() == line));
    }
}

fn count(sandbox: &Sandbox) -> usize {
    acme::run(sandbox, &["list", "--columns", "id"]).ended(0).out().lines().count()
}

#[test]
fn only_the_number_of_entries_confirms() {
    let sandbox = acme::sandbox();
    for keys in ["y", "", "11", "12a", "13\u{8}", "\u{1b}[A12\u{1b}[D\u{8}", &"x".repeat(5000)] {
        let mut terminal = asked(&sandbox);
        terminal.type_in(&format!("{keys}{ENTER}"));
        assert_eq!(terminal.end(), 6, "{keys:?} {}", terminal.screen());
        assert!(terminal.screen().contains("not confirmed: nothing was deleted"), "{}", terminal.screen());
        assert_eq!(count(&sandbox), 12);
    }
    let mut terminal = asked(&sandbox);
    // Input is shown and can be corrected.
    type_keys(&mut terminal, &[("1", "1"), ("3", "13"), ("\u{8}", "1"), ("2", "12")]);
    terminal.wait_hidden().type_in(ENTER);
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
    assert!(terminal.screen().contains("12 entries deleted, recorded as prune 1"), "{}", terminal.screen());
    assert!(terminal.is_as_before() && terminal.shows_cursor());
    assert_eq!(count(&sandbox), 0);
}

#[test]
fn esc_ends_the_question_and_deletes_nothing() {
    let sandbox = acme::sandbox();
    let mut terminal = asked(&sandbox);
    type_keys(&mut terminal, &[("9", "9")]);
    // Ctrl-U clears the line.
    terminal.wait_hidden().type_in("\u{15}");
    type_keys(&mut terminal, &[("1", "1"), ("2", "12")]);
    terminal.wait_hidden().type_in(ESC);
    assert_eq!(terminal.end(), 6, "{}", terminal.screen());
    let screen = terminal.screen();
    assert!(screen.lines().any(|line| line == "error: not confirmed: nothing was deleted"), "{screen}");
    assert!(terminal.is_as_before() && terminal.shows_cursor());
    assert_eq!(count(&sandbox), 12);
}

#[test]
fn control_c_deletes_nothing_and_restores_the_terminal() {
    let sandbox = acme::sandbox();
    let mut terminal = asked(&sandbox);
    type_keys(&mut terminal, &[("1", "1"), ("2", "12")]);
    terminal.wait_hidden().type_in(CTRL_C);
    assert_eq!(terminal.end(), 130, "{}", terminal.screen());
    let screen = terminal.screen();
    assert!(
        screen.lines().any(|line| line.starts_with("error: interrupted")),
        "on a line of its own: {screen}"
    );
    assert!(terminal.is_as_before() && terminal.shows_cursor());
    assert_eq!(count(&sandbox), 12);
}

#[test]
fn a_terminal_gets_a_coloured_table_of_its_width() {
    let sandbox = acme::sandbox();
    let mut terminal = Terminal::start(&sandbox.command(&[&["list"][..], &SERVER].concat()), 40, 100);
    assert_eq!(terminal.end(), 0);
    let shown = terminal.written();
    assert!(shown.contains("\u{1b}[31m") && shown.contains("\u{1b}[32m"), "{shown:?}");
    // On a slow machine a spinner is drawn and erased before the table, so that only the screen tells its width.
    assert!(!terminal.has_wrapped_rows(), "{}", terminal.screen());
    assert!(terminal.screen().contains("12 of 12, newest first"), "{}", terminal.screen());
}
