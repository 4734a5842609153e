//! `browse` on a real terminal: that keys arrive, that the screen is given back, and the command it prints at the end.

use std::process::Command;

use super::acme::{self, SERVER};
use super::demo_log;
use crate::support::pty::{CTRL_C, DOWN, ENTER, ESC, Terminal, UP};
use crate::support::sandbox::Sandbox;

/// Ctrl-Z.
const CTRL_Z: &str = "\u{1a}";

fn browse(sandbox: &Sandbox, args: &[&str], rows: u16, columns: u16) -> Terminal {
    let command = sandbox.command(&[&["browse"], args, &SERVER].concat());
    let mut terminal = Terminal::start(&command, rows, columns);
    terminal.wait_for("newest first");
    terminal
}

/// The selected row of the list.
fn pointed(terminal: &Terminal) -> String {
    let screen = terminal.screen();
    let row = screen.lines().find_map(|line| line.strip_prefix('>')).unwrap_or_default();
    row.to_owned()
}

/// Runs a line in a shell that finds the binary, and gives the ids it prints.
fn ids(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_krosyn-audit")).parent().unwrap();
    let ours = sandbox.command(&[]);
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{line} --columns id")]).current_dir(ours.get_current_dir().unwrap());
    shell.env_clear().envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn is_given_back(terminal: &Terminal) -> bool {
    let written = terminal.written();
    let mouse = written.rfind("\u{1b}[?1000l") > written.rfind("\u{1b}[?1000h");
    terminal.shows_cursor() && terminal.is_as_before() && !terminal.is_taken() && mouse
}

/// Leaves from the list, and gives the command that was printed.
fn leave(terminal: &mut Terminal) -> String {
    terminal.type_in("q");
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
    assert!(is_given_back(terminal), "{:?}", terminal.written());
    let written = terminal.written();
    let last = written.trim_end().lines().last().unwrap_or_default();
    let command = last.rfind("krosyn-audit list").map(|start| &last[start..]);
    command.unwrap_or_else(|| panic!("no command: {written}")).to_owned()
}

#[test]
fn typed_filters_lead_to_the_user_who_disabled_a_connector() {
    let sandbox = demo_log::sandbox();
    for (rows, columns) in [(24, 80), (50, 140)] {
        let mut terminal = browse(&sandbox, &[], rows, columns);
        terminal
            .press("f", "filters:")
            .type_in(&format!("salesforce{DOWN}{DOWN}connector{DOWN}{DOWN}status"));
        terminal.wait_for("type connector · field status · text salesforce");
        terminal.type_in(ENTER);
        terminal.wait_without("filters:").wait_for("ana.ruiz@");
        terminal.press(ENTER, "q back").wait_for("~ status").wait_for("disabled").wait_for("Ana Ruiz");
        terminal.press(ESC, "q quit");
        let command = leave(&mut terminal);
        assert!(
            command.starts_with("krosyn-audit list --model-type connector --field status --grep salesforce"),
            "{command}"
        );
        let expected = acme::run(
            &sandbox,
            &["list", "--all", "-t", "connector", "-g", "salesforce", "--field", "status", "--columns", "id"],
        );
        let found = ids(&sandbox, &command);
        assert_eq!(found, expected.out().lines().collect::<Vec<_>>());
        assert!(!found.is_empty());
    }
}

#[test]
fn the_whole_demo_scrolls_to_both_ends() {
    let sandbox = demo_log::sandbox();
    let mut terminal = browse(&sandbox, &[], 24, 80);
    terminal.press("G", "1 301 of 1 301");
    let ids = acme::run(&sandbox, &["list", "--all", "--reverse", "--columns", "id"]);
    let oldest = ids.out().lines().next().unwrap().to_owned();
    assert!(pointed(&terminal).split_whitespace().any(|word| word == oldest), "{}", terminal.screen());
    terminal.press(&"\u{1b}[5~".repeat(10), "1 201 of 1 301").press("g", "1 of 1 301");
    assert_eq!(leave(&mut terminal), "krosyn-audit list --all --server sqlite:audit.db");
}

#[test]
fn an_entry_leads_to_blame_history_and_state() {
    let sandbox = acme::sandbox();
    let mut terminal = browse(&sandbox, &["--resource", "connector/42"], 40, 100);
    terminal.press("b", "Blame of connector/42").wait_for("krosyn-audit blame connector/42 --server");
    terminal.press("q", "newest first").press("=", "State of connector/42").wait_for("\"state\"");
    terminal.press("q", "newest first").press("h", "History").wait_for("+ created");
    terminal.press("q", "newest first").press("R", "nothing was changed");
    terminal.press("q", "newest first");
    assert_eq!(leave(&mut terminal), "krosyn-audit list --resource connector/42 --server sqlite:audit.db");
}

#[test]
fn the_listed_entries_can_be_exported_and_one_copied() {
    let sandbox = acme::sandbox();
    let mut terminal = browse(&sandbox, &["-t", "secret"], 24, 80);
    terminal.press("y", "copy: t text").press("j", "copied the JSON of entry");
    let copied = terminal.written();
    let copied = copied.rsplit("\u{1b}]52;c;").next().unwrap().split('\u{7}').next().unwrap();
    use base64::Engine as _;
    let copied = base64::engine::general_purpose::STANDARD.decode(copied).unwrap();
    let first = ids(&sandbox, "krosyn-audit list -t secret --server sqlite:audit.db").remove(0);
    let listed = acme::run(&sandbox, &["show", &first, "--format", "jsonl"]);
    assert_eq!(String::from_utf8(copied).unwrap().trim(), listed.out().trim());
    terminal.press("e", "Export 2 entries").type_in(&format!("mine.jsonl{ENTER}"));
    terminal.wait_for("2 entries written to mine.jsonl");
    assert_eq!(sandbox.text("mine.jsonl").lines().count(), 2);
    terminal.press("m", "1 marked").press("e", "Export 1 entry marked");
    terminal.type_in(&format!("marked.csv{ENTER}"));
    terminal.wait_for("1 entry written to marked.csv");
    assert_eq!(sandbox.text("marked.csv").lines().count(), 2);
    // A file that is there is not replaced, and no reason to leave.
    terminal.press("Me", "Export 2 entries").type_in(&format!("mine.jsonl{ENTER}"));
    terminal.wait_for("mine.jsonl already exists");
    leave(&mut terminal);
}

#[test]
fn the_printed_command_selects_the_same_rows() {
    let sandbox = acme::sandbox();
    for args in [
        &["-u", "Ana Ruiz", "-a", "!created"][..],
        &["-g", "!\u{1b}]0;owned\u{7}", "-t", "connector"],
        &["-u", "李雷,diana", "--since", "2021-03-02", "--until", "id:10"],
        &["--resource", "connector/43,member/11", "--via", "!web", "--field", "!name"],
        &["--request-id", "!a\\,b"],
    ] {
        let mut terminal = browse(&sandbox, args, 24, 80);
        let command = leave(&mut terminal);
        let expected = acme::run(&sandbox, &[&["list", "--columns", "id"], args].concat()).ended(0);
        assert_eq!(ids(&sandbox, &command), expected.out().lines().collect::<Vec<_>>(), "{command}");
    }
}

#[test]
fn resizing_stray_keys_and_suspending_do_no_harm() {
    let sandbox = demo_log::sandbox();
    let mut terminal = browse(&sandbox, &[], 24, 80);
    terminal.type_in(&DOWN.repeat(150));
    terminal.wait_for("151 of 1 301");
    // Narrower, lower, wider: the screen is redrawn without a key.
    for (rows, columns) in [(12, 40), (50, 140), (6, 20), (24, 80)] {
        terminal.resize(rows, columns);
        terminal.wait_until("a screen of that size", |terminal| {
            let screen = terminal.screen();
            let widest = screen.lines().map(console::measure_text_width).max().unwrap_or(0);
            widest <= usize::from(columns)
                && screen.lines().filter(|line| line.starts_with('>')).count() == 1
                && screen.lines().count() == usize::from(rows)
        });
    }
    terminal.type_in(&UP.repeat(160));
    terminal.wait_for("  1 of 1 301");
    terminal.press("/", "/");
    terminal.type_in("\u{0}\u{1}\u{7f}/\u{202e}日本\u{9b}\u{1b}[<35;1;1M\u{1b}[1;5A zzz");
    terminal.wait_for("zzz");
    assert!(!terminal.screen().contains('\u{202e}'), "{}", terminal.screen());
    // No shell watches this process: it goes on at once, and takes the screen again.
    let taken = |terminal: &Terminal| terminal.written().matches("\u{1b}[?1049h").count();
    let before = taken(&terminal);
    terminal.type_in(CTRL_Z);
    terminal.wait_until("the screen again", |terminal| taken(terminal) > before).wait_for("zzz");
    terminal.type_in(CTRL_C);
    assert_eq!(terminal.end(), 130);
    assert!(is_given_back(&terminal), "{:?}", terminal.written());
}

#[test]
fn hostile_names_are_shown_and_not_interpreted() {
    let sandbox = acme::sandbox();
    let mut terminal = browse(&sandbox, &["--resource", "connector/43"], 24, 160);
    terminal.wait_for("␛]0;owned␇").press("G", "3 of 3").press(ENTER, "q back").wait_for("␛]0;owned␇");
    let written = terminal.written();
    assert!(!written.contains("\u{1b}]0;"), "{written:?}");
    terminal.press(ESC, "q quit");
    leave(&mut terminal);
}

/// The server ends while its entries are browsed: the reason is shown, and the browser stays.
#[test]
fn a_lost_server_is_named_and_asked_again() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let command = sandbox.command(&["browse", "--server", server.url(), "--token-file", "admin.token"]);
    let mut terminal = Terminal::start(&command, 24, 100);
    terminal.wait_for("0 entries, newest first");
    drop(server);
    terminal.press("r", "cannot reach").wait_for("r retries").press("?", "Keys").press("q", "newest first");
    terminal.type_in("q");
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
}
