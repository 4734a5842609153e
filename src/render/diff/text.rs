//! What differs between two texts: lines in hunks, and the words within a changed line.
//!
//! It knows nothing of JSON or of how a difference looks.

use similar::{ChangeTag, TextDiff};

use crate::render::diff::sequence::{Numbering, common};

/// What is longer than this is not searched for the words that differ, but taken for one.
const LONGEST_SEARCH: usize = 2048;
/// Characters of a word that is kept whole.
const LONGEST_WORD: usize = 32;
/// Of so many letters of the longer line, both must share one, or all of it differs.
const LEAST_SHARED: usize = 4;

/// Neighbouring lines that changed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// The line's number, from 1, in the new text; in the old one when nothing was added.
    pub line: usize,
    /// The old lines.
    pub removed: Vec<&'a str>,
    /// The new lines.
    pub added: Vec<&'a str>,
}

/// A piece of a line, and whether the other line lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it differs.
    pub differs: bool,
}

/// A text's lines. A line break at the end begins a last, empty line, so that its loss is seen.
#[must_use]
pub fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

/// The lines that differ.
#[must_use]
pub fn hunks<'a>(old: &'a str, new: &'a str) -> Vec<Hunk<'a>> {
    let (old, new) = (lines(old), lines(new));
    let mut numbering = Numbering::new();
    let mut numbers =
        |lines: &[&'a str]| lines.iter().map(|line| numbering.number(*line)).collect::<Vec<_>>();
    let kept = common(&numbers(&old), &numbers(&new));
    let (mut i, mut j) = (0, 0);
    let mut hunks = Vec::new();
    for (i_end, j_end) in kept.into_iter().chain([(old.len(), new.len())]) {
        if i < i_end || j < j_end {
            let line = if j < j_end { j } else { i } + 1;
            hunks.push(Hunk { line, removed: old[i..i_end].to_vec(), added: new[j..j_end].to_vec() });
        }
        (i, j) = (i_end + 1, j_end + 1);
    }
    hunks
}

/// Both lines in pieces. Lines that share little are one piece each: emphasis on everything is none.
#[must_use]
pub fn words(old: &str, new: &str) -> (Vec<Piece>, Vec<Piece>) {
    let start = word_border(old, common_start(old, new));
    let ends = (&old[start..], &new[start..]);
    let end = ends.0.len() - word_border_behind(ends.0, ends.0.len() - common_end(ends.0, ends.1));
    let (old_middle, new_middle) = (&ends.0[..ends.0.len() - end], &ends.1[..ends.1.len() - end]);

    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut shared = letters(&old[..start]) + letters(&old[old.len() - end..]);
    let both = |before: &mut Vec<Piece>, after: &mut Vec<Piece>, text: &str| {
        push(before, text, false);
        push(after, text, false);
    };
    both(&mut before, &mut after, &old[..start]);
    if old_middle.len().max(new_middle.len()) > LONGEST_SEARCH {
        push(&mut before, old_middle, true);
        push(&mut after, new_middle, true);
    } else {
        for change in TextDiff::from_unicode_words(old_middle, new_middle).iter_all_changes() {
            let text = change.value();
            match change.tag() {
                ChangeTag::Equal => {
                    shared += letters(text);
                    both(&mut before, &mut after, text);
                }
                ChangeTag::Delete => push(&mut before, text, true),
                ChangeTag::Insert => push(&mut after, text, true),
            }
        }
    }
    both(&mut before, &mut after, &old[old.len() - end..]);
    if shared * LEAST_SHARED >= letters(old).max(letters(new)) {
        return (before, after);
    }
    let whole = |text: &str| vec![Piece { text: text.to_owned(), differs: false }];
    (whole(old), whole(new))
}

/// Letters and digits: what two lines have in common when they have something in common.
fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Bytes that both begin with, up to the border of a character.
fn common_start(old: &str, new: &str) -> usize {
    let same = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    old.floor_char_boundary(same)
}

/// Bytes that both end with, from the border of a character on.
fn common_end(old: &str, new: &str) -> usize {
    let same = old.bytes().rev().zip(new.bytes().rev()).take_while(|(a, b)| a == b).count();
    old.len() - old.ceil_char_boundary(old.len() - same)
}

/// The last border of a word at or before a place, when one is near: half a word is no word that differs.
fn word_border(text: &str, at: usize) -> usize {
    let inside = |c: char| !c.is_whitespace() && !c.is_ascii_punctuation();
    if !text[at..].starts_with(inside) && !text[at..].is_empty() {
        return at;
    }
    let word = text[..at].chars().rev().take(LONGEST_WORD + 1).take_while(|&c| inside(c)).map(char::len_utf8);
    let (count, bytes) = word.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size));
    if count > LONGEST_WORD { at } else { at - bytes }
}

/// The first border of a word at or behind a place, when one is near.
fn word_border_behind(text: &str, at: usize) -> usize {
    let inside = |c: char| !c.is_whitespace() && !c.is_ascii_punctuation();
    if !text[..at].ends_with(inside) && at > 0 {
        return at;
    }
    let word = text[at..].chars().take(LONGEST_WORD + 1).take_while(|&c| inside(c)).map(char::len_utf8);
    let (count, bytes) = word.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size));
    if count > LONGEST_WORD { at } else { at + bytes }
}

fn push(pieces: &mut Vec<Piece>, text: &str, differs: bool) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.differs == differs => last.text.push_str(text),
        _ => pieces.push(Piece { text: text.to_owned(), differs }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, proptest};

    use super::*;

    #[test]
    fn hunks_name_their_line_and_hold_only_what_changed() {
        let found = hunks("a\nb\nc\nd", "a\nB\nc\nd\ne");
        assert_eq!(
            found,
            [
                Hunk { line: 2, removed: vec!["b"], added: vec!["B"] },
                Hunk { line: 5, removed: vec![], added: vec!["e"] },
            ]
        );
        assert_eq!(hunks("a\n", "a"), [Hunk { line: 2, removed: vec![""], added: vec![] }]);
        assert_eq!(hunks("a\r\nb", "a\nb").len(), 1, "a line's ending is part of it");
    }

    #[test]
    fn words_that_differ_stand_apart() {
        let (before, after) = words("row.email = row.Email", "row.email = lower(row.Email)");
        let differs = |pieces: Vec<Piece>| {
            pieces.into_iter().filter(|piece| piece.differs).map(|piece| piece.text).collect::<Vec<_>>()
        };
        assert_eq!((differs(before), differs(after)), (vec![], vec!["lower(".to_owned(), ")".to_owned()]));
        let (before, after) = words("max retries: 3", "max retries: 5");
        assert_eq!((differs(before), differs(after)), (vec!["3".to_owned()], vec!["5".to_owned()]));
        assert!(differs(words("one", "two").0).is_empty(), "all of it differs");
        assert!(differs(words("emit row.id;", "drop table x;").0).is_empty(), "what is shared is little");
    }

    #[test]
    fn in_a_long_line_the_part_that_differs_is_found() {
        let line = |word: &str| format!("{}{word}{}", "a ".repeat(300_000), " b".repeat(300_000));
        let (before, after) = words(&line("old-é"), &line("new-é"));
        let kinds = |pieces: &[Piece]| pieces.iter().map(|piece| piece.differs).collect::<Vec<_>>();
        assert_eq!((kinds(&before), kinds(&after)), (vec![false, true, false], vec![false, true, false]));
        assert_eq!((before[1].text.as_str(), after[1].text.as_str()), ("old", "new"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn pieces_are_the_line(old in "[ab é日.\u{301}]{0,40}", new in "[ab é日.\u{301}]{0,40}") {
            let (before, after) = words(&old, &new);
            let text = |pieces: &[Piece], same: bool| {
                let kept = pieces.iter().filter(|piece| !(same && piece.differs));
                kept.map(|piece| piece.text.as_str()).collect::<String>()
            };
            assert_eq!((text(&before, false), text(&after, false)), (old, new));
            let told = before.iter().chain(&after).any(|piece| piece.differs);
            assert!(!told || text(&before, true) == text(&after, true), "what does not differ is the same");
        }
    }
}
