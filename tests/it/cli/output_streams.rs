//! stdout has only data, stderr everything else, for pipes, files, terminals and programs.

use std::fs::File;

use super::acme::{self, SERVER};
use super::demo_log;
use crate::support::sandbox::Sandbox;

/// Control characters except line breaks and tabs, and invisible or direction-changing characters.
fn is_hostile(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
}

#[test]
fn a_pipe_gets_no_colour_unless_forced() {
    let sandbox = acme::sandbox();
    let commands =
        [&["list", "--format", "table"][..], &["show", "3"], &["prune", "--dry-run"], &["show", "99"]];
    for command in commands {
        for (name, value) in
            [("TERM", "xterm-256color"), ("TERM", "dumb"), ("NO_COLOR", "1"), ("COLORTERM", "truecolor")]
        {
            let mut command = sandbox.command(&[command, &SERVER].concat());
            let outcome = sandbox.finish(command.env(name, value).spawn().unwrap());
            assert!(!outcome.stdout.contains(&0x1b) && !outcome.stderr.contains(&0x1b), "{name} {outcome}");
        }
    }
    let painted = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = sandbox.command(&[&["show", "3"], args, &SERVER[..]].concat());
        let outcome = sandbox.finish(command.envs(variables.iter().copied()).spawn().unwrap()).ended(0);
        outcome.stdout.contains(&0x1b)
    };
    assert!(painted(&["--color", "always"], &[("NO_COLOR", "1"), ("TERM", "dumb")]));
    assert!(painted(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!painted(&[], &[("CLICOLOR_FORCE", "0")]));
    assert!(!painted(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!painted(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    let error = acme::run(&sandbox, &["show", "99", "--color", "always"]).ended(5);
    assert!(error.err().starts_with('\u{1b}'), "{error}");
}

#[test]
fn hostile_text_reaches_neither_stdout_nor_stderr() {
    let sandbox = demo_log::sandbox();
    let mut more = Vec::new();
    for hostile in [
        "\\u001b[2J\\u001b]0;owned\\u0007",
        "\\u202egpj.exe",
        "a\\u200bb\\ufeff",
        "\\u009b31m\\r\\u0008",
        "x\\n2\\tfake",
    ] {
        let line = format!(
            r#"{{"occurred_at":"2021-03-01T09:00:00Z","action":"updated","model_type":"connector","model_id":"{hostile}","model_name":"{hostile}","user":{{"id":"{hostile}","name":"{hostile}"}},"context":{{"user_agent":"{hostile}","request_id":"{hostile}"}},"reason":"{hostile}","before":{{"{hostile}":"{hostile}"}},"after":{{"{hostile}":["{hostile}"]}}}}"#
        );
        more.push(line);
    }
    // Some may be refused, and then it is the refusal that must be clean.
    let imported = sandbox.run_with(&["import", "-", SERVER[0], SERVER[1]], more.join("\n").as_bytes());
    assert!(!imported.err().contains(is_hostile), "{imported}");
    let stored =
        acme::run(&sandbox, &["list", "--all", "--format", "jsonl", "--until", "2022-01-01"]).ended(0);
    assert!(stored.out().lines().count() > 0, "some of it is stored: {imported}");
    let all: Vec<String> = acme::run(&sandbox, &["list", "--all", "--columns", "id"])
        .ended(0)
        .out()
        .lines()
        .map(str::to_owned)
        .collect();
    let mut commands = vec![
        vec!["list", "--all", "--format", "table"],
        vec!["list", "--all", "--format", "wide"],
        vec!["list", "--all", "--format", "table", "--ascii"],
        vec![
            "list",
            "--all",
            "--format",
            "tsv",
            "--columns",
            "+reason,+request_id,+user_agent,+summary,+resource",
        ],
        vec!["list", "--format", "csv", "-u", "\u{1b}[31m", "-g", "\u{202e}"],
        vec!["export", "--format", "csv", "--columns", "+summary,+resource,+user"],
        vec!["list", "--action", "\u{1b}[2J"],
        vec!["list", "--since", "\u{1b}[2J"],
        vec!["show", "\u{1b}[2J"],
        vec!["\u{1b}[2J"],
        vec!["list", "--columns", "\u{9b}2J"],
    ];
    commands
        .push(["show", "--full"].into_iter().chain(all.iter().rev().take(150).map(String::as_str)).collect());
    for command in &commands {
        let outcome = acme::run(&sandbox, command);
        if command.contains(&"--all") {
            let head = usize::from(!command.contains(&"tsv"));
            assert_eq!(outcome.out().lines().count(), all.len() + head, "one line each: {command:?}");
        }
        for (outlet, text) in [("stdout", outcome.out()), ("stderr", outcome.err())] {
            // In a cell of CSV a line may end as it did.
            let found = text.replace("\r\n", "\n").chars().position(is_hostile);
            let around =
                found.map(|at| text.chars().skip(at.saturating_sub(40)).take(80).collect::<String>());
            assert_eq!(around, None, "{:?} {outlet}", &command[..command.len().min(5)]);
        }
    }
}

#[test]
fn ascii_output_has_only_ascii() {
    let sandbox = acme::sandbox();
    for command in [
        &["list", "--format", "table", "-u", "!nobody", "-g", "日本"][..],
        &["list", "--format", "table", "--since", "2031-01-01", "-a", "deleted"],
        &["show", "latest", "8"],
        &["history", "--format", "table", "connector/43", "-p"],
        &["history", "--format", "table", "日"],
        &["blame", "--format", "table", "connector/43"],
        &["stats", "--by", "weekday,action", "--format", "table"],
        &["export", "-a", "deleted", "-o", "日本.csv"],
        &["prune", "--dry-run"],
    ] {
        let outcome = acme::run(&sandbox, &[command, &["--ascii"]].concat());
        assert!(!outcome.out().is_empty() || !outcome.err().is_empty(), "{command:?}");
        for text in [outcome.out(), outcome.err()] {
            assert!(text.is_ascii(), "{command:?} {outcome}");
        }
    }
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let sandbox = demo_log::sandbox();
    for command in [
        &["list", "--all"][..],
        &["list", "--all", "--format", "table"],
        &["list", "--all", "--format", "json"],
        &["list", "--all", "--format", "csv"],
        &["export"],
        &["show", "latest", "1300", "1299", "--full"],
        &["show", "latest", "--format", "json"],
        &["list", "--columns", "help"],
        &["list", "--help"],
    ] {
        let mut child = sandbox.command(&[command, &SERVER].concat()).spawn().unwrap();
        // The reader closes before the first byte.
        drop(child.stdout.take());
        let outcome = sandbox.finish(child).ended(0);
        assert_eq!(
            outcome.err().lines().filter(|line| line.contains("error")).count(),
            0,
            "{command:?} {outcome}"
        );
    }
}

#[test]
fn a_line_break_in_an_argument_starts_no_new_line() {
    let sandbox = acme::sandbox();
    let asked = acme::run(&sandbox, &["list", "-u", "ana\n12 of 12 · newest first"]).ended(0);
    assert!(asked.err().lines().next().unwrap().ends_with("user ana⏎12 of 12 · newest first"), "{asked}");
    let failed = acme::run(&sandbox, &["list", "-S", "x\nerror: no"]).ended(2);
    assert!(!failed.err().lines().any(|line| line.starts_with("error: no")), "{failed}");
}

#[test]
fn every_command_ends_without_a_terminal() {
    let sandbox = acme::sandbox();
    sandbox.write("log.jsonl", acme::LINES);
    for command in [
        &["list"][..],
        &["show"],
        &["show", "latest"],
        &["export"],
        &["prune"],
        &["record"],
        &["record", "-a", "created", "--resource", "secret/1", "-u", "ana"],
        &["import", "-"],
        &["import", "log.jsonl"],
        &["list", "--token-file", "-"],
    ] {
        let args = [command, &SERVER].concat();
        let (out, err) =
            (File::create(sandbox.path("out")).unwrap(), File::create(sandbox.path("err")).unwrap());
        let child = sandbox.command(&args).stdout(out).stderr(err).spawn().unwrap();
        let status = sandbox.finish(child).status;
        assert!(status.is_some(), "{args:?}");
        assert!(!sandbox.text("err").contains("panicked"), "{args:?}: {}", sandbox.text("err"));
    }
}

#[test]
fn usage_errors_are_json_for_json_formats() {
    let sandbox = acme::sandbox();
    for format in ["--format=json", "--format=jsonl", "--format=ocsf", "--format=ECS"] {
        let outcome = acme::run(&sandbox, &["list", "-n", "0", format]).ended(2);
        let last: serde_json::Value = serde_json::from_str(outcome.err().lines().last().unwrap()).unwrap();
        assert_eq!(
            (&last["error"]["code"], &last["error"]["exit"]),
            (&"usage".into(), &2.into()),
            "{outcome}"
        );
    }
    insta::assert_snapshot!(acme::run(&sandbox, &["show", "7x", "--format", "json"]), @r#"
    exit 2
    -- stderr
    error: invalid value '7x' for '[ID|latest]...': expected an entry id, as `list` shows it, latest, latest~1 or 1285..1287

    For more information, try '--help'.
    {"error":{"code":"usage","exit":2,"hint":null,"message":"invalid value '7x' for '[ID|latest]...': expected an entry id, as `list` shows it, latest, latest~1 or 1285..1287","request_id":null}}
    "#);
    assert!(!acme::run(&sandbox, &["list", "-n", "0", "--format", "csv"]).ended(2).err().contains('{'));
    let help = acme::run(&sandbox, &["list", "--help", "--format", "json"]).ended(0);
    assert_eq!(help.err(), "", "help is no error");
}

#[test]
fn json_formats_end_stderr_with_the_error() {
    let sandbox = acme::sandbox();
    sandbox.write("taken.json", "");
    for (command, status, code) in [
        (&["list", "-a", "nothing"][..], 2, "usage"),
        (&["list", "--since", "nothing"], 2, "usage"),
        (&["list", "--columns", "id"], 2, "usage"),
        (&["list", "--since", "id:99"], 5, "not_found"),
        (&["list", "--server", "krosyn.example"], 2, "usage"),
        (&["list", "--server", "sqlite:missing.db"], 5, "not_found"),
        (&["list", "--server", "http://127.0.0.1:9", "--token-file", "missing"], 2, "usage"),
        (&["list", "-o", "taken.json"], 6, "refused"),
        (&["show", "99"], 5, "not_found"),
        (&["show"], 2, "usage"),
        (&["export", "-t", "nothing"], 2, "usage"),
        (&["export", "-o", "taken.json"], 6, "refused"),
        (&["export", "-o", "missing/x.json"], 1, "failed"),
        (&["prune"], 6, "refused"),
        (&["prune", "--older-than", "1d"], 6, "inside_retention"),
    ] {
        let server = if command.contains(&"--server") { &[][..] } else { &SERVER[..] };
        let outcome = sandbox.run(&[command, &["--format", "json"], server].concat()).ended(status);
        if !outcome.stdout.is_empty() {
            outcome.json();
        }
        let last = outcome.err().lines().last().unwrap();
        let error: serde_json::Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{outcome}"));
        assert_eq!(
            (&error["error"]["code"], &error["error"]["exit"]),
            (&code.into(), &status.into()),
            "{outcome}"
        );
        assert!(error["error"]["message"].is_string(), "{outcome}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_to_a_device_or_pipe_is_written_in_place() {
    let sandbox = acme::sandbox();
    for command in ["list", "export"] {
        for outlet in ["/dev/stdout", "/dev/fd/1", "-"] {
            let outcome = acme::run(&sandbox, &[command, "--format", "jsonl", "-o", outlet]).ended(0);
            assert_eq!(outcome.out().lines().count(), 12, "{command} {outlet} {outcome}");
        }
        acme::run(&sandbox, &[command, "-o", "/dev/null", "--force"]).ended(0);
        acme::run(&sandbox, &[command, "-o", "/dev/full"]).ended(1);
    }
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    let refused = acme::run(&sandbox, &["export", "-o", "folder"]).ended(2);
    assert_eq!(refused.err(), "error: folder is a directory: name a file in it\n");
    acme::run(&sandbox, &["export", "-o", "/dev/null", "--manifest"]).ended(2);
    assert_eq!(sandbox.names(), ["folder"]);
}

#[cfg(target_os = "linux")]
#[test]
fn unwritable_help_is_a_failure() {
    let sandbox = Sandbox::new();
    for args in [&["--help"][..], &["list", "--help"], &["--version"]] {
        let mut command = sandbox.command(args);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let outcome = sandbox.finish(command.stdout(full).spawn().unwrap()).ended(1);
        assert!(outcome.err().starts_with("error: cannot write: "), "{outcome}");
    }
}

#[test]
fn an_extra_argument_suggests_its_flag_and_help_is_a_command() {
    let sandbox = Sandbox::new();
    let told = sandbox.run(&["--tz", "utc", "list", "updated"]).ended(2);
    assert!(told.err().ends_with("  hint: -a updated\n"), "{told}");
    let told = sandbox.run(&["list", "connector/42", "--format", "json"]).ended(2);
    assert!(
        told.err().contains(r#""hint":"--resource connector/42, or krosyn-audit history connector/42""#),
        "{told}"
    );
    assert_eq!(
        sandbox.run(&["help", "list"]).ended(0).out(),
        sandbox.run(&["list", "--help"]).ended(0).out()
    );
    assert_eq!(
        sandbox.run(&["man", "org", "set"]).ended(0).out(),
        sandbox.run(&["man", "org-set"]).ended(0).out()
    );
}
