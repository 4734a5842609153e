//! Texts that are a credential wherever they stand: keys by their well-known beginnings, JSON Web Tokens, and what
//! follows an authentication scheme.

use std::sync::LazyLock;

use regex::Regex;

use super::names::Meaning;
use super::scan::Scan;
use super::tokens;
use super::values::{is_harmless_text, looks_like_prose};

struct Shapes {
    tokens: Regex,
    others: Vec<(&'static str, Regex)>,
    jwt: Regex,
    scheme: Regex,
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and every test of this module compiles them"
)]
static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let compile = |pattern: &str| Regex::new(pattern).expect("a constant pattern");
    let mut others: Vec<_> =
        tokens::others().into_iter().map(|(needs, pattern)| (needs, compile(&pattern))).collect();
    others.push((".atlasv1.", compile(r"(?-u:\b)[A-Za-z0-9]{8,}\.atlasv1\.[A-Za-z0-9_-]{16,}")));
    Shapes {
        tokens: compile(&tokens::pattern()),
        others,
        // A base64url header that begins with `{"`.
        jwt: compile(r"(?-u:\b)eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*"),
        scheme: compile(r"(?i:(?-u:\b)(?:bearer|basic|ntlm|negotiate)\s+)(?P<value>[A-Za-z0-9._~+/=-]{8,})"),
    }
});

/// The shortest text that holds a marked key.
const SHORTEST: usize = 11;

/// Hides them.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    if text.len() < SHORTEST {
        return;
    }
    for found in SHAPES.tokens.find_iter(text) {
        scan.hide(found.start()..rest_of_word(text, found.end()));
    }
    for (needs, pattern) in &SHAPES.others {
        if text.contains(needs) {
            for found in pattern.find_iter(text) {
                scan.hide(found.start()..rest_of_word(text, found.end()));
            }
        }
    }
    if scan.has(".") && text.contains("eyJ") {
        for found in SHAPES.jwt.find_iter(text) {
            scan.hide(found.range());
        }
    }
    if scan.has(" \n\t") {
        for found in SHAPES.scheme.captures_iter(text) {
            let Some(value) = found.name("value") else { continue };
            if !looks_like_prose(value.as_str()) && !is_harmless_text(value.as_str(), Meaning::Key) {
                scan.hide(value.range());
            }
        }
    }
}

/// Where the word ends that a key stands in: whatever is joined to a key goes with it.
fn rest_of_word(text: &str, end: usize) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    end + text.as_bytes()[end..].iter().take_while(is_part).count()
}
