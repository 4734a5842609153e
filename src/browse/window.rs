//! The loaded part of a list: a run of consecutive entries around the view. Far ends are dropped, so that a log of any
//! size takes the same memory.

use std::cmp::Ordering;

use crate::model::entry::Entry;
use crate::model::page::{Order, Position};
use crate::model::timestamp::Timestamp;

/// The entries of one request.
pub(crate) const PAGE: u32 = 200;
/// The most entries kept.
const KEEP: usize = 3 * PAGE as usize;
/// More entries are loaded when the view is this near to an end.
const MARGIN: u64 = 60;

/// Where a page to load begins or ends, in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageAnchor {
    First,
    Last,
    After(Position),
    Before(Position),
    /// From the first entry that is not beyond this time.
    At(Timestamp),
    /// Entries recorded after this id.
    Recorded(u64),
}

/// A page as it arrives, in the order of the list.
#[derive(Debug, Clone)]
pub(crate) struct LoadedPage {
    pub(crate) anchor: PageAnchor,
    pub(crate) entries: Vec<Entry>,
    /// Whether there is nothing beyond the page in the direction of its anchor.
    pub(crate) is_end: bool,
    /// The number of matching entries, if it was counted.
    pub(crate) total: Option<u64>,
    /// The number of matching entries before the page, if it was counted.
    pub(crate) before: Option<u64>,
    pub(crate) as_of: u64,
}

/// Consecutive entries of a list, and their place in it.
#[derive(Debug, Default)]
pub(crate) struct Window {
    entries: Vec<Entry>,
    /// The index of the first loaded entry in the whole list.
    first: u64,
    pub(crate) total: u64,
    pub(crate) as_of: u64,
    has_start: bool,
    has_end: bool,
}

/// The order of two positions in a list.
pub(crate) fn compare(order: Order, one: Position, other: Position) -> Ordering {
    let by_time = (one.occurred_at, one.id).cmp(&(other.occurred_at, other.id));
    if order == Order::Descending { by_time.reverse() } else { by_time }
}

impl Window {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// The index after the last loaded entry.
    pub(crate) const fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    pub(crate) fn get(&self, index: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(index.checked_sub(self.first)?).ok()?)
    }

    pub(crate) fn index_of(&self, id: u64) -> Option<u64> {
        let at = self.entries.iter().position(|entry| entry.id == id)?;
        Some(self.first + at as u64)
    }

    /// Whether the window begins with the first entry of the list.
    pub(crate) const fn has_start(&self) -> bool {
        self.has_start
    }

    /// Whether the window ends with the last entry of the list.
    pub(crate) const fn has_end(&self) -> bool {
        self.has_end
    }

    /// The page to load for a view of `rows` entries from `top` on, if more are needed.
    pub(crate) fn missing(&self, top: u64, rows: u64) -> Option<PageAnchor> {
        let (first, last) = (self.entries.first()?, self.entries.last()?);
        if !self.has_end && top + rows + MARGIN > self.end() {
            return Some(PageAnchor::After(last.position()));
        }
        (!self.has_start && top < self.first + MARGIN).then(|| PageAnchor::Before(first.position()))
    }

    /// Takes a page. Returns by how much the indexes of the entries already loaded have grown.
    pub(crate) fn take(&mut self, page: LoadedPage, order: Order) -> i64 {
        let LoadedPage { anchor, entries, is_end, total, before, as_of } = page;
        self.total = total.unwrap_or(self.total);
        match anchor {
            PageAnchor::First => {
                (self.first, self.has_start, self.has_end) = (0, true, is_end);
                (self.entries, self.as_of) = (entries, as_of);
            }
            PageAnchor::Last => {
                self.first = self.total.saturating_sub(entries.len() as u64);
                (self.has_start, self.has_end) = (is_end, true);
                (self.entries, self.as_of) = (entries, as_of);
            }
            PageAnchor::At(_) => {
                self.first = before.unwrap_or(0);
                (self.has_start, self.has_end) = (self.first == 0, is_end);
                (self.entries, self.as_of) = (entries, as_of);
            }
            PageAnchor::After(_) => {
                self.entries.extend(entries);
                self.has_end = is_end;
                let surplus = self.entries.len().saturating_sub(KEEP);
                if surplus > 0 {
                    self.entries.drain(..surplus);
                    self.first += surplus as u64;
                    self.has_start = false;
                }
            }
            PageAnchor::Before(_) => return self.prepend(entries, is_end),
            PageAnchor::Recorded(_) => return self.merge(entries, as_of, order),
        }
        self.total = self.total.max(self.end());
        0
    }

    fn prepend(&mut self, mut entries: Vec<Entry>, is_start: bool) -> i64 {
        let added = entries.len() as u64;
        // Entries that were pruned meanwhile are missing: the start of the list is known only when it is reached.
        let first = if is_start { 0 } else { self.first.saturating_sub(added).max(1) };
        let shift = (first + added).cast_signed() - self.first.cast_signed();
        entries.append(&mut self.entries);
        (self.entries, self.first, self.has_start) = (entries, first, is_start);
        if self.entries.len() > KEEP {
            self.entries.truncate(KEEP);
            self.has_end = false;
        }
        self.total = self.total.saturating_add_signed(shift).max(self.end());
        shift
    }

    /// Adds entries that were recorded later, each at its place.
    fn merge(&mut self, entries: Vec<Entry>, as_of: u64, order: Order) -> i64 {
        let mut shift = 0;
        self.as_of = self.as_of.max(as_of);
        for entry in entries {
            self.total += 1;
            let is_before =
                |other: &Entry| compare(order, other.position(), entry.position()) == Ordering::Less;
            let at = self.entries.partition_point(is_before);
            if at == 0 && !self.has_start {
                self.first += 1;
                shift += 1;
            } else if at < self.entries.len() || self.has_end {
                shift += i64::from(at == 0);
                self.entries.insert(at, entry);
            }
        }
        if self.entries.len() > KEEP && self.has_start {
            self.entries.truncate(KEEP);
            self.has_end = false;
        }
        shift
    }
}

#[cfg(test)]
mod tests;
