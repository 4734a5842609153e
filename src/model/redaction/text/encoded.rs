//! Reads percent-encoded texts: the key and the value around an encoded separator (`%3D`, `%3A`), and elements of XML
//! (`%3Cpassword%3E…`). Nothing is decoded: the codes of the delimiters are looked for, also where they are encoded twice.

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::references::is_scheme;
use crate::model::redaction::text::key::KeyMatch;
use crate::model::redaction::text::scan::{TextScan, find_or_end};
use crate::model::redaction::text::xml::local_name;

/// Signs of XML that was escaped or encoded: `<` and `>`.
const SIGNS: [(&str, &str); 4] = [("&lt;", "&gt;"), ("%3C", "%3E"), ("%3c", "%3e"), ("%253C", "%253E")];

/// Redacts the content of elements in escaped or encoded XML: `&lt;password&gt;…`, `%3Cpassword%3E…`.
pub(super) fn detect_xml(scan: &mut TextScan<'_>) {
    for (open, close) in SIGNS {
        if scan.has(&open[..1]) && scan.text.contains(open) {
            redact_elements(scan, open, close);
        }
    }
}

fn redact_elements(scan: &mut TextScan<'_>, open: &str, close: &str) {
    let text = scan.text;
    let mut done = 0;
    for (at, _) in text.match_indices(open) {
        let start = at + open.len();
        let name_end =
            find_or_end(text, start, |c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')));
        if at < done || !text[name_end..].starts_with(close) {
            continue;
        }
        let value = name_end + close.len();
        done = text[value..].find(open).map_or(text.len(), |end| value + end);
        let class = scan.classifier.class(local_name(&text[start..name_end]));
        scan.redact_value(class, value..done, ValueSyntax::Explicit);
    }
}

/// The key before an encoded separator: the part after the last encoded `&`, `?`, `=` or similar delimiter.
pub(super) fn after_delimiter(key: KeyMatch<'_>) -> KeyMatch<'_> {
    const DELIMITERS: &str = "26 3F 3f 3D 3d 3A 3a 23 2F 2f 20 22 2C 2c 7B 7b 0A 0a 3B 3b";
    // The quote that closes the key: `%22password%22`.
    let mut name = key.candidates[0];
    while let Some(shorter) = without_last_code(name, "22 27 20 5C 5c") {
        name = shorter;
    }
    let end = key.start + name.len();
    let key = KeyMatch { candidates: [name; 3], ..key };
    let mut codes = name.rmatch_indices('%').map(|(at, _)| name[at + 1..].trim_start_matches("25"));
    let Some(code) = codes.find(|code| is_listed_code(code, DELIMITERS)) else { return key };
    let name = &code[2..];
    KeyMatch { candidates: [name; 3], start: end - name.len(), ..key }
}

/// A text without one of these two-digit codes at its end.
fn without_last_code<'t>(text: &'t str, codes: &str) -> Option<&'t str> {
    let percent = text.rfind('%')?;
    let code = text[percent + 1..].trim_start_matches("25");
    (code.len() == 2 && is_listed_code(code, codes)).then(|| &text[..percent])
}

/// The index after an encoded blank.
pub(super) fn skip_blank(text: &str, at: usize) -> usize {
    let blank = ["%20", "%2520", "+"].into_iter().find(|blank| text[at..].starts_with(blank));
    at + blank.map_or(0, str::len)
}

/// The index after an encoded quote, which opens a value in JSON: `%22`.
pub(super) fn skip_quote(text: &str, at: usize) -> usize {
    let quotes = ["%22", "%2522", "%5C%22", "%27"];
    at + quotes.into_iter().find(|quote| text[at..].starts_with(quote)).map_or(0, str::len)
}

/// The length of a value in an encoded text: it ends at an encoded `&`, `#`, quote or blank.
pub(super) fn length(text: &str) -> usize {
    const ENDS: &str = "26 23 22 27 20 0A 0D 7D 7d 3B 3b";
    let mut codes = text.match_indices('%').map(|(at, _)| (at, text[at + 1..].trim_start_matches("25")));
    codes.find(|(_, code)| is_listed_code(code, ENDS)).map_or(text.len(), |(at, _)| at)
}

/// Whether a text begins with one of these two-digit codes.
fn is_listed_code(text: &str, codes: &str) -> bool {
    codes.split(' ').any(|code| text.starts_with(code))
}

/// The index after an encoded blank, and after a scheme that another blank follows: `%20Bearer%20`.
pub(super) fn skip_scheme(text: &str, at: usize) -> usize {
    let start = skip_blank(text, at);
    let word = text[start..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(0);
    let next = skip_blank(text, start + word);
    if next > start + word && is_scheme(&text[start..start + word]) { next } else { start }
}
