//! Reads from the index which blocks may have an entry that a search finds.

use std::collections::BTreeSet;

use crate::model::filter::grams::GramQuery;
use crate::model::signature::VERSION;
use crate::store::calls::OrgId;
use crate::store::codes::json;
use crate::store::error::StoreError;
use crate::store::session::{Columns, Session, values};
use crate::store::text::groups::{SPANS, place_of};

/// Each gram of a group is a row of its own. So every third gram of all groups is read first, and the others only of
/// groups where a block may still match.
pub(super) const FIRST: usize = 3;

/// What was read of an index.
pub(in crate::store) struct Lookup<'q> {
    query: &'q GramQuery,
    /// How many blocks are indexed.
    blocks: u64,
    version: u64,
    /// For each gram of the query one byte a block: 1 if the block has it.
    has: Vec<Vec<u8>>,
    /// The groups whose other grams are still to be read, by level and position.
    unread: BTreeSet<(usize, u64)>,
}

/// Which indexed blocks may match: one byte each. None while nothing is indexed.
pub(super) async fn matching_blocks<S: Session>(
    db: &S,
    org: OrgId,
    query: &GramQuery,
) -> Result<Option<Vec<u8>>, S::Error> {
    let mut lookup = Lookup::new(query);
    let may_match = lookup.read_first(db, org).await?;
    if lookup.blocks == 0 || lookup.version != u64::from(VERSION) {
        return Ok(None);
    }
    Ok(Some(lookup.read_rest(db, org, &may_match).await?))
}

/// Whether a gram of the query, by its number, is read of every group.
const fn is_first(gram: usize) -> bool {
    gram.is_multiple_of(FIRST)
}

/// A statement for grams (`?2`) of all groups: level, position, number of the gram, bytes.
fn groups_sql(elements: &str) -> String {
    format!(
        "SELECT stored.level, stored.position, CAST(gram.value->>0 AS BIGINT), found.bytes \
         FROM text_groups AS stored CROSS JOIN {elements}(?2) AS gram LEFT JOIN text_parts AS found ON found.org_id = ?1 \
         AND found.level = stored.level AND found.position = stored.position \
         AND found.part = (CAST(gram.value->>1 AS BIGINT) & (stored.parts - 1)) WHERE stored.org_id = ?1"
    )
}

impl<'q> Lookup<'q> {
    pub(in crate::store) fn new(query: &'q GramQuery) -> Self {
        let has = vec![Vec::new(); query.grams().len()];
        Self { query, blocks: 0, version: 0, has, unread: BTreeSet::new() }
    }

    /// Reads the index, the single blocks and the first grams of all groups. Returns which blocks may match by them.
    pub(in crate::store) async fn read_first<S: Session>(
        &mut self,
        db: &S,
        org: OrgId,
    ) -> Result<Vec<u8>, S::Error> {
        // One statement, so that on PostgreSQL it sees one snapshot: blocks become groups at any time.
        let sql = format!(
            "SELECT -1, blocks, version, NULL FROM text_indexes WHERE org_id = ?1 \
             UNION ALL SELECT 0, block, 0, signature FROM text_blocks WHERE org_id = ?1 UNION ALL {}",
            groups_sql(S::DIALECT.json_elements)
        );
        let grams = self.places(is_first);
        db.visit(&sql, values![org, &grams], |row: &dyn Columns| self.add(row)).await?;
        Ok(self.matching(is_first))
    }

    /// Reads the other grams of the groups whose blocks may match. Returns which blocks may match by all grams.
    pub(in crate::store) async fn read_rest<S: Session>(
        &mut self,
        db: &S,
        org: OrgId,
        may_match: &[u8],
    ) -> Result<Vec<u8>, S::Error> {
        self.unread = self.groups_of(may_match);
        if self.query.grams().len() > 1 && !self.unread.is_empty() {
            let elements = S::DIALECT.json_elements;
            let sql = format!(
                "{} AND (stored.level, stored.position) IN \
                 (SELECT CAST(value->>0 AS BIGINT), CAST(value->>1 AS BIGINT) FROM {elements}(?3) AS unread)",
                groups_sql(elements)
            );
            let (grams, unread) = (self.places(|gram| !is_first(gram)), json(&self.unread));
            db.visit(&sql, values![org, &grams, &unread], |row: &dyn Columns| self.add(row)).await?;
        }
        let mut matching = self.matching(|_| true);
        // Groups that were not found have become parts of larger ones since the first statement.
        for (level, position) in &self.unread {
            let blocks = (position * SPANS[*level]) as usize..((position + 1) * SPANS[*level]) as usize;
            matching[blocks.clone()].copy_from_slice(&may_match[blocks]);
        }
        Ok(matching)
    }

    /// The numbers and places of some grams, as JSON.
    fn places(&self, is_read: impl Fn(usize) -> bool) -> String {
        let grams = self.query.grams().iter().enumerate().filter(|(number, _)| is_read(*number));
        json(&grams.map(|(number, gram)| (number, gram.place())).collect::<Vec<_>>())
    }

    /// Adds a row: that of the index, the signature of a block, or a gram of a group.
    fn add(&mut self, row: &dyn Columns) -> Result<(), StoreError> {
        let (level, position, number) = (row.integer(0)?, row.unsigned(1)?, row.unsigned(2)?);
        let bytes = row.bytes_or_null(3)?.unwrap_or_default();
        let Ok(level) = usize::try_from(level) else {
            (self.blocks, self.version) = (position, number);
            return Ok(());
        };
        if level == 0 {
            for number in 0..self.has.len() {
                let at = self.query.grams()[number].place() as usize % bytes.len().max(1);
                bytes.get(at).into_iter().for_each(|byte| self.mark(number, position, &[*byte]));
            }
            return Ok(());
        }
        self.unread.remove(&(level, position));
        self.mark(number as usize, position * SPANS.get(level).copied().unwrap_or_default(), bytes);
        Ok(())
    }

    /// Notes which blocks from `first` on have a gram, by the bytes of their signatures at its place.
    fn mark(&mut self, number: usize, first: u64, bytes: &[u8]) {
        let (gram, has, first) = (self.query.grams()[number], &mut self.has[number], first as usize);
        has.resize(has.len().max(first + bytes.len()), 0);
        has[first..].iter_mut().zip(bytes).for_each(|(has, byte)| *has |= u8::from(gram.is_in(*byte)));
    }

    /// Which blocks may match, if only some grams are looked at.
    fn matching(&mut self, is_read: impl Fn(usize) -> bool) -> Vec<u8> {
        let blocks = self.blocks as usize;
        self.has.iter_mut().for_each(|has| has.resize(blocks, 0));
        self.query.blocks(blocks, |gram| is_read(gram).then_some(&self.has[gram][..]))
    }

    /// The groups of these blocks.
    fn groups_of(&self, blocks: &[u8]) -> BTreeSet<(usize, u64)> {
        let must = (0..).zip(blocks).filter(|(_, must)| **must == 1);
        must.map(|(block, _)| place_of(block, self.blocks)).filter(|(level, _)| *level > 0).collect()
    }
}
