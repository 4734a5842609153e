//! The longest common subsequence of two sequences: exact for short ones, approximate with bounded cost for long ones.
//!
//! It compares ids, which callers assign with an [`Interner`].

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The largest product of both lengths for an exact search; beyond it, only unique items are matched.
const EXACT_SEARCH: usize = 1 << 16;

/// The most levels of recursion between unique items.
const MAX_NARROWING: usize = 8;

/// Index pairs of equal items, ascending on both sides.
pub(super) fn common_pairs(old: &[u32], new: &[u32]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    LcsSearch { old, new, pairs: &mut pairs }.within((0, old.len()), (0, new.len()), 0);
    pairs
}

/// The ranges of both sides between each two neighbouring pairs, and at both ends.
pub(super) fn gaps(
    pairs: &[(usize, usize)],
    old_len: usize,
    new_len: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let (mut i, mut j) = (0, 0);
    pairs.iter().copied().chain([(old_len, new_len)]).map(move |(i_end, j_end)| {
        let gap = (i..i_end, j..j_end);
        (i, j) = (i_end + 1, j_end + 1);
        gap
    })
}

/// Assigns equal ids to equal values.
pub(super) struct Interner<T>(HashMap<T, u32>);

impl<T: Eq + Hash> Interner<T> {
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    pub(super) fn id(&mut self, thing: T) -> u32 {
        // An entry cannot hold four billion values; further ones would count as equal.
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(thing).or_insert(next)
    }
}

struct LcsSearch<'a> {
    old: &'a [u32],
    new: &'a [u32],
    pairs: &'a mut Vec<(usize, usize)>,
}

impl LcsSearch<'_> {
    fn within(&mut self, (mut i, i_end): (usize, usize), (mut j, j_end): (usize, usize), narrowed: usize) {
        while i < i_end && j < j_end && self.old[i] == self.new[j] {
            self.pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        }
        let alike = self.old[i..i_end].iter().rev().zip(self.new[j..j_end].iter().rev());
        let suffix = alike.take_while(|(old, new)| old == new).count();
        let (i_stop, j_stop) = (i_end - suffix, j_end - suffix);
        self.middle((i, i_stop), (j, j_stop), narrowed);
        self.pairs.extend((i_stop..i_end).zip(j_stop..j_end));
    }

    /// Matches items between a common prefix and a common suffix.
    fn middle(&mut self, (mut i, i_end): (usize, usize), (mut j, j_end): (usize, usize), narrowed: usize) {
        let (old, new) = (&self.old[i..i_end], &self.new[j..j_end]);
        if old.len().saturating_mul(new.len()) <= EXACT_SEARCH {
            for op in capture_diff_slices(Algorithm::Myers, old, new) {
                if let DiffOp::Equal { old_index, new_index, len } = op {
                    self.pairs.extend((0..len).map(|k| (i + old_index + k, j + new_index + k)));
                }
            }
            return;
        }
        let anchors = if narrowed < MAX_NARROWING { anchors(old, new) } else { Vec::new() };
        if anchors.is_empty() {
            let same_place = (i..i_end).zip(j..j_end).filter(|&(i, j)| self.old[i] == self.new[j]);
            self.pairs.extend(same_place);
            return;
        }
        let (first_i, first_j) = (i, j);
        for (at_old, at_new) in anchors {
            let anchor = (first_i + at_old, first_j + at_new);
            self.within((i, anchor.0), (j, anchor.1), narrowed + 1);
            self.pairs.push(anchor);
            (i, j) = (anchor.0 + 1, anchor.1 + 1);
        }
        self.within((i, i_end), (j, j_end), narrowed + 1);
    }
}

/// Index pairs of items that are unique on both sides: the longest selection that ascends on both.
fn anchors(old: &[u32], new: &[u32]) -> Vec<(usize, usize)> {
    let (old, new) = (unique_positions(old), unique_positions(new));
    let mut pairs: Vec<(usize, usize)> =
        new.iter().filter_map(|(item, &j)| Some((*old.get(item)?, j))).collect();
    pairs.sort_unstable_by_key(|&(_, j)| j);
    longest_increasing(&pairs)
}

fn unique_positions(items: &[u32]) -> HashMap<u32, usize> {
    let mut seen: HashMap<u32, Option<usize>> = HashMap::new();
    for (index, &item) in items.iter().enumerate() {
        seen.entry(item).and_modify(|place| *place = None).or_insert(Some(index));
    }
    seen.into_iter().filter_map(|(item, place)| Some((item, place?))).collect()
}

/// The longest subsequence of pairs whose first parts rise.
fn longest_increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // `ends[n]` is the index of the pair with the smallest first part that ends a subsequence of n + 1 pairs.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].0 < pair.0);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(index) = next {
        run.push(pairs[index]);
        next = before[index];
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{ProptestConfig, proptest};

    use super::*;

    /// The length of the longest common subsequence, by dynamic programming.
    fn longest(old: &[u32], new: &[u32]) -> usize {
        let mut row = vec![0; new.len() + 1];
        for &item in old {
            let mut corner = 0;
            for (j, &other) in new.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if item == other { corner + 1 } else { above.max(row[j]) };
                corner = above;
            }
        }
        row[new.len()]
    }

    fn assert_sound(old: &[u32], new: &[u32], pairs: &[(usize, usize)]) {
        assert!(pairs.iter().all(|&(i, j)| old[i] == new[j]));
        assert!(pairs.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn short_sequences_are_matched_exactly(old in vec(0_u32..6, 0..24), new in vec(0_u32..6, 0..24)) {
            let pairs = common_pairs(&old, &new);
            assert_sound(&old, &new, &pairs);
            assert_eq!(pairs.len(), longest(&old, &new));
        }
    }

    #[test]
    fn long_sequences_are_matched_by_unique_items() {
        let old: Vec<u32> = (0..100_000).collect();
        let mut new = old.clone();
        new.insert(50_000, 200_000);
        new.remove(70_000);
        new.rotate_left(1_000);
        let pairs = common_pairs(&old, &new);
        assert_sound(&old, &new, &pairs);
        assert_eq!(pairs.len(), 98_999);
    }

    #[test]
    fn long_repetitive_sequences_are_cheap() {
        let old: Vec<u32> = (0..300_000).map(|n| n % 2).collect();
        let new: Vec<u32> = (0..300_001).map(|n| n % 3).collect();
        assert_sound(&old, &new, &common_pairs(&old, &new));
    }
}
