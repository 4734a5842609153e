//! Redacts lists and maps on one line under the name of a credential: `tokens: [a, b]`, `auth: {basic: [user, …]}`,
//! `secrets: { db: "…" }`.

use std::ops::Range;

use crate::model::redaction::classifier::{ValueSyntax, is_secret};
use crate::model::redaction::markers::leading;
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::rules::describes;
use crate::model::redaction::text::scan::{TextScan, find_or_end, skip_blanks};
use crate::model::redaction::text::value;
use crate::model::redaction::values::{is_validation, looks_generated};

/// The longest map that is read, in bytes.
const MAX_MAP: usize = 512;

/// The length of what is inside the brackets of a list at the start of a text: `[a, b]`.
pub(super) fn list_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[').filter(|_| leading(text) == 0)?;
    let length = find_or_end(inner, 0, |c| matches!(c, ']' | '\n' | '[' | '{'));
    // `[]byte("…")`
    (length > 0 && inner[length..].starts_with(']')).then_some(length)
}

/// Redacts a list that holds a credential: `tokens: [a, b]`. Returns where it ends.
pub(super) fn redact_list(scan: &mut TextScan<'_>, class: NameClass, range: Range<usize>) -> Option<usize> {
    let is_credential = |item: &str| {
        let bare = item.trim_matches(['"', '\'']);
        let is_quoted = bare.len() < item.len();
        is_secret(class, bare, if is_quoted { ValueSyntax::Explicit } else { ValueSyntax::MaybeProse })
    };
    let items = || scan.text[range.clone()].split(',').map(str::trim);
    // `'password' => ['required', 'min:8']`
    let rules = items().map(|item| item.trim_matches(['"', '\'']));
    if is_validation(&rules.collect::<Vec<_>>().join("|")) {
        return None;
    }
    items().any(is_credential).then(|| {
        scan.redact(range.clone());
        range.end
    })
}

/// Redacts the values of a map under a name of this class, and returns whether there is a map at `at`. Members that name a
/// credential themselves are found as pairs.
pub(super) fn redact_map(scan: &mut TextScan<'_>, class: NameClass, above: &KeyName, at: usize) -> bool {
    let text = scan.text;
    let Some(inner) = text[at..].strip_prefix('{').filter(|inner| !inner.starts_with('{')) else {
        return false;
    };
    let inner = &inner[..inner.floor_char_boundary(MAX_MAP)];
    let end = at + 1 + find_or_end(inner, 0, |c| matches!(c, '}' | '{'));
    // `PWD={x7:Yz90}` is one value.
    let map = &text[at..end];
    if !map.contains(':') || !map.contains([' ', '\n', '"', '\'']) {
        return false;
    }
    // `tokens: { color: "#fff" }`
    let may_be_design = matches!(above.last(), "tokens" | "cookies" | "cookie");
    let mut from = at + 1;
    while let Some(colon) = text[from..end].find(':').map(|colon| from + colon) {
        let key =
            text[from..colon].trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ','));
        let name = KeyName::of(key);
        let start = skip_blanks(text, colon + 1);
        let list = list_length(&text[start..]).map(|length| start + 1..start + 1 + length);
        let values = match &list {
            Some(list) => items(text, list),
            None => vec![value::value_at(text, start, false)],
        };
        from = list.map_or(colon + 1, |list| list.end).max(values.last().map_or(0, |last| last.end));
        if from >= end {
            from = end;
        }
        if name.class.is_credential() || describes(&name) || !key.bytes().all(|byte| byte.is_ascii_graphic())
        {
            continue;
        }
        for span in values.into_iter().filter(|span| span.start < end) {
            let span_end = span.end.min(end);
            let value = text[span.start..span_end].trim_end();
            let syntax = if span.is_quoted { ValueSyntax::Explicit } else { ValueSyntax::MaybeProse };
            if is_secret(class, value, syntax) && (!may_be_design || looks_generated(value)) {
                scan.redact(span.start..span.start + value.len());
            }
        }
    }
    true
}

/// The items of a list, without their quotes.
fn items(text: &str, range: &Range<usize>) -> Vec<value::ValueSpan> {
    let mut from = range.start;
    let item = |item: &str| {
        let start = from + item.len() - item.trim_start().len();
        from += item.len() + 1;
        let span = value::value_at(text, start, false);
        value::ValueSpan { end: span.end.min(from - 1).max(span.start), ..span }
    };
    text[range.clone()].split(',').map(item).collect()
}
