//! Every command without a terminal: stdin is empty, stdout and stderr are files. Each command ends by itself,
//! without prompts or colour, with the documented exit code.

use std::fs::File;
use std::process::Stdio;

use clap::CommandFactory as _;
use krosyn_audit::cli::Cli;
use krosyn_audit::exit;

use super::acme;

/// Each command as somebody might schedule it, and how it ends, one after the other on one log.
const ENDS: &[(&str, u8)] = &[
    ("open --print", exit::USAGE),
    ("list --server sqlite:audit.db", exit::DONE),
    ("show --server sqlite:audit.db", exit::USAGE),
    ("history connector/42 --server sqlite:audit.db", exit::DONE),
    ("blame connector/42 --server sqlite:audit.db", exit::DONE),
    ("stats --server sqlite:audit.db", exit::DONE),
    ("browse --server sqlite:audit.db", exit::USAGE),
    ("export --server sqlite:audit.db", exit::DONE),
    ("forward --to file:out.jsonl --from beginning --until now --server sqlite:audit.db", exit::DONE),
    ("prune --server sqlite:audit.db", exit::REFUSED),
    ("hold create case-14 --reason court --server sqlite:audit.db", exit::DONE),
    ("hold list --server sqlite:audit.db", exit::DONE),
    ("hold show case-14 --server sqlite:audit.db", exit::DONE),
    ("hold release case-14 --reason closed --server sqlite:audit.db", exit::REFUSED),
    ("erase nobody --reason r --server sqlite:audit.db", exit::NOT_FOUND),
    ("record --server sqlite:audit.db", exit::USAGE),
    ("import - --server sqlite:audit.db", exit::DONE),
    ("verify nothing.csv", exit::USAGE),
    ("serve --store sqlite:empty.db", exit::USAGE),
    ("org list --store sqlite:audit.db", exit::DONE),
    ("org create acme --store sqlite:audit.db --plan pro", exit::DONE),
    ("org set acme --plan free --store sqlite:audit.db", exit::DONE),
    ("org rename acme acme-eu --store sqlite:audit.db", exit::DONE),
    ("org rename acme-eu acme --store sqlite:audit.db", exit::DONE),
    ("token create --org acme --name ci --scope read --store sqlite:audit.db", exit::DONE),
    ("token list --org acme --store sqlite:audit.db", exit::DONE),
    ("token revoke ci --org acme --store sqlite:audit.db", exit::DONE),
    ("store copy sqlite:audit.db sqlite:copy.db", exit::DONE),
    ("store check --store sqlite:audit.db", exit::DONE),
    ("org delete acme --store sqlite:audit.db", exit::REFUSED),
    ("store backup --store sqlite:audit.db backup.db", exit::DONE),
    ("login --server http://127.0.0.1:1", exit::USAGE),
    ("logout", exit::NOT_FOUND),
    ("status --org acme --server sqlite:audit.db", exit::DONE),
    ("completions bash", exit::DONE),
    ("man list", exit::DONE),
];

/// The commands that do something, by their words.
fn leaves(command: &clap::Command, before: &str) -> Vec<String> {
    let name = |command: &clap::Command| format!("{before}{}", command.get_name());
    let mut subcommands = command.get_subcommands().filter(|it| !it.is_hide_set()).peekable();
    if subcommands.peek().is_none() {
        return vec![name(command)];
    }
    subcommands.flat_map(|it| leaves(it, &format!("{} ", name(command)))).collect()
}

#[test]
fn every_command_ends_by_itself_without_a_terminal() {
    let sandbox = acme::sandbox();
    for (line, status) in ENDS {
        let words: Vec<&str> = line.split(' ').collect();
        let file = |name| File::create(sandbox.path(name)).expect("a file");
        let mut command = sandbox.command(&words);
        command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        let ended = command.status().expect("it starts").code();
        let (out, err) = (sandbox.text("out"), sandbox.text("err"));
        assert_eq!(ended, Some(i32::from(*status)), "{line}\n{out}\n{err}");
        assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "{line}\n{out}\n{err}");
    }
}

#[test]
fn every_command_is_in_the_list() {
    let cli = Cli::command();
    let all: Vec<_> =
        cli.get_subcommands().filter(|it| !it.is_hide_set()).flat_map(|it| leaves(it, "")).collect();
    let missing: Vec<_> = all
        .iter()
        .filter(|name| !ENDS.iter().any(|(line, _)| *line == **name || line.starts_with(&format!("{name} "))))
        .collect();
    assert!(all.len() >= 24 && missing.is_empty(), "{missing:?} of {all:?}");
}
