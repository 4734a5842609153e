//! Redacts private keys in armour: PEM, OpenPGP, SSH2 and PuTTY. A key that was cut off reaches to the end of the text.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::text::scan::{TextScan, find_or_end, regex};

static ARMOUR: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"(?i)-----? ?BEGIN[ +][A-Z0-9 +]*PRIVATE[ +]KEY[A-Z +]*-----?|-----BEGIN%20(?:[A-Z0-9]+%20)*PRIVATE%20KEY(?:%20BLOCK)?-----",
        r"(?i)-----? ?END[ +][A-Z0-9 +]*PRIVATE[ +]KEY[A-Z +]*-----?|-----END%20(?:[A-Z0-9]+%20)*PRIVATE%20KEY(?:%20BLOCK)?-----",
        r"(?i)Private-Lines:[ \t]*[0-9]+[ \t]*\r?\n",
    ]
    .map(regex)
});
/// The start of an armoured private key in base64.
pub(super) const ENCODED: &str = "LS0tLS1CRUdJTiB";

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    let [begin, end, putty] = &*ARMOUR;
    let mut from = 0;
    while let Some(found) = begin.find_at(text, from) {
        let end = end.find_at(text, found.end()).map_or(text.len(), |end| end.end());
        scan.redact(found.start()..end);
        from = end;
    }
    if text.contains("rivate-Lines") || text.contains("rivate-lines") {
        for found in putty.find_iter(text) {
            let end = text[found.end()..].find("Private-MAC").map_or(text.len(), |at| found.end() + at);
            scan.redact(found.end()..end);
        }
    }
}

/// Redacts armoured keys that were encoded in base64 again.
pub(super) fn detect_encoded(scan: &mut TextScan<'_>) {
    let text = scan.text;
    for (at, _) in text.match_indices(ENCODED) {
        let end = find_or_end(text, at, |c| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')));
        scan.redact(at..end);
    }
}

/// Whether a line opens a private key without closing it, and whether it closes one.
pub(crate) fn opens_and_closes(text: &str) -> (bool, bool) {
    if !text.contains("----") {
        return (false, false);
    }
    let [begin, end, _] = &*ARMOUR;
    let closes = end.is_match(text);
    (!closes && begin.is_match(text), closes)
}
