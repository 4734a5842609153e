//! What a shell is told when somebody presses Tab: flags and commands by clap, values by what is known of them here and by
//! what the log holds. Whatever goes wrong, nothing is offered and nothing is said.
//!
//! clap's own engine walks the command line, for it is the parser that knows it best, and writes the scripts of five shells.
//! It has no promise of stability, so its version is pinned and the shells themselves are in the tests.

mod live;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use chrono_tz::TZ_VARIANTS;
use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use crate::commands::Context;
use crate::commands::complete::live::{Live, Recent};
use crate::config::env::COMPLETE;
use crate::model::fold::folded;
use crate::model::words::{Action, Dimension, ModelType, Plan, Scope, UserKind, Via};
use crate::render::columns::Column;
use crate::render::sanitize::sanitize;

/// The name of the programme, in scripts and in `PATH`.
const PROGRAM: &str = "krosyn-audit";
/// Times that are often meant.
const TIMES: &[&str] = &["1h", "24h", "7d", "30d", "today", "yesterday", "monday"];

/// In a directory of `fpath` the script is the body of a function, and its first call is a Tab already.
const ZSH_AUTOLOAD: &[u8] =
    b"\n[[ $funcstack[1] == _krosyn-audit ]] && _clap_dynamic_completer_krosyn_audit \"$@\"\n";

/// What zsh is told the answer by: with `-U` it takes what is offered as it is. Else it would leave out what does not begin as the
/// word does, such as a user who is meant exactly: `is:ana@acme.example` for `ana`.
const ZSH_OFFERS: (&str, &str) = ("_describe -V 'values' other", "_describe -V 'values' other -U");

/// A value that may be meant, and what it is.
struct Value {
    text: String,
    about: String,
    /// What else it may be begun by: a user's name, where the text says that exactly that user is meant.
    called: Option<String>,
}

impl Value {
    fn new(text: impl Into<String>, about: impl AsRef<str>) -> Self {
        Self { text: text.into(), about: sanitize(about.as_ref()).into(), called: None }
    }

    fn called(self, name: &str) -> Self {
        Self { called: Some(name.to_owned()), ..self }
    }

    /// Whether it may be what was begun, however it is written.
    fn begins(&self, begun: &str) -> bool {
        let begins = |text: &String| folded(text).starts_with(begun);
        begins(&self.text) || self.called.as_ref().is_some_and(begins)
    }

    /// Whether a shell takes it as it stands. It is put on a command line that somebody runs next: a name out of the log must
    /// not become a command there.
    fn is_plain(&self) -> bool {
        let plain = |c: char| c.is_alphanumeric() || "@._+-/:".contains(c);
        !self.text.is_empty() && !self.text.starts_with('-') && self.text.chars().all(plain)
    }
}

/// Writes the script that makes a shell ask.
pub(super) fn script(shell: &str) -> std::io::Result<Vec<u8>> {
    let mut script = Vec::new();
    match Shells::builtins().completer(shell) {
        Some(completer) => completer.write_registration(COMPLETE, PROGRAM, PROGRAM, PROGRAM, &mut script)?,
        None => return Err(std::io::Error::other(format!("no completions for {shell}"))),
    }
    if shell == "zsh" {
        let (offers, as_they_are) = ZSH_OFFERS;
        script = String::from_utf8_lossy(&script).replace(offers, as_they_are).into_bytes();
        script.extend_from_slice(ZSH_AUTOLOAD);
    }
    Ok(script)
}

/// Answers a shell: what may stand for the last of `words`, the command line up to the cursor.
pub(crate) fn answer(shell: &str, words: Vec<OsString>, tree: Command, context: Context) -> Vec<u8> {
    let mut answer = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        let typed = if shell == "bash" { rejoined(&words) } else { words.clone() };
        let live = Arc::new(Live::new(&tree, &typed, context));
        let mut tree = with_values(tree, &live);
        let here = std::env::current_dir().ok();
        // A shell that gets half an answer offers half of it, which is no error worth a word on somebody's prompt.
        drop(completer.write_complete(&mut tree, words, here.as_deref(), &mut answer));
    }
    answer
}

/// The words as they were typed: bash hands over `https://x` as three of them, broken at the colon.
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

/// The command tree, its arguments knowing their values.
fn with_values(command: Command, live: &Arc<Live>) -> Command {
    let command = command.mut_args(|arg| {
        if arg.get_value_parser().possible_values().is_some() {
            return arg;
        }
        match values(&arg) {
            None => arg,
            Some(values) => {
                let (live, many) = (Arc::clone(live), matches!(arg.get_action(), ArgAction::Append));
                let signs = if arg.get_id() == "columns" { "+-" } else { "!" };
                let lists = if many || arg.get_id() == "columns" { signs } else { "" };
                arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
                    typed.to_str().map_or_else(Vec::new, |typed| matching(typed, lists, values(&live)))
                }))
            }
        }
    });
    command.mut_subcommands(|subcommand| with_values(subcommand, live))
}

/// Where an argument's values come from. The argument is known by its name, which means the same in every command.
fn values(arg: &Arg) -> Option<fn(&Live) -> Vec<Value>> {
    fn words<T: ToString + Copy>(all: &[T]) -> Vec<Value> {
        all.iter().map(|word| Value::new(word.to_string(), "")).collect()
    }
    Some(match arg.get_id().as_str() {
        "action" => |_| words(Action::ALL),
        "model_type" => |_| words(ModelType::ALL),
        "via" => |_| words(Via::ALL),
        "user_kind" => |_| words(UserKind::ALL),
        "plan" => |_| words(Plan::ALL),
        "by" => |_| words(Dimension::ALL),
        "command" => |live| live.commands(),
        "scope" => |_| words(Scope::ALL),
        "columns" => |_| Column::ALL.iter().map(|it| Value::new(it.name(), it.description())).collect(),
        "tz" => |_| TZ_VARIANTS.iter().map(|zone| Value::new(zone.name(), "")).collect(),
        "since" | "until" => |_| TIMES.iter().map(|time| Value::new(*time, "")).collect(),
        "profile" => Live::profiles,
        // Where it may be repeated it is a filter; else it is what gets recorded.
        "user" if matches!(arg.get_action(), ArgAction::Append) => Live::exact_users,
        "user" => Live::users,
        "resource" if arg.is_positional() => |live| live.recent(Recent::Named),
        "resource" => |live| live.recent(Recent::Resources),
        "field" => |live| live.recent(Recent::Fields),
        "request_id" => |live| live.recent(Recent::Requests),
        "ids" => |live| live.recent(Recent::Ids),
        _ => return None,
    })
}

/// The values that begin as what was typed does, whatever the case. In a list that is its last one, and it may bear a sign:
/// `created,!upd` becomes `created,!updated`.
fn matching(typed: &str, signs: &str, values: Vec<Value>) -> Vec<CompletionCandidate> {
    let is_list = !signs.is_empty();
    let last = typed.rfind(',').filter(|_| is_list).map_or(0, |comma| comma + 1);
    let begun = typed[last..].trim_start_matches(|c| signs.contains(c));
    let (before, sign) = (&typed[..last], &typed[last..typed.len() - begun.len()]);
    let begun = folded(begun);
    let chosen = |value: &Value| {
        before.split(',').any(|word| word.trim_start_matches(|c| signs.contains(c)) == value.text)
    };
    let meant = values.into_iter().filter(|value| value.is_plain() && value.begins(&begun) && !chosen(value));
    meant
        .map(|value| {
            let about = Some(value.about).filter(|about| !about.is_empty()).map(StyledStr::from);
            CompletionCandidate::new(format!("{before}{sign}{}", value.text)).help(about)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(typed: &str, signs: &str, values: &[&str]) -> Vec<String> {
        let values = values.iter().map(|text| Value::new(*text, "")).collect();
        let offered = matching(typed, signs, values);
        offered.iter().map(|it| it.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_last_of_a_list_is_completed() {
        let actions = ["created", "updated", "deleted"];
        assert_eq!(offered("", "!", &actions), actions);
        assert_eq!(offered("UPD", "!", &actions), ["updated"]);
        assert_eq!(offered("created,", "!", &actions), ["created,updated", "created,deleted"]);
        assert_eq!(offered("!cr", "!", &actions), ["!created"]);
        assert_eq!(offered("created,!upd", "!", &actions), ["created,!updated"]);
        assert_eq!(offered("id,+ti", "+-", &["id", "time"]), ["id,+time"]);
        assert_eq!(offered("-", "+-", &["id", "time"]), ["-id", "-time"]);
        assert!(offered("created,", "", &actions).is_empty(), "no list");
    }

    #[test]
    fn nothing_is_offered_that_a_shell_would_run() {
        let names =
            ["$(reboot)", "`reboot`", "a;b", "a b", "--yes", "a\nb", "~root", "a'b", "\u{202e}x", "!!", ""];
        assert!(offered("", "!", &names).is_empty());
        assert_eq!(offered("", "!", &["ana.ruiz@acme.example", "connector/42", "Søren"]).len(), 3);
    }

    #[test]
    fn what_bash_broke_is_whole_again() {
        let words =
            ["list", "--server", "=", "https", ":", "//x", ":", "1", "-u", "a", "@", "b", ""].map(Into::into);
        assert_eq!(rejoined(&words), ["list", "--server=https://x:1", "-u", "a@b", ""]);
    }

    #[test]
    fn every_shell_has_a_script_that_asks_this_programme() {
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
