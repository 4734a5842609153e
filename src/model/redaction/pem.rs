//! Private keys in armour: PEM, OpenPGP, SSH2 and PuTTY, to their end or, when cut off, to the end of the text.

use std::sync::LazyLock;

use regex::Regex;

use super::scan::Scan;

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests of this module compile them"
)]
static ARMOUR: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"(?i)-----? ?BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----?",
        r"(?i)-----? ?END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----?",
        r"(?i)Private-Lines:[ \t]*[0-9]+[ \t]*\r?\n",
    ]
    .map(|pattern| Regex::new(pattern).expect("a constant pattern"))
});
/// What a private key in armour begins with once it is written in base64.
pub(super) const ENCODED: &str = "LS0tLS1CRUdJTiB";

/// Hides them, armour and all.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    let [begin, end, putty] = &*ARMOUR;
    if text.contains("----") {
        let mut from = 0;
        while let Some(found) = begin.find_at(text, from) {
            let end = end.find_at(text, found.end()).map_or(text.len(), |end| end.end());
            scan.hide(found.start()..end);
            from = end;
        }
    }
    if text.contains("rivate-Lines") || text.contains("rivate-lines") {
        for found in putty.find_iter(text) {
            let end = text[found.end()..].find("Private-MAC").map_or(text.len(), |at| found.end() + at);
            scan.hide(found.end()..end);
        }
    }
}

/// Hides armour that was encoded once more.
pub(super) fn find_encoded(scan: &mut Scan<'_>) {
    let text = scan.text;
    for (at, _) in text.match_indices(ENCODED) {
        let end = text[at..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
            .map_or(text.len(), |end| at + end);
        scan.hide(at..end);
    }
}

/// Whether a line opens a private key that it does not close; whether it closes one.
pub(super) fn line(text: &str) -> (bool, bool) {
    if !text.contains("----") {
        return (false, false);
    }
    let [begin, end, _] = &*ARMOUR;
    let closes = end.is_match(text);
    (!closes && begin.is_match(text), closes)
}
