//! Renders connection flags as shell arguments.

use crate::args::connection::ConnectionArgs;
use crate::render::command_line::flag;

/// The flags that select the server of these arguments, for a printed command.
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

// The tests of `render::command_line` are here, because they need `FilterArgs`.
#[cfg(test)]
mod tests {
    use std::process::Command;

    use clap::Parser;
    use proptest::prelude::*;

    use super::*;
    use crate::args::filter::FilterArgs;
    use crate::model::filter::Filter;
    use crate::model::filter::{Choice, FilterValue};
    use crate::model::time::TimeContext;
    use crate::model::words::{Action, ModelType, Via};
    use crate::render::command_line::{filter_words, line};
    use crate::render::sanitize::sanitize;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        filter: FilterArgs,
    }

    /// The filter that clap reads from these words.
    fn read(words: &[String]) -> Filter {
        let typed = Typed::try_parse_from([&["x".to_owned()], words].concat()).expect("flags");
        let now = "2026-11-22T08:00:00Z".parse().expect("a time");
        let parsed = typed.filter.parse(&TimeContext { now, zone: chrono_tz::Asia::Tokyo });
        parsed.expect("a filter").filter
    }

    /// The words into which a shell splits the line.
    fn split(line: &str) -> Vec<String> {
        let printed =
            Command::new("bash").args(["-c", &format!("printf '%s\\0' {line}")]).output().expect("bash");
        let text = String::from_utf8(printed.stdout).expect("UTF-8");
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    fn texts<T: FilterValue<Err: std::fmt::Debug> + Clone + std::fmt::Debug + 'static>()
    -> impl Strategy<Value = Choice<T>> {
        // Quotes, blanks, control and bidirectional characters. A shell word cannot hold NUL.
        let text = "(is:|id:|token/name:|a\\.)?[-a!,\\\\'\" $`*~\u{1b}\u{202e}é日\n\t.\\[1\\]:=]{1,5}"
            .prop_filter("not blank", |text| !text.trim().is_empty());
        let value = text.prop_map(|text| text.parse::<T>().expect("a value"));
        let list = prop::collection::vec(value, 0..3);
        (list.clone(), list).prop_map(|(include, exclude)| Choice { include, exclude })
    }

    proptest! {
        #[test]
        fn a_rendered_filter_selects_the_same((user, on_behalf_of) in (texts(), texts()), text in texts(), field in texts(), request_id in texts(), since in any::<Option<u32>>()) {
            let mut filter = Filter { user, on_behalf_of, text, field, request_id, ..Filter::default() };
            filter.action.include = vec![Action::Updated, Action::Deleted];
            filter.model_type.exclude = vec![ModelType::ConnectorEndpoint];
            filter.via.include = vec![Via::Terraform];
            if let Some(seconds) = since {
                filter.since = read(&["--since".to_owned(), format!("@{seconds}")]).since;
            }
            let words = filter_words(&filter);
            prop_assert_eq!(read(&words), filter);
            let line = line(&words);
            prop_assert_eq!(sanitize(&line).into_owned(), line);
        }

        #[test]
        fn a_shell_reads_quoted_words_back(words in prop::collection::vec("[-a!'\"\\\\ $`*~{}\u{1b}\u{202e}é日\n\t%;&|<>#()]{0,6}", 1..40)) {
            prop_assert_eq!(split(&line(&words)), words);
        }
    }

    #[test]
    fn words_are_quoted_only_when_needed() {
        let words = ["list", "--user", "ana,!bob", "it's", "a\u{1b}[2J", "", "=ls", "a=b"].map(str::to_owned);
        assert_eq!(line(&words), r"list --user 'ana,!bob' 'it'\''s' $'a\x1b[2J' '' '=ls' a=b");
        let args = ConnectionArgs { server: Some("sqlite:a b.db".to_owned()), ..ConnectionArgs::default() };
        assert_eq!(connection_words(&args, false), ["--server", "sqlite:a b.db"]);
        assert_eq!(connection_words(&ConnectionArgs::default(), true), ["--demo"]);
    }
}
