//! Detects texts that differ but look the same, describes the difference, and makes it visible with escapes.
//!
//! Look-alike letters are Unicode's confusables (UTS 39).

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc, is_nfd};
use unicode_security::skeleton;

use crate::render::sanitize::{is_unseen, json_escape, sanitize};

/// The difference between two texts that look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookalike {
    /// Composed letters (NFC) became decomposed ones (NFD).
    Decomposed,
    /// Decomposed letters (NFD) became composed ones (NFC).
    Composed,
    /// The same letters have other code points.
    Normalization,
    /// Line endings.
    LineEndings,
    /// Kind or number of whitespace characters.
    Whitespace,
    /// Control characters or characters without a glyph.
    Invisible,
    /// Look-alike letters.
    Letters,
}

impl Lookalike {
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Decomposed => "Unicode normalization: NFC → NFD",
            Self::Composed => "Unicode normalization: NFD → NFC",
            Self::Normalization => "Unicode normalization differs",
            Self::LineEndings => "line endings differ",
            Self::Whitespace => "whitespace differs",
            Self::Invisible => "invisible characters differ",
            Self::Letters => "look-alike characters differ",
        }
    }
}

/// The difference between two texts that look the same; none for equal texts and for those a reader can tell apart.
pub(crate) fn lookalike(old: &str, new: &str) -> Option<Lookalike> {
    if old == new {
        return None;
    }
    let is_ascii = old.is_ascii() && new.is_ascii();
    if !is_ascii && old.nfc().eq(new.nfc()) {
        return Some(match (is_nfc(old), is_nfd(old), is_nfc(new), is_nfd(new)) {
            (true, false, _, true) => Lookalike::Decomposed,
            (_, true, true, false) => Lookalike::Composed,
            _ => Lookalike::Normalization,
        });
    }
    if unix_lines(old) == unix_lines(new) {
        return Some(Lookalike::LineEndings);
    }
    if old.split_whitespace().eq(new.split_whitespace()) {
        return Some(Lookalike::Whitespace);
    }
    if visible_chars(old).eq(visible_chars(new)) {
        return Some(Lookalike::Invisible);
    }
    if is_ascii {
        return None;
    }
    // A text may also contain the replacement of a hidden character.
    (sanitize(old) == sanitize(new) || word_skeletons(old).eq(word_skeletons(new)))
        .then_some(Lookalike::Letters)
}

/// A key of a text's appearance: texts for which [`lookalike`] finds a difference have the same key.
pub(crate) fn appearance_key(text: &str) -> String {
    let is_picture = |c: &char| matches!(c, '⏎' | '\u{2400}'..='\u{2421}');
    let drawn: String = visible_chars(text).filter(|c| !c.is_whitespace() && !is_picture(c)).collect();
    skeleton(&without_codes(&drawn)).collect()
}

/// The words of a text with look-alike letters replaced.
fn word_skeletons(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().map(|word| skeleton(&visible_chars(word).collect::<String>()).collect())
}

/// The text without replacements of hidden characters, such as `<U+200B>`.
fn without_codes(text: &str) -> String {
    let mut pieces = text.split("<U+");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('>') {
            Some((code, rest)) if u32::from_str_radix(code, 16).is_ok() => out.push_str(rest),
            _ => out.extend(["<U+", piece]),
        }
    }
    out
}

fn unix_lines(text: &str) -> Cow<'_, str> {
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.contains('\r') { text.replace("\r\n", "\n").into() } else { text.into() }
}

fn visible_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| !is_unseen(*c))
}

/// The range of differing characters in two texts.
pub(crate) struct DifferingChars {
    start: usize,
    end: [usize; 2],
    /// Whether every non-ASCII character is escaped.
    all: bool,
}

impl DifferingChars {
    /// Finds the range. Invisible characters in it are escaped; for look-alike letters, all non-ASCII characters.
    pub(crate) fn between(old: &str, new: &str, alike: Lookalike) -> Self {
        let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b);
        let start: usize = same.map(|(c, _)| c.len_utf8()).sum();
        let (old_rest, new_rest) = (&old[start..], &new[start..]);
        let same = old_rest.chars().rev().zip(new_rest.chars().rev()).take_while(|(a, b)| a == b);
        let tail: usize = same.map(|(c, _)| c.len_utf8()).sum();
        let mut found =
            Self { start, end: [old.len() - tail, new.len() - tail], all: alike == Lookalike::Letters };
        // Escape more if the escaped texts would still be equal.
        let written = |text: &str, side: usize| {
            let chars = text.char_indices();
            chars
                .map(|(at, c)| found.escape(side, at, c).unwrap_or_else(|| c.to_string()))
                .collect::<String>()
        };
        found.all |= written(old, 0) == written(new, 1);
        found
    }

    /// The escape of a character of the old (0) or the new (1) text, if it needs one.
    pub(crate) fn escape(&self, side: usize, at: usize, c: char) -> Option<String> {
        let is_within = at >= self.start && self.end.get(side).is_some_and(|end| at < *end);
        let needs_it = c != ' ' && c.is_whitespace()
            || c.is_control()
            || is_unseen(c)
            || unicode_normalization::char::is_combining_mark(c)
            || !c.is_ascii() && !std::iter::once(c).nfd().eq([c])
            || self.all && !c.is_ascii();
        (is_within && needs_it).then(|| escaped(c))
    }
}

/// A character as a JSON escape.
fn escaped(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c => json_escape(c),
    }
}

/// Two texts that look the same, as JSON strings that do not.
pub(crate) fn escape_differences(old: &str, new: &str, alike: Lookalike) -> [String; 2] {
    let differing = DifferingChars::between(old, new, alike);
    [(0, old), (1, new)].map(|(side, text)| {
        let mut quoted = String::from("\"");
        for (at, c) in text.char_indices() {
            match differing.escape(side, at, c) {
                Some(escape) => quoted.push_str(&escape),
                None => quoted.push_str(&within_quotes(c)),
            }
        }
        quoted + "\""
    })
}

/// A character within a JSON string.
pub(crate) fn within_quotes(c: char) -> Cow<'static, str> {
    match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        c if c.is_control() => escaped(c).into(),
        c => c.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn differences_are_named_and_escaped() {
        for (old, new, differs, shown) in [
            ("Café", "Cafe\u{301}", Lookalike::Decomposed, [r#""Caf\u00e9""#, r#""Cafe\u0301""#]),
            ("Cafe\u{301}", "Café", Lookalike::Composed, [r#""Cafe\u0301""#, r#""Caf\u00e9""#]),
            ("\u{212b}", "\u{c5}", Lookalike::Normalization, [r#""\u212b""#, r#""\u00c5""#]),
            ("a\u{a0}b", "a b", Lookalike::Whitespace, [r#""a\u00a0b""#, r#""a b""#]),
            ("a", "a ", Lookalike::Whitespace, [r#""a""#, r#""a ""#]),
            ("a    b", "a\tb", Lookalike::Whitespace, [r#""a    b""#, r#""a\tb""#]),
            ("a\u{3000}b", "a\u{2003}b", Lookalike::Whitespace, [r#""a\u3000b""#, r#""a\u2003b""#]),
            ("x\ny\n", "x\r\ny\r\n", Lookalike::LineEndings, [r#""x\ny\n""#, r#""x\r\ny\r\n""#]),
            ("x", "x\r", Lookalike::LineEndings, [r#""x""#, r#""x\r""#]),
            ("adm\u{200b}in", "admin", Lookalike::Invisible, [r#""adm\u200bin""#, r#""admin""#]),
            ("a\u{202e}b", "ab", Lookalike::Invisible, [r#""a\u202eb""#, r#""ab""#]),
            ("p\u{430}ypal", "paypal", Lookalike::Letters, [r#""p\u0430ypal""#, r#""paypal""#]),
            ("<U+200B>", "\u{200b}", Lookalike::Letters, [r#""<U+200B>""#, r#""\u200b""#]),
            ("\u{1d41a}", "a", Lookalike::Letters, [r#""\ud835\udc1a""#, r#""a""#]),
            // Both at once.
            ("é b", "e\u{301}\u{a0}b", Lookalike::Letters, [r#""\u00e9 b""#, r#""e\u0301\u00a0b""#]),
        ] {
            assert_eq!(lookalike(old, new), Some(differs), "{old:?} {new:?}");
            assert_eq!(escape_differences(old, new, differs), shown, "{old:?} {new:?}");
            assert_eq!(appearance_key(old), appearance_key(new), "{old:?} {new:?}");
        }
        for (old, new) in
            [("active", "disabled"), ("é", "e"), ("日本", "日木"), ("a", "a"), ("1", "l"), ("ab", "a b")]
        {
            assert_eq!(lookalike(old, new), None, "{old:?} {new:?}");
        }
    }

    proptest! {
        #[test]
        fn escaped_lookalikes_look_different(
            old in "[aа1é\"\\\\ \u{a0}\u{301}e\u{200b}\t\r\n日Åå\u{212b}Ω\u{2126}]{0,6}",
            new in "[aа1é\"\\\\ \u{a0}\u{301}e\u{200b}\t\r\n日Åå\u{212b}Ω\u{2126}]{0,6}",
        ) {
            if let Some(differs) = lookalike(&old, &new) {
                let [was, is] = escape_differences(&old, &new, differs);
                prop_assert_eq!(&serde_json::from_str::<String>(&was).expect("JSON"), &old);
                prop_assert_eq!(&serde_json::from_str::<String>(&is).expect("JSON"), &new);
                prop_assert_ne!(sanitize(&was), sanitize(&is));
                prop_assert_eq!(appearance_key(&old), appearance_key(&new));
            } else if old != new {
                let shown = [&old, &new].map(|text| sanitize(text).trim_end().to_owned());
                prop_assert_ne!(&shown[0], &shown[1]);
            }
        }
    }
}
