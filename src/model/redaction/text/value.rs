//! Finds the end of the value after a separator: a quote, a brace, a blank, or the end of a header line.

use crate::model::redaction::markers;
use crate::model::redaction::references::is_scheme;
use crate::model::redaction::text::scan::{find_or_end, skip_blanks};
use crate::model::redaction::vocabulary::{Words, word_set};

/// The longest call in brackets that is taken as one value, in bytes.
const MAX_CALL: usize = 512;

/// The place of a value after a separator, without its quotes.
pub(super) struct ValueSpan {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_quoted: bool,
}

/// The character that closes a quote.
fn closing_quote(open: char) -> Option<char> {
    match open {
        '"' | '\'' | '`' => Some(open),
        '“' | '„' => Some('”'),
        '«' => Some('»'),
        '「' => Some('」'),
        _ => None,
    }
}

/// Quotes as entities of HTML and as escapes of JSON.
pub(super) const ESCAPED_QUOTES: [&str; 8] =
    ["&quot;", "\\u0022", "\\u0027", "&#34;", "&#39;", "&apos;", "&#x27;", "&#x22;"];

/// Functions and types whose argument is the value: `[]byte("…")`, `std::string{"…"}`. Others take its name: `getenv("X")`.
static CONSTRUCTORS: Words = Words::new(|| {
    word_set(
        "string str bytes byte rune bytestring from new of some just ok text char utf8 secretstring secretstr \
         securestring secretbytes array data bytearray string_view qstring qstringliteral getbytes aslist listof arrayof \
         wstring cstring buffer frombase64string fromhex unhexlify b64decode",
    )
});

/// The index of the quoted text in a call that only converts it, or `at`.
pub(super) fn skip_constructor(text: &str, at: usize) -> usize {
    let is_type =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '[' | ']' | '<' | '>' | '&');
    let open = find_or_end(text, at, |c| !is_type(c));
    let path = &text[at..open];
    if path.is_empty() || path.len() > 48 || !text[open..].starts_with(['(', '{']) {
        return at;
    }
    let start = open + 1;
    let is_braced = text[open..].starts_with('{') && path.starts_with(|c: char| c.is_ascii_alphabetic());
    let last = path.rsplit([':', '.', ']']).next().unwrap_or(path).to_ascii_lowercase();
    let last = last.split('<').next().unwrap_or_default();
    let quote = text[start..].trim_start_matches(['b', 'B', 'u', 'r', '@']);
    let is_text = quote.starts_with(['"', '\'']) && text.len() - quote.len() <= start + 2;
    if !is_text || !(is_braced || CONSTRUCTORS.contains(last)) {
        return at;
    }
    // `flag.String("password", "…")`: the first text of several is a name, unless bytes are made of it.
    let mark = quote.chars().next().unwrap_or('"');
    let rest = quote[1..].split_once(mark).map_or("", |(_, rest)| rest);
    let takes_encoding = last.contains("byte") || last == "from";
    if rest.starts_with(',') && !takes_encoding { at } else { start }
}

/// The text of a heredoc at `at`: `<<EOT`, `$(cat <<'EOF'`, `<<-EOF`.
pub(super) fn heredoc(text: &str, at: usize) -> Option<ValueSpan> {
    let rest = text[at..].trim_start_matches('"');
    let rest =
        rest.strip_prefix("$(cat ").or_else(|| rest.strip_prefix("`cat ")).unwrap_or(rest).trim_start();
    let rest =
        rest.strip_prefix("<<")?.trim_start_matches(['<', '-', '~', ' ']).trim_start_matches(['\'', '"']);
    let tag = &rest[..find_or_end(rest, 0, |c| !(c.is_alphanumeric() || c == '_'))];
    let body = text.len() - rest.len() + rest.find('\n').filter(|_| !tag.is_empty())? + 1;
    let mut end = body;
    for line in text[body..].split_inclusive('\n') {
        if line.trim_start().starts_with(tag) {
            break;
        }
        end += line.len();
    }
    let start = end - text[body..end].trim_start().len();
    Some(ValueSpan { start, end: start + text[start..end].trim_end().len(), is_quoted: true })
}

/// The value at `at`. `is_assigned` means that a program or a shell assigns it.
pub(super) fn value_at(text: &str, at: usize, is_assigned: bool) -> ValueSpan {
    let rest = &text[at..];
    if rest.starts_with(['&', '\\'])
        && let Some(quote) = ESCAPED_QUOTES.into_iter().find(|quote| rest.starts_with(quote))
    {
        let start = at + quote.len();
        let end = text[start..].find(quote).map_or(text.len(), |end| start + end);
        return ValueSpan { start, end, is_quoted: true };
    }
    // Prefixes of strings in programs: `b"…"`, `@"…"`, `N'…'`.
    let prefix = rest
        .find(|c: char| !matches!(c, 'b' | 'B' | 'r' | 'R' | 'f' | 'F' | 'u' | 'U' | 'N' | '@' | '$' | '\\'))
        .unwrap_or(0);
    let quote = rest[prefix..].chars().next().filter(|_| prefix <= 8);
    if let Some(open) = quote
        && let Some(close) = closing_quote(open)
        // A quotation mark of prose that is not closed nearby opens no value.
        && (open == close || rest[prefix + open.len_utf8()..].chars().take(MAX_CALL).any(|c| c == close))
    {
        return quoted(text, at, at + prefix, (open, close), is_assigned);
    }
    // `(sensitive value)`
    if rest.starts_with('(')
        && let Some(end) = rest.find(')').filter(|&end| end < 32)
        && rest[1..end].bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ')
    {
        return ValueSpan { start: at, end: at + end + 1, is_quoted: false };
    }
    if is_assigned && rest.starts_with('{') && !rest.starts_with("{{") {
        let line = rest.find(['\n', '"', '\'']).unwrap_or(rest.len());
        if let Some(end) = rest[..line].find('}') {
            return ValueSpan { start: at + 1, end: at + end, is_quoted: true };
        }
    }
    ValueSpan { start: at, end: unquoted_end(text, at, is_assigned), is_quoted: false }
}

/// A quoted value ends at a quote that is preceded by as many backslashes as the opening one, or at the end of the text.
/// A shell may continue it with another quote (`'it'\''s'`), and SQL doubles the quote (`'it''s'`).
fn quoted(
    text: &str,
    at: usize,
    open_at: usize,
    (open, close): (char, char),
    is_assigned: bool,
) -> ValueSpan {
    let backslashes = |before: &str| before.len() - before.trim_end_matches('\\').len();
    let depth = backslashes(&text[at..open_at]);
    let start = open_at + open.len_utf8();
    let span = |start, end| ValueSpan { start, end, is_quoted: true };
    // Three quotes enclose several lines.
    if depth == 0 && open == close {
        let two = [open, open].iter().collect::<String>();
        if let Some(long) = text[start..].strip_prefix(&two) {
            return match long.find(&format!("{two}{open}")) {
                Some(end) => span(start + 2, start + 2 + end),
                None => span(start, start),
            };
        }
    }
    let mut from = start;
    loop {
        let mut ends = text[from..].match_indices(close).map(|(at, _)| from + at);
        let Some(end) = ends.find(|&end| backslashes(&text[start..end]) <= depth) else {
            return span(start, text.len());
        };
        let after = &text[end + close.len_utf8()..];
        let continuation = if depth > 0 || open != close || end == start {
            None
        } else if after.starts_with(close) {
            Some(1)
        } else if is_assigned && after.starts_with("\\'") {
            Some(if after[2..].starts_with('\'') { 3 } else { 2 })
        } else if is_assigned && close == '\'' && after.starts_with("\"'\"'") {
            Some(4)
        } else if is_assigned && close == '"' && after.starts_with('\'') {
            let other = after[1..].find(['\'', '\n']).filter(|&it| after[1 + it..].starts_with('\''));
            return span(start, other.map_or(end, |it| end + 2 + it));
        } else {
            None
        };
        match continuation {
            Some(length) => from = end + close.len_utf8() + length,
            None => return span(start, end - backslashes(&text[start..end])),
        }
    }
}

/// Where the value without quotes at `at` ends. A call's brackets belong to it.
pub(super) fn unquoted_end(text: &str, at: usize, is_assigned: bool) -> usize {
    let from = at + markers::leading(&text[at..]);
    let mut is_escaped = false;
    for (offset, c) in text[from..].char_indices() {
        let here = from + offset;
        if c == '('
            && here > at
            && let Some(length) = call(&text[here..])
        {
            return here + length;
        }
        let is_end = c.is_whitespace()
            || matches!(c, '&' | ';' | ',' | '"' | '\'' | '`' | '<' | '>' | '”' | '“' | '。' | '，');
        if is_end && !(is_escaped && is_assigned && c == ' ') {
            return here;
        }
        is_escaped = c == '\\';
    }
    text.len()
}

/// The length of a call's brackets, when they enclose a quoted text and close on the same line.
fn call(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut has_text = false;
    for (at, c) in text.char_indices().take(MAX_CALL) {
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

/// The value of `Cookie: a=…; b=…` or `Authorization: Digest a=…, b=…`: the rest of the line, or of the quotes around the
/// header. Without a `=` near its start it is the first word that is no scheme. Only the start is searched, because a
/// line may hold such a header many times.
pub(super) fn header(text: &str, at: usize, enclosing_quote: Option<char>) -> ValueSpan {
    let is_end = |c: char| c == '\n' || c == '\r' || Some(c) == enclosing_quote;
    if text[at..].chars().take(256).take_while(|&c| !is_end(c)).any(|c| c == '=') {
        return ValueSpan { start: at, end: find_or_end(text, at, is_end), is_quoted: false };
    }
    let start = skip_scheme(text, at);
    ValueSpan { start, end: unquoted_end(text, start, false), is_quoted: false }
}

/// The index after a scheme and its blanks, such as `Bearer `.
pub(super) fn skip_scheme(text: &str, at: usize) -> usize {
    let word_end = find_or_end(text, at, |c| !(c.is_ascii_alphanumeric() || c == '-'));
    let next = skip_blanks(text, word_end);
    if word_end < next && next < text.len() && is_scheme(&text[at..word_end]) { next } else { at }
}
