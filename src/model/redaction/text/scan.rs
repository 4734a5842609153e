//! One pass over a text: the text, and the credentials that the detectors have found in it so far.

use std::ops::Range;
use std::rc::Rc;

use memchr::memchr_iter;
use regex::Regex;

use crate::model::redaction::classifier::{Classifier, ValueSyntax, is_secret};
use crate::model::redaction::markers::is_only_markers;
use crate::model::redaction::names::NameClass;

pub(super) struct TextScan<'t> {
    pub(super) text: &'t str,
    pub(super) classifier: &'t Classifier,
    /// Whether the text is a name, a description or a reason, where sentences are usual.
    pub(super) is_prose: bool,
    /// The bytes that occur in the text.
    bytes: [bool; 256],
    /// The lines without their line feeds.
    pub(super) lines: Rc<[Range<usize>]>,
    found: Vec<Range<usize>>,
}

impl<'t> TextScan<'t> {
    pub(super) fn new(text: &'t str, classifier: &'t Classifier, is_prose: bool) -> Self {
        let mut bytes = [false; 256];
        text.bytes().for_each(|byte| bytes[usize::from(byte)] = true);
        let mut start = 0;
        let ends = memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
        let lines = ends.map(|end| std::mem::replace(&mut start, end + 1)..end).collect();
        Self { text, classifier, is_prose, bytes, lines, found: Vec::new() }
    }

    /// Whether any of these ASCII characters occurs in the text.
    pub(super) fn has(&self, characters: &str) -> bool {
        characters.bytes().any(|byte| self.bytes[usize::from(byte)])
    }

    /// Redacts a range, unless it holds nothing but the marker of an earlier pass.
    pub(super) fn redact(&mut self, range: Range<usize>) {
        let Some(text) = self.text.get(range.clone()) else { return };
        if !text.trim().is_empty() && !is_only_markers(text) {
            self.found.push(range);
        }
    }

    /// Redacts the value beside a name of this class, unless the value is harmless. Returns whether it is a secret.
    pub(super) fn redact_value(
        &mut self,
        class: NameClass,
        range: Range<usize>,
        syntax: ValueSyntax,
    ) -> bool {
        let is_secret = is_secret(class, &self.text[range.clone()], syntax);
        if is_secret {
            self.redact(range);
        }
        is_secret
    }

    /// Redacts the group `value` of each match that is a secret.
    pub(super) fn redact_matches(&mut self, pattern: &Regex, is_secret: impl Fn(&str) -> bool) {
        for found in pattern.captures_iter(self.text) {
            if let Some(value) = found.name("value").filter(|value| is_secret(value.as_str())) {
                self.redact(value.range());
            }
        }
    }

    /// The text with `marker` in place of everything found, or `None` when nothing was found.
    pub(super) fn replaced_by(mut self, marker: &str) -> Option<String> {
        if self.found.is_empty() {
            return None;
        }
        self.found.sort_unstable_by_key(|range| (range.start, range.end));
        let mut kept = String::with_capacity(self.text.len());
        let mut done = 0;
        let mut ranges = self.found.into_iter().peekable();
        while let Some(Range { start, mut end }) = ranges.next() {
            while let Some(next) = ranges.next_if(|next| next.start < end) {
                end = end.max(next.end);
            }
            kept.push_str(&self.text[done..start]);
            kept.push_str(marker);
            done = end;
        }
        kept.push_str(&self.text[done..]);
        Some(kept)
    }
}

/// Compiles a constant pattern.
#[expect(clippy::expect_used, reason = "the patterns are constants, and the tests compile each of them")]
pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

/// The index of the first character from `at` on that `matches`, or the length of the text.
pub(super) fn find_or_end(text: &str, at: usize, matches: impl Fn(char) -> bool) -> usize {
    text[at..].find(matches).map_or(text.len(), |found| at + found)
}

/// The index after the blanks at `at`: spaces of all kinds and tabs.
pub(super) fn skip_blanks(text: &str, at: usize) -> usize {
    const BLANKS: [char; 5] = [' ', '\t', '\u{a0}', '\u{202f}', '\u{3000}'];
    text.len() - text[at..].trim_start_matches(BLANKS).len()
}
