//! Adds full blocks to the index: reads entries, computes, and then stores the result in a short transaction. The
//! transaction succeeds only if the index has not grown and no entry was pruned meanwhile. So any number of servers may
//! do it at once.

use crate::model::signature::VERSION;
use crate::store::calls::OrgId;
use crate::store::pages;
use crate::store::session::{Session, values};
use crate::store::text::groups::{SPANS, insert_block, merge};
use crate::store::text::signatures::signatures;
use crate::store::text::stale::{self, Refresh};
use crate::store::text::{BLOCK, row};

/// How many blocks one step adds at most.
const BLOCKS_A_STEP: u64 = 16;

/// The next step of an index.
pub(in crate::store) enum Step {
    /// Every full block is indexed.
    Current,
    /// The index is of another version.
    Outdated,
    /// The signatures of these blocks are to be replaced, because entries were pruned.
    Refresh(Refresh),
    /// These are to be stored.
    Growth(Growth),
}

/// Signatures of new blocks.
pub(in crate::store) struct Growth {
    pub(in crate::store) from: u64,
    pub(in crate::store) generation: u64,
    pub(in crate::store) signatures: Vec<Vec<u8>>,
}

/// Reads entries and computes the next step.
pub(in crate::store) async fn step<S: Session>(db: &S, org: OrgId) -> Result<Step, S::Error> {
    // The head first: entries up to it are committed, whatever the other statements see.
    let full_blocks = pages::head(db, org).await? / BLOCK;
    let index = row(db, org).await?;
    if index.version != u64::from(VERSION) {
        return Ok(Step::Outdated);
    }
    if let Some(refresh) = stale::refresh(db, org, &index).await? {
        return Ok(Step::Refresh(refresh));
    }
    let (from, generation) = (index.blocks, index.generation);
    // A step ends where a group is full.
    let end = full_blocks.min(from + BLOCKS_A_STEP).min((from / SPANS[1] + 1) * SPANS[1]);
    if from >= end {
        return Ok(Step::Current);
    }
    let signatures = signatures(db, org, &(from..end).collect::<Vec<_>>()).await?;
    Ok(Step::Growth(Growth { from, generation, signatures: signatures.into_values().collect() }))
}

/// Stores a step, in a transaction. Returns whether the log still was as it was when the step was computed.
pub(in crate::store) async fn commit<S: Session>(
    db: &S,
    org: OrgId,
    growth: &Growth,
) -> Result<bool, S::Error> {
    let end = growth.from + growth.signatures.len() as u64;
    let sql = "UPDATE text_indexes SET blocks = ?3 WHERE org_id = ?1 AND blocks = ?2 AND generation = ?4";
    if db.run(sql, values![org, growth.from, end, growth.generation]).await? == 0 {
        return Ok(false);
    }
    for (block, signature) in (growth.from..).zip(&growth.signatures).filter(|(_, it)| !it.is_empty()) {
        insert_block(db, org, block, signature).await?;
    }
    for (level, span) in SPANS.into_iter().enumerate().skip(1) {
        if end.is_multiple_of(span) {
            merge(db, org, level, end / span - 1).await?;
        }
    }
    Ok(true)
}
