//! `browse` on a real terminal, and the command it prints at the end.

use std::process::Command;

use super::acme::{self, SERVER};
use super::demo_log;
use crate::support::pty::{CTRL_C, DOWN, ENTER, ESC, Terminal, UP};
use crate::support::sandbox::Sandbox;

fn browse(sandbox: &Sandbox, args: &[&str], rows: u16, columns: u16) -> Terminal {
    let command = sandbox.command(&[&["browse"], args, &SERVER].concat());
    let mut terminal = Terminal::start(&command, rows, columns);
    terminal.wait_for("Show entries");
    terminal
}

/// The selected row of a menu.
fn pointed(terminal: &Terminal) -> String {
    let screen = terminal.screen();
    let row = screen.lines().find_map(|line| line.strip_prefix("> ")).unwrap_or_default();
    row.to_owned()
}

/// Moves down to a row with this text, and selects it.
fn take(terminal: &mut Terminal, text: &str) {
    // A key typed before the menu is drawn would be read after it.
    terminal.wait_until("a menu", |terminal| !pointed(terminal).is_empty());
    for _ in 0..500 {
        if pointed(terminal).contains(text) {
            terminal.type_in(ENTER);
            return;
        }
        let before = pointed(terminal);
        terminal.type_in(DOWN);
        terminal.wait_until(&format!("a pointer at {text}"), |terminal| {
            !pointed(terminal).is_empty() && pointed(terminal) != before
        });
    }
    panic!("no item {text}:\n{}", terminal.screen());
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

/// Leaves from the filters, and gives the command that was printed.
fn leave(terminal: &mut Terminal) -> String {
    terminal.wait_for("Show entries").type_in(ESC);
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
    assert!(terminal.shows_cursor() && terminal.is_as_before() && !terminal.is_taken());
    let written = terminal.written();
    let last = written.trim_end().lines().last().unwrap_or_default();
    let command = last.rfind("krosyn-audit list").map(|start| &last[start..]);
    command.unwrap_or_else(|| panic!("no command: {written}")).to_owned()
}

#[test]
fn menus_lead_to_the_user_who_disabled_a_connector() {
    let sandbox = demo_log::sandbox();
    for (rows, columns) in [(24, 80), (50, 140)] {
        let mut terminal = browse(&sandbox, &[], rows, columns);
        take(&mut terminal, "Type");
        // The counts are those of the whole log.
        terminal.wait_for("[ ]").wait_for("connector");
        terminal.wait_until("a pointer at connector", |terminal| pointed(terminal).ends_with("connector"));
        terminal.press(" ", "> [x]").type_in(ENTER);
        terminal.wait_for("Type              connector");
        take(&mut terminal, "Text");
        terminal.wait_for("Text in names").type_in(&format!("salesforce{ENTER}"));
        terminal.wait_for("Text              salesforce");
        take(&mut terminal, "Field");
        terminal.wait_for("A field that changed").type_in(&format!("status{ENTER}"));
        terminal.wait_for("Field             status");
        take(&mut terminal, "Show entries");
        terminal.wait_for("newest first").wait_for("ana.ruiz@");
        terminal.press(ENTER, "status").wait_for("active → disabled").wait_for("Ana Ruiz");
        terminal.wait_until("a neighbour to step to", |terminal| {
            terminal.screen().contains("Next") || terminal.screen().contains("Previous")
        });
        terminal.press(ESC, "newest first").press(ESC, "Show entries");
        let command = leave(&mut terminal);
        assert!(
            command.starts_with("krosyn-audit list --model-type connector --field status --grep salesforce"),
            "{command}"
        );
        let found = ids(&sandbox, &command);
        let expected = acme::run(
            &sandbox,
            &["list", "--all", "-t", "connector", "-g", "salesforce", "--field", "status", "--columns", "id"],
        );
        assert_eq!(found, expected.out().lines().collect::<Vec<_>>());
        assert!(!found.is_empty());
    }
}

#[test]
fn esc_goes_back_and_keeps_the_marked_users() {
    let sandbox = demo_log::sandbox();
    let mut terminal = browse(&sandbox, &[], 24, 80);
    take(&mut terminal, "User");
    terminal.wait_for("User: _").press("nobody at all", "nothing matches").press(ESC, "Show entries");
    take(&mut terminal, "User");
    terminal.wait_for("User: _").press("terraform", "User: terraform_");
    terminal.wait_until("the one that is meant", |terminal| pointed(terminal).contains("terraform"));
    terminal.press(ENTER, "use the 1 marked").press(ESC, "Show entries");
    assert!(leave(&mut terminal).contains("--user is:terraform"), "{}", terminal.screen());
}

#[test]
fn many_users_can_be_searched_and_several_selected() {
    let sandbox = demo_log::sandbox();
    let mut terminal = browse(&sandbox, &[], 24, 80);
    take(&mut terminal, "User");
    terminal.wait_for("User: _").wait_for("any user");
    for name in ["terraform", "ana.ruiz"] {
        terminal.press(name, &format!("User: {name}_"));
        terminal.wait_until("the one that is meant", |terminal| pointed(terminal).contains(name));
        terminal.press(ENTER, "User: _").wait_for("use the");
    }
    terminal.wait_for("use the 2 marked").type_in(ENTER);
    terminal.wait_for("terraform");
    let command = leave(&mut terminal);
    let found = ids(&sandbox, &command);
    let expected = acme::run(&sandbox, &["list", "--all", "-u", "terraform,ana.ruiz", "--columns", "id"]);
    assert_eq!(found, expected.out().lines().collect::<Vec<_>>(), "{command}");
}

#[test]
fn an_entry_leads_to_neighbours_history_and_change_set() {
    let sandbox = acme::sandbox();
    let mut terminal = browse(&sandbox, &[], 40, 100);
    terminal.press(ENTER, "12 matching entries, newest first").press(ENTER, "1 of 12");
    // Enter goes on to the next, and the one after.
    terminal.wait_until("a pointer at Next", |terminal| pointed(terminal) == "Next");
    terminal.press(ENTER, "2 of 12").press(ENTER, "3 of 12");
    take(&mut terminal, "Previous");
    terminal.wait_for("2 of 12");
    take(&mut terminal, "History of this organization");
    terminal.wait_for("2 matching entries, oldest first · resource organization/1");
    terminal.press(ENTER, "1 of 2").press(ESC, "oldest first").press(ESC, "2 of 12");
    take(&mut terminal, "Show in full");
    terminal.wait_without("History of").press(ESC, "History of");
    take(&mut terminal, "Change filters");
    terminal.wait_for("Show entries");
    assert_eq!(leave(&mut terminal), "krosyn-audit list --server sqlite:audit.db");
}

#[test]
fn entries_of_a_change_set_are_grouped_and_linked() {
    let sandbox = demo_log::sandbox();
    let mut terminal =
        browse(&sandbox, &["-u", "terraform", "-t", "secret,endpoint", "--since", "3d"], 30, 120);
    terminal.press(ENTER, "newest first").wait_for("┌ ").wait_for("└ ");
    while !pointed(&terminal).starts_with('┌') {
        let before = pointed(&terminal);
        terminal.type_in(DOWN);
        terminal.wait_until("another row", |terminal| pointed(terminal) != before);
    }
    terminal.press(ENTER, "Same request (");
    take(&mut terminal, "Same request");
    terminal.wait_for("· request req_").press(ESC, "Same request (");
    terminal.type_in(CTRL_C);
    assert_eq!(terminal.end(), 130);
    assert!(terminal.shows_cursor() && terminal.is_as_before() && !terminal.is_taken());
}

#[test]
fn the_listed_entries_can_be_exported_and_one_copied() {
    let sandbox = acme::sandbox();
    let mut terminal = browse(&sandbox, &["-t", "secret"], 24, 80);
    terminal.press(ENTER, "2 matching entries").press(ENTER, "1 of 2");
    take(&mut terminal, "Copy as JSON");
    terminal.wait_for("copied");
    let copied = terminal.written();
    let copied = copied.rsplit("\u{1b}]52;c;").next().unwrap().split('\u{7}').next().unwrap();
    use base64::Engine as _;
    let copied = base64::engine::general_purpose::STANDARD.decode(copied).unwrap();
    let listed = acme::run(&sandbox, &["show", "4", "--format", "jsonl"]);
    assert_eq!(String::from_utf8(copied).unwrap().trim(), listed.out().trim());
    take(&mut terminal, "Export the list");
    terminal.wait_for("File name: audit.csv").type_in(&format!("\u{15}mine.jsonl{ENTER}"));
    terminal.wait_for("2 entries written to mine.jsonl");
    assert_eq!(sandbox.text("mine.jsonl").lines().count(), 2);
    // A file that is there is not replaced, and no reason to leave.
    take(&mut terminal, "Export the list");
    terminal.wait_for("File name").type_in(&format!("\u{15}mine.jsonl{ENTER}"));
    terminal.wait_for("mine.jsonl already exists");
    terminal.press(ESC, "2 matching entries").press(ESC, "Show entries");
    leave(&mut terminal);
}

#[test]
fn the_printed_command_selects_the_same_rows() {
    let sandbox = acme::sandbox();
    for args in [
        &["-u", "Ana Ruiz", "-a", "!created"][..],
        &["-g", "it's \"$HOME\" `id`"],
        &["-g", "!\u{1b}]0;owned\u{7}", "-t", "connector"],
        &["-u", "李雷,diana", "--since", "2021-03-02", "--until", "id:10"],
        &["--resource", "connector/43,member/11", "--via", "!web", "--field", "!name"],
        &["--grep=-x", "--request-id", "!a\\,b"],
    ] {
        let mut terminal = browse(&sandbox, args, 24, 80);
        let command = leave(&mut terminal);
        let expected = acme::run(&sandbox, &[&["list", "--columns", "id"], args].concat()).ended(0);
        assert_eq!(ids(&sandbox, &command), expected.out().lines().collect::<Vec<_>>(), "{command}");
    }
}

#[test]
fn resizing_and_stray_keys_do_no_harm() {
    let sandbox = demo_log::sandbox();
    let mut terminal = browse(&sandbox, &[], 24, 80);
    terminal.press(ENTER, "newest first");
    terminal.type_in(&DOWN.repeat(150));
    terminal.wait_until("far down", |terminal| {
        pointed(terminal).contains("Nov")
            || pointed(terminal).contains("Oct")
            || !pointed(terminal).is_empty()
    });
    // Narrower, lower, wider: the screen is redrawn without a key.
    for (rows, columns) in [(10, 40), (50, 140), (5, 20), (24, 80)] {
        terminal.resize(rows, columns);
        terminal.wait_until("a screen of that size", |terminal| {
            let screen = terminal.screen();
            let widest = screen.lines().map(console::measure_text_width).max().unwrap_or(0);
            !pointed(terminal).is_empty()
                && widest <= usize::from(columns)
                && screen.lines().count() < usize::from(rows)
                && screen.lines().filter(|line| line.starts_with("> ")).count() == 1
        });
    }
    terminal.type_in(&UP.repeat(150));
    terminal.wait_until("the first again", |terminal| pointed(terminal).contains("1301"));
    terminal.press(ESC, "Show entries");
    take(&mut terminal, "User");
    terminal.wait_for("User: _");
    terminal.type_in("\u{0}\u{1}\u{7f}\u{1b}[200~\u{202e}日本\u{9b}\u{1b}[<35;1;1M\u{1b}[1;5A zzz");
    terminal.wait_for("zzz_");
    assert!(!terminal.screen().contains('\u{202e}'), "{}", terminal.screen());
    terminal.type_in(CTRL_C);
    assert_eq!(terminal.end(), 130);
    assert!(terminal.shows_cursor() && terminal.is_as_before() && !terminal.is_taken());
}

#[test]
fn hostile_names_are_shown_and_not_interpreted() {
    let sandbox = acme::sandbox();
    let mut terminal = browse(&sandbox, &["--resource", "connector/43"], 24, 160);
    terminal.press(ENTER, "3 matching entries").wait_for("␛]0;owned␇");
    take(&mut terminal, "created");
    terminal.wait_for("3 of 3").wait_for("␛]0;owned␇");
    let written = terminal.written();
    assert!(!written.contains("\u{1b}]0;"), "{written:?}");
    terminal.press(ESC, "3 matching entries").press(ESC, "Show entries");
    leave(&mut terminal);
}
