//! The help of every command. The snapshots document the command line: a change of a flag shows here.

use super::acme;
use crate::support::sandbox::Sandbox;

/// Every command and subcommand, read from the help itself, so that the list is complete.
fn commands(sandbox: &Sandbox, path: &[String]) -> Vec<Vec<String>> {
    let help = help(sandbox, path);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed.take_while(|line| !line.is_empty()).filter_map(|line| {
        let name = line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split(' ').next()?;
        Some(name.to_owned())
    });
    let mut all = vec![path.to_vec()];
    for name in names {
        all.extend(commands(sandbox, &[path, &[name]].concat()));
    }
    all
}

fn help(sandbox: &Sandbox, path: &[String]) -> String {
    let args: Vec<_> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let outcome = sandbox.run(&args).ended(0);
    assert_eq!(outcome.err(), "", "{path:?}");
    outcome.out().to_owned()
}

#[test]
fn every_command_has_help_with_two_examples() {
    let sandbox = Sandbox::new();
    let commands = commands(&sandbox, &[]);
    assert!(commands.len() > 15, "{commands:?}");
    for path in &commands {
        let help = help(&sandbox, path);
        let (_, examples) =
            help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{path:?}: no examples"));
        let command = [&["krosyn-audit".to_owned()], &path[..]].concat().join(" ");
        let of_this = examples.lines().filter(|line| line.contains(&command) || path.is_empty()).count();
        assert_eq!(of_this, 2, "{path:?}: {examples}");
        insta::assert_snapshot!(format!("help {}", path.join(" ")).trim().replace(' ', "_"), help);
    }
}

/// The formats in the help of a command are those that it accepts.
#[test]
fn help_names_the_formats_that_a_command_writes() {
    let formats = ["table", "wide", "json", "jsonl", "csv", "tsv", "ocsf", "cef", "ecs", "leef"];
    let sandbox = acme::sandbox();
    for (command, arguments) in [
        ("list", &[][..]),
        ("export", &[]),
        ("history", &["connector/42"]),
        ("blame", &["connector/42"]),
        ("show", &["1"]),
        ("stats", &[]),
        ("prune", &["--dry-run"]),
        ("erase", &["--log"]),
        ("hold list", &[]),
        ("verify", &[]),
    ] {
        let path: Vec<_> = command.split(' ').map(str::to_owned).collect();
        let help = help(&sandbox, &path);
        let (_, named) = help.split_once("Output format: ").unwrap();
        let (named, _) = named.split_once("(default").unwrap();
        let named: Vec<_> = named.split(|c: char| !c.is_alphanumeric()).collect();
        for format in formats {
            let words = command.split(' ').chain(arguments.iter().copied()).chain(["--format", format]);
            let outcome = acme::run(&sandbox, &words.collect::<Vec<_>>());
            assert_eq!(outcome.status == Some(2), !named.contains(&format), "{command} {format}\n{outcome}");
        }
    }
}

/// Flags of a shared group that a command cannot use.
#[test]
fn help_leaves_out_flags_that_a_command_refuses() {
    let sandbox = Sandbox::new();
    for (command, flags) in [
        ("hold create", &["--log", "--field", "--ip", "--grep"][..]),
        ("export", &["--no-trunc"]),
        ("login", &["--org", "--demo"]),
        ("open", &["--org", "--demo"]),
        ("logout", &["--org", "--token-file", "--debug-http", "--demo"]),
    ] {
        let path: Vec<_> = command.split(' ').map(str::to_owned).collect();
        let help = help(&sandbox, &path);
        for flag in flags {
            let is_listed = help.lines().any(|line| {
                line.trim().split([' ', ',']).any(|word| word == *flag) && line.trim().starts_with('-')
            });
            assert!(!is_listed, "{command} {flag}");
        }
    }
}

#[test]
fn short_and_long_help_name_the_same_command() {
    let sandbox = Sandbox::new();
    for command in ["list", "prune", "serve"] {
        let short = sandbox.run(&[command, "-h"]).ended(0);
        assert!(short.out().contains("Examples:"), "{short}");
    }
    assert_eq!(
        sandbox.run(&["ls", "--help"]).ended(0).out(),
        sandbox.run(&["list", "--help"]).ended(0).out()
    );
}

#[test]
fn without_arguments_it_prints_five_working_commands() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(&[]).ended(0);
    let commands: Vec<_> = outcome.out().lines().filter(|line| line.starts_with("  krosyn-audit ")).collect();
    assert_eq!(commands.len(), 5, "{outcome}");
    for command in commands {
        let words = command.trim().split("  ").next().unwrap().split(' ').skip(1);
        let args: Vec<_> = words.chain(["--demo"]).collect();
        let once = args.iter().filter(|arg| **arg == "--demo").count() == 1;
        let args = if once { &args[..] } else { &args[..args.len() - 1] };
        sandbox.run(args).ended(0);
    }
    insta::assert_snapshot!(outcome, @"
    exit 0
    -- stdout
    Five commands to start with:

      krosyn-audit --demo list            try it with invented data
      krosyn-audit list --since 7d        list the changes of the last week
      krosyn-audit show latest            show the last change, field by field
      krosyn-audit export -o all.csv      export everything, for a spreadsheet or an auditor
      krosyn-audit prune --dry-run        show which entries are past their retention

    krosyn-audit --help lists all commands.
    ");
}

#[test]
fn the_version_is_the_crate_version() {
    let outcome = Sandbox::new().run(&["--version"]).ended(0);
    assert_eq!(outcome.out(), concat!("krosyn-audit ", env!("CARGO_PKG_VERSION"), "\n"));
}
