//! Finds the blocks that a search must read.

use crate::model::filter::Filter;
use crate::model::filter::grams::GramQuery;
use crate::store::calls::OrgId;
use crate::store::session::Session;
use crate::store::text::groups::SPANS;
use crate::store::text::lookup::{FIRST, matching_blocks};
use crate::store::text::{BLOCK, block_of};

/// Up to so many blocks are read in the order of their ids, whatever the size of the log.
const ALWAYS_FEW: u64 = 8;
/// The most blocks that are read before a page is sorted by time. A walk that went on for a while without filling the
/// page finds little: then reading all blocks takes less time.
const MAX_SORTED: u64 = 1_024;
/// How many entries of an index a walk by time passes in the time in which a block is searched.
const ENTRIES_A_BLOCK: u64 = 2_400;
/// Candidates with at most so many other blocks between them are read together.
const GAP: u64 = 3;

/// The blocks of a log that may have matching entries.
pub(in crate::store) struct Candidates {
    /// One byte a block: 1 if it must be read.
    map: Vec<u8>,
    /// How many must be read.
    count: u64,
    as_of: u64,
}

impl Candidates {
    /// The blocks, one byte each: 1 if it must be read.
    pub(in crate::store) fn map(&self) -> &[u8] {
        &self.map
    }

    /// Whether to read all candidates and sort the matches, rather than to walk the log by time until the page is full.
    /// `has_walked` says that a walk was tried.
    pub(in crate::store) fn are_few(&self, filter: &Filter, limit: u32, has_walked: bool) -> bool {
        self.count <= ALWAYS_FEW
            || !filter.names_users()
                && self.count <= MAX_SORTED
                && (has_walked || self.count * self.count * ENTRIES_A_BLOCK <= u64::from(limit) * self.as_of)
    }

    /// The ids from `first` on that must be read, in ranges that grow.
    pub(in crate::store) fn ranges(&self, first: u64) -> Vec<(u64, u64)> {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        let from = block_of(first);
        for (block, _) in (0..).zip(&self.map).filter(|(block, must)| *block >= from && **must == 1) {
            let (start, end) = ((block * BLOCK + 1).max(first), ((block + 1) * BLOCK).min(self.as_of));
            match ranges.last_mut() {
                Some(last) if start <= last.1 + GAP * BLOCK + 1 => last.1 = end,
                _ => ranges.push((start, end)),
            }
        }
        ranges
    }
}

/// How many entries a search by time judges before it asks the index: a frequent text fills the page first. In a larger log the
/// index costs more, a row for each gram that is read of each group, so that the search goes on a little longer.
pub(in crate::store) fn entries_before_index(
    filter: &Filter,
    query: &GramQuery,
    limit: u32,
    as_of: u64,
) -> usize {
    // The fields that are asked for are in most groups, so that all grams are read; a text is in few.
    let grams = query.grams().len();
    let grams = if filter.field.include.is_empty() { grams.div_ceil(FIRST) } else { grams };
    let groups = as_of / (BLOCK * SPANS[SPANS.len() - 1]);
    let rows = usize::try_from(groups).unwrap_or(usize::MAX).saturating_mul(grams);
    (2 * usize::try_from(limit).unwrap_or_default()).clamp(32, 256).max(rows / 4)
}

/// The blocks up to an id that may have entries that match. `None` if the index does not help: it rejects too few
/// blocks, or another index leads to the entries.
pub(in crate::store) async fn candidates<S: Session>(
    db: &S,
    org: OrgId,
    filter: &Filter,
    as_of: u64,
) -> Result<Option<Candidates>, S::Error> {
    let has_index = filter.names_resources_or_requests();
    let Some(query) = filter.gram_query().filter(|_| !has_index && as_of > 0) else { return Ok(None) };
    let Some(mut map) = matching_blocks(db, org, &query).await? else { return Ok(None) };
    map.resize(block_of(as_of) as usize + 1, 1);
    let count = map.iter().map(|must| u64::from(*must)).sum::<u64>();
    let candidates = Candidates { count, as_of, map };
    Ok((count <= ALWAYS_FEW || count * 2 <= candidates.map.len() as u64).then_some(candidates))
}
