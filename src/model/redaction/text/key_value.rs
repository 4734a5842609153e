//! Redacts the value after a key and a separator: query strings, header lines, settings, assignments in programs,
//! connection strings, JSON that was cut off.
//!
//! Each separator (`=`, `:`, `=>`, `->`, `%3D` …) is visited once, with the key before it and the value after it. So no
//! value is searched twice, and pairs inside a readable value are still found.

use crate::model::redaction::classifier::{ValueSyntax, is_code, is_secret};
use crate::model::redaction::names::{KeyName, NameClass, is_noun};
use crate::model::redaction::normalize::is_wordlike;
use crate::model::redaction::references::{begins_with_names, is_reference};
use crate::model::redaction::text::key::{self, KeyMatch};
use crate::model::redaction::text::scan::{TextScan, find_or_end, skip_blanks};
use crate::model::redaction::text::separators::{self, Separator, SeparatorKind};
use crate::model::redaction::text::value::{self, ValueSpan};
use crate::model::redaction::text::{encoded, flow, following};
use crate::model::redaction::values::looks_generated;

/// How much of an expression is read, in bytes.
const MAX_EXPRESSION: usize = 160;

pub(super) fn detect(scan: &mut TextScan<'_>) {
    if !scan.has("=:%<>|?&\\") && scan.text.is_ascii() && !(scan.has(",") && scan.has("'\"")) {
        return;
    }
    let text = scan.text;
    let mut done = 0;
    let mut from = 0;
    while let Some(separator) = separators::next(text, from) {
        from = separator.end;
        if let Some(end) = redact_pair(scan, &separator, done) {
            done = end;
            from = from.max(end);
        }
    }
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
    let found = key::before(text, key_end).map(|key| {
        let typed = is_assignment.then(|| key::before_type(text, &key)).flatten();
        let key = typed.unwrap_or(key);
        if is_encoded { encoded::after_delimiter(key) } else { key }
    });
    // The word may end the value before it, as in `token=a password=b`: then it counts alone.
    let is_free = |key: &KeyMatch<'_>| key.start >= done;
    let class_of = |key: &KeyMatch<'_>| class(scan, key, separator.kind, done);
    let direct = found.filter(is_free).map(|key| (class_of(&key), key));
    let declared = if is_assignment
        && precedes_text(&text[separator.end..])
        && !direct.as_ref().is_some_and(|(class, _)| class.is_credential())
    {
        let declared = key::before_declared_type(text, key_end).filter(is_free);
        declared.map(|key| (class_of(&key), key)).filter(|(class, _)| class.is_credential())
    } else {
        None
    };
    let is_declared = declared.is_some();
    let (class, key) = declared.or(direct)?;
    if is_part_of_name(text, key.start) {
        return None;
    }
    if class == NameClass::Ordinary {
        if separator.kind == SeparatorKind::Comparison {
            redact_compared(scan, &key, separator.end);
        }
        return None;
    }
    let at = skip_emphasis(text, skip_blanks(text, separator.end));
    if matches!(separator.kind, SeparatorKind::Assignment | SeparatorKind::Colon)
        && class.is_credential()
        && let Some(length) = flow::list_length(&text[at..])
        // `secret: [UInt8] = …`: a type.
        && !text[at + length + 2..].trim_start_matches(' ').starts_with('=')
    {
        return flow::redact_list(scan, class, at + 1..at + 1 + length);
    }
    let is_pair = matches!(separator.kind, SeparatorKind::Assignment | SeparatorKind::Colon);
    let name = KeyName::of(key.candidates[0]);
    if is_pair && class.is_credential() && flow::redact_map(scan, class, &name, at) {
        return None;
    }
    // `auth=(user, password)`: calls.
    if is_assignment && class == NameClass::Scheme && text[at..].starts_with('(') {
        return None;
    }
    if is_pair
        && class.is_credential()
        && let Some(span) = value::heredoc(text, at)
    {
        scan.redact_value(class, span.start..span.end, ValueSyntax::Explicit);
        return Some(span.end);
    }
    let (span, syntax) = value_after(scan, separator, &key, at)?;
    if is_declared && !span.is_quoted {
        return None;
    }
    let (value, rest) = (&text[span.start..span.end], &text[span.start..]);
    if !span.is_quoted {
        let is_spaced = text[..separator.start].ends_with(' ') && text[separator.end..].starts_with(' ');
        let is_type = separator.kind == SeparatorKind::Colon && key::is_typed_assignment(rest);
        if is_assignment && is_spaced && begins_with_names(rest) || !is_encoded && (is_type || is_code(rest))
        {
            return redact_literal_in_code(scan, class, span.start);
        }
    }
    if !span.is_quoted && is_assignment && is_variable_or_number(text, &key, separator, &span)
        || span.is_quoted && !key.is_quoted && is_closing_quote(text, key.start, at, value)
    {
        return None;
    }
    let is_count =
        name.is_plural && value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
    if is_count || is_remark(text, &span) || !is_secret(class, value, syntax) {
        return if is_pair && class.is_credential() { following::redact(scan, class, &span) } else { None };
    }
    scan.redact(span.start..span.end);
    if is_pair && let Some(end) = following::redact(scan, class, &span) {
        return Some(end);
    }
    Some(span.end)
}

/// Whether a program assigns a variable of the same name (`this.password = password;`), or a schema numbers a field
/// (`string password = 2;`).
fn is_variable_or_number(text: &str, key: &KeyMatch<'_>, separator: &Separator, span: &ValueSpan) -> bool {
    let is_spaced = text[..separator.start].ends_with(' ') && text[separator.end..].starts_with(' ');
    let bare = text[span.start..span.end].trim_end_matches([')', '}', ' ']);
    let ends_statement = text[span.end..].starts_with(';');
    if !is_spaced {
        return false;
    }
    let [last, last_two, _] = key.candidates;
    if ends_statement && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return bare.len() <= 2
            || bare.len() <= 5 && matches!(last_two.split_once(' '), Some(("string" | "bytes", _)));
    }
    let (owner, field) = last.rsplit_once('.').unwrap_or(("", last));
    let before = &text[..key.start];
    let is_own = matches!(owner, "this" | "self") || before.ends_with('@') || before.ends_with("->");
    let is_name = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name
        && (is_own && (is_noun(bare) || !bare.bytes().any(|byte| byte.is_ascii_digit()))
            || ends_statement && KeyName::of(field).joined == KeyName::of(bare).joined)
}

/// Whether the quote at `at` closes a text that holds the key, so that what follows is no value: `expect "Password:"`.
fn is_closing_quote(text: &str, key: usize, at: usize, value: &str) -> bool {
    let Some(quote) = text[at..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
        return false;
    };
    let before = &text[text.floor_char_boundary(key.saturating_sub(MAX_EXPRESSION))..key];
    let line = before.rsplit('\n').next().unwrap_or(before);
    let rest = value.trim_start_matches(' ');
    rest.starts_with(['\n', '\r', ')', ']', '}', ',', ';', '{']) && line.matches(quote).count() % 2 == 1
}

/// Whether a quoted text begins within the next word.
fn precedes_text(rest: &str) -> bool {
    let word = rest.trim_start_matches(' ').bytes().take(48);
    rest.trim_start_matches(' ').starts_with(['{', '['])
        || word.take_while(|byte| !byte.is_ascii_whitespace()).any(|byte| matches!(byte, b'"' | b'\'' | b'`'))
}

/// Whether a key is within the name of a stored secret: `arn:aws:secretsmanager:…:secret:db`, `{{resolve:…:password}}`.
fn is_part_of_name(text: &str, at: usize) -> bool {
    if !text[..at].ends_with(':') {
        return false;
    }
    let window = &text[text.floor_char_boundary(at.saturating_sub(160))..at];
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ',');
    let token = window.rsplit(is_end).next().unwrap_or(window);
    token.starts_with("arn:") || token.starts_with("{{resolve:")
}

/// Whether a value is the first word of a remark about the value: `password = required field`.
fn is_remark(text: &str, span: &ValueSpan) -> bool {
    !span.is_quoted
        && matches!(&text[span.start..span.end], "required" | "optional" | "mandatory" | "missing" | "hidden")
        && text[span.end..]
            .strip_prefix(' ')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()))
}

/// Redacts a text that is compared with a variable: `'x7Yz…' === req.query.token`.
fn redact_compared(scan: &mut TextScan<'_>, key: &KeyMatch<'_>, end: usize) {
    let literal = key.candidates[0];
    let at = skip_blanks(scan.text, end);
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | '-' | '>');
    let path = &scan.text[at..find_or_end(scan.text, at, |c| !is_path(c))];
    let last = path.rsplit(['.', '>', '$']).next().unwrap_or(path);
    if key.is_quoted && looks_generated(literal) && is_noun(last) {
        scan.redact(key.start..key.start + literal.len());
    }
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
        let opens = key.is_quoted
            && matches!(key.before, Some('(' | '['))
            && !last.contains([',', '%', '('])
            // `option_lists` reads options.
            && !last.starts_with('-');
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
        let start = encoded::skip_quote(text, encoded::skip_blank(text, separator.end));
        let start = encoded::skip_scheme(text, start);
        let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>' | ';' | ',');
        let end = start + encoded::length(&text[start..find_or_end(text, start, is_end)]);
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
    if is_colon && text[at..].starts_with('!') {
        // `Password: !Ref DbPassword`
        let window = &text[at..text.floor_char_boundary(at + MAX_EXPRESSION)];
        let line = window.split(['\n', '\r']).next().unwrap_or(window);
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        if is_reference(line) {
            return Some((
                ValueSpan { start: at, end: at + line.len(), is_quoted: false },
                ValueSyntax::MaybeProse,
            ));
        }
    }
    let at = if is_colon { skip_yaml_tag(text, at) } else { at };
    let at = if is_assignment { value::skip_constructor(text, at) } else { at };
    let span = value::value_at(text, value::skip_scheme(text, at), is_assignment);
    let value = &text[span.start..span.end];
    // `password = ConvertTo-SecureString "…"`: a command and its argument.
    let next = text.len() - text[span.end..].trim_start_matches(' ').len();
    if is_assignment
        && !span.is_quoted
        && next > span.end
        && text[next..].starts_with(['"', '\''])
        && is_wordlike(value)
        && !["Get-", "Read-", "New-", "Import-"].iter().any(|verb| value.starts_with(verb))
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

/// The syntax of a word after a colon, in a text that may be a sentence.
fn after_colon(scan: &TextScan<'_>, separator_end: usize, start: usize, end: usize) -> ValueSyntax {
    let rest = &scan.text[skip_blanks(scan.text, end)..];
    let is_colon = scan.text[..separator_end].ends_with([':', '：']);
    // `old -> new`, and not the last parameter of a function: `secret: str) -> bool`.
    let is_changed =
        || following::begins_with_arrow(rest) && !scan.text[start..end].contains(['(', ')', ']', '}']);
    let ends_line = rest.is_empty() || rest.starts_with(['\n', '\r', ',', '}']) || is_changed();
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

/// Whether a header of this name may hold several values: `Cookie: a=…; b=…`, `Authorization: Digest a=…, b=…`.
fn holds_several_values(name: &str) -> bool {
    let name = KeyName::of(name);
    ["cookie", "authorization", "authenticate"].iter().any(|end| name.joined.ends_with(end))
}
