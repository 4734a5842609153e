//! Finds the blocks that a search must read.

use crate::model::filter::Filter;
use crate::model::filter::grams::GramQuery;
use crate::model::signature::VERSION;
use crate::store::calls::OrgId;
use crate::store::codes::json;
use crate::store::session::{Columns, Session, values};
use crate::store::text::groups::SPANS;
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
/// index costs more, a row for each gram of each group, so that the search goes on a little longer.
pub(in crate::store) fn entries_before_index(query: &GramQuery, limit: u32, as_of: u64) -> usize {
    let groups = as_of / (BLOCK * SPANS[SPANS.len() - 1]);
    let rows = usize::try_from(groups).unwrap_or(usize::MAX).saturating_mul(query.grams().len());
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
    let Some(mut map) = indexed(db, org, &query).await? else { return Ok(None) };
    map.resize(block_of(as_of) as usize + 1, 1);
    let count = map.iter().map(|must| u64::from(*must)).sum::<u64>();
    let candidates = Candidates { count, as_of, map };
    Ok((count <= ALWAYS_FEW || count * 2 <= candidates.map.len() as u64).then_some(candidates))
}

/// Which indexed blocks may match: one byte each. None while nothing is indexed.
async fn indexed<S: Session>(db: &S, org: OrgId, query: &GramQuery) -> Result<Option<Vec<u8>>, S::Error> {
    // One statement, so that on PostgreSQL it sees one snapshot: blocks become groups at any time.
    let sql = format!(
        "SELECT -1, blocks, version, NULL FROM text_indexes WHERE org_id = ?1 \
         UNION ALL SELECT 0, block, 0, signature FROM text_blocks WHERE org_id = ?1 \
         UNION ALL SELECT stored.level, stored.position, CAST(gram.value->>0 AS BIGINT), found.bytes \
         FROM text_groups AS stored CROSS JOIN {}(?2) AS gram LEFT JOIN text_parts AS found ON found.org_id = ?1 \
         AND found.level = stored.level AND found.position = stored.position \
         AND found.part = (CAST(gram.value->>1 AS BIGINT) & (stored.parts - 1)) WHERE stored.org_id = ?1",
        S::DIALECT.json_elements
    );
    let grams: Vec<_> = query.grams().iter().enumerate().map(|(n, gram)| (n, gram.place())).collect();
    let mut indexed = (0, 0);
    let mut has: Vec<Vec<u8>> = vec![Vec::new(); query.grams().len()];
    let mut mark = |number: usize, first: u64, bytes: &[u8]| {
        let (gram, has, first) = (query.grams()[number], &mut has[number], first as usize);
        has.resize(has.len().max(first + bytes.len()), 0);
        has[first..].iter_mut().zip(bytes).for_each(|(has, byte)| *has |= u8::from(gram.is_in(*byte)));
    };
    db.visit(&sql, values![org, &json(&grams)], |row: &dyn Columns| {
        let (level, position, number) = (row.integer(0)?, row.unsigned(1)?, row.unsigned(2)?);
        let bytes = row.bytes_or_null(3)?.unwrap_or_default();
        match usize::try_from(level) {
            Err(_) => indexed = (position, number),
            Ok(0) => (0..query.grams().len()).for_each(|number| {
                let at = query.grams()[number].place() as usize % bytes.len().max(1);
                bytes.get(at).into_iter().for_each(|byte| mark(number, position, &[*byte]));
            }),
            Ok(level) => {
                let first = position * SPANS.get(level).copied().unwrap_or_default();
                mark(number as usize, first, bytes);
            }
        }
        Ok(())
    })
    .await?;
    let (blocks, version) = indexed;
    if blocks == 0 || version != u64::from(VERSION) {
        return Ok(None);
    }
    has.iter_mut().for_each(|has| has.resize(blocks as usize, 0));
    Ok(Some(query.blocks(blocks as usize, &has)))
}
