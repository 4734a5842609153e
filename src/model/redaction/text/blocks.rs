//! Redacts values that another member of the same block names: `variable "db_password" { default = "…" }`,
//! `{name: DB_PASSWORD, value: …}`, two lines `name = "token"` and `value = "…"`, and in forms `name=token&value=…`.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::find_iter;
use regex::Regex;

use crate::model::redaction::classifier::{Classifier, ValueSyntax};
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::text::scan::{TextScan, find_or_end, regex, skip_blanks};
use crate::model::redaction::text::value;

/// How far from a value its name may stand, in bytes.
const MAX_DISTANCE: usize = 400;
/// The most values of a text that are read.
const MAX_VALUES: usize = 1000;

static MEMBER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?P<key>[A-Za-z_][\w.-]*)["']?[ \t]*(?:=>|[:=])[ \t]*["']?(?P<value>[^\s"'{}\[\],;=:]+)["']?(?:[\s,;})]|$)"#,
    )
});

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    // `value`, `Value`, `default`: the ends are the same in any usual spelling.
    let values = find_iter(text.as_bytes(), "alue").map(|at| at + 4);
    let defaults = find_iter(text.as_bytes(), "efault").map(|at| at + 6);
    for end in values.chain(defaults).take(MAX_VALUES) {
        let rest = text[end..].strip_prefix(['"', '\'']).unwrap_or(&text[end..]);
        let sign = rest.trim_start_matches(['s', ' ', '\t', ']']).trim_start_matches("%5D");
        // Most occurrences are no key.
        if !sign.starts_with(['=', ':']) || sign.starts_with("::") || sign.starts_with("==") {
            continue;
        }
        let separator = text.len() - sign.len();
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let key = &text[text[..end].trim_end_matches(is_word).len()..end];
        let name = KeyName::of(key);
        if !(name.is_value_member() || name.joined == "default") {
            continue;
        }
        if let Some(class) = class_in_form(scan, end, separator) {
            let start = separator + 1;
            let end = find_or_end(text, start, |c| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '#'));
            scan.redact_value(class, start..end, ValueSyntax::Explicit);
            continue;
        }
        let start = skip_blanks(text, separator + if sign.starts_with("=>") { 2 } else { 1 });
        redact_in_block(scan, end, start);
    }
}

/// The class of the name beside the value of a form: `name=token&value=…`, `f[0][value]=…&f[0][name]=token`.
fn class_in_form(scan: &TextScan<'_>, end: usize, separator: usize) -> Option<NameClass> {
    let text = scan.text;
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '?');
    let from = text.floor_char_boundary(end.saturating_sub(MAX_DISTANCE));
    let before = text[from..end].rsplit(is_end).next().unwrap_or_default();
    let after = &text[separator..text.floor_char_boundary(separator + MAX_DISTANCE)];
    let after = after.split(is_end).next().unwrap_or_default();
    let pairs = [before.rsplit('&').nth(1), after.split('&').nth(1)];
    pairs.into_iter().flatten().find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let key = key.trim_end_matches(']').trim_end_matches("%5D");
        let key = key.rsplit(['[', '.']).next().unwrap_or(key);
        let key = key.rsplit("%5B").next().unwrap_or(key);
        let class = scan.classifier.class(value);
        (KeyName::of(key).is_name_member() && class.is_credential()).then_some(class)
    })
}

/// Redacts the value at `start`, whose key ends at `key_end`, if its block names a credential.
fn redact_in_block(scan: &mut TextScan<'_>, key_end: usize, start: usize) {
    let text = scan.text;
    let is_quoted = text[start..].starts_with(['"', '\'', '`']);
    let (block, is_braced) = block(text, key_end);
    if !is_quoted && !is_braced {
        return;
    }
    let span = value::value_at(text, start, false);
    let span_end = if is_quoted {
        span.end
    } else {
        span.end.min(find_or_end(text, start, |c| matches!(c, '}' | ']' | ')')))
    };
    let label = text[..block.start].strip_suffix('{').map(str::trim_end).and_then(|it| it.strip_suffix('"'));
    let label = label.and_then(|it| it.rsplit('"').next()).filter(|label| label.len() < 64);
    let mut class = label.map_or(NameClass::Ordinary, |label| scan.classifier.class(label));
    let mut is_bare = false;
    if !class.is_credential() {
        let nearest = nearest_name(scan.classifier, text, &block, key_end);
        let Some((named, bare)) = nearest else { return };
        (class, is_bare) = (named, bare);
    }
    // In a program, a word without quotes is a variable.
    let syntax = if is_quoted || is_bare { ValueSyntax::Explicit } else { ValueSyntax::MaybeProse };
    scan.redact_value(class, span.start..span_end, syntax);
}

/// The block around a value: up to the braces around it, or to blank lines and items of lists.
fn block(text: &str, at: usize) -> (Range<usize>, bool) {
    let from = text.floor_char_boundary(at.saturating_sub(MAX_DISTANCE));
    let to = text.floor_char_boundary(at + MAX_DISTANCE);
    let mut depth = 0_usize;
    let open = text[from..at].bytes().rposition(|byte| match byte {
        b'}' => {
            depth += 1;
            false
        }
        b'{' if depth > 0 => {
            depth -= 1;
            false
        }
        byte => byte == b'{',
    });
    if let Some(open) = open {
        let start = from + open + 1;
        return (start..at + text[at..to].find('}').unwrap_or(to - at), true);
    }
    let starts = ["\n\n", "\n- ", "\n[", ">"].iter().filter_map(|mark| text[from..at].rfind(mark));
    let ends = ["\n\n", "\n- ", "\n[", "<"].iter().filter_map(|mark| text[at..to].find(mark));
    let start = starts.max().map_or(from, |start| from + start + 1);
    (start..ends.min().map_or(to, |end| at + end), false)
}

/// The class of the nearest member that names its neighbour: the last one before the value, or the first one after it. The
/// flag tells whether the name has no quotes.
fn nearest_name(
    classifier: &Classifier,
    text: &str,
    block: &Range<usize>,
    at: usize,
) -> Option<(NameClass, bool)> {
    let mut nearest = None;
    for found in MEMBER.captures_iter(&text[block.clone()]) {
        let (Some(key), Some(value)) = (found.name("key"), found.name("value")) else { continue };
        let is_after = block.start + key.start() > at;
        if is_after && nearest.is_some() {
            break;
        }
        let name = KeyName::of(key.as_str());
        if name.is_name_member() && !name.is_value_member() {
            let is_bare = !text[..block.start + value.start()].ends_with(['"', '\'']);
            nearest = Some((classifier.class(value.as_str()), is_bare));
        }
    }
    nearest.filter(|(class, _)| class.is_credential())
}
