//! Finds the changed words within a changed line, even of a megabyte. It must not know JSON or how differences look.

use similar::{ChangeTag, TextDiff};

/// The budget for all searches of an entry, in pairs of bytes.
const BUDGET: usize = 1 << 25;
/// The fixed cost of a search.
const SEARCH_COST: usize = 1 << 12;
/// The most expensive search of one pair of lines.
const MAX_LINE_COST: usize = 1 << 22;
/// Words of at most this many characters are never split.
const MAX_WHOLE_WORD: usize = 32;
/// Both lines must share one in this many letters of the longer line, or they count as entirely different.
const MIN_SHARED: usize = 4;

/// A piece of a line, and whether the other line lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinePiece {
    pub text: String,
    pub differs: bool,
}

/// Compares the lines of one entry within a budget, so that no input costs more. Beyond the budget, the changed part of
/// a line counts as one word.
pub(crate) struct WordSearch {
    left: usize,
}

impl Default for WordSearch {
    fn default() -> Self {
        Self { left: BUDGET }
    }
}

impl WordSearch {
    /// Splits both lines into pieces. Lines that share little become one piece each, without highlights.
    pub(crate) fn compare(&mut self, old: &str, new: &str) -> (Vec<LinePiece>, Vec<LinePiece>) {
        let mut start = common_start(old, new);
        let mut end = common_end(&old[start..], &new[start..]);
        let is_cut = |text: &str, at: usize| {
            text[..at].ends_with(is_word_char) && text[at..].starts_with(is_word_char)
        };
        if is_cut(old, start) || is_cut(new, start) {
            start -= partial_word_len(old[..start].chars().rev());
        }
        if is_cut(old, old.len() - end) || is_cut(new, new.len() - end) {
            end -= partial_word_len(old[old.len() - end..].chars());
        }
        let (old_middle, new_middle) = (&old[start..old.len() - end], &new[start..new.len() - end]);

        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut shared = alphanumeric_count(&old[..start]) + alphanumeric_count(&old[old.len() - end..]);
        let both = |before: &mut Vec<LinePiece>, after: &mut Vec<LinePiece>, text: &str| {
            push(before, text, false);
            push(after, text, false);
        };
        both(&mut before, &mut after, &old[..start]);
        let cost = old_middle.len().saturating_mul(new_middle.len()).saturating_add(SEARCH_COST);
        let paid = self.left.checked_sub(cost).filter(|_| cost <= MAX_LINE_COST);
        self.left = paid.unwrap_or(self.left);
        if paid.is_none() {
            push(&mut before, old_middle, true);
            push(&mut after, new_middle, true);
        } else {
            for change in TextDiff::from_unicode_words(old_middle, new_middle).iter_all_changes() {
                let text = change.value();
                match change.tag() {
                    ChangeTag::Equal => {
                        shared += alphanumeric_count(text);
                        both(&mut before, &mut after, text);
                    }
                    ChangeTag::Delete => push(&mut before, text, true),
                    ChangeTag::Insert => push(&mut after, text, true),
                }
            }
        }
        both(&mut before, &mut after, &old[old.len() - end..]);
        if shared * MIN_SHARED >= alphanumeric_count(old).max(alphanumeric_count(new)) {
            return (before, after);
        }
        let whole = |text: &str| vec![LinePiece { text: text.to_owned(), differs: false }];
        (whole(old), whole(new))
    }
}

/// Letters and digits, which measure how much two lines share.
fn alphanumeric_count(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The length of the common prefix in bytes, at a character boundary.
fn common_start(old: &str, new: &str) -> usize {
    let same = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    old.floor_char_boundary(same)
}

/// The length of the common suffix in bytes, at a character boundary.
fn common_end(old: &str, new: &str) -> usize {
    let same = old.bytes().rev().zip(new.bytes().rev()).take_while(|(a, b)| a == b).count();
    old.len() - old.ceil_char_boundary(old.len() - same)
}

/// The bytes of the word that a split at this position would cut. Very long words may be cut.
fn partial_word_len(letters: impl Iterator<Item = char>) -> usize {
    let word = letters.take(MAX_WHOLE_WORD + 1).take_while(|&c| is_word_char(c));
    let (count, bytes) = word.fold((0, 0), |(count, bytes), c| (count + 1, bytes + c.len_utf8()));
    if count > MAX_WHOLE_WORD { 0 } else { bytes }
}

fn is_word_char(c: char) -> bool {
    !c.is_whitespace() && !c.is_ascii_punctuation()
}

fn push(pieces: &mut Vec<LinePiece>, text: &str, differs: bool) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.differs == differs => last.text.push_str(text),
        _ => pieces.push(LinePiece { text: text.to_owned(), differs }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, proptest};

    use super::*;

    fn words(old: &str, new: &str) -> (Vec<LinePiece>, Vec<LinePiece>) {
        WordSearch::default().compare(old, new)
    }

    #[test]
    fn differing_words_are_separate_pieces() {
        let (before, after) = words("row.email = row.Email", "row.email = lower(row.Email)");
        let differs = |pieces: Vec<LinePiece>| {
            pieces.into_iter().filter(|piece| piece.differs).map(|piece| piece.text).collect::<Vec<_>>()
        };
        assert_eq!((differs(before), differs(after)), (vec![], vec!["lower(".to_owned(), ")".to_owned()]));
        let (before, after) = words("max retries: 3", "max retries: 5");
        assert_eq!((differs(before), differs(after)), (vec!["3".to_owned()], vec!["5".to_owned()]));
        assert!(differs(words("one", "two").0).is_empty(), "all of it differs");
        assert!(differs(words("emit row.id;", "drop table x;").0).is_empty(), "little is shared");
    }

    #[test]
    fn finds_the_difference_in_a_long_line() {
        let line = |word: &str| format!("{}{word}{}", "a ".repeat(300_000), " b".repeat(300_000));
        let (before, after) = words(&line("old-é"), &line("new-é"));
        let kinds = |pieces: &[LinePiece]| pieces.iter().map(|piece| piece.differs).collect::<Vec<_>>();
        assert_eq!((kinds(&before), kinds(&after)), (vec![false, true, false], vec![false, true, false]));
        assert_eq!((before[1].text.as_str(), after[1].text.as_str()), ("old", "new"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn pieces_join_to_the_line(old in "[ab é日.\u{301}]{0,40}", new in "[ab é日.\u{301}]{0,40}") {
            let (before, after) = words(&old, &new);
            let text = |pieces: &[LinePiece], same: bool| {
                let kept = pieces.iter().filter(|piece| !(same && piece.differs));
                kept.map(|piece| piece.text.as_str()).collect::<String>()
            };
            assert_eq!((text(&before, false), text(&after, false)), (old, new));
            let has_differences = before.iter().chain(&after).any(|piece| piece.differs);
            assert!(!has_differences || text(&before, true) == text(&after, true), "equal pieces are the same");
        }
    }
}
