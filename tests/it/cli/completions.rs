//! Shell completion: the committed scripts, sourced by bash, zsh and fish, and a Tab.
//!
//! Unit tests check the values. Here each shell has to call the binary and insert its answer.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::acme;
use crate::support::sandbox::{Sandbox, program, skipped};

/// Command lines, and each after a Tab at its end.
const LINES: &[(&str, &str)] = &[
    ("krosyn-audit --dem", "krosyn-audit --demo"),
    ("krosyn-audit --demo list -u ana.r", "krosyn-audit --demo list -u is:ana.ruiz@tramontana.example"),
    ("krosyn-audit expo", "krosyn-audit export"),
    ("krosyn-audit list --act", "krosyn-audit list --action"),
    ("krosyn-audit list --action cre", "krosyn-audit list --action created"),
    ("krosyn-audit list -a created,upd", "krosyn-audit list -a created,updated"),
    ("krosyn-audit list -t sec", "krosyn-audit list -t secret"),
    ("krosyn-audit list --log tr", "krosyn-audit list --log trail"),
    ("krosyn-audit list --log trail -a exp", "krosyn-audit list --log trail -a exported"),
    ("krosyn-audit list --log trail -t serv", "krosyn-audit list --log trail -t server"),
    (
        "krosyn-audit list --format jsonl --columns id,reque",
        "krosyn-audit list --format jsonl --columns id,request_id",
    ),
    ("krosyn-audit list --theme colo", "krosyn-audit list --theme colorblind"),
    ("krosyn-audit list --profile nig", "krosyn-audit list --profile night"),
    ("krosyn-audit --tz Europe/Madr", "krosyn-audit --tz Europe/Madrid"),
    (
        "krosyn-audit list --server sqlite:audit.db -u ana",
        "krosyn-audit list --server sqlite:audit.db -u is:ana.ruiz@acme.example",
    ),
    (
        "krosyn-audit record --server sqlite:audit.db -u ana",
        "krosyn-audit record --server sqlite:audit.db -u ana.ruiz@acme.example",
    ),
    ("krosyn-audit stats --by action,us", "krosyn-audit stats --by action,user"),
    ("krosyn-audit man li", "krosyn-audit man list"),
    (
        "krosyn-audit list --server sqlite:audit.db --field web",
        "krosyn-audit list --server sqlite:audit.db --field webhook_secret",
    ),
    ("krosyn-audit blame --profile night SF_", "krosyn-audit blame --profile night SF_TOKEN"),
    (
        "krosyn-audit list --server sqlite:audit.db --resource secret/",
        "krosyn-audit list --server sqlite:audit.db --resource secret/5",
    ),
];

fn sandbox() -> Sandbox {
    let sandbox = acme::sandbox();
    std::fs::create_dir_all(sandbox.path("config/krosyn-audit")).unwrap();
    sandbox.write_with_mode(
        "config/krosyn-audit/config.toml",
        "[profiles.night]\nserver = \"sqlite:~/audit.db\"\n",
        0o600,
    );
    sandbox
}

fn committed(name: &str) -> String {
    format!("{}/completions/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Presses Tab in an interactive shell, on a terminal that script(1) makes, and has the line written down, and emptied, by a key of our own.
/// Tab is pressed anew until it has an effect: what the log holds is not waited for longer than a moment.
fn pressed(sandbox: &Sandbox, shell: &str, line: &str) -> String {
    let shown = (0..20).map(|_| {
        drop(std::fs::remove_file(sandbox.path("line")));
        let mut command = sandbox.shell("script");
        command.args(["-qec", shell, "/dev/null"]).env("TERM", "dumb").env("ZDOTDIR", sandbox.path(""));
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(format!("{line}\t\u{18}pexit\n").as_bytes()).unwrap();
        let outcome = sandbox.finish(child);
        let written = std::fs::read_to_string(sandbox.path("line"));
        written.unwrap_or_else(|error| panic!("{shell}: {error}: {outcome}")).trim().to_owned()
    });
    shown.fuse().find(|shown| shown != line).unwrap_or_else(|| line.to_owned())
}

#[test]
fn bash_completes() {
    if program("bash").is_none() || program("script").is_none() {
        return skipped("completions", "bash or script");
    }
    let sandbox = sandbox();
    let rc = r#"bind -x '"\C-xp": printf %s "$READLINE_LINE" > line; READLINE_LINE='"#;
    sandbox.write("rc", format!("source {}\n{rc}\n", committed("krosyn-audit.bash")));
    for (line, completed) in LINES {
        assert_eq!(pressed(&sandbox, "bash --noprofile --rcfile rc -i", line), *completed);
    }
}

#[test]
fn zsh_completes() {
    if program("zsh").is_none() || program("script").is_none() {
        return skipped("completions", "zsh or script");
    }
    let sandbox = sandbox();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let rc = "autoload -Uz compinit && compinit -u -C -d ./dump\n\
              write-line() { print -rn -- $BUFFER > line; BUFFER= }\nzle -N write-line\nbindkey '^Xp' write-line\n";
    sandbox.write(".zshrc", format!("fpath=({} $fpath)\n{rc}", directory.display()));
    for (line, completed) in LINES {
        assert_eq!(pressed(&sandbox, "zsh -i", line), *completed);
    }
}

#[test]
fn fish_completes() {
    if program("fish").is_none() {
        return skipped("completions", "fish");
    }
    let sandbox = sandbox();
    for (line, completed) in LINES {
        let complete = format!("source {}; complete --do-complete '{line}'", committed("krosyn-audit.fish"));
        let offered = (0..20).map(|_| {
            let child = sandbox.shell("fish").args(["--no-config", "--command", &complete]).spawn().unwrap();
            sandbox.finish(child).ended(0).out().to_owned()
        });
        let offered = offered.fuse().find(|offered| !offered.is_empty()).unwrap_or_default();
        let word = completed.rsplit(' ').next().unwrap();
        let words: Vec<_> = offered.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(words, [word], "{line}");
    }
}

#[test]
fn completion_neither_fails_nor_prompts_nor_waits() {
    let sandbox = sandbox();
    let config =
        "[profiles.work]\nserver = \"http://127.0.0.1:9\"\ntoken_command = [\"touch\", \"it-ran\"]\n";
    sandbox.write_with_mode("config/krosyn-audit/config.toml", config, 0o600);
    let offered = |words: &[&str]| {
        let mut command = sandbox.command(&[&["--", "krosyn-audit"], words].concat());
        let index = words.len().to_string();
        command.env("KROSYN_AUDIT_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index);
        let outcome = sandbox.finish(command.spawn().unwrap()).ended(0);
        assert_eq!(outcome.err(), "", "{words:?}");
        outcome.out().to_owned()
    };
    for words in [
        &["list", "--profile", "work", "-u", ""][..],
        &["list", "--profile", "gone", "-u", ""],
        &["list", "--server", "sqlite:not-there.db", "-u", ""],
        &["list", "--server", "nonsense", "--resource", ""],
        &["list", "--server", "http://127.0.0.1:9", "--token-file", "-", "-u", ""],
    ] {
        assert_eq!(offered(words), "", "{words:?}");
    }
    for words in [&["list", "--frobnicate", ""][..], &["nothing", "like", "it"], &[]] {
        offered(words);
    }
    sandbox.write_with_mode("config/krosyn-audit/config.toml", "no toml", 0o600);
    assert_eq!(offered(&["list", "-a", "cre"]), "created");
    assert!(!sandbox.path("it-ran").exists() && !sandbox.path("not-there.db").exists());
    let mut unknown = sandbox.command(&["--", "krosyn-audit", ""]);
    assert_eq!(
        sandbox.finish(unknown.env("KROSYN_AUDIT_COMPLETE", "tcsh").spawn().unwrap()).ended(0).out(),
        ""
    );
}
