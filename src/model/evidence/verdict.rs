//! Compares the hashes of two texts: finds the first line that differs, and explains the difference.

use std::fmt;

use crate::model::evidence::ledger::{CHUNK_LINES, Content, Tag};

/// The first difference between a text and what was written. Lines are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// The line was changed.
    Changed(u64),
    /// From this line on, this number of lines is missing, and others follow.
    Missing(u64, u64),
    /// The text ends before this line, and should have this number of lines.
    Ends(u64, u64),
    /// The line was inserted.
    Extra(u64),
    /// The line repeats the one before it.
    Twice(u64),
    /// The line was written as the line with the second number.
    Moved(u64, u64),
    /// One of these lines was replaced by a line with the same tag.
    Within(u64, u64),
}

impl LineFault {
    /// The first wrong line, or the first line of the range that contains it.
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

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Changed(line) => write!(f, "line {line} was changed"),
            Self::Missing(line, 1) => write!(f, "line {line} is missing"),
            Self::Missing(line, lines) => write!(f, "lines {line} to {} are missing", line + lines - 1),
            Self::Ends(line, lines) => {
                write!(f, "line {line} of {lines} is missing, and all lines after it: the text ends early")
            }
            Self::Extra(line) => write!(f, "line {line} was inserted"),
            Self::Twice(line) => write!(f, "line {line} is a duplicate of the line before it"),
            Self::Moved(line, from) => {
                write!(f, "line {line} was moved: it was written as line {from}")
            }
            Self::Within(first, last) => {
                write!(f, "one of the lines {first} to {last} was changed")
            }
        }
    }
}

/// The first difference of `found` from `written`.
pub(crate) fn first_fault(written: &Content, found: &Content) -> Option<LineFault> {
    if written == found {
        return None;
    }
    let (tags, seen) = (tags(written), tags(found));
    let same = tags.iter().zip(&seen).take_while(|(a, b)| a == b).count();
    // A chunk with equal tags and another root was forged on purpose.
    let chunks = written.chunks.iter().zip(&found.chunks);
    let forged =
        chunks.take(same.div_ceil(CHUNK_LINES)).position(|(a, b)| a.tags == b.tags && a.root != b.root);
    if let Some(chunk) = forged {
        let first = chunk * CHUNK_LINES;
        let last = first + written.chunks[chunk].tags.len();
        return Some(LineFault::Within(number(first), last as u64));
    }
    if same == tags.len() && same == seen.len() {
        return Some(LineFault::Within(1, written.lines));
    }
    Some(explained(&tags, &seen, same))
}

/// Explains the first line that differs, at index `at`. Two of the lines after it must match to show that the rest only
/// moved, because one may match by chance.
fn explained(tags: &[Tag], seen: &[Tag], at: usize) -> LineFault {
    let line = number(at);
    let Some(found) = seen.get(at) else { return LineFault::Ends(line, tags.len() as u64) };
    let extra =
        if at > 0 && *found == seen[at - 1] { LineFault::Twice(line) } else { LineFault::Extra(line) };
    let agree = |seen_at: usize, written_at: usize| {
        (0..2).all(|ahead| seen.get(seen_at + ahead) == tags.get(written_at + ahead))
    };
    if agree(at + 1, at) {
        return extra;
    }
    let later = (at + 1..tags.len()).find(|written_at| agree(at, *written_at));
    if let Some(written_at) = later {
        return LineFault::Missing(line, (written_at - at) as u64);
    }
    match tags.iter().position(|tag| tag == found) {
        Some(from) => LineFault::Moved(line, number(from)),
        None => LineFault::Changed(line),
    }
}

fn tags(content: &Content) -> Vec<Tag> {
    content.chunks.iter().flat_map(|chunk| &chunk.tags).copied().collect()
}

/// The number of the line at an index.
const fn number(index: usize) -> u64 {
    index as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(written: &[&str], found: &[&str]) -> Option<LineFault> {
        let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        first_fault(&Content::of(text(written).as_bytes()), &Content::of(text(found).as_bytes()))
    }

    #[test]
    fn the_first_wrong_line_is_explained() {
        let written = ["a", "b", "c", "d", "e"];
        for (found, expected) in [
            (&["a", "b", "c", "d", "e"][..], None),
            (&["a", "x", "c", "d", "e"], Some(LineFault::Changed(2))),
            (&["a", "b", "d", "e"], Some(LineFault::Missing(3, 1))),
            (&["b", "c", "d", "e"], Some(LineFault::Missing(1, 1))),
            (&["a", "d", "e"], Some(LineFault::Missing(2, 2))),
            (&["a", "b", "c", "e"], Some(LineFault::Missing(4, 1))),
            (&["a", "b", "c", "d"], Some(LineFault::Ends(5, 5))),
            (&["a"], Some(LineFault::Ends(2, 5))),
            (&[], Some(LineFault::Ends(1, 5))),
            (&["a", "b", "b", "c", "d", "e"], Some(LineFault::Twice(3))),
            (&["a", "x", "b", "c", "d", "e"], Some(LineFault::Extra(2))),
            (&["a", "b", "c", "d", "e", "e"], Some(LineFault::Twice(6))),
            (&["a", "b", "c", "d", "e", "f"], Some(LineFault::Extra(6))),
            (&["a", "c", "b", "d", "e"], Some(LineFault::Moved(2, 3))),
            (&["e", "b", "c", "d", "a"], Some(LineFault::Moved(1, 5))),
            (&["a", "b", "c", "e", "d"], Some(LineFault::Moved(4, 5))),
        ] {
            assert_eq!(fault(&written, found), expected, "{found:?}");
        }
        assert_eq!(fault(&[], &["a"]), Some(LineFault::Extra(1)));
        assert_eq!(first_fault(&Content::of(b"a\nb\n"), &Content::of(b"a\nb")), Some(LineFault::Changed(2)));
    }

    #[test]
    fn a_forged_line_with_the_right_tag_is_found_by_the_roots() {
        let text: String = (0..3000).map(|n| format!("{n}\n")).collect();
        let written = Content::of(text.as_bytes());
        let mut found = Content::of(text.replace("\n1500\n", "\nforged\n").as_bytes());
        assert_eq!(first_fault(&written, &found), Some(LineFault::Changed(1501)));
        found.chunks[1].tags.clone_from(&written.chunks[1].tags);
        assert_eq!(first_fault(&written, &found), Some(LineFault::Within(1025, 2048)));
        found.chunks[2].tags.truncate(10);
        assert_eq!(first_fault(&written, &found), Some(LineFault::Within(1025, 2048)), "the first counts");
    }
}
