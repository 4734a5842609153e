//! Makes control and invisible characters visible, and measures and cuts text by terminal cells.
//!
//! It must not know entries, tables or colours. Its output has no control characters, so that no name can fake a row,
//! move the cursor, set the window title or change the text direction.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Further combining marks on one letter are written out: stacked marks would cover neighbouring lines.
const MARKS_ON_A_LETTER: usize = 6;

/// Replaces controls, direction marks and zero-width characters by visible text: `␛`, `⏎`, `<U+202E>`.
///
/// Joiners and variation selectors within emoji stay.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    replace_hidden(text, |c, _, out| match c {
        '\n' => out.push('⏎'),
        '\u{7f}' => out.push('␡'),
        '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
        other => push_code(other, out),
    })
}

/// As [`sanitize`], in ASCII only: `\n`, `\x1b`, `->`, `...`, `-`, and `<U+00E9>` for all other characters.
pub fn sanitize_ascii(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            '→' => out.push_str("->"),
            '…' => out.push_str("..."),
            '·' => out.push('-'),
            other => push_code(other, &mut out),
        }
    }
    Cow::Owned(out)
}

/// Whether the text is printable ASCII, as most texts are. It tests whole blocks, so that the compiler can vectorise it.
fn is_plain(text: &str) -> bool {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~');
    text.as_bytes().chunks(64).all(|block| block.iter().fold(true, |all, byte| all & plain(byte)))
}

fn push_code(c: char, out: &mut String) {
    out.push_str(&format!("<U+{:04X}>", u32::from(c)));
}

/// A character as JSON escapes it: `\u202e`, or a surrogate pair.
pub(super) fn json_escape(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// Passes every invisible character and its successor to `write`; copies all others.
pub(super) fn replace_hidden(
    text: &str,
    mut write: impl FnMut(char, Option<char>, &mut String),
) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut before, mut marks) = (None, 0);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        let stray_mark = marks > MARKS_ON_A_LETTER || (marks > 0 && before.is_none());
        if stray_mark || c.is_control() || (is_format(c) && !belongs(before, c, next)) {
            write(c, next, &mut out);
        } else {
            out.push(c);
        }
        before = Some(c);
    }
    Cow::Owned(out)
}

/// Whether a character is invisible and no whitespace: without it, a text looks the same.
pub(super) fn is_unseen(c: char) -> bool {
    (c.is_control() || is_format(c)) && !c.is_whitespace()
}

/// Whether a character is a control or format character.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control() || is_format(c)
}

/// Characters without a glyph: separators, direction marks, joiners, fillers, selectors, tags.
const fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a joiner or selector is meaningful: within an emoji, or after an ideograph whose variant it selects, as in
/// Japanese names.
fn belongs(before: Option<char>, c: char, next: Option<char>) -> bool {
    let Some(before) = before else { return false };
    match c {
        '\u{200d}' => (is_emoji(before) || before == '\u{fe0f}') && next.is_some_and(is_emoji),
        '\u{fe0e}' | '\u{fe0f}' => {
            is_emoji(before) || (next == Some('\u{20e3}') && matches!(before, '0'..='9' | '#' | '*'))
        }
        '\u{fe00}'..='\u{fe02}' | '\u{e0100}'..='\u{e01ef}' => {
            matches!(before, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        }
        _ => false,
    }
}

const fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// The width of a text in terminal cells.
///
/// Grapheme clusters are measured one by one: measured together, Arabic lam and alef count as one cell, which few
/// terminals do.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.width() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Cuts the text to `max` cells, between grapheme clusters, and marks the cut with `…`.
pub fn cut(text: &str, max: usize) -> String {
    cut_with(text, max, "…")
}

/// As [`cut`], with another `mark`. If `max` cannot hold the mark, the mark is cut too.
pub fn cut_with(text: &str, max: usize, mark: &str) -> String {
    // A text of at most `max` bytes is at most `max` cells wide; most texts are.
    if text.len() <= max || fits(text, max) {
        return text.to_owned();
    }
    if width(mark) > max {
        return mark.chars().take(max).collect();
    }
    let mut room = max - width(mark);
    let mut out = String::new();
    for cluster in text.graphemes(true) {
        let Some(left) = room.checked_sub(cluster.width()) else { break };
        room = left;
        out.push_str(cluster);
    }
    out + mark
}

/// As [`cut_with`], but keeps the end of the text.
pub fn cut_front_with(text: &str, max: usize, mark: &str) -> String {
    if text.len() <= max || fits(text, max) {
        return text.to_owned();
    }
    let Some(mut room) = max.checked_sub(width(mark)) else { return mark.chars().take(max).collect() };
    let mut start = text.len();
    for (at, cluster) in text.grapheme_indices(true).rev() {
        let Some(left) = room.checked_sub(cluster.width()) else { break };
        room = left;
        start = at;
    }
    format!("{mark}{}", &text[start..])
}

/// Whether the text takes at most `max` cells. It stops reading once it does not.
fn fits(text: &str, max: usize) -> bool {
    let mut room = max;
    text.graphemes(true).all(|cluster| match room.checked_sub(cluster.width()) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn control_and_invisible_characters_become_visible() {
        for (text, shown) in [
            ("Ana Ruiz", "Ana Ruiz"),
            ("\x1b]0;owned\x07\x1b[2J", "␛]0;owned␇␛[2J"),
            ("a\r\n\tb\x7f\u{9b}2J", "a␍⏎␉b␡<U+009B>2J"),
            ("gpj.\u{202e}exe\u{2066}", "gpj.<U+202E>exe<U+2066>"),
            ("ad\u{200b}min\u{feff}\u{ad}", "ad<U+200B>min<U+FEFF><U+00AD>"),
            ("a\u{2028}b\u{e0041}", "a<U+2028>b<U+E0041>"),
            ("👩‍💻 ❤️ 1️⃣ 葛󠄀", "👩‍💻 ❤️ 1️⃣ 葛󠄀"),
            ("a\u{200d}b\u{fe0f}", "a<U+200D>b<U+FE0F>"),
            ("\u{301}e\u{301}", "<U+0301>e\u{301}"),
        ] {
            assert_eq!(sanitize(text), shown, "{text:?}");
        }
        assert_eq!(sanitize(&format!("e{}", "\u{301}".repeat(9))).matches("<U+0301>").count(), 3);
        assert_eq!(sanitize_ascii("é → \x1b\n… ·"), "<U+00E9> -> \\x1b\\n... -");
    }

    #[test]
    fn widths_match_terminals() {
        for (text, cells) in [
            ("abc", 3),
            ("日本", 4),
            ("👩‍💻", 2),
            ("e\u{301}", 1),
            ("שלום", 4),
            ("\u{644}\u{627}", 2),
            ("❤️", 2),
        ] {
            assert_eq!(width(text), cells, "{text}");
        }
    }

    #[test]
    fn text_is_cut_between_clusters_with_a_mark() {
        assert_eq!(cut("Warehouse", 9), "Warehouse");
        assert_eq!(cut("Warehouse", 5), "Ware…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("👩‍💻👩‍💻", 3), "👩‍💻…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut_with("abcdef", 4, "..."), "a...");
        assert_eq!(cut_with("abcdef", 2, "..."), "..");
        assert_eq!(cut_front_with("日本語", 4, "…"), "…語");
        assert_eq!(cut_front_with("abc", 3, "…"), "abc");
    }

    proptest! {
        #[test]
        fn sanitized_text_has_no_controls(text in any::<String>(), max in 0_usize..20) {
            let shown = sanitize(&text);
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
            assert_eq!(sanitize(&shown), shown);
            assert!(sanitize_ascii(&text).bytes().all(|byte| matches!(byte, b' '..=b'~')));
            assert!(width(&cut(&shown, max)) <= max && width(&cut_front_with(&shown, max, "…")) <= max);
        }
    }
}
