//! Where the value after a sign ends: in quotes, in braces, at a blank, at the end of a header line.

use super::expressions::SCHEME_WORDS;
use super::marks;

/// The longest call in brackets that is taken as one value, in bytes.
const MAX_CALL: usize = 512;

/// A value as it stands after a sign.
pub(super) struct Tail {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_quoted: bool,
}

/// Characters that open a quoted value, and what closes each.
fn closing(open: char) -> Option<char> {
    match open {
        '"' | '\'' | '`' => Some(open),
        '“' | '„' => Some('”'),
        '«' => Some('»'),
        '「' => Some('」'),
        _ => None,
    }
}

/// The value at `at`, after blanks. `is_assigned` tells that a program or a shell assigns it.
pub(super) fn after(text: &str, at: usize, is_assigned: bool) -> Tail {
    let rest = &text[at..];
    // What a program writes before a text: `b"…"`, `@"…"`, `N'…'`.
    let prefix = rest
        .find(|c: char| !matches!(c, 'b' | 'B' | 'r' | 'R' | 'f' | 'F' | 'u' | 'U' | 'N' | '@' | '$' | '\\'))
        .unwrap_or(0);
    let quote = rest[prefix..].chars().next().filter(|_| prefix <= 8);
    if let Some(open) = quote
        && let Some(close) = closing(open)
        && (open == close || closes_soon(&rest[prefix + open.len_utf8()..], close))
    {
        return quoted(text, at, at + prefix, (open, close), is_assigned);
    }
    if is_assigned && rest.starts_with('{') && !rest.starts_with("{{") {
        let line = rest.find(['\n', '"', '\'']).unwrap_or(rest.len());
        if let Some(end) = rest[..line].find('}') {
            return Tail { start: at + 1, end: at + end, is_quoted: true };
        }
    }
    Tail { start: at, end: at + unquoted(rest, is_assigned), is_quoted: false }
}

/// Whether a quotation mark of prose is closed nearby: else it opens no value.
fn closes_soon(rest: &str, close: char) -> bool {
    rest.chars().take(MAX_CALL).any(|c| c == close)
}

/// A value in quotes ends at its quote, one with as many backslashes as the first, or where the text ends. A shell may
/// go on with another quote: `'it'\''s'`; SQL doubles it: `'it''s'`.
fn quoted(text: &str, at: usize, open_at: usize, (open, close): (char, char), is_assigned: bool) -> Tail {
    let slashes = |before: &str| before.len() - before.trim_end_matches('\\').len();
    let depth = slashes(&text[at..open_at]);
    let start = open_at + open.len_utf8();
    let rest = &text[start..];
    // Three quotes hold what is written on several lines.
    if depth == 0 && open == close {
        let mark = [open, open].iter().collect::<String>();
        if let Some(long) = rest.strip_prefix(&mark) {
            let three = mark + &open.to_string();
            let end = long.find(&three).unwrap_or(long.len());
            let is_long = !long.is_empty() && long.contains(&three);
            return Tail {
                start: if is_long { start + 2 } else { start },
                end: if is_long { start + 2 + end } else { start },
                is_quoted: true,
            };
        }
    }
    let mut from = start;
    loop {
        let mut ends = text[from..].match_indices(close).map(|(at, _)| from + at);
        let Some(end) = ends.find(|&end| slashes(&text[start..end]) <= depth) else {
            return Tail { start, end: text.len(), is_quoted: true };
        };
        let behind = &text[end + close.len_utf8()..];
        let next = if depth > 0 || open != close || end == start {
            None
        } else if behind.starts_with(close) {
            Some(1)
        } else if is_assigned && behind.starts_with("\\'") {
            Some(if behind[2..].starts_with('\'') { 3 } else { 2 })
        } else if is_assigned && close == '\'' && behind.starts_with("\"'\"'") {
            Some(4)
        } else if is_assigned && close == '"' && behind.starts_with('\'') {
            let end_of_other =
                behind[1..].find(['\'', '\n']).filter(|&it| behind[1 + it..].starts_with('\''));
            let end = end_of_other.map_or(end, |it| end + 2 + it);
            return Tail { start, end, is_quoted: true };
        } else {
            None
        };
        match next {
            Some(length) => from = end + close.len_utf8() + length,
            None => return Tail { start, end: end - slashes(&text[start..end]), is_quoted: true },
        }
    }
}

/// The length of a value without quotes. What stands in the brackets of a call belongs to it.
pub(super) fn unquoted(rest: &str, is_assigned: bool) -> usize {
    let from = marks::leading(rest);
    let mut escaped = false;
    for (at, c) in rest[from..].char_indices() {
        let at = from + at;
        if c == '('
            && at > 0
            && let Some(length) = call(&rest[at..])
        {
            return at + length;
        }
        let is_end = c.is_whitespace()
            || matches!(c, '&' | ';' | ',' | '"' | '\'' | '`' | '<' | '>' | '”' | '“' | '。' | '，');
        if is_end && !(escaped && is_assigned && c == ' ') {
            return at;
        }
        escaped = c == '\\';
    }
    rest.len()
}

/// The length of a call's brackets, when they hold a text in quotes and close on the same line.
fn call(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut has_text = false;
    for (at, c) in rest.char_indices().take(MAX_CALL) {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '"' | '\'' => has_text = true,
            '\n' => return None,
            _ => {}
        }
        if depth == 0 {
            return has_text.then_some(at + 1);
        }
    }
    None
}

/// The value of `Cookie: a=…; b=…` and `Authorization: Digest a=…, b=…`: the line, or what stands within the quotes
/// around the header; without a `=` in its beginning, the first word that is no scheme. Only the beginning is searched,
/// for a text may hold such a name many times on one line.
pub(super) fn header(text: &str, at: usize, around: Option<char>) -> Tail {
    let rest = &text[at..];
    let ends = |c: char| c == '\n' || c == '\r' || Some(c) == around;
    if rest.chars().take(256).take_while(|&c| !ends(c)).any(|c| c == '=') {
        return Tail { start: at, end: at + rest.find(ends).unwrap_or(rest.len()), is_quoted: false };
    }
    let start = at + scheme(rest);
    Tail { start, end: start + unquoted(&text[start..], false), is_quoted: false }
}

/// The length of a scheme word and the blanks behind it: `Bearer `.
pub(super) fn scheme(rest: &str) -> usize {
    let word = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
    let blanks = rest[word..].len() - rest[word..].trim_start_matches([' ', '\t']).len();
    let is_scheme = blanks > 0
        && word + blanks < rest.len()
        && SCHEME_WORDS.iter().any(|scheme| scheme.eq_ignore_ascii_case(&rest[..word]));
    if is_scheme { word + blanks } else { 0 }
}
