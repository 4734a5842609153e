//! A question spelled as a command line again, to be read by people and pasted into a shell.
//!
//! It knows the flags' names and the shell's quotes, and nothing of what the command does.

use crate::args::connection::ConnectionArgs;
use crate::model::filter::{Choice, Filter, FilterValue};
use crate::render::sanitize::sanitize;

/// The flags that make this filter.
pub(crate) fn filter_words(filter: &Filter) -> Vec<String> {
    let mut words = Vec::new();
    list(&mut words, "--action", &filter.action);
    list(&mut words, "--model-type", &filter.model_type);
    list(&mut words, "--user", &filter.user);
    list(&mut words, "--resource", &filter.resource);
    list(&mut words, "--field", &filter.field);
    list(&mut words, "--via", &filter.via);
    list(&mut words, "--request-id", &filter.request_id);
    // There a comma is a comma, so each text has a flag of its own.
    filter.text.written().for_each(|text| flag(&mut words, "--grep", text));
    let ends = [("--since", filter.since), ("--until", filter.until)];
    ends.into_iter().for_each(|(name, at)| {
        if let Some(at) = at {
            flag(&mut words, name, at.to_string());
        }
    });
    words
}

/// The flags that lead to the same place.
pub(crate) fn connection_words(args: &ConnectionArgs, demo: bool) -> Vec<String> {
    let mut words = Vec::new();
    let values = [
        ("--server", args.server.clone()),
        ("--token-file", args.token_file.as_ref().map(|path| path.display().to_string())),
        ("--org", args.org.clone()),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            flag(&mut words, name, value);
        }
    }
    let switches = [("--insecure-http", args.insecure_http), ("--demo", demo)];
    words.extend(switches.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.to_owned()));
    words
}

/// The words as one line for a shell.
pub(crate) fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it: as it is, in quotes, or, with what a terminal would obey or hide, in `$'…'`.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if sanitize(word) == word {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut quoted = "$'".to_owned();
    for c in word.chars() {
        let text = c.to_string();
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            // Bytes are read alike by every shell that knows these quotes; code points depend on its locale.
            _ if c.is_ascii() && !c.is_control() => quoted.push(c),
            _ => quoted.extend(text.bytes().map(|byte| format!("\\x{byte:02x}"))),
        }
    }
    quoted + "'"
}

fn list<T: FilterValue>(words: &mut Vec<String>, name: &str, choice: &Choice<T>) {
    if !choice.is_any() {
        flag(words, name, choice.written().collect::<Vec<_>>().join(","));
    }
}

/// A value that begins with a dash would be taken for a flag, standing alone.
fn flag(words: &mut Vec<String>, name: &str, value: String) {
    if value.starts_with('-') {
        words.push(format!("{name}={value}"));
    } else {
        words.extend([name.to_owned(), value]);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use clap::Parser;
    use proptest::prelude::*;

    use super::*;
    use crate::args::filter::FilterArgs;
    use crate::model::time::TimeContext;
    use crate::model::words::{Action, ModelType, Via};

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        filter: FilterArgs,
    }

    /// The filter that these words make when they are typed.
    fn read(words: &[String]) -> Filter {
        let typed = Typed::try_parse_from([&["x".to_owned()], words].concat()).expect("flags");
        let now = "2026-11-22T08:00:00Z".parse().expect("a time");
        let question = typed.filter.parse(&TimeContext { now, zone: chrono_tz::Asia::Tokyo });
        question.expect("a question").filter
    }

    /// The words a shell makes of the line.
    fn split(line: &str) -> Vec<String> {
        let printed =
            Command::new("bash").args(["-c", &format!("printf '%s\\0' {line}")]).output().expect("bash");
        let text = String::from_utf8(printed.stdout).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    fn texts<T: FilterValue<Err: std::fmt::Debug> + Clone + std::fmt::Debug + 'static>()
    -> impl Strategy<Value = Choice<T>> {
        // Whatever may stand in a name: quotes, blanks, controls, what turns the direction; a shell's word holds no NUL.
        let text = "(is:|id:|token/name:|a\\.)?[-a!,\\\\'\" $`*~\u{1b}\u{202e}é日\n\t.\\[1\\]:=]{1,5}"
            .prop_filter("not blank", |text| !text.trim().is_empty());
        let value = text.prop_map(|text| text.parse::<T>().expect("a value"));
        let list = prop::collection::vec(value, 0..3);
        (list.clone(), list).prop_map(|(include, exclude)| Choice { include, exclude })
    }

    proptest! {
        #[test]
        fn what_is_spelled_selects_the_same(user in texts(), text in texts(), field in texts(), request_id in texts(), since in any::<Option<u32>>()) {
            let at = since.map(|seconds| format!("@{seconds}").parse::<String>().expect("a text"));
            let mut filter = Filter { user, text, field, request_id, ..Filter::default() };
            filter.action.include = vec![Action::Updated, Action::Deleted];
            filter.model_type.exclude = vec![ModelType::ConnectorEndpoint];
            filter.via.include = vec![Via::Terraform];
            if let Some(at) = at {
                filter.since = read(&["--since".to_owned(), at]).since;
            }
            let words = filter_words(&filter);
            prop_assert_eq!(read(&words), filter);
            let line = line(&words);
            prop_assert_eq!(sanitize(&line).into_owned(), line);
        }

        #[test]
        #[cfg_attr(not(unix), ignore = "there is no bash")]
        fn a_shell_reads_what_was_quoted(words in prop::collection::vec("[-a!'\"\\\\ $`*~{}\u{1b}\u{202e}é日\n\t%;&|<>#()]{0,6}", 1..40)) {
            prop_assert_eq!(split(&line(&words)), words);
        }
    }

    #[test]
    fn plain_words_stay_plain() {
        let words = ["list", "--user", "ana,!bob", "it's", "a\u{1b}[2J", ""].map(str::to_owned);
        assert_eq!(line(&words), r"list --user 'ana,!bob' 'it'\''s' $'a\x1b[2J' ''");
        let args = ConnectionArgs { server: Some("sqlite:a b.db".to_owned()), ..ConnectionArgs::default() };
        assert_eq!(connection_words(&args, false), ["--server", "sqlite:a b.db"]);
        assert_eq!(connection_words(&ConnectionArgs::default(), true), ["--demo"]);
    }
}
