//! Compares two texts line by line. It must not know JSON or how differences look.

use std::ops::Range;

use crate::render::diff::sequence::{Interner, common_pairs, gaps};

/// Neighbouring changed lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hunk<'a> {
    /// The first line's number, from 1, in the new text; in the old text if no line was added.
    pub line: usize,
    pub removed: Vec<&'a str>,
    pub added: Vec<&'a str>,
}

/// A text's lines. After a final line break comes an empty line, so that its removal is visible.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

pub(crate) fn hunks<'a>(old: &'a str, new: &'a str) -> Vec<Hunk<'a>> {
    let (old, new) = (lines(old), lines(new));
    let mut numbering = Interner::new();
    let mut numbers = |lines: &[&'a str]| lines.iter().map(|line| numbering.id(*line)).collect::<Vec<_>>();
    let kept = common_pairs(&numbers(&old), &numbers(&new));
    let changed = gaps(&kept, old.len(), new.len()).filter(|(i, j)| !(i.is_empty() && j.is_empty()));
    let hunk = |(i, j): (Range<usize>, Range<usize>)| {
        let line = if j.is_empty() { i.start } else { j.start } + 1;
        Hunk { line, removed: old[i].to_vec(), added: new[j].to_vec() }
    };
    changed.map(hunk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_have_a_line_number_and_only_changed_lines() {
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
