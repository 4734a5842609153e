//! Suggests a correction for an unexpected argument: a value without its flag, or a word that other programs use.

use crate::model::filter::Resource;
use crate::model::words::{Action, Dimension, Log, ModelType};

/// The commands that take filters.
const FILTERED: &[&str] = &["list", "ls", "browse", "export", "forward", "stats"];

/// Words of other programs, and the command that does the same.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["search", "find", "grep", "query", "filter"], "krosyn-audit list -g TEXT"),
    (&["tail", "follow", "watch", "monitor", "stream"], "krosyn-audit list --follow"),
    (&["head", "log", "logs", "events", "entries", "audit"], "krosyn-audit list"),
    (&["undo", "revert", "rollback", "restore"], "krosyn-audit show ID --revert prints how to undo an entry"),
    (&["get", "view", "describe", "cat", "detail", "details"], "krosyn-audit show ID"),
    (&["diff", "compare"], "krosyn-audit history TYPE/ID --diff TIME TIME, or krosyn-audit show ID"),
    (&["who", "annotate"], "krosyn-audit blame TYPE/ID"),
    (&["count", "top", "summary", "report", "users"], "krosyn-audit stats --by user"),
    (&["whoami", "info", "config", "doctor", "ping"], "krosyn-audit status -v"),
    (&["version"], "krosyn-audit --version"),
    (&["delete", "remove", "rm", "purge", "clean", "cleanup"], "krosyn-audit prune --dry-run"),
    (&["download", "dump", "csv", "save"], "krosyn-audit export -o FILE.csv"),
    (&["add", "append", "write", "log-event"], "krosyn-audit record"),
    (&["check", "validate", "proof"], "krosyn-audit verify"),
    (&["server", "start", "run", "daemon"], "krosyn-audit serve"),
    (&["ui", "tui", "interactive"], "krosyn-audit browse"),
    (&["web", "page"], "krosyn-audit open"),
    (&["auth", "signin", "sign-in"], "krosyn-audit login"),
    (&["signout", "sign-out"], "krosyn-audit logout"),
    (&["completion"], "krosyn-audit completions"),
    (&["trail"], "krosyn-audit list --log trail"),
    (&["siem", "ship", "send"], "krosyn-audit forward"),
];

/// Words that other programs use below a command, and the subcommand that does the same.
const SUBCOMMANDS: &[(&str, &[&str], &str)] = &[
    ("hold", &["add", "new", "place", "set", "start"], "krosyn-audit hold create NAME --reason TEXT"),
    (
        "hold",
        &["rm", "remove", "delete", "end", "close", "lift", "drop"],
        "krosyn-audit hold release NAME --reason TEXT",
    ),
    ("hold", &["get", "view", "info", "describe"], "krosyn-audit hold show NAME"),
    (
        "token",
        &["add", "new", "issue", "generate"],
        "krosyn-audit token create --org SLUG --name NAME --scope read",
    ),
    ("token", &["rm", "remove", "delete", "disable", "expire"], "krosyn-audit token revoke NAME --org SLUG"),
    ("org", &["add", "new"], "krosyn-audit org create SLUG --plan PLAN"),
    ("org", &["rm", "remove"], "krosyn-audit org delete SLUG"),
    ("org", &["update", "edit", "change", "plan"], "krosyn-audit org set SLUG --plan PLAN"),
    ("org", &["mv"], "krosyn-audit org rename SLUG NEW"),
    ("store", &["migrate", "cp", "move"], "krosyn-audit store copy FROM TO"),
    ("store", &["verify", "fsck", "repair"], "krosyn-audit store check"),
    ("store", &["dump", "snapshot", "save"], "krosyn-audit store backup FILE"),
];

/// Flags that other programs have for one command, and what to write instead.
const FLAGS_OF: &[(&str, &[&str], &str)] = &[
    ("prune", &["--older", "--before", "--age", "--days", "--retention", "--until"], "--older-than AGE"),
    ("prune", &["-y", "-f", "--force", "--no-confirm"], "--yes"),
    ("prune", &["--backup", "--export", "-o"], "--archive FILE"),
    ("serve", &["-p", "--port", "--bind", "--addr", "--address", "--host"], "--listen 127.0.0.1:PORT"),
    ("serve", &["--db", "--database", "--path"], "--store sqlite:PATH"),
    ("browse", &["-f", "--follow", "--watch", "--live"], "in browse, F follows new entries"),
    ("browse", &["--reverse", "--asc", "--order"], "in browse, o reverses the order"),
    ("show", &["-1", "-2", "-3"], "latest~N shows the Nth entry before the latest"),
];

/// Flags of other programs, and what to write instead.
const FLAGS: &[(&[&str], &str)] = &[
    (&["--json"], "--format json, or --format jsonl for one entry per line"),
    (&["--jsonl", "--ndjson"], "--format jsonl"),
    (&["--csv"], "--format csv"),
    (&["--tsv"], "--format tsv"),
    (&["-w", "-l", "--wide", "--long"], "--format wide"),
    (
        &["--yaml", "--xml", "--html", "--xlsx", "--excel"],
        "--format json or csv; for spreadsheets: export --for-excel",
    ),
    (&["--type", "--kind", "--model"], "-t TYPE (--model-type)"),
    (&["--from", "--after", "--start", "--newer-than"], "--since TIME"),
    (&["--to", "--before", "--end", "--older-than"], "--until TIME"),
    (&["--between", "--range"], "--since TIME --until TIME"),
    (&["--today"], "--since today"),
    (&["--yesterday"], "--since yesterday --until yesterday"),
    (&["--days", "--hours", "--age"], "--since 7d"),
    (&["--last", "--recent"], "-n N for the newest entries, --since 24h for a time"),
    (&["--offset", "--skip", "--page"], "--until id:ID shows the entries before that one; --all shows all"),
    (&["--status", "--state"], "--field status=VALUE"),
    (&["--name", "--resource-name"], "-g NAME (--grep), or krosyn-audit history NAME"),
    (&["--group-by", "--group"], "--by DIMENSION"),
    (&["--desc", "--newest"], "the newest entries come first already"),
    (&["--search", "--text", "--query", "--filter", "-q=", "--match", "--contains"], "-g TEXT (--grep)"),
    (&["--actor", "--author", "--by-user", "--email", "--who"], "-u USER (--user)"),
    (&["--not", "--exclude", "--invert"], "a ^ before the value excludes it: -u ^ana"),
    (&["--count", "--total"], "krosyn-audit stats"),
    (&["--head", "--max", "--max-count", "--tail", "--lines", "--top", "-N"], "-n N (--limit)"),
    (&["--oldest", "--asc", "--sort", "--order"], "--reverse shows the same entries oldest first"),
    (&["--watch", "--stream", "--live"], "--follow (-f)"),
    (&["--request"], "--request-id ID"),
    (&["--channel", "--source"], "--via CHANNEL"),
    (&["--id"], "krosyn-audit show ID"),
    (&["--url", "--host", "--endpoint", "--db", "--database"], "--server URL"),
    (
        &["--token"],
        "--token-file PATH, or the variable KROSYN_AUDIT_TOKEN: a token among the arguments is visible to others",
    ),
    (&["--timezone", "--zone"], "--tz ZONE"),
    (&["--utc"], "--tz utc"),
    (&["--no-color", "--no-colour"], "--color never"),
    (&["--colour"], "--color WHEN"),
    (&["--file", "--out"], "-o FILE (--output)"),
    (&["--full"], "--no-trunc"),
    (&["--revert"], "krosyn-audit show ID --revert"),
    (&["-A", "-B", "--after-context", "--before-context"], "-C N (--context)"),
];

fn named(table: &'static [(&'static [&'static str], &'static str)], word: &str) -> Option<&'static str> {
    let known = |words: &[&str]| words.contains(&word);
    table.iter().find(|(words, _)| known(words)).map(|(_, meant)| *meant)
}

/// The command to use in place of `word`, which is no command.
fn command(word: &str) -> Option<&'static str> {
    named(COMMANDS, &word.to_ascii_lowercase())
}

/// What to write instead of `word`, one of the `words` after `command`.
pub(crate) fn suggestion(command: &str, word: &str, words: &[String]) -> Option<String> {
    if command == "show" && (word.starts_with("-o") || word.starts_with("--output")) {
        return Some("show writes to stdout: redirect it with > FILE".to_owned());
    }
    if command == "login" && !word.starts_with('-') {
        return Some(format!("krosyn-audit login --server {word}"));
    }
    if matches!(command, "list" | "ls") && word == "--for-excel" {
        return Some("krosyn-audit export --for-excel -o FILE.csv".to_owned());
    }
    let flag = word.split('=').next().unwrap_or(word);
    if let Some((.., meant)) = FLAGS_OF.iter().find(|(of, flags, _)| *of == command && flags.contains(&flag))
    {
        return Some((*meant).to_owned());
    }
    if word == "help" {
        return Some(format!("krosyn-audit {command} --help"));
    }
    if let Some(meant) = named(FLAGS, flag) {
        return Some(meant.to_owned());
    }
    if !FILTERED.contains(&command) {
        return None;
    }
    // `-10`, as for git log and head; the parser names its first letter only.
    let is_count = |word: &&String| word.strip_prefix('-').is_some_and(|count| count.parse::<u32>().is_ok());
    if let Some(count) = words.iter().find(is_count).filter(|_| word.starts_with('-')) {
        return Some(format!("-n {}", &count[1..]));
    }
    if word.starts_with('-') {
        return None;
    }
    if let Some(file) = as_file(command, word) {
        return Some(file);
    }
    if let Some(format) = format_as_file(word) {
        return Some(format!("--format {format}"));
    }
    let is_dimension = |word: &&str| word.parse::<Dimension>().is_ok();
    if command == "stats" && is_dimension(&word) {
        let dimensions: Vec<_> = words.iter().map(String::as_str).filter(is_dimension).collect();
        return Some(format!("--by {}", dimensions.join(",")));
    }
    if word.parse::<Action>().is_ok() {
        Some(format!("-a {word}"))
    } else if word.parse::<ModelType>().is_ok() {
        Some(format!("-t {word}"))
    } else if Action::read_in(Log::Trail, word).is_ok() {
        Some(format!("--log trail -a {word}"))
    } else if ModelType::read_in(Log::Trail, word).is_ok() {
        Some(format!("--log trail -t {word}"))
    } else if word.parse::<Resource>().is_ok() {
        Some(format!("--resource {word}, or krosyn-audit history {word}"))
    } else if word.parse::<u64>().is_ok() {
        Some(format!("krosyn-audit show {word}"))
    } else {
        Some(format!("-u {word} for a user, -g {word} for any text"))
    }
}

/// A file name without its flag.
fn as_file(command: &str, word: &str) -> Option<String> {
    let extension = word.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())?;
    match (command, extension.as_str()) {
        ("list" | "ls" | "export", "csv" | "tsv" | "json" | "jsonl" | "ndjson" | "gz" | "zst" | "txt") => {
            Some(format!("-o {word}"))
        }
        ("list" | "ls" | "export", "xlsx" | "xls" | "ods") => {
            Some("krosyn-audit export --for-excel -o FILE.csv".to_owned())
        }
        _ => None,
    }
}

/// The subcommand to use in place of `word` after a command such as `hold`, or else the command.
pub(crate) fn subcommand(words: &[String], word: &str) -> Option<&'static str> {
    match words.iter().find(|it| SUBCOMMANDS.iter().any(|(of, ..)| of == it)) {
        Some(parent) if parent != word => {
            let word = word.to_ascii_lowercase();
            let known =
                SUBCOMMANDS.iter().find(|(of, known, _)| of == parent && known.contains(&word.as_str()));
            known.map(|(.., meant)| *meant)
        }
        _ => command(word),
    }
}

/// The format that an output file is named after: `-o json` mostly means `--format json`.
pub(crate) fn format_as_file(name: &str) -> Option<&'static str> {
    const FORMATS: [&str; 10] =
        ["table", "wide", "json", "jsonl", "csv", "tsv", "ocsf", "cef", "ecs", "leef"];
    FORMATS.into_iter().find(|format| *format == name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_without_a_flag_get_a_suggestion() {
        for (line, expected) in [
            ("list updated", "-a updated"),
            ("ls secret", "-t secret"),
            ("list exported", "--log trail -a exported"),
            ("export token", "--log trail -t token"),
            ("list connector/42", "--resource connector/42, or krosyn-audit history connector/42"),
            ("export 1287", "krosyn-audit show 1287"),
            ("stats action user", "--by action,user"),
            ("show -o", "show writes to stdout: redirect it with > FILE"),
            ("list ana", "-u ana for a user, -g ana for any text"),
            ("login https://x.example", "krosyn-audit login --server https://x.example"),
            ("list --type=secret", "-t TYPE (--model-type)"),
            ("stats --from", "--since TIME"),
            ("list -w", "--format wide"),
            ("list -10", "-n 10"),
            ("list help", "krosyn-audit list --help"),
            ("export out.csv", "-o out.csv"),
            ("export out.xlsx", "krosyn-audit export --for-excel -o FILE.csv"),
            ("prune --older", "--older-than AGE"),
            ("serve --port", "--listen 127.0.0.1:PORT"),
            ("browse -f", "in browse, F follows new entries"),
            ("show -1", "latest~N shows the Nth entry before the latest"),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(suggestion(&words[0], &words[1], &words[1..]).as_deref(), Some(expected), "{line}");
        }
        assert_eq!(suggestion("prune", "updated", &[]), None);
        assert_eq!(suggestion("list", "--acton", &[]), None);
    }

    #[test]
    fn words_of_other_programs_lead_to_a_command() {
        assert_eq!(command("tail"), Some("krosyn-audit list --follow"));
        assert_eq!(command("Version"), Some("krosyn-audit --version"));
        assert_eq!(command("xyzzy"), None);
        let of = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            subcommand(&words, &words[1])
        };
        assert_eq!(of("hold rm"), Some("krosyn-audit hold release NAME --reason TEXT"));
        assert_eq!(of("token add"), Some("krosyn-audit token create --org SLUG --name NAME --scope read"));
        assert_eq!(of("org search"), None, "a command of the whole tool is no answer here");
        assert_eq!(of("--demo tail"), Some("krosyn-audit list --follow"));
        assert_eq!((format_as_file("JSON"), format_as_file("x.json")), (Some("json"), None));
    }
}
