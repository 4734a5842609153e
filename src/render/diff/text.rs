//! What differs between two texts: lines in hunks, and the words within a changed line.
//!
//! It knows nothing of JSON or of how a difference looks.

use similar::{ChangeTag, TextDiff};

use crate::render::diff::sequence::{Numbering, common};

/// Lines longer than this are not searched for the words that differ.
const LONGEST_LINE: usize = 512;

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

/// Both lines in pieces. Lines that share no word, and very long ones, are one piece each: emphasis on
/// everything is none.
#[must_use]
pub fn words(old: &str, new: &str) -> (Vec<Piece>, Vec<Piece>) {
    let whole = |text: &str| vec![Piece { text: text.to_owned(), differs: false }];
    if old.len().max(new.len()) > LONGEST_LINE {
        return (whole(old), whole(new));
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut shared = false;
    for change in TextDiff::from_words(old, new).iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Equal => {
                shared |= !text.trim().is_empty();
                push(&mut before, text, false);
                push(&mut after, text, false);
            }
            ChangeTag::Delete => push(&mut before, text, true),
            ChangeTag::Insert => push(&mut after, text, true),
        }
    }
    if shared { (before, after) } else { (whole(old), whole(new)) }
}

fn push(pieces: &mut Vec<Piece>, text: &str, differs: bool) {
    match pieces.last_mut() {
        Some(last) if last.differs == differs => last.text.push_str(text),
        _ => pieces.push(Piece { text: text.to_owned(), differs }),
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(differs(before), ["row.Email"]);
        assert_eq!(differs(after), ["lower(row.Email)"]);
        assert!(differs(words("one", "two").0).is_empty());
    }
}
