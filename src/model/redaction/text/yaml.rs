//! Redacts YAML over several lines: block texts, values on the next line, lists and maps under a key, and `name:` beside
//! `value:`. A pair on one line is found by `key_value`.
//!
//! Most YAML in a log is a fragment, or is embedded in a sentence, and a parser would refuse it. So lines are read by their
//! indentation.

use std::ops::Range;

use memchr::memchr_iter;

use crate::model::redaction::classifier::{ValueSyntax, is_secret};
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::normalize::is_wordlike;
use crate::model::redaction::text::scan::TextScan;
use crate::model::redaction::values::looks_generated;

struct YamlLine<'t> {
    /// The indentation of the key.
    indent: usize,
    is_item: bool,
    key: Option<&'t str>,
    value: Range<usize>,
}

/// Redacts the values under a key that names a credential.
pub(super) fn detect(scan: &mut TextScan<'_>) {
    let lines = lines(scan.text);
    let is_kubernetes = is_kubernetes_secret(scan.text);
    let mut under: Option<(usize, NameClass)> = None;
    let mut under_users: Option<usize> = None;
    let mut named: Option<(usize, NameClass)> = None;
    // The value of the item, if it stands before the name.
    let mut unnamed: Option<(usize, Range<usize>)> = None;
    for line in &lines {
        let text = &scan.text[line.value.clone()];
        if line.key.is_none() && text.trim().is_empty() {
            continue;
        }
        if let Some((indent, class)) = under {
            if line.indent > indent || line.is_item && line.indent >= indent {
                redact_nested(scan, line, class, is_kubernetes);
                continue;
            }
            under = None;
        }
        under_users =
            under_users.filter(|indent| line.indent > *indent || line.is_item && line.indent >= *indent);
        let Some(key) = line.key else {
            if under_users.is_some() && line.is_item {
                redact_login(scan, line.value.clone());
            }
            continue;
        };
        let name = KeyName::of(key);
        if line.is_item || name.is_value_member() {
            let is_value = name.is_value_member() && !text.trim().is_empty();
            unnamed = is_value.then(|| (line.indent, line.value.clone()));
        }
        if let Some((indent, class)) = named
            && indent == line.indent
            && !line.is_item
        {
            let is_value = name.is_value_member() || name.is_source_member();
            if is_value && is_secret(class, unquoted(text), ValueSyntax::Explicit) {
                scan.redact(line.value.clone());
            }
        } else {
            named = None;
        }
        let mut class = scan.classifier.class_of(&name);
        if is_kubernetes && matches!(key, "data" | "stringData") {
            class = NameClass::Password;
            if text.starts_with('{') {
                scan.redact(line.value.start + 1..line.value.end - usize::from(text.ends_with('}')));
            }
        }
        if class.is_credential() && continues(text) {
            under = Some((line.indent, class));
        }
        // `users:`, and below it `- svc:x7Yz90aB`.
        if matches!(key, "users" | "accounts" | "logins") && continues(text) {
            under_users = Some(line.indent);
        }
        if name.is_name_member() {
            let class = scan.classifier.class(unquoted(text));
            named = class.is_credential().then_some((line.indent, class)).or(named);
            if let Some((_, value)) =
                unnamed.take_if(|(indent, _)| class.is_credential() && *indent == line.indent)
                && is_secret(class, unquoted(&scan.text[value.clone()]), ValueSyntax::Explicit)
            {
                scan.redact(value);
            }
        }
    }
}

/// Whether a text has a manifest of a Kubernetes secret, whose values stand under names of any kind.
fn is_kubernetes_secret(text: &str) -> bool {
    text.contains("kind: Secret") && text.lines().any(|line| line.trim() == "kind: Secret")
}

/// Redacts the password of a login: `svc:x7Yz90aB`.
fn redact_login(scan: &mut TextScan<'_>, range: Range<usize>) {
    let login = scan.text[range.clone()].trim_matches(['"', '\'']);
    let Some((user, password)) = login.split_once(':') else { return };
    if is_wordlike(user) && looks_generated(password) {
        let start = range.start + scan.text[range.clone()].find(':').map_or(0, |at| at + 1);
        scan.redact(start..start + password.len());
    }
}

/// Redacts a line under a credential's key: a text, an item, or a member, unless it describes the credential
/// (`type: string`).
fn redact_nested(scan: &mut TextScan<'_>, line: &YamlLine<'_>, class: NameClass, is_kubernetes: bool) {
    let text = unquoted(&scan.text[line.value.clone()]);
    // In a Kubernetes secret, a member may have any name.
    let describes = !is_kubernetes
        && line.key.is_some_and(|key| KeyName::of(key).is_attribute())
        && !looks_generated(text);
    // A member may be harmless even under a password: `type: string`.
    let is_member = line.key.is_some() && class == NameClass::Password;
    let class = if is_member { NameClass::Key } else { class };
    if !describes && !continues(text) && is_secret(class, text, ValueSyntax::Explicit) {
        scan.redact(line.value.clone());
    }
}

/// Whether the value is on the next lines: after the key the line is empty, or has only the indicator of a block.
fn continues(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = value.rsplit([' ', '\t']).next().unwrap_or(value);
    value.is_empty() || value.starts_with(['|', '>', '!', '&']) && value.len() <= 3
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}

fn lines(text: &str) -> Vec<YamlLine<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let mut content = line.trim_start_matches([' ', '\t']);
        let is_question = content.starts_with("? ");
        let is_item = content.starts_with("- ");
        // The key follows the indicator: `- key: value`, `? key`.
        while let Some(rest) = content.strip_prefix("- ").or_else(|| content.strip_prefix("? ")) {
            content = rest.trim_start();
        }
        let indent = line.len() - content.len();
        lines.push(read_line(content, start + indent, indent, is_item, is_question));
        start += whole.len();
    }
    lines
}

/// Whether a line opens a block of a program and no member: `if len(password) < 12:`.
fn is_statement(content: &str) -> bool {
    const KEYWORDS: [&str; 14] = [
        "if", "elif", "while", "for", "def", "class", "with", "except", "case", "async", "elseif", "foreach",
        "match", "switch",
    ];
    // The end of a condition over several lines.
    if content.ends_with("):") && !content.contains(" (") {
        return true;
    }
    content.ends_with(':')
        && content.split_once(' ').is_some_and(|(word, rest)| KEYWORDS.contains(&word) && rest.len() > 1)
}

fn read_line(content: &str, at: usize, indent: usize, is_item: bool, is_question: bool) -> YamlLine<'_> {
    let end = at + content.len();
    if is_question {
        // The value follows after `: ` on the next line.
        return YamlLine {
            indent: indent.saturating_sub(2),
            is_item: false,
            key: Some(content),
            value: end..end,
        };
    }
    if let Some(answer) = content.strip_prefix(": ") {
        return YamlLine { indent: indent + 2, is_item: false, key: None, value: end - answer.len()..end };
    }
    let ends_key = |at: &usize| matches!(content.as_bytes().get(at + 1), None | Some(b' '));
    let colon = memchr_iter(b':', content.as_bytes()).find(ends_key);
    let key = colon
        .map(|colon| content[..colon].trim().trim_matches(['"', '\'']))
        .filter(|key| key.len() < 128 && !key.is_empty() && !is_statement(content));
    match (key, colon) {
        (Some(key), Some(colon)) => {
            let value = content[colon + 1..].trim_start();
            YamlLine { indent, is_item, key: Some(key), value: end - value.len()..end }
        }
        _ => YamlLine { indent, is_item, key: None, value: at..end },
    }
}
