//! Tab completion: clap completes flags and commands, this module completes values, some of them from the log. Errors are
//! silent: nothing is offered.
//!
//! clap's completion engine parses the command line and writes the scripts for five shells. Its API is not stable, so its
//! version is pinned, and the tests run the shells themselves.

mod candidate;
mod live;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use chrono_tz::TZ_VARIANTS;
use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use crate::commands::Context;
use crate::commands::complete::candidate::Candidate;
use crate::commands::complete::live::{LiveValues, RecentField};
use crate::config::env::COMPLETE;
use crate::model::fold::folded;
use crate::model::words::{Action, Dimension, Log, ModelType, Plan, Scope, UserKind, Via};
use crate::render::columns::Column;

/// The name of the program, in scripts and in `PATH`.
const PROGRAM: &str = "krosyn-audit";
/// Common times.
const TIMES: &[&str] = &["1h", "24h", "7d", "30d", "today", "yesterday", "monday"];

/// In a directory of `fpath` the script is the body of a function, whose first call must already complete.
const ZSH_AUTOLOAD: &[u8] =
    b"\n[[ $funcstack[1] == _krosyn-audit ]] && _clap_dynamic_completer_krosyn_audit \"$@\"\n";

/// Adds `-U`, so that zsh offers all candidates. Without it, zsh drops those that do not start with the typed word, such as
/// `is:ana@acme.example` for `ana`.
const ZSH_DESCRIBE: (&str, &str) = ("_describe -V 'values' other", "_describe -V 'values' other -U");

/// The completion script of a shell, which calls this program.
pub(super) fn script(shell: &str) -> std::io::Result<Vec<u8>> {
    let mut script = Vec::new();
    match Shells::builtins().completer(shell) {
        Some(completer) => completer.write_registration(COMPLETE, PROGRAM, PROGRAM, PROGRAM, &mut script)?,
        None => return Err(std::io::Error::other(format!("no completions for {shell}"))),
    }
    if shell == "zsh" {
        let (filtered, unfiltered) = ZSH_DESCRIBE;
        script = String::from_utf8_lossy(&script).replace(filtered, unfiltered).into_bytes();
        script.extend_from_slice(ZSH_AUTOLOAD);
    }
    Ok(script)
}

/// The candidates for the last of `words`, which are the command line up to the cursor.
pub(crate) fn answer(shell: &str, words: Vec<OsString>, tree: Command, context: Context) -> Vec<u8> {
    let mut answer = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        let typed = if shell == "bash" { rejoined(&words) } else { words.clone() };
        let live = Arc::new(LiveValues::new(&tree, &typed, context));
        let mut tree = with_values(tree, &live);
        let here = std::env::current_dir().ok();
        // Ignored: a message would appear in the user's prompt.
        drop(completer.write_complete(&mut tree, words, here.as_deref(), &mut answer));
    }
    answer
}

/// Undoes bash's splitting of words at `:`, `=` and `@`, as in `https://x`.
fn rejoined(words: &[OsString]) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    let mut open = false;
    for word in words {
        let breaks = !word.is_empty() && word.to_string_lossy().chars().all(|c| ":=@".contains(c));
        match joined.last_mut() {
            Some(last) if open || breaks => last.push(word),
            _ => joined.push(word.clone()),
        }
        open = breaks;
    }
    joined
}

/// The command tree with value completion.
fn with_values(command: Command, live: &Arc<LiveValues>) -> Command {
    let command = command.mut_args(|arg| {
        if arg.get_value_parser().possible_values().is_some() {
            return arg;
        }
        match values(&arg) {
            None => arg,
            Some(values) => {
                let (live, many) = (Arc::clone(live), matches!(arg.get_action(), ArgAction::Append));
                let signs = if arg.get_id() == "columns" { "+-" } else { "!^" };
                let lists = if many || arg.get_id() == "columns" { signs } else { "" };
                arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
                    typed.to_str().map_or_else(Vec::new, |typed| matching(typed, lists, values(&live)))
                }))
            }
        }
    });
    command.mut_subcommands(|subcommand| with_values(subcommand, live))
}

/// The source of an argument's values. An argument id has the same meaning in every command.
fn values(arg: &Arg) -> Option<fn(&LiveValues) -> Vec<Candidate>> {
    fn words<T: ToString + Copy>(all: &[T]) -> Vec<Candidate> {
        all.iter().map(|word| Candidate::new(word.to_string(), "")).collect()
    }
    Some(match arg.get_id().as_str() {
        "action" => |live| words(Action::of(live.log)),
        "model_type" => |live| words(ModelType::of(live.log)),
        "log" => |_| words(Log::ALL),
        "via" => |_| words(Via::ALL),
        "user_kind" => |_| words(UserKind::ALL),
        "plan" => |_| words(Plan::ALL),
        "by" => |_| words(Dimension::ALL),
        "command" => |live| live.commands(),
        "scope" => |_| words(Scope::ALL),
        "columns" => |_| Column::ALL.iter().map(|it| Candidate::new(it.name(), it.description())).collect(),
        "tz" => |_| TZ_VARIANTS.iter().map(|zone| Candidate::new(zone.name(), "")).collect(),
        "since" | "until" => |_| TIMES.iter().map(|time| Candidate::new(*time, "")).collect(),
        "profile" => LiveValues::profiles,
        "hold" => LiveValues::holds,
        // A repeatable argument is a filter; otherwise it is the user to record.
        "user" if matches!(arg.get_action(), ArgAction::Append) => LiveValues::exact_users,
        "user" => LiveValues::users,
        // Principals are users, and mostly act themselves too.
        "on_behalf_of" if matches!(arg.get_action(), ArgAction::Append) => LiveValues::exact_users,
        "on_behalf_of" => LiveValues::users,
        "resource" if arg.is_positional() => |live| live.recent(RecentField::Named),
        "resource" => |live| live.recent(RecentField::Resources),
        "field" => |live| live.recent(RecentField::Fields),
        "request_id" => |live| live.recent(RecentField::Requests),
        "ip" => |live| live.recent(RecentField::Addresses),
        "ids" => |live| live.recent(RecentField::Ids),
        _ => return None,
    })
}

/// The candidates that start with the typed text, in any case. In a list, the last item is completed, and it may have a sign:
/// `created,!upd` becomes `created,!updated`.
fn matching(typed: &str, signs: &str, values: Vec<Candidate>) -> Vec<CompletionCandidate> {
    let is_list = !signs.is_empty();
    let last = typed.rfind(',').filter(|_| is_list).map_or(0, |comma| comma + 1);
    let prefix = typed[last..].trim_start_matches(|c| signs.contains(c));
    let (before, sign) = (&typed[..last], &typed[last..typed.len() - prefix.len()]);
    let prefix = folded(prefix);
    let is_chosen = |value: &Candidate| {
        before.split(',').any(|word| word.trim_start_matches(|c| signs.contains(c)) == value.text)
    };
    values
        .into_iter()
        .filter(|value| value.is_literal() && value.starts_with(&prefix) && !is_chosen(value))
        .map(|value| {
            let help = Some(value.description).filter(|text| !text.is_empty()).map(StyledStr::from);
            CompletionCandidate::new(format!("{before}{sign}{}", value.text)).help(help)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(typed: &str, signs: &str, values: &[&str]) -> Vec<String> {
        let values = values.iter().map(|text| Candidate::new(*text, "")).collect();
        let offered = matching(typed, signs, values);
        offered.iter().map(|it| it.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_last_item_of_a_list_is_completed() {
        let actions = ["created", "updated", "deleted"];
        assert_eq!(offered("", "!", &actions), actions);
        assert_eq!(offered("UPD", "!", &actions), ["updated"]);
        assert_eq!(offered("created,", "!", &actions), ["created,updated", "created,deleted"]);
        assert_eq!(offered("!cr", "!", &actions), ["!created"]);
        assert_eq!(offered("^cr", "!^", &actions), ["^created"]);
        assert_eq!(offered("created,!upd", "!", &actions), ["created,!updated"]);
        assert_eq!(offered("id,+ti", "+-", &["id", "time"]), ["id,+time"]);
        assert_eq!(offered("-", "+-", &["id", "time"]), ["-id", "-time"]);
        assert!(offered("created,", "", &actions).is_empty(), "no list");
    }

    #[test]
    fn text_that_a_shell_would_interpret_is_not_offered() {
        let names =
            ["$(reboot)", "`reboot`", "a;b", "a b", "--yes", "a\nb", "~root", "a'b", "\u{202e}x", "!!", ""];
        assert!(offered("", "!", &names).is_empty());
        assert_eq!(offered("", "!", &["ana.ruiz@acme.example", "connector/42", "Søren"]).len(), 3);
    }

    #[test]
    fn words_that_bash_split_are_joined_again() {
        let words =
            ["list", "--server", "=", "https", ":", "//x", ":", "1", "-u", "a", "@", "b", ""].map(Into::into);
        assert_eq!(rejoined(&words), ["list", "--server=https://x:1", "-u", "a@b", ""]);
    }

    #[test]
    fn the_script_of_every_shell_calls_this_program() {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let script = String::from_utf8(script(shell).expect(shell)).expect(shell);
            assert!(
                script.contains(COMPLETE) && script.contains("krosyn-audit -- ")
                    || script.contains("\"krosyn-audit\" -- "),
                "{script}"
            );
        }
        assert!(script("tcsh").is_err());
    }
}
