//! Every example in the README, in `--help` and in the manual pages runs in a shell and has the right exit code.
//!
//! Their home has a log, a server, files and a password manager. Only addresses and system directories are replaced.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Command;

use clap::CommandFactory as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use krosyn_audit::cli::Cli;
use krosyn_audit::exit;
use regex::{NoExpand, Regex};
use rustix::process::{Pid, Signal, kill_process};

use super::{acme, demo_log};
use crate::support::postgres;
use crate::support::sandbox::{Sandbox, Serving, program, skipped};

/// Examples not run here: this test itself, and endless commands, which other tests run.
const NOT_RUN: [&str; 4] = ["cargo test", "--follow", "--demo serve", "--cursor-file"];

/// The help examples of a command and its subcommands.
fn of_help(command: &clap::Command) -> Vec<Vec<String>> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{}", command.get_name()));
    let mut all = vec![examples.lines().map(|line| line.trim().to_owned()).collect()];
    all.extend(command.get_subcommands().flat_map(of_help));
    all
}

/// The README's shell blocks, each as a script.
fn of_readme() -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let blocks = readme.split("\n```").skip(1).step_by(2);
    let scripts = blocks.filter_map(|block| {
        let (kind, text) = block.split_once('\n')?;
        let typed: Vec<_> = match kind {
            "sh" | "cron" => text.lines().collect(),
            "console" => text.lines().filter_map(|line| line.strip_prefix("$ ")).collect(),
            _ => return None,
        };
        Some(typed.join("\n"))
    });
    scripts.collect()
}

/// Commands to run before a group of examples that starts with this text.
const BEFORE: &[(&str, &str)] = &[
    ("krosyn-audit org set ", "krosyn-audit org create acme --plan pro"),
    ("krosyn-audit org set ", "krosyn-audit org create acme --plan pro --store sqlite:audit.db"),
    ("krosyn-audit org rename", "krosyn-audit org create acme --plan pro"),
    ("krosyn-audit org rename", "krosyn-audit org create acme --plan pro --store sqlite:audit.db"),
    ("krosyn-audit org delete", "krosyn-audit org create acme --plan pro"),
    ("krosyn-audit org delete", "krosyn-audit org create acme --plan pro --store sqlite:audit.db"),
    ("krosyn-audit token", "krosyn-audit org create acme --plan pro"),
    ("krosyn-audit token list", "krosyn-audit org create acme --plan pro --store sqlite:audit.db"),
    ("krosyn-audit token revoke", "krosyn-audit org create acme --plan pro --store sqlite:audit.db"),
    ("krosyn-audit token revoke", "krosyn-audit token create --org acme --name cron --scope read"),
    (
        "krosyn-audit token revoke",
        "krosyn-audit token create --org acme --name ci --scope read --store sqlite:audit.db",
    ),
    ("krosyn-audit hold show", "krosyn-audit hold create case-2026-14 --reason court"),
    ("krosyn-audit hold release", "krosyn-audit hold create case-2026-14 --reason court"),
    ("krosyn-audit hold release", "krosyn-audit hold create q3-audit --reason audit"),
    (
        "krosyn-audit erase",
        "krosyn-audit record -a deleted --resource connector/9 -u ana@acme.example --before new.json",
    ),
    ("krosyn-audit logout", "krosyn-audit login --server https://audit.krosyn.example --token-file token"),
    ("krosyn-audit logout", "krosyn-audit login --profile work --token-file token"),
    ("krosyn-audit open", "krosyn-audit login --server https://audit.krosyn.example --token-file token"),
    ("krosyn-audit store", "krosyn-audit import november.jsonl --server sqlite:audit.db"),
    ("krosyn-audit verify", "cp -p etc/witness.token ."),
    ("krosyn-audit verify", "krosyn-audit export -a deleted -o deleted.csv --manifest"),
    ("krosyn-audit verify", "krosyn-audit export --since 2026-11-01 -o november.jsonl.gz --manifest"),
];

/// A laravel-auditing table in which only the class `Hook` needs a mapping.
const AUDITS: &str = r#"id,user_id,event,auditable_type,auditable_id,old_values,new_values,created_at
1,7,created,App\Models\Connector,42,[],"{""status"":""active""}",2025-12-01 09:00:00
2,7,deleted,App\Models\Hook,9,"{""url"":""https://a.example""}",[],2025-12-01 09:07:00
"#;

/// Prefixes of examples that prompt, unless a flag answers.
const ASKS: [&str; 5] = [
    "krosyn-audit login --server https://audit.krosyn.example",
    "krosyn-audit browse ",
    "krosyn-audit org delete acme",
    "krosyn-audit hold release",
    "krosyn-audit erase user/",
];
const ANSWERS: [&str; 2] = ["--token-file", "--yes"];

/// The token files of the examples, and the scopes of each: those that the text around them names.
const TOKENS: [(&str, &str); 4] = [
    ("token", "read,record,prune,trail,hold,erase"),
    ("admin.token", "read,record,prune,trail,hold,erase"),
    ("etc/witness.token", "read,trail"),
    ("etc/cron.token", "read,prune"),
];

/// Programs that examples need and a machine may lack.
const PROGRAMS: &[(&str, &str)] =
    &[("| jq", "jq"), ("| man ", "man"), ("curl ", "curl"), ("--tls-cert", "openssl")];

/// A home with everything that examples use: the demo's log, a server with the same log, and files.
struct Fixture {
    home: Sandbox,
    serving: Serving,
    /// It outlives the server.
    _server: Sandbox,
}

impl Fixture {
    fn new() -> Self {
        let (home, server) = (demo_log::sandbox(), Sandbox::new());
        std::fs::copy(home.path("audit.db"), server.path("audit.db")).unwrap();
        std::fs::create_dir_all(home.path("data/krosyn-audit")).unwrap();
        std::fs::copy(home.path("audit.db"), home.path("data/krosyn-audit/audit.db")).unwrap();
        std::fs::create_dir(home.path("etc")).unwrap();
        std::fs::create_dir(home.path("evidence")).unwrap();
        for (name, scopes) in TOKENS {
            let create = ["token", "create", "--org", "default", "--name", name, "--scope", scopes];
            let token = server.run(&[&create[..], &["--store", "sqlite:audit.db"]].concat()).ended(0);
            home.write_with_mode(name, token.out(), 0o600);
        }
        let serving = server.serve(&[]);
        let profile = |name| {
            format!(
                "[profiles.{name}]\nserver = \"{}\"\ntoken_command = [\"cat\", \"token\"]\n",
                serving.url()
            )
        };
        std::fs::create_dir_all(home.path("config/krosyn-audit")).unwrap();
        home.write_with_mode("config/krosyn-audit/config.toml", &(profile("work") + &profile("cron")), 0o600);
        std::fs::create_dir(home.path("bin")).unwrap();
        home.write_with_mode("bin/pass", "#!/bin/sh\ntest \"$1\" = show && exec cat token\n", 0o755);
        // The programs that open a URL on a desktop.
        for name in ["bin/xdg-open", "bin/open"] {
            home.write_with_mode(name, "#!/bin/sh\n[ $# -eq 1 ]\n", 0o755);
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_krosyn-audit"), home.path("bin/krosyn-audit"))
            .unwrap();
        home.write("new.json", r#"{"status": "disabled"}"#);
        home.write("entry.json", acme::LINES.lines().next().unwrap());
        home.write("november.jsonl", acme::LINES);
        home.write("audits.csv", AUDITS);
        let mut old = GzEncoder::new(Vec::new(), Compression::fast());
        old.write_all(acme::LINES.as_bytes()).unwrap();
        home.write("old.jsonl.gz", old.finish().unwrap());
        if let Some(mut openssl) = program("openssl") {
            let request =
                ["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=localhost", "-days", "1"];
            let made = openssl
                .args(request)
                .args(["-keyout", "key.pem", "-out", "chain.pem"])
                .current_dir(home.path(""));
            assert!(made.output().unwrap().status.success());
        }
        Self { home, serving, _server: server }
    }

    /// A home for one group of examples.
    fn copy(&self) -> Sandbox {
        let copy = Sandbox::new();
        let status =
            Command::new("cp").arg("-a").arg(self.home.path(".")).arg(copy.path("")).status().unwrap();
        assert!(status.success());
        copy
    }

    /// The example with our server, a free port, and our directories.
    fn placed(&self, example: &str) -> String {
        let mut script = example.replace("cargo run --release --", "krosyn-audit");
        for (theirs, ours) in [
            ("https://audit.krosyn.example", self.serving.url()),
            ("http://127.0.0.1:7744", self.serving.url()),
            ("--listen 0.0.0.0:7744 ", ""),
            ("krosyn-audit serve ", "krosyn-audit serve --listen 127.0.0.1:0 "),
            ("/etc/krosyn-audit/", "etc/"),
            ("/var/lib/krosyn-audit/", ""),
            ("/mnt/evidence/", "evidence/"),
            ("/etc/bash_completion.d/", ""),
        ] {
            script = script.replace(theirs, ours);
        }
        // A line of a crontab begins with when it runs.
        Regex::new(r"(?m)^(\S+ ){4}\*  ").unwrap().replace_all(&script, "").into_owned()
    }

    fn run(&self, home: &Sandbox, example: &str) {
        if let Some((_, missing)) =
            PROGRAMS.iter().find(|(part, name)| example.contains(part) && program(name).is_none())
        {
            return skipped(example, missing);
        }
        let mut bash = home.shell("bash");
        let serves = example.contains("krosyn-audit serve ");
        let script = if serves { format!("exec {}", self.placed(example)) } else { self.placed(example) };
        bash.args(["-euo", "pipefail", "-c", &script]);
        let asks = ASKS.iter().any(|start| example.starts_with(start));
        if asks && !ANSWERS.iter().any(|flag| example.contains(flag)) {
            // Without a terminal it cannot prompt. Other tests run it on a terminal.
            let outcome = home.finish(bash.spawn().unwrap());
            assert!(matches!(outcome.status, Some(2 | 6)), "{example}\n{outcome}");
            assert!(outcome.err().contains("a terminal"), "{outcome}");
            return;
        }
        if !serves {
            let outcome = home.finish(bash.spawn().unwrap());
            let status = if example.contains("sed -i ") { exit::INTEGRITY } else { exit::DONE };
            assert_eq!(outcome.status, Some(i32::from(status)), "{example}\n{outcome}");
            return;
        }
        // Bash becomes the server, which gets a signal to stop once it serves.
        let mut child = bash.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let outcome = home.finish(child);
        assert!(
            line.starts_with("listening on ") && outcome.status == Some(0),
            "{example}\n{line}\n{outcome}"
        );
    }
}

#[test]
fn every_help_example_runs() {
    let fixture = Fixture::new();
    let groups = of_help(&Cli::command());
    assert!(groups.len() > 20, "{groups:?}");
    for examples in groups {
        let home = fixture.copy();
        for (_, before) in BEFORE.iter().filter(|(command, _)| examples[0].starts_with(command)) {
            fixture.run(&home, before);
        }
        let Some(examples) = on_postgres(examples) else { continue };
        let run = |example: &&String| !NOT_RUN.iter().any(|part| example.contains(part));
        examples.iter().filter(run).for_each(|example| fixture.run(&home, example));
    }
}

/// The examples with the same empty database of ours in the place of each that they name; none, and said so, where there
/// is no PostgreSQL.
fn on_postgres(examples: Vec<String>) -> Option<Vec<String>> {
    let url = Regex::new(r"postgres://[^\s']+").unwrap();
    if !examples.iter().any(|example| url.is_match(example)) {
        return Some(examples);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(postgres::shared()?.bare_database());
    Some(examples.iter().map(|example| url.replace_all(example, NoExpand(&database)).into_owned()).collect())
}

#[test]
fn every_readme_example_runs_and_help_examples_fit() {
    let fixture = Fixture::new();
    let scripts = of_readme();
    assert!(scripts.len() > 8, "{scripts:?}");
    for script in &scripts {
        let script: Vec<_> =
            script.lines().filter(|line| !NOT_RUN.iter().any(|part| line.contains(part))).collect();
        fixture.run(&fixture.copy(), &script.join("\n"));
    }
    // Help is at most 100 cells wide; a command broken in two cannot be copied.
    for example in of_help(&Cli::command()).concat() {
        assert!(example.len() <= 97, "too long: {example}");
    }
}

#[test]
fn manual_pages_have_the_examples_of_help() {
    let home = Sandbox::new();
    home.run(&["man", "--dir", "man"]).ended(0);
    let pages = files_of(&home.path("man"));
    for example in of_help(&Cli::command()).concat() {
        let written = example.replace('\\', "\\e").replace('-', "\\-");
        // An apostrophe is escaped where a line of the page could begin with it.
        let is_there = [&written, &written.replace('\'', "\\*(Aq")].into_iter().any(|it| pages.contains(it));
        assert!(is_there, "{example}");
    }
}

fn files_of(directory: &Path) -> String {
    let files = std::fs::read_dir(directory).unwrap();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}
