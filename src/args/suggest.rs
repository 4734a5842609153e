//! Suggests a correction for an unexpected argument, mostly a value without its flag.

use crate::model::filter::Resource;
use crate::model::words::{Action, Dimension, Log, ModelType};

/// The commands that take filters.
const FILTERED: &[&str] = &["list", "ls", "browse", "export", "forward", "stats"];

/// What to write instead of `word`, one of the `words` after `command`.
pub(crate) fn suggestion(command: &str, word: &str, words: &[String]) -> Option<String> {
    if command == "show" && (word.starts_with("-o") || word.starts_with("--output")) {
        return Some("show writes to stdout: redirect it with > FILE".to_owned());
    }
    if !FILTERED.contains(&command) || word.starts_with('-') {
        return None;
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
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(suggestion(&words[0], &words[1], &words[1..]).as_deref(), Some(expected), "{line}");
        }
        assert_eq!(suggestion("prune", "updated", &[]), None);
        assert_eq!(suggestion("list", "--acton", &[]), None);
    }
}
