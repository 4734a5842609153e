//! What people type by habit: context around matches, ranges, values in `--field`, files for spreadsheets, pagers.

use super::acme::{self, SERVER};
use crate::support::pty::Terminal;

#[test]
fn context_shows_the_neighbours_of_each_match_and_marks_it() {
    let sandbox = acme::sandbox();
    let around = |args: &[&str]| {
        let args = [&["list", "--format", "table", "--columns", "id,action"], args].concat();
        acme::run(&sandbox, &args).ended(0)
    };
    let ids = |out: &str| {
        let rows =
            out.lines().skip(1).map(|line| line.trim().split("  ").next().unwrap_or_default().to_owned());
        rows.collect::<Vec<_>>()
    };
    let outcome = around(&["--since", "id:7", "--until", "id:8", "-C", "1"]);
    let listed = ids(outcome.out());
    assert!(listed.iter().any(|id| id == "> 7") && listed.contains(&"8".to_owned()), "{outcome}");
    assert!(outcome.err().contains("marked with >"), "{outcome}");
    // Two matches far from each other are two groups.
    let both = around(&["-a", "created,deleted", "-n", "50", "-C", "1", "--reverse"]);
    assert!(both.out().lines().any(|line| line.contains("> ")), "{both}");
    let refused = acme::run(&sandbox, &["list", "-C", "1", "--format", "jsonl"]).ended(2);
    assert!(refused.err().contains("-C needs --format table or wide"), "{refused}");
    let none = acme::run(&sandbox, &["list", "-C", "1", "-g", "nowhere", "--format", "table"]).ended(0);
    assert!(none.out().is_empty() && none.err().contains("nothing matches"), "{none}");
}

#[test]
fn a_range_shows_the_entries_that_are_there() {
    let sandbox = acme::sandbox();
    let ids = |selectors: &[&str]| {
        let args = [&["show"], selectors, &["--format", "jsonl"]].concat();
        let lines = acme::run(&sandbox, &args).ended(0).json_lines();
        lines.iter().map(|entry| entry["id"].as_u64().expect("an id")).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["3..5"]), [3, 4, 5]);
    assert_eq!(ids(&["11..40"]), [11, 12]);
    assert_eq!(ids(&["latest~1", "2", "latest"]).len(), 3);
    acme::run(&sandbox, &["show", "40..50"]).ended(5);
    acme::run(&sandbox, &["show", "latest~40"]).ended(5);
    acme::run(&sandbox, &["show", "5..3"]).ended(2);
}

#[test]
fn a_spreadsheet_gets_local_times_and_its_own_separator() {
    let sandbox = acme::sandbox();
    let export = |locale: &str, name: &str| {
        let args = ["export", "--for-excel", "--columns", "id,time,user", "-o", name];
        let args = [&args[..], &SERVER].concat();
        let mut command = sandbox.command(&args);
        command.env("LC_ALL", locale);
        let outcome = sandbox.finish(command.spawn().expect("started")).ended(0);
        assert!(outcome.err().contains("times in Europe/Madrid"), "{outcome}");
        sandbox.text(name)
    };
    let german = export("de_DE.UTF-8", "de.csv");
    assert!(german.starts_with("\u{feff}id;time;user\n"), "{german}");
    let row = german.lines().find(|line| line.starts_with("1;")).expect("the first entry");
    let time = row.split(';').nth(1).expect("a time");
    let is_local = regex::Regex::new(r"^2021-03-\d\d \d\d:\d\d:\d\d$").expect("a pattern");
    assert!(is_local.is_match(time), "{row}");
    assert!(export("en_US.UTF-8", "en.csv").starts_with("\u{feff}id,time,user\n"));
    let refused = acme::run(&sandbox, &["export", "--for-excel", "-o", "x.json"]).ended(2);
    assert!(refused.err().contains("--for-excel writes csv"), "{refused}");
}

#[test]
fn a_list_in_a_file_has_no_colours_and_is_announced() {
    let sandbox = acme::sandbox();
    let args = ["list", "--format", "table", "--color", "always", "-o", "list.txt"];
    let outcome = acme::run(&sandbox, &args).ended(0);
    assert!(outcome.err().contains("12 entries written to list.txt"), "{outcome}");
    assert!(!sandbox.text("list.txt").contains('\u{1b}'));
}

#[test]
fn json_is_coloured_for_a_person_only() {
    let sandbox = acme::sandbox();
    let args = [&["history", "connector/42", "--at", "now"], &SERVER[..]].concat();
    let mut terminal = Terminal::start(&sandbox.command(&args), 200, 100);
    assert_eq!(terminal.end(), 0, "{}", terminal.screen());
    assert!(terminal.written().contains("\u{1b}[34m\"resource\""), "{:?}", terminal.written());
    let piped = acme::run(&sandbox, &["history", "connector/42", "--at", "now"]).ended(0);
    assert_eq!(piped.json()["resource"], "connector/42");
}
