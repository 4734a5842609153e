//! One reading of a text: what is to be hidden in it, found by every format in turn.

use std::ops::Range;

use super::judge::Judge;
use super::marks::is_marked;

/// A text, how it is judged, and the places found so far.
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    pub(super) judge: &'t Judge,
    /// Whether sentences stand here: a name, a description, a reason.
    pub(super) is_prose: bool,
    /// Which ASCII characters the text holds.
    holds: u128,
    hidden: Vec<Range<usize>>,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str, judge: &'t Judge, is_prose: bool) -> Self {
        let holds = text.bytes().filter(u8::is_ascii).fold(0, |holds, byte| holds | 1_u128 << byte);
        Self { text, judge, is_prose, holds, hidden: Vec::new() }
    }

    /// Whether the text holds any of some ASCII characters.
    pub(super) fn has(&self, characters: &str) -> bool {
        characters.bytes().any(|byte| self.holds & 1_u128 << (byte & 127) != 0)
    }

    /// Hides a place, unless nothing stands there but the mark of something hidden before.
    pub(super) fn hide(&mut self, place: Range<usize>) {
        let Some(text) = self.text.get(place.clone()) else { return };
        if !text.trim().is_empty() && !is_marked(text) {
            self.hidden.push(place);
        }
    }

    /// The text with `marker` in place of what was found; none when nothing was.
    pub(super) fn hidden(mut self, marker: &str) -> Option<String> {
        if self.hidden.is_empty() {
            return None;
        }
        self.hidden.sort_unstable_by_key(|place| (place.start, place.end));
        let mut kept = String::with_capacity(self.text.len());
        let mut done = 0;
        let mut places = self.hidden.into_iter().peekable();
        while let Some(Range { start, mut end }) = places.next() {
            while let Some(next) = places.next_if(|next| next.start < end) {
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
