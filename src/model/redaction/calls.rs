//! SQL that sets a password, and rows whose columns name one: `IDENTIFIED BY '…'`, `INSERT INTO t (name, password) …`.

use std::sync::LazyLock;

use regex::Regex;

use super::judge::{Writing, hides};
use super::scan::Scan;
use super::tails;

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests of this module compile them"
)]
static PATTERNS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        r#"(?i)(?-u:\b)(?:password|identified(?:[ \t]+with[ \t]+\w+)?[ \t]+(?:by|as)(?:[ \t]+values)?|set[ \t]+password[ \t]+for[^=\n]{1,100}=|secret|access_key|passphrase)(?:[ \t]+(?:for|to|is)[ \t]+[^\s'"]+)?[ \t]*\(?[ \t]*N?["'`]"#,
        r#"(?i)(?-u:\b)insert[ \t]+into[ \t]+[^\s(]+[ \t]*\((?P<columns>[^()]{1,1000})\)\s*values\s*"#,
    ]
    .map(|pattern| Regex::new(pattern).expect("a constant pattern"))
});
/// The most rows of one statement that are read.
const MAX_ROWS: usize = 1000;

/// Hides them.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    let [sets, inserts] = &*PATTERNS;
    let mut from = 0;
    while let Some(found) = sets.find_at(text, from) {
        let tail = tails::after(text, found.end() - 1, false);
        from = found.end();
        if tail.end > tail.start && text[tail.end..].len() < text.len() - tail.start && tail.end < text.len()
        {
            let value = &text[tail.start..tail.end];
            // A quote that closes is no value: `'password' 'x'` has none between.
            if !value.trim().is_empty()
                && !value.starts_with([',', ')', ':', '=', ' '])
                && hides(super::names::Meaning::Password, value, Writing::Certain)
            {
                scan.hide(tail.start..tail.end);
                from = tail.end;
            }
        }
    }
    if scan.has("(") && scan.has(",") {
        for found in inserts.captures_iter(text) {
            let (Some(columns), Some(all)) = (found.name("columns"), found.get(0)) else { continue };
            let meanings: Vec<_> = columns
                .as_str()
                .split(',')
                .map(|column| scan.judge.meaning(column.trim().trim_matches(['"', '`', '[', ']'])))
                .collect();
            if meanings.iter().any(|meaning| meaning.is_credential()) {
                rows(scan, all.end(), &meanings);
            }
        }
    }
}

/// Hides the cells of the columns that name a credential.
fn rows(scan: &mut Scan<'_>, from: usize, meanings: &[super::names::Meaning]) {
    let text = scan.text;
    let mut at = from;
    for _ in 0..MAX_ROWS {
        at += text[at..].len() - text[at..].trim_start_matches([' ', ',', '\n', '\r', '\t']).len();
        if !text[at..].starts_with('(') {
            return;
        }
        at += 1;
        for meaning in meanings {
            at += text[at..].len() - text[at..].trim_start_matches([' ', '\t', '\n']).len();
            let mut tail = tails::after(text, at, false);
            if !tail.is_quoted {
                tail.end = at + text[at..].find([',', ')', '\n']).unwrap_or(text.len() - at);
            }
            if hides(*meaning, &text[tail.start..tail.end], Writing::Certain) {
                scan.hide(tail.start..tail.end);
            }
            let Some(end) = text[tail.end..].find([',', ')']) else { return };
            at = tail.end + end + 1;
            if text.as_bytes()[at - 1] == b')' {
                break;
            }
        }
    }
}
