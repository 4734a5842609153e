//! Folds text for comparison: for the filter, its prefilter, completion and lookups by name.
//!
//! Texts are equal when readers see the same words: with composed or decomposed accents (`é` is one code point or two), in
//! any case (`STRASSE`, `Straße`; `ΟΔΥΣΣΕΥΣ`, `Οδυσσευς`), and with or without the dot of a Turkish `i` (`IŞIK`, `ışık`).

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, is_nfc_quick};

const DOT_ABOVE: char = '\u{307}';

/// The text in NFC with its case folded. An ASCII text stays ASCII.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii() {
            let ascii = rest.bytes().take_while(u8::is_ascii).count();
            // A combining mark after the run belongs to its last letter.
            let run = if alone(rest[ascii..].chars().next()).is_some() { ascii } else { ascii - 1 };
            let from = out.len();
            out.push_str(&rest[..run]);
            out[from..].make_ascii_lowercase();
            rest = &rest[run..];
            if run == ascii {
                continue;
            }
        }
        let mut chars = rest.chars();
        let first = chars.next();
        if let Some(fold) = alone(first).filter(|_| alone(chars.clone().next()).is_some()) {
            out.push(fold);
            rest = chars.as_str();
            continue;
        }
        let marks = chars.as_str();
        let behind = marks.find(|c| alone(Some(c)).is_some()).unwrap_or(marks.len());
        let end = rest.len() - marks.len() + behind;
        fold_run(&rest[..end], &mut out);
        rest = &rest[end..];
    }
    out
}

/// The folds of letters of most alphabets that fold to one character: `\0` for other characters.
static SIMPLE: LazyLock<Vec<char>> = LazyLock::new(|| {
    let simple = |c: char| {
        let mut fold = String::new();
        fold_run(c.encode_utf8(&mut [0; 4]), &mut fold);
        let mut chars = fold.chars();
        let is_apart =
            |c: char| !is_combining_mark(c) && is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes;
        chars.next().filter(|&fold| chars.next().is_none() && is_apart(c) && is_apart(fold)).unwrap_or('\0')
    };
    ('\0'..'\u{2100}').map(simple).collect()
});

/// The fold of a character that does not depend on its neighbours, or `None` when it may: a combining mark, or a character
/// with several folds. `Some` for the end of a text.
fn alone(c: Option<char>) -> Option<char> {
    let Some(c) = c else { return Some('\0') };
    match c {
        '\0'..='\x7f' => Some(c.to_ascii_lowercase()),
        '\u{80}'..='\u{20ff}' => SIMPLE.get(u32::from(c) as usize).copied().filter(|fold| *fold != '\0'),
        // Arrows, kana, ideographs, syllables and pictograms have no case.
        '\u{2190}'..='\u{22ff}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{1f300}'..='\u{1faff}' => Some(c),
        _ => None,
    }
}

/// Folds a run of text that does not depend on its neighbours.
fn fold_run(run: &str, out: &mut String) {
    let mut last = None;
    let undotted = run.nfd().flat_map(fold_char).filter(|&c| {
        let is_dot_of_i = c == DOT_ABOVE && last == Some('i');
        if !is_dot_of_i {
            last = Some(c);
        }
        !is_dot_of_i
    });
    // A fold may decompose again (`ΐ`). NFC orders and composes the marks.
    out.extend(undotted.nfc());
}

/// The full case folding of a character: the lower case of its upper case. So `ß`, `ẞ` and `SS` become equal, as do `ς` and
/// `σ`, and `ı` and `i`.
fn fold_char(c: char) -> impl Iterator<Item = char> {
    let is_mark = is_combining_mark(c) && c != '\u{345}';
    let upper = c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    // Combining marks have no case, except the Greek iota subscript.
    std::iter::once(c).filter(move |_| is_mark).chain(upper.filter(move |_| !is_mark))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_words_have_equal_folds() {
        for alike in [
            &["José", "Jose\u{301}", "JOSÉ", "JOSE\u{301}"][..],
            &["ΟΔΥΣΣΕΥΣ", "Οδυσσευς", "οδυσσευσ"],
            &["ışık", "IŞIK", "Işık", "İŞİK", "is\u{327}ik"],
            &["STRASSE", "Straße", "STRAẞE", "strasse"],
            &["ﬁn", "FIN", "fin"],
            &["K", "k", "\u{212a}"],
            &["Å", "å", "\u{212b}", "A\u{30a}"],
            &["ᾳ", "ΑΙ", "\u{1fbc}", "αι"],
            &["e\u{323}\u{302}", "e\u{302}\u{323}", "ệ", "Ệ"],
            &["각", "\u{1100}\u{1161}\u{11a8}"],
        ] {
            for text in alike {
                assert_eq!(folded(text), folded(alike[0]), "{text} and {}", alike[0]);
            }
        }
        for (one, other) in [("é", "e"), ("ñ", "n"), ("ö", "oe"), ("І", "I"), ("ж", "з")] {
            assert_ne!(folded(one), folded(other));
        }
        assert!(folded("ΟΔΥΣΣΕΥΣ").contains(&folded("ΟΔΥΣ")), "a final sigma is a sigma");
        assert!(!folded("Jose\u{301}").contains(&folded("Jose")), "an accent belongs to its letter");
    }

    #[test]
    fn characters_fold_alone_as_in_a_run() {
        for c in '\0'..='\u{1ffff}' {
            if let Some(fold) = alone(Some(c)) {
                let mut run = String::new();
                fold_run(c.encode_utf8(&mut [0; 4]), &mut run);
                assert_eq!(run, fold.to_string(), "{c:?}");
                assert_eq!(
                    is_nfc_quick(std::iter::once(c)),
                    IsNormalized::Yes,
                    "{c:?} may belong to what is before it"
                );
            }
        }
        assert!(['é', 'Σ', 'я', '日', '→', '한', 'ệ'].into_iter().all(|c| alone(Some(c)).is_some()));
    }

    #[test]
    fn every_character_folds_like_its_upper_and_lower_case() {
        // Ideographs and syllables, and characters beyond this range, have no case.
        let many = |c: &char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
        for c in ('\0'..='\u{1ffff}').filter(|c| !many(c) && *c != DOT_ABOVE) {
            let text = c.to_string();
            let fold = folded(&text);
            assert_eq!(folded(&text.to_uppercase()), fold, "{c:?}");
            assert_eq!(folded(&text.to_lowercase()), fold, "{c:?}");
            assert_eq!(folded(&fold), fold, "{c:?}");
            assert_eq!(folded(&text.nfd().collect::<String>()), fold, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn ascii_runs_do_not_change_the_fold(text in "[aAiI \"\\\\Kſßé\u{301}\u{307}\u{323}\u{345}İıΣςᾳ日가\u{11a8}か\u{3099}→\u{338}]{0,12}") {
            let mut whole = String::new();
            fold_run(&text, &mut whole);
            prop_assert_eq!(&folded(&text), &whole);
            prop_assert_eq!(folded(&whole), whole);
            prop_assert_eq!(folded(&text.nfd().collect::<String>()), folded(&text.nfc().collect::<String>()));
        }
    }
}
