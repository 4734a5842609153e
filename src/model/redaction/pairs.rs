//! Names and values within a text: query strings, header lines, settings, connection strings, JSON that was cut off.
//!
//! A pattern finds only the heads, `name=` and `name:`; whether a name counts is for the caller, and where its value
//! ends is found here by hand. So a value is never searched twice, and one that is kept hides no pair within it.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::names::joined;
use super::shapes::{is_reference, looks_like_prose};
use super::{REDACTED, REDACTED_CHANGED};

/// A name of one or two words, its sign, and the scheme before the value. Names are told by what cannot be in them.
#[expect(clippy::expect_used, reason = "the pattern is a constant, and the tests of this module compile it")]
static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    let word = r#"[^\s&;,"'<>=?#/:@{}()$\[\]\\]+"#;
    let scheme = r"(?i:(?:bearer|basic|token|apikey|digest)[ \t]+)?";
    Regex::new(&format!(
        r#"(?P<name>(?:{word}[ \t])?{word})(?:\\*["'])?(?P<sign>[ \t]*(?:=+>?|:=?)[ \t]*)(?:\\*["'])?{scheme}"#
    ))
    .expect("a constant pattern")
});

/// Replaces by `marker` the values whose names name a credential.
pub(super) fn scrub<'a>(
    text: &'a str,
    marker: &str,
    names_credential: &dyn Fn(&str) -> bool,
) -> Cow<'a, str> {
    // A pattern is refused later than a character is missed, and most texts have neither.
    if !text.contains([':', '=']) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut done = 0;
    for found in HEAD.captures_iter(text) {
        let (head, name, sign) = (found.get_match(), &found["name"], &found["sign"]);
        let last = name.rsplit([' ', '\t']).next().unwrap_or(name);
        // The first of two words may be the end of the value before, as in `token=a password=b`.
        let is_whole = head.start() >= done;
        let is_there = is_whole || head.start() + name.len() - last.len() >= done;
        if !is_there || !(names_credential(last) || is_whole && names_credential(name)) {
            continue;
        }
        let rest = &text[head.end()..];
        let quote = head.as_str().chars().next_back().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            Some(quote) => &rest[..quoted(rest, quote, head.as_str())],
            None if is_header_of_many(last, sign) => {
                let around = text[..head.start()].chars().next_back().filter(|c| matches!(c, '"' | '\''));
                header(rest, around)
            }
            None => unquoted(rest),
        };
        let is_sure = quote.is_some() || sign == "=" || value.contains('=');
        let is_marker = matches!(value, REDACTED | REDACTED_CHANGED);
        if value.is_empty() || is_marker || is_reference(value) || !is_sure && looks_like_prose(value) {
            continue;
        }
        kept.push_str(&text[done..head.end()]);
        kept.push_str(marker);
        done = head.end() + value.len();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[done..]);
    Cow::Owned(kept)
}

/// Where a quoted value ends: at its quote, one with as many backslashes as the first, or where the text ends.
fn quoted(rest: &str, quote: char, head: &str) -> usize {
    let slashes = |before: &str| before.len() - before.trim_end_matches('\\').len();
    let depth = slashes(head.trim_end_matches(quote));
    let mut ends = rest.match_indices(quote).map(|(at, _)| at);
    ends.find(|&at| slashes(&rest[..at]) <= depth).map_or(rest.len(), |at| at - slashes(&rest[..at]))
}

fn unquoted(rest: &str) -> &str {
    let marker = [REDACTED_CHANGED, REDACTED].into_iter().find(|marker| rest.starts_with(marker));
    let from = marker.map_or(0, str::len);
    let ends = |c: char| c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | '<' | '>');
    let end = rest[from..].find(ends).map_or(rest.len(), |end| from + end);
    &rest[..end]
}

/// `Cookie: a=…; b=…` and `Authorization: Digest a=…, b=…` hold several values on one line.
fn is_header_of_many(name: &str, sign: &str) -> bool {
    let name = joined(name);
    sign.starts_with(':') && (name.ends_with("cookie") || name.ends_with("authorization"))
}

/// The line, or what stands within the quotes around the header; without a `=` in its beginning, its first word.
/// Only the beginning is searched, for a text may hold such a name many times on one line.
fn header(rest: &str, around: Option<char>) -> &str {
    let ends = |c: char| c == '\n' || c == '\r' || Some(c) == around;
    if !rest.chars().take(256).take_while(|&c| !ends(c)).any(|c| c == '=') {
        return unquoted(rest);
    }
    &rest[..rest.find(ends).unwrap_or(rest.len())]
}
