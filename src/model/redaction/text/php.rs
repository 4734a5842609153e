//! Redacts values in PHP's `serialize` format: `s:8:"password";s:11:"…";`. The lengths are not trusted, because such a
//! text may have been edited.

use std::ops::Range;

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::text::scan::{TextScan, find_or_end};

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    if !text.contains("s:") {
        return;
    }
    let mut from = 0;
    // The class that the text before names: `s:4:"name";s:8:"password";s:5:"value";…`.
    let mut named = NameClass::Ordinary;
    while let Some((name, end)) = next_string(text, from) {
        from = end;
        // The name of a private or protected property follows its class, between NUL bytes.
        let name = text[name].rsplit('\0').next().unwrap_or_default();
        let key = KeyName::of(name);
        let own = scan.classifier.class_of(&key);
        if key.is_name_member()
            && !own.is_credential()
            && text[end..].starts_with("s:")
            && let Some((value, value_end)) = next_string(text, end)
        {
            named = scan.classifier.class(&text[value]);
            from = if named.is_credential() { value_end } else { from };
            continue;
        }
        let class = if named.is_credential() && key.is_value_member() { named } else { own };
        if !class.is_credential() {
            continue;
        }
        let rest = &text[end..];
        if rest.starts_with("s:") {
            if let Some((value, value_end)) = next_string(text, end)
                && value.start - end < 16
            {
                scan.redact_value(class, value, ValueSyntax::Explicit);
                from = value_end;
            }
        } else if rest.starts_with(['a', 'O', 'C']) {
            let list_end = find_or_end(text, end, |c| c == '}');
            let start = text[end..list_end].find('{').map_or(end, |open| end + open + 1);
            scan.redact(start..list_end);
            from = list_end;
        } else if rest.starts_with(['i', 'd']) {
            let number_end = find_or_end(text, end, |c| c == ';');
            // A hostile text may have a letter of several bytes in place of the colon.
            let number = text.ceil_char_boundary(end + 2);
            if number_end > number {
                scan.redact_value(class, number..number_end, ValueSyntax::Explicit);
            }
        }
    }
}

/// The range of the next serialized string's content, and the index after the string.
fn next_string(text: &str, mut from: usize) -> Option<(Range<usize>, usize)> {
    loop {
        let at = from + text[from..].find("s:")?;
        let digits = text[at + 2..].find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let open = at + 2 + digits;
        if digits == 0 || digits > 8 || !text[open..].starts_with(":\"") {
            from = at + 2;
            continue;
        }
        let start = open + 2;
        let stated: usize = text[at + 2..open].parse().unwrap_or(0);
        let is_right = text.get(start + stated..).is_some_and(|rest| rest.starts_with("\";"));
        let length = if is_right { stated } else { text[start..].find("\";").unwrap_or(text.len() - start) };
        return Some((start..start + length, text.len().min(start + length + 2)));
    }
}
