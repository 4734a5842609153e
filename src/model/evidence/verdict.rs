//! Two texts by what was kept of them: are they the same, and if not, which line is the first wrong one and what became
//! of it?

use std::fmt;

use crate::model::evidence::ledger::{CHUNK_LINES, Content, Tag};

/// The first thing that is wrong with a text. Lines are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The line is another one than was written.
    Changed(u64),
    /// From this line on, so many lines are not there; others follow.
    Missing(u64, u64),
    /// The text ends before this line, of so many.
    Ends(u64, u64),
    /// The line was never written here.
    Extra(u64),
    /// The line repeats the one before it.
    Twice(u64),
    /// In place of the line stands the one that was written as that number.
    Moved(u64, u64),
    /// One of these lines was changed into one that looks right by its tag.
    Within(u64, u64),
}

impl Fault {
    /// The first wrong line; or the first of those among which it is.
    pub(crate) const fn line(&self) -> u64 {
        match *self {
            Self::Changed(line)
            | Self::Missing(line, _)
            | Self::Ends(line, _)
            | Self::Extra(line)
            | Self::Twice(line)
            | Self::Moved(line, _)
            | Self::Within(line, _) => line,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Changed(line) => write!(f, "line {line} is not what was written"),
            Self::Missing(line, 1) => write!(f, "line {line} is missing"),
            Self::Missing(line, lines) => write!(f, "lines {line} to {} are missing", line + lines - 1),
            Self::Ends(line, lines) => {
                write!(f, "line {line} is missing, and all behind it: the text ends early, of {lines} lines")
            }
            Self::Extra(line) => write!(f, "line {line} was never written there"),
            Self::Twice(line) => write!(f, "line {line} stands twice: it repeats the line before it"),
            Self::Moved(line, from) => {
                write!(f, "line {line} is out of its place: it was written as line {from}")
            }
            Self::Within(first, last) => {
                write!(f, "one of the lines {first} to {last} is not what was written")
            }
        }
    }
}

/// The first fault of `found`, which should be `written`.
pub(crate) fn first_fault(written: &Content, found: &Content) -> Option<Fault> {
    if written == found {
        return None;
    }
    let (tags, seen) = (tags(written), tags(found));
    let same = tags.iter().zip(&seen).take_while(|(a, b)| a == b).count();
    // Whole chunks whose tags agree and whose roots do not: somebody took pains.
    let chunks = written.chunks.iter().zip(&found.chunks);
    let forged =
        chunks.take(same.div_ceil(CHUNK_LINES)).position(|(a, b)| a.tags == b.tags && a.root != b.root);
    if let Some(chunk) = forged {
        let first = chunk * CHUNK_LINES;
        let last = first + written.chunks[chunk].tags.len();
        return Some(Fault::Within(number(first), last as u64));
    }
    if same == tags.len() && same == seen.len() {
        return Some(Fault::Within(1, written.lines));
    }
    Some(named(&tags, &seen, same))
}

/// What became of the first line that differs, the one at `at`. Of the lines behind it two must agree to show that the
/// rest only moved: one might by chance.
fn named(tags: &[Tag], seen: &[Tag], at: usize) -> Fault {
    let line = number(at);
    let Some(found) = seen.get(at) else { return Fault::Ends(line, tags.len() as u64) };
    let extra = if at > 0 && *found == seen[at - 1] { Fault::Twice(line) } else { Fault::Extra(line) };
    let agree = |seen_at: usize, written_at: usize| {
        (0..2).all(|ahead| seen.get(seen_at + ahead) == tags.get(written_at + ahead))
    };
    if agree(at + 1, at) {
        return extra;
    }
    let later = (at + 1..tags.len()).find(|written_at| agree(at, *written_at));
    if let Some(written_at) = later {
        return Fault::Missing(line, (written_at - at) as u64);
    }
    match tags.iter().position(|tag| tag == found) {
        Some(from) => Fault::Moved(line, number(from)),
        None => Fault::Changed(line),
    }
}

fn tags(content: &Content) -> Vec<Tag> {
    content.chunks.iter().flat_map(|chunk| &chunk.tags).copied().collect()
}

/// An index as lines are counted.
const fn number(index: usize) -> u64 {
    index as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(written: &[&str], found: &[&str]) -> Option<Fault> {
        let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        first_fault(&Content::of(text(written).as_bytes()), &Content::of(text(found).as_bytes()))
    }

    #[test]
    fn says_what_became_of_the_first_wrong_line() {
        let written = ["a", "b", "c", "d", "e"];
        for (found, expected) in [
            (&["a", "b", "c", "d", "e"][..], None),
            (&["a", "x", "c", "d", "e"], Some(Fault::Changed(2))),
            (&["a", "b", "d", "e"], Some(Fault::Missing(3, 1))),
            (&["b", "c", "d", "e"], Some(Fault::Missing(1, 1))),
            (&["a", "d", "e"], Some(Fault::Missing(2, 2))),
            (&["a", "b", "c", "e"], Some(Fault::Missing(4, 1))),
            (&["a", "b", "c", "d"], Some(Fault::Ends(5, 5))),
            (&["a"], Some(Fault::Ends(2, 5))),
            (&[], Some(Fault::Ends(1, 5))),
            (&["a", "b", "b", "c", "d", "e"], Some(Fault::Twice(3))),
            (&["a", "x", "b", "c", "d", "e"], Some(Fault::Extra(2))),
            (&["a", "b", "c", "d", "e", "e"], Some(Fault::Twice(6))),
            (&["a", "b", "c", "d", "e", "f"], Some(Fault::Extra(6))),
            (&["a", "c", "b", "d", "e"], Some(Fault::Moved(2, 3))),
            (&["e", "b", "c", "d", "a"], Some(Fault::Moved(1, 5))),
            (&["a", "b", "c", "e", "d"], Some(Fault::Moved(4, 5))),
        ] {
            assert_eq!(fault(&written, found), expected, "{found:?}");
        }
        assert_eq!(fault(&[], &["a"]), Some(Fault::Extra(1)));
        assert_eq!(first_fault(&Content::of(b"a\nb\n"), &Content::of(b"a\nb")), Some(Fault::Changed(2)));
    }

    #[test]
    fn a_line_that_looks_right_by_its_tag_is_found_by_the_roots() {
        let text: String = (0..3000).map(|n| format!("{n}\n")).collect();
        let written = Content::of(text.as_bytes());
        let mut found = Content::of(text.replace("\n1500\n", "\nforged\n").as_bytes());
        assert_eq!(first_fault(&written, &found), Some(Fault::Changed(1501)));
        found.chunks[1].tags.clone_from(&written.chunks[1].tags);
        assert_eq!(first_fault(&written, &found), Some(Fault::Within(1025, 2048)));
        found.chunks[2].tags.truncate(10);
        assert_eq!(first_fault(&written, &found), Some(Fault::Within(1025, 2048)), "the first counts");
    }
}
