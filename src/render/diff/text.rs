//! What differs between two texts: lines in hunks.
//!
//! It knows nothing of JSON or of how a difference looks.

use crate::render::diff::sequence::{Interner, common_pairs};

/// Neighbouring lines that changed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hunk<'a> {
    /// The line's number, from 1, in the new text; in the old one when nothing was added.
    pub line: usize,
    /// The old lines.
    pub removed: Vec<&'a str>,
    /// The new lines.
    pub added: Vec<&'a str>,
}

/// A text's lines. A line break at the end begins a last, empty line, so that its loss is seen.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

/// The lines that differ.
pub(crate) fn hunks<'a>(old: &'a str, new: &'a str) -> Vec<Hunk<'a>> {
    let (old, new) = (lines(old), lines(new));
    let mut numbering = Interner::new();
    let mut numbers =
        |lines: &[&'a str]| lines.iter().map(|line| numbering.id(*line)).collect::<Vec<_>>();
    let kept = common_pairs(&numbers(&old), &numbers(&new));
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
}
