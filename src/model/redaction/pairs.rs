//! Names and values within a text: query strings, header lines, settings, assignments in programs, connection strings,
//! JSON that was cut off.
//!
//! Each sign (`=`, `:`, `=>`, `->`, `%3D` …) is looked at once, with the name before it and the value behind it. So a
//! value is never searched twice, and one that is kept hides no pair within it.

use super::expressions::{SCHEME_WORDS, begins_with_names};
use super::heads::{self, Head};
use super::judge::{Writing, hides, is_code};
use super::letters::is_wordy;
use super::names::{Meaning, Name};
use super::scan::Scan;
use super::tails::{self, Tail};
use super::values::looks_made;

/// What stands between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `=`, `:=`, `=>`, `<-`: what follows is a value.
    Assigned,
    /// `==`, `!=`: it may be a value.
    Compared,
    /// `:`, `->`: it may be a value, or a sentence.
    Told,
    /// `,` within brackets: it is a value when both are in quotes.
    Listed,
    /// `%3D`, `%3A`: the same as `=`, in a text encoded for a URL.
    Encoded,
}

struct Sign {
    start: usize,
    end: usize,
    kind: Kind,
}

/// Hides the values whose names name a credential.
pub(super) fn find(scan: &mut Scan<'_>) {
    if !scan.has("=:%<>") && scan.text.is_ascii() && !(scan.has(",") && scan.has("'\"")) {
        return;
    }
    let text = scan.text;
    let mut done = 0;
    let mut from = 0;
    while let Some(sign) = next_sign(text, from) {
        from = sign.end;
        if let Some(end) = pair(scan, &sign, done) {
            done = end;
            from = from.max(end);
        }
    }
}

/// The next sign at or after a place.
fn next_sign(text: &str, from: usize) -> Option<Sign> {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let mut i = from;
    while i < bytes.len() {
        let sign = |length, kind| Some(Sign { start: i, end: i + length, kind });
        match bytes[i] {
            b'=' => {
                let length = bytes[i..].iter().take_while(|&&byte| byte == b'=').count();
                let before = if i == 0 { 0 } else { bytes[i - 1] };
                if at(i + length) == b'>' {
                    return sign(length + 1, Kind::Assigned);
                }
                let is_compared = length > 1 || matches!(before, b'<' | b'>' | b'!');
                return sign(length, if is_compared { Kind::Compared } else { Kind::Assigned });
            }
            b':' => match at(i + 1) {
                b':' => i += 1,
                b'=' => return sign(2, Kind::Assigned),
                b'/' if at(i + 2) == b'/' => i += 2,
                _ => return sign(1, Kind::Told),
            },
            b'-' if at(i + 1) == b'>' => return sign(2, Kind::Told),
            b'<' if at(i + 1) == b'-' && at(i + 2) == b' ' => return sign(2, Kind::Assigned),
            b',' if i > 0 && matches!(bytes[i - 1], b'"' | b'\'') => return sign(1, Kind::Listed),
            b'%' => {
                let mut length = 1;
                while at(i + length) == b'2' && at(i + length + 1) == b'5' {
                    length += 2;
                }
                if at(i + length) == b'3' && matches!(at(i + length + 1), b'D' | b'd' | b'A' | b'a') {
                    return sign(length + 2, Kind::Encoded);
                }
            }
            0xe2 if bytes[i..].starts_with("→".as_bytes()) => return sign(3, Kind::Told),
            0xef if bytes[i..].starts_with("：".as_bytes()) => return sign(3, Kind::Told),
            0xef if bytes[i..].starts_with("＝".as_bytes()) => return sign(3, Kind::Assigned),
            _ => {}
        }
        i += 1;
    }
    None
}

/// Judges the pair around a sign. Returns where its value ends, when it was hidden.
fn pair(scan: &mut Scan<'_>, sign: &Sign, done: usize) -> Option<usize> {
    let text = scan.text;
    // `||=`, `?=`, `+=`: part of the sign.
    let name_end = if sign.kind == Kind::Encoded {
        sign.start
    } else {
        text[..sign.start].trim_end_matches(['|', '?', '+', '!', '~', '<', '>']).len()
    };
    let head = heads::before(text, name_end)?;
    let head = match sign.kind {
        Kind::Assigned => heads::typed(text, &head).unwrap_or(head),
        _ => head,
    };
    // The word may be the end of the value before, as in `token=a password=b`: then only the word itself counts.
    if head.start < done {
        return None;
    }
    let head = if sign.kind == Kind::Encoded { encoded_name(head) } else { head };
    let (meaning, name) = meaning(scan, &head, sign.kind, done);
    if meaning == Meaning::Plain {
        return None;
    }
    let at = sign.end + text[sign.end..].len() - text[sign.end..].trim_start_matches([' ', '\t']).len();
    let (tail, writing) = value(scan, sign, &head, name, at)?;
    let value = &text[tail.start..tail.end];
    let is_spaced =
        sign.kind == Kind::Assigned && text[..sign.start].ends_with(' ') && text[sign.end..].starts_with(' ');
    if is_spaced && !tail.is_quoted && begins_with_names(&text[tail.start..]) {
        return None;
    }
    let is_type = sign.kind == Kind::Told && heads::is_type(&text[tail.start..]);
    if !tail.is_quoted && sign.kind != Kind::Encoded && (is_type || is_code(&text[tail.start..])) {
        return None;
    }
    let is_count = Name::of(name).is_plural
        && value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
    if is_count || !hides(meaning, value, writing) {
        return None;
    }
    scan.hide(tail.start..tail.end);
    Some(tail.end)
}

/// What the name says, and the name that says it: the last word, or two or three of them.
fn meaning<'t>(scan: &Scan<'_>, head: &Head<'t>, kind: Kind, done: usize) -> (Meaning, &'t str) {
    let name = head.names[0];
    if kind == Kind::Listed {
        // `set("password", "…")`, `["Authorization", "…"]`
        let opens =
            head.is_quoted && matches!(head.before, Some('(' | '[')) && !name.contains([',', '%', '(']);
        return (if opens { scan.judge.meaning(name) } else { Meaning::Plain }, name);
    }
    let mut own = scan.judge.meaning(name);
    let is_parameter = || scan.text[..head.start].ends_with(['?', '&']);
    if own == Meaning::Plain && matches!(name, "key" | "code") && is_parameter() {
        return (Meaning::Unsure, name);
    }
    // `boarding pass: LH123`
    if name.eq_ignore_ascii_case("pass")
        && head.names[1].len() > name.len()
        && scan.judge.meaning(head.names[1]) == Meaning::Plain
    {
        return (Meaning::Plain, name);
    }
    let mut shorter = name.len();
    for longer in &head.names[1..] {
        let is_free = head.start + name.len() >= done + longer.len();
        if own.is_credential() || longer.len() == shorter || !is_free {
            break;
        }
        shorter = longer.len();
        let meaning = scan.judge.meaning(longer);
        own = if meaning == Meaning::Plain { own } else { meaning };
    }
    (own, name)
}

/// The value behind a sign, and how sure it is to be one.
fn value(scan: &Scan<'_>, sign: &Sign, head: &Head<'_>, name: &str, at: usize) -> Option<(Tail, Writing)> {
    let text = scan.text;
    if sign.kind == Kind::Encoded {
        let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>' | ';' | ',');
        let start = sign.end + encoded_scheme(&text[sign.end..]);
        let rest = &text[start..];
        let line = rest.find(ends).unwrap_or(rest.len());
        let end = encoded_end(&rest[..line]);
        return Some((Tail { start, end: start + end, is_quoted: false }, Writing::Certain));
    }
    if sign.kind == Kind::Told && is_header_of_many(name) {
        let around = text[..head.start].chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
        let quote = text[at..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`' | '\\'));
        if quote.is_none() {
            let tail = tails::header(text, at, around.filter(|_| !head.is_quoted));
            let sure = text[tail.start..tail.end].contains('=');
            // `Authorization: Custom x7Yz90aBcD`: a scheme that is not known.
            let second = tail.end + text[tail.end..].len() - text[tail.end..].trim_start_matches(' ').len();
            let second_end = second + tails::unquoted(&text[second..], false);
            if !sure && looks_made(&text[second..second_end]) && !looks_made(&text[tail.start..tail.end]) {
                return Some((Tail { start: second, end: second_end, is_quoted: false }, Writing::Loose));
            }
            return Some((
                tail,
                if sure { Writing::Certain } else { loose(scan, sign.end, second, second_end) },
            ));
        }
    }
    // `password: !!str x`, `password: &anchor x`
    let at = if sign.kind == Kind::Told { yaml_value(text, at) } else { at };
    let at = at + tails::scheme(&text[at..]);
    let tail = tails::after(text, at, sign.kind == Kind::Assigned);
    // `password = ConvertTo-SecureString "…"`: a command and its text.
    let gap = text[tail.end..].len() - text[tail.end..].trim_start_matches(' ').len();
    if sign.kind == Kind::Assigned
        && !tail.is_quoted
        && gap > 0
        && text[tail.end + gap..].starts_with(['"', '\''])
        && is_wordy(&text[tail.start..tail.end])
    {
        let behind = tails::after(text, tail.end + gap, false);
        return Some((behind, Writing::Certain));
    }
    let writing = match sign.kind {
        Kind::Listed if !tail.is_quoted => return None,
        _ if tail.is_quoted || sign.kind == Kind::Assigned => Writing::Certain,
        _ if text[tail.start..tail.end].contains('=') => Writing::Certain,
        Kind::Told => loose(scan, sign.end, tail.start, tail.end),
        _ => Writing::Loose,
    };
    Some((tail, writing))
}

/// A word after a colon is alone when the line ends with it, in a text where sentences are rare.
fn loose(scan: &Scan<'_>, sign_end: usize, start: usize, end: usize) -> Writing {
    let rest = scan.text[end..].trim_start_matches([' ', '\t']);
    let is_colon = scan.text[..sign_end].ends_with([':', '：']);
    let ends_line = rest.is_empty() || rest.starts_with(['\n', '\r', ',', '}']);
    if !scan.is_prose && is_colon && ends_line && end > start && start > sign_end {
        Writing::Alone
    } else {
        Writing::Loose
    }
}

fn yaml_value(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    if heads::is_type(rest) {
        return at;
    }
    if !rest.starts_with(['!', '&']) {
        return at;
    }
    let word = rest.find([' ', '\t', '\n']).unwrap_or(0);
    let blank = rest[word..].len() - rest[word..].trim_start_matches([' ', '\t']).len();
    if word > 1 && blank > 0 { at + word + blank } else { at }
}

/// The name before an encoded sign: what stands behind the last encoded `&`, `?`, `=` or the like.
fn encoded_name(head: Head<'_>) -> Head<'_> {
    let name = head.names[0];
    let is_end = |code: &str| {
        [
            "26", "3F", "3f", "3D", "3d", "3A", "3a", "23", "2F", "2f", "20", "22", "2C", "2c", "7B", "7b",
            "0A", "0a", "3B", "3b",
        ]
        .iter()
        .any(|end| code.starts_with(end))
    };
    let mut ends = name.rmatch_indices('%').map(|(at, _)| (at, name[at + 1..].trim_start_matches("25")));
    let Some((_, code)) = ends.find(|(_, code)| is_end(code)) else { return head };
    let name = &code[2..];
    Head { names: [name; 3], start: head.start + head.names[0].len() - name.len(), ..head }
}

/// The length of an encoded blank, and of a scheme word with another behind it: `%20Bearer%20`.
fn encoded_scheme(rest: &str) -> usize {
    let blank =
        |text: &str| ["%20", "%2520", "+"].iter().find(|it| text.starts_with(**it)).map_or(0, |it| it.len());
    let start = blank(rest);
    let word = rest[start..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(0);
    let behind = blank(&rest[start + word..]);
    let is_scheme = SCHEME_WORDS.iter().any(|scheme| scheme.eq_ignore_ascii_case(&rest[start..start + word]));
    if is_scheme && behind > 0 { start + word + behind } else { start }
}

/// Where a value ends that stands in a text encoded for a URL: at an encoded `&`, `#`, quote or blank.
fn encoded_end(rest: &str) -> usize {
    let mut from = 0;
    while let Some(at) = rest[from..].find('%').map(|at| from + at) {
        let code = rest[at + 1..].trim_start_matches("25");
        if ["26", "23", "22", "27", "20", "0A", "0D", "7D", "7d", "3B", "3b"]
            .iter()
            .any(|end| code.starts_with(end))
        {
            return at;
        }
        from = at + 1;
    }
    rest.len()
}

/// `Cookie: a=…; b=…` and `Authorization: Digest a=…, b=…` hold several values on one line.
fn is_header_of_many(name: &str) -> bool {
    let name = Name::of(name);
    name.joined.ends_with("cookie")
        || name.joined.ends_with("authorization")
        || name.joined.ends_with("authenticate")
}
