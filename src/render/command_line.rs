//! Renders a filter as shell arguments, for people to read and to paste.
//!
//! It knows the names of flags and shell quoting, and nothing about what a command does.

use crate::model::filter::Filter;
use crate::model::words::Log;
use crate::render::sanitize::sanitize;

/// The flag of a filter's query parameter, if it has one.
pub(crate) fn filter_flag(parameter: &str) -> Option<&'static str> {
    Some(match parameter {
        "action" => "--action",
        "model_type" => "--model-type",
        "user" => "--user",
        "on_behalf_of" => "--on-behalf-of",
        "resource" => "--resource",
        "field" => "--field",
        "via" => "--via",
        "request_id" => "--request-id",
        "ip" => "--ip",
        "reason" => "--reason",
        "q" => "--grep",
        _ => return None,
    })
}

/// The flags that the command line reads as this filter.
pub(crate) fn filter_words(filter: &Filter) -> Vec<String> {
    let mut words = Vec::new();
    for (parameter, list) in filter.lists() {
        let texts = list.texts();
        match filter_flag(parameter) {
            // Free text: a comma is a comma.
            Some(name @ ("--grep" | "--reason")) => {
                texts.into_iter().for_each(|text| flag(&mut words, name, text))
            }
            Some(name) if !texts.is_empty() => flag(&mut words, name, texts.join(",")),
            _ => {}
        }
    }
    for (name, at) in [("--since", filter.since), ("--until", filter.until)] {
        if let Some(at) = at {
            flag(&mut words, name, at.to_string());
        }
    }
    words
}

/// The parameters of this filter that no flag expresses: a command line without them would select more.
pub(crate) fn without_flag(filter: &Filter) -> Vec<&'static str> {
    let used = filter.lists().into_iter().filter(|(_, list)| !list.texts().is_empty());
    used.map(|(parameter, _)| parameter).filter(|parameter| filter_flag(parameter).is_none()).collect()
}

/// The flag that selects the log; none for the audit log, which is the default.
pub(crate) fn log_words(log: Log) -> Vec<String> {
    match log {
        Log::Audit => Vec::new(),
        Log::Trail => vec!["--log".to_owned(), log.to_string()],
    }
}

/// The words as one shell line.
pub(crate) fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a shell: not at all, in `'…'`, or, if it holds control or invisible characters, in `$'…'`.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    // zsh replaces `=ls` by the path of `ls`.
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(is_plain) {
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
            // bash and zsh read byte escapes alike; code point escapes depend on the locale. dash and fish have no $'…'.
            _ if c.is_ascii() && !c.is_control() => quoted.push(c),
            _ => quoted.extend(text.bytes().map(|byte| format!("\\x{byte:02x}"))),
        }
    }
    quoted + "'"
}

/// Adds a flag. A value that begins with a dash is joined by `=`: by itself clap would take it for a flag.
pub(crate) fn flag(words: &mut Vec<String>, name: &str, value: String) {
    if value.starts_with('-') {
        words.push(format!("{name}={value}"));
    } else {
        words.extend([name.to_owned(), value]);
    }
}
