//! Redacts the value after a key and a separator: query strings, header lines, settings, assignments in programs,
//! connection strings, JSON that was cut off.
//!
//! Each separator (`=`, `:`, `=>`, `->`, `%3D` …) is visited once, with the key before it and the value after it. So no
//! value is searched twice, and pairs inside a readable value are still found.

use std::ops::Range;

use crate::model::redaction::classifier::{ValueSyntax, is_code, is_secret};
use crate::model::redaction::markers::leading;
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::normalize::is_wordlike;
use crate::model::redaction::references::{begins_with_names, is_scheme};
use crate::model::redaction::text::key::{self, KeyMatch};
use crate::model::redaction::text::scan::{TextScan, find_or_end, skip_blanks};
use crate::model::redaction::text::value::{self, ValueSpan};
use crate::model::redaction::values::looks_generated;

/// How much of an expression is read, in bytes.
const MAX_EXPRESSION: usize = 160;

/// What a separator says about the text after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SeparatorKind {
    /// `=`, `:=`, `=>`, `<-`: a value follows.
    Assignment,
    /// `==`, `!=`: a value may follow.
    Comparison,
    /// `:`, `->`: a value or a sentence follows.
    Colon,
    /// `,` in brackets: a value follows when both sides are quoted.
    Comma,
    /// `||`, `??`: a value follows if it is quoted.
    Fallback,
    /// `%3D`, `%3A`: an encoded `=` or `:` in a URL.
    Encoded,
}

struct Separator {
    start: usize,
    end: usize,
    kind: SeparatorKind,
}

pub(super) fn detect(scan: &mut TextScan<'_>) {
    if !scan.has("=:%<>|?") && scan.text.is_ascii() && !(scan.has(",") && scan.has("'\"")) {
        return;
    }
    let text = scan.text;
    let mut done = 0;
    let mut from = 0;
    while let Some(separator) = next_separator(text, from) {
        from = separator.end;
        if let Some(end) = redact_pair(scan, &separator, done) {
            done = end;
            from = from.max(end);
        }
    }
}

/// The first separator from an index on.
fn next_separator(text: &str, from: usize) -> Option<Separator> {
    use SeparatorKind::{Assignment, Colon, Comma, Comparison, Encoded, Fallback};
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let mut i = from;
    while i < bytes.len() {
        let separator = |length, kind| Some(Separator { start: i, end: i + length, kind });
        match bytes[i] {
            b'=' => {
                let length = bytes[i..].iter().take_while(|&&byte| byte == b'=').count();
                let before = if i == 0 { 0 } else { bytes[i - 1] };
                if at(i + length) == b'>' {
                    return separator(length + 1, Assignment);
                }
                let is_comparison = length > 1 || matches!(before, b'<' | b'>' | b'!');
                return separator(length, if is_comparison { Comparison } else { Assignment });
            }
            b':' => match at(i + 1) {
                // LDIF: `userPassword:: …` in base64.
                b':' if at(i + 2) == b' ' => return separator(2, Colon),
                b':' => i += 1,
                b'=' => return separator(2, Assignment),
                b'/' if at(i + 2) == b'/' => i += 2,
                _ => return separator(1, Colon),
            },
            b'|' | b'?' if at(i + 1) == bytes[i] && at(i + 2) == b' ' => return separator(2, Fallback),
            b'-' if at(i + 1) == b'>' => return separator(2, Colon),
            b'<' if at(i + 1) == b'-' && at(i + 2) == b' ' => return separator(2, Assignment),
            b',' if i > 0 && matches!(bytes[i - 1], b'"' | b'\'') => return separator(1, Comma),
            b'%' => {
                let mut length = 1;
                while at(i + length) == b'2' && at(i + length + 1) == b'5' {
                    length += 2;
                }
                if at(i + length) == b'3' && matches!(at(i + length + 1), b'D' | b'd' | b'A' | b'a') {
                    return separator(length + 2, Encoded);
                }
            }
            0xe2 if bytes[i..].starts_with("→".as_bytes()) => return separator(3, Colon),
            0xef if bytes[i..].starts_with("：".as_bytes()) => return separator(3, Colon),
            0xef if bytes[i..].starts_with("＝".as_bytes()) => return separator(3, Assignment),
            _ => {}
        }
        i += 1;
    }
    None
}

/// Redacts the value after a separator when the key before it names a credential. Returns where the value ends.
fn redact_pair(scan: &mut TextScan<'_>, separator: &Separator, done: usize) -> Option<usize> {
    let text = scan.text;
    let is_assignment = separator.kind == SeparatorKind::Assignment;
    let is_encoded = separator.kind == SeparatorKind::Encoded;
    // `||=`, `?=`, `+=` are one separator.
    let key_end = if is_encoded {
        separator.start
    } else {
        text[..separator.start].trim_end_matches(['|', '?', '+', '!', '~', '<', '>']).len()
    };
    let mut key = key::before(text, key_end)?;
    if is_assignment {
        key = key::before_type(text, &key).unwrap_or(key);
    }
    // The word may end the value before it, as in `token=a password=b`: then it counts alone.
    if key.start < done {
        return None;
    }
    if is_encoded {
        key = after_encoded_delimiter(key);
    }
    let class = class(scan, &key, separator.kind, done);
    if class == NameClass::Ordinary {
        return None;
    }
    let at = skip_emphasis(text, skip_blanks(text, separator.end));
    if matches!(separator.kind, SeparatorKind::Assignment | SeparatorKind::Colon)
        && class.is_credential()
        && let Some(length) = list_length(&text[at..])
    {
        return redact_list(scan, class, at + 1..at + 1 + length);
    }
    let (span, syntax) = value_after(scan, separator, &key, at)?;
    let (value, rest) = (&text[span.start..span.end], &text[span.start..]);
    if !span.is_quoted {
        let is_spaced = text[..separator.start].ends_with(' ') && text[separator.end..].starts_with(' ');
        let is_type = separator.kind == SeparatorKind::Colon && key::is_typed_assignment(rest);
        if is_assignment && is_spaced && begins_with_names(rest) || !is_encoded && (is_type || is_code(rest))
        {
            return redact_literal_in_code(scan, class, span.start);
        }
    }
    let is_count = KeyName::of(key.candidates[0]).is_plural
        && value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
    if is_count || !is_secret(class, value, syntax) {
        return None;
    }
    scan.redact(span.start..span.end);
    Some(span.end)
}

/// Redacts the text at the end of an expression: `process.env.KEY ?? '…'`, `new String("…")`. Returns where it ends.
fn redact_literal_in_code(scan: &mut TextScan<'_>, class: NameClass, start: usize) -> Option<usize> {
    let rest = &scan.text[start..];
    let line = &rest[..find_or_end(rest, 0, |c| matches!(c, '\n' | ';'))];
    let line = &line[..line.floor_char_boundary(MAX_EXPRESSION)];
    let fallback = ["|| ", "?? ", " or "].into_iter().find_map(|sign| Some(line.find(sign)? + sign.len()));
    let constructed = || line.strip_prefix("new ")?.find('(').map(|open| "new ".len() + open + 1);
    let at = start + fallback.or_else(constructed)?;
    if !scan.text[at..].starts_with(['"', '\'', '`']) {
        return None;
    }
    let span = value::value_at(scan.text, at, false);
    let is_secret = is_secret(class, &scan.text[span.start..span.end], ValueSyntax::MaybeProse);
    is_secret.then(|| {
        scan.redact(span.start..span.end);
        span.end
    })
}

/// The class of the key: of its last word, or of its last two or three words.
fn class(scan: &TextScan<'_>, key: &KeyMatch<'_>, kind: SeparatorKind, done: usize) -> NameClass {
    let [last, last_two, _] = key.candidates;
    let mut class = scan.classifier.class(last);
    if kind == SeparatorKind::Comma {
        // `set("password", "…")`, `["Authorization", "…"]`
        let opens = key.is_quoted && matches!(key.before, Some('(' | '[')) && !last.contains([',', '%', '(']);
        return if opens { class } else { NameClass::Ordinary };
    }
    let is_parameter = || scan.text[..key.start].ends_with(['?', '&']);
    if class == NameClass::Ordinary && matches!(last, "key" | "code") && is_parameter() {
        return NameClass::Ambiguous;
    }
    // `boarding pass: LH123`
    if last.eq_ignore_ascii_case("pass")
        && last_two.len() > last.len()
        && last_two.ends_with(last)
        && scan.classifier.class(last_two) == NameClass::Ordinary
    {
        return NameClass::Ordinary;
    }
    let mut shorter = last;
    for longer in &key.candidates[1..] {
        let is_free = key.start + last.len() >= done + longer.len();
        if class.is_credential() || *longer == shorter || !is_free {
            break;
        }
        shorter = *longer;
        let longer_class = scan.classifier.class(longer);
        class = if longer_class == NameClass::Ordinary { class } else { longer_class };
    }
    class
}

/// The value after a separator and its blanks, and how certain it is to be a value.
fn value_after(
    scan: &TextScan<'_>,
    separator: &Separator,
    key: &KeyMatch<'_>,
    at: usize,
) -> Option<(ValueSpan, ValueSyntax)> {
    let text = scan.text;
    let is_assignment = separator.kind == SeparatorKind::Assignment;
    let is_colon = separator.kind == SeparatorKind::Colon;
    if separator.kind == SeparatorKind::Encoded {
        let start = skip_encoded_scheme(text, separator.end);
        let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>' | ';' | ',');
        let end = start + encoded_length(&text[start..find_or_end(text, start, is_end)]);
        return Some((ValueSpan { start, end, is_quoted: false }, ValueSyntax::Explicit));
    }
    if is_colon && holds_several_values(key.candidates[0]) && !text[at..].starts_with(['"', '\'', '`', '\\'])
    {
        let enclosing = text[..key.start].chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
        let span = value::header(text, at, enclosing.filter(|_| !key.is_quoted));
        let value = &text[span.start..span.end];
        if value.contains('=') {
            return Some((span, ValueSyntax::Explicit));
        }
        // `Authorization: Custom x7Yz90aBcD`: an unknown scheme.
        let start = text.len() - text[span.end..].trim_start_matches(' ').len();
        let end = value::unquoted_end(text, start, false);
        if looks_generated(&text[start..end]) && !looks_generated(value) {
            return Some((ValueSpan { start, end, is_quoted: false }, ValueSyntax::MaybeProse));
        }
        return Some((span, after_colon(scan, separator.end, start, end)));
    }
    let at = if is_colon { skip_yaml_tag(text, at) } else { at };
    let span = value::value_at(text, value::skip_scheme(text, at), is_assignment);
    let value = &text[span.start..span.end];
    // `password = ConvertTo-SecureString "…"`: a command and its argument.
    let next = text.len() - text[span.end..].trim_start_matches(' ').len();
    if is_assignment
        && !span.is_quoted
        && next > span.end
        && text[next..].starts_with(['"', '\''])
        && is_wordlike(value)
    {
        return Some((value::value_at(text, next, false), ValueSyntax::Explicit));
    }
    let syntax = match separator.kind {
        SeparatorKind::Comma | SeparatorKind::Fallback if !span.is_quoted => return None,
        _ if span.is_quoted || is_assignment || value.contains('=') => ValueSyntax::Explicit,
        SeparatorKind::Colon => after_colon(scan, separator.end, span.start, span.end),
        _ => ValueSyntax::MaybeProse,
    };
    Some((span, syntax))
}

/// The index after the emphasis of Markdown that ends behind a key: `**Password:** …`.
fn skip_emphasis(text: &str, at: usize) -> usize {
    let signs = text[at..].bytes().take_while(|byte| matches!(byte, b'*' | b'_')).count();
    let next = skip_blanks(text, at + signs);
    if (1..=3).contains(&signs) && next > at + signs { next } else { at }
}

/// The length of what is inside the brackets of a list at the start of a text: `[a, b]`.
fn list_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[').filter(|_| leading(text) == 0)?;
    let length = find_or_end(inner, 0, |c| matches!(c, ']' | '\n' | '[' | '{'));
    inner[length..].starts_with(']').then_some(length)
}

/// Redacts a list that holds a credential: `tokens: [a, b]`. Returns where it ends.
fn redact_list(scan: &mut TextScan<'_>, class: NameClass, range: Range<usize>) -> Option<usize> {
    let is_credential = |item: &str| {
        let bare = item.trim_matches(['"', '\'']);
        let is_quoted = bare.len() < item.len();
        is_secret(class, bare, if is_quoted { ValueSyntax::Explicit } else { ValueSyntax::MaybeProse })
    };
    scan.text[range.clone()].split(',').map(str::trim).any(is_credential).then(|| {
        scan.redact(range.clone());
        range.end
    })
}

/// The syntax of a word after a colon, in a text that may be a sentence.
fn after_colon(scan: &TextScan<'_>, separator_end: usize, start: usize, end: usize) -> ValueSyntax {
    let rest = &scan.text[skip_blanks(scan.text, end)..];
    let is_colon = scan.text[..separator_end].ends_with([':', '：']);
    let ends_line = rest.is_empty() || rest.starts_with(['\n', '\r', ',', '}']);
    if !scan.is_prose && is_colon && ends_line && end > start && start > separator_end {
        ValueSyntax::LastWord
    } else {
        ValueSyntax::MaybeProse
    }
}

/// The index after a YAML tag or anchor: `password: !!str x`, `password: &anchor x`.
fn skip_yaml_tag(text: &str, at: usize) -> usize {
    if !text[at..].starts_with(['!', '&']) || key::is_typed_assignment(&text[at..]) {
        return at;
    }
    let end = find_or_end(text, at, |c| matches!(c, ' ' | '\t' | '\n'));
    let next = skip_blanks(text, end);
    if end > at + 1 && next > end { next } else { at }
}

/// The key before an encoded separator: the part after the last encoded `&`, `?`, `=` or similar delimiter.
fn after_encoded_delimiter(key: KeyMatch<'_>) -> KeyMatch<'_> {
    const DELIMITERS: &str = "26 3F 3f 3D 3d 3A 3a 23 2F 2f 20 22 2C 2c 7B 7b 0A 0a 3B 3b";
    let name = key.candidates[0];
    let mut codes = name.rmatch_indices('%').map(|(at, _)| name[at + 1..].trim_start_matches("25"));
    let Some(code) = codes.find(|code| is_listed_code(code, DELIMITERS)) else { return key };
    let name = &code[2..];
    KeyMatch { candidates: [name; 3], start: key.start + key.candidates[0].len() - name.len(), ..key }
}

/// The length of a value in an encoded text: it ends at an encoded `&`, `#`, quote or blank.
fn encoded_length(text: &str) -> usize {
    const ENDS: &str = "26 23 22 27 20 0A 0D 7D 7d 3B 3b";
    let mut codes = text.match_indices('%').map(|(at, _)| (at, text[at + 1..].trim_start_matches("25")));
    codes.find(|(_, code)| is_listed_code(code, ENDS)).map_or(text.len(), |(at, _)| at)
}

/// Whether a text begins with one of these two-digit codes.
fn is_listed_code(text: &str, codes: &str) -> bool {
    codes.split(' ').any(|code| text.starts_with(code))
}

/// The index after an encoded blank, and after a scheme that another blank follows: `%20Bearer%20`.
fn skip_encoded_scheme(text: &str, at: usize) -> usize {
    let skip_blank = |at: usize| {
        let blank = ["%20", "%2520", "+"].into_iter().find(|blank| text[at..].starts_with(blank));
        at + blank.map_or(0, str::len)
    };
    let start = skip_blank(at);
    let word = text[start..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(0);
    let next = skip_blank(start + word);
    if next > start + word && is_scheme(&text[start..start + word]) { next } else { start }
}

/// Whether a header of this name may hold several values: `Cookie: a=…; b=…`, `Authorization: Digest a=…, b=…`.
fn holds_several_values(name: &str) -> bool {
    let name = KeyName::of(name);
    ["cookie", "authorization", "authenticate"].iter().any(|end| name.joined.ends_with(end))
}
