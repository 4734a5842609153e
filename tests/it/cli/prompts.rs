//! Every prompt on a real terminal, and its replacement where there is no terminal.

use rustix::process::Signal;

use super::acme::{self, SERVER};
use crate::support::pty::{CTRL_C, DOWN, ENTER, ESC, Terminal};
use crate::support::sandbox::Sandbox;

/// A command with a prompt, the prompt, and the exit code without a terminal.
type Asking = (&'static [&'static str], &'static str, i32, &'static str);

/// An input that ends a prompt, its exit code, and its message.
type End = (fn(&mut Terminal), i32, &'static str);

const ASKING: [Asking; 4] = [
    (&["prune", "--max-delete", "100%"], "Type 12 to delete", 6, "this is not a terminal"),
    (
        &["login", "--server", "http://127.0.0.1:9"],
        "Token for http://127.0.0.1:9",
        2,
        "this is not a terminal",
    ),
    (&["browse"], "12 entries, newest first", 2, "needs a terminal"),
    (&["show"], "Which entry", 2, "no entry given"),
];

fn args<'a>(command: &[&'a str]) -> Vec<&'a str> {
    let server = if command.contains(&"--server") { &[][..] } else { &SERVER[..] };
    [command, server].concat()
}

#[test]
fn control_c_and_signals_end_every_prompt_and_restore_the_terminal() {
    let sandbox = acme::sandbox();
    for (command, question, ..) in ASKING {
        let ends: [End; 3] = [
            (|terminal| terminal.type_in(CTRL_C), 130, "error: interrupted"),
            (|terminal| terminal.signal(Signal::TERM), 143, "error: interrupted by SIGTERM"),
            (
                |terminal| terminal.signal(Signal::HUP),
                129,
                "error: interrupted by SIGHUP: the terminal was closed",
            ),
        ];
        for (end, status, said) in ends {
            let mut terminal = Terminal::start(&sandbox.command(&args(command)), 24, 80);
            terminal.wait_for(question);
            end(&mut terminal);
            assert_eq!(terminal.end(), status, "{command:?} {}", terminal.screen());
            assert!(terminal.shows_cursor(), "{command:?} {}", terminal.screen());
            assert!(terminal.is_as_before() && !terminal.is_taken(), "{command:?}");
            let screen = terminal.screen();
            assert!(screen.lines().any(|line| line == said), "{command:?} {screen}");
        }
    }
}

#[test]
fn prompts_need_stdin_and_stderr_on_a_terminal() {
    let sandbox = acme::sandbox();
    sandbox.write("input", "12\ny\n");
    for (command, question, status, said) in ASKING {
        let plain = sandbox.command(&args(command));
        // Each leaves a terminal on the other outlets: that is not enough.
        let redirected = ["</dev/null", "<input", "<&-", "2>err", "2>&-"];
        let mut ends: Vec<_> =
            redirected.map(|words| Terminal::start_redirected(&plain, words, 24, 80)).into_iter().collect();
        for (name, value) in [("CI", "1"), ("CI", "true"), ("TERM", "dumb")] {
            ends.push(Terminal::start(sandbox.command(&args(command)).env(name, value), 24, 80));
        }
        for (number, mut terminal) in ends.into_iter().enumerate() {
            assert_eq!(terminal.end(), status, "{command:?} {number} {}", terminal.screen());
            let heard = match redirected.get(number) {
                Some(&"2>err") => sandbox.text("err"),
                Some(&"2>&-") => said.to_owned(),
                _ => terminal.written(),
            };
            assert!(heard.contains(said) && !heard.contains(question), "{command:?} {number} {heard}");
            assert!(!terminal.written().contains(question), "{command:?} {number} {}", terminal.written());
            assert!(terminal.is_as_before() && terminal.shows_cursor());
        }
    }
    assert_eq!(acme::run(&sandbox, &["list", "--columns", "id"]).out().lines().count(), 12);
}

#[test]
fn the_token_prompt_does_not_echo() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let command = sandbox.command(&["login", "--server", server.url()]);
    let mut terminal = Terminal::start(&command, 24, 80);
    terminal.wait_for("Token for").wait_hidden();
    terminal.type_in(&format!("{}{ENTER}", server.token()));
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
    assert!(terminal.screen().contains("signed in to"), "{}", terminal.screen());
    assert!(!terminal.written().contains(&server.token()), "{}", terminal.written());
    assert!(terminal.is_as_before());
    for (keys, status) in [("", 2), ("nonsense", 4)] {
        let mut terminal = Terminal::start(&command, 24, 80);
        terminal.wait_for("Token for").wait_hidden();
        terminal.type_in(&format!("{keys}{ENTER}"));
        assert_eq!(terminal.end(), status, "{}", terminal.screen());
        assert!(terminal.is_as_before() && !terminal.screen().contains("nonsense"), "{}", terminal.screen());
    }
}

#[test]
fn show_without_an_id_offers_a_menu() {
    let sandbox = acme::sandbox();
    let mut terminal = Terminal::start(&sandbox.command(&args(&["show"])), 24, 100);
    terminal.wait_for("Which entry").wait_for("12 2021-03-28");
    // Typing filters; arrows select.
    terminal.press("noor.haddad", "noor.haddad").wait_without("organization");
    terminal.type_in(DOWN);
    let is_hers = |line: &str| line.starts_with('>') && line.contains("noor.haddad");
    terminal.wait_until("a choice", |terminal| terminal.screen().lines().any(is_hers)).type_in(ENTER);
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
    assert!(terminal.screen().contains("member  noor.haddad@acme.example"), "{}", terminal.screen());
    assert!(terminal.shows_cursor() && !terminal.is_taken() && terminal.is_as_before());

    let mut terminal = Terminal::start(&sandbox.command(&args(&["show"])), 24, 80);
    terminal.wait_for("Which entry").type_in(ESC);
    assert_eq!(terminal.end(), 130);
    assert!(terminal.screen().contains("no entry was picked"), "{}", terminal.screen());
    assert!(terminal.shows_cursor() && terminal.is_as_before());
}

/// The rows of a narrow menu cut names, and never have ids: both are found, and each entry keeps one row.
#[test]
fn the_menu_finds_what_its_rows_cut() {
    let sandbox = acme::sandbox();
    for searched in ["organization/1", "Diana Prins"] {
        let mut terminal = Terminal::start(&sandbox.command(&args(&["show"])), 20, 50);
        terminal.wait_for("Which entry");
        terminal.press(searched, searched);
        let rows = |terminal: &Terminal| {
            terminal
                .screen()
                .lines()
                .skip(1)
                .filter(|row| !row.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        // Before the menu is drawn, a line may echo the typed text.
        terminal.wait_until("fewer entries, whose rows cut the text", |terminal| {
            let rows = rows(terminal);
            (1..12).contains(&rows.len()) && !rows.concat().contains(searched)
        });
        terminal.type_in(ENTER);
        assert_eq!(terminal.end(), 0, "{}", terminal.screen());
        assert!(terminal.written().contains(searched), "{}", terminal.written());
    }
}

#[test]
fn hostile_names_in_the_menu_are_shown_and_not_interpreted() {
    let sandbox = acme::sandbox();
    let mut terminal = Terminal::start(&sandbox.command(&args(&["show"])), 40, 160);
    terminal.wait_for("Which entry").wait_for("␛]0;owned␇").type_in(ESC);
    assert_eq!(terminal.end(), 130);
    assert!(!terminal.written().contains("\u{1b}]0;"), "{:?}", terminal.written());
}
