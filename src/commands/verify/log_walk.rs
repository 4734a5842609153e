//! Reads a log tile by tile, and passes it to the verifier.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::api::page::PageView;
use crate::api::problem::Code;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::pages::PageText;
use crate::error::Failure;
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::leaf::EntryParts;
use crate::model::integrity::opening::Opening;
use crate::model::integrity::tile::{TILE, TileId, hashes_at};
use crate::model::integrity::tile_content::{CollapsedTile, StoredLeaf};
use crate::model::integrity::verify::fault::{Fault, FaultKind};
use crate::model::integrity::verify::rules::Rules;
use crate::model::integrity::verify::{Seen, Verdict, Verifier};
use crate::model::merkle::Hash;
use crate::model::words::Log;
use crate::terminal::progress::Progress;

/// How often a block is read at most, while a prune deletes entries of it.
const ATTEMPTS: u32 = 20;

/// How many tiles are read at once. Their 768 entries fit into one page.
const TILES_A_BLOCK: u64 = 3;

/// A log that is verified.
pub(super) struct LogWalk<'a> {
    pub(super) client: &'a Client,
    pub(super) log: Log,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) seen: Option<Seen>,
    pub(super) progress: Option<&'a Progress>,
}

/// Why a walk ended early.
pub(super) enum WalkError {
    /// The log is not what it should be.
    Fault(Fault),
    /// It could not be read.
    Failure(Failure),
}

impl From<Fault> for WalkError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ClientError> for WalkError {
    fn from(error: ClientError) -> Self {
        Self::Failure(error.into())
    }
}

/// The leaves of a tile, as they were read.
enum TileContent {
    Leaves(Vec<StoredLeaf>),
    Collapsed(Box<CollapsedTile>),
}

/// Some tiles and their entries.
struct Block {
    tiles: Vec<TileContent>,
    pages: Vec<PageText>,
}

impl Block {
    /// Which entries are there, and which leaves say that theirs are.
    fn outline(&self) -> Result<(Vec<u64>, Vec<Option<Opening>>), WalkError> {
        let mut ids = Vec::new();
        for page in &self.pages {
            ids.extend(page.read()?.data.iter().map(|entry| entry.id));
        }
        let openings = self.tiles.iter().flat_map(|tile| match tile {
            TileContent::Leaves(leaves) => leaves.iter().map(|leaf| Some(leaf.opening)).collect(),
            TileContent::Collapsed(_) => vec![None],
        });
        Ok((ids, openings.collect()))
    }
}

impl LogWalk<'_> {
    /// Verifies the whole log, and calls `visit` with each entry that was verified.
    pub(super) async fn run(
        &self,
        rules: Arc<Rules>,
        mut visit: impl FnMut(&EntryParts<'_>),
    ) -> Result<(Verdict, Seen), WalkError> {
        let size = self.checkpoint.size;
        let mut stated = Vec::new();
        for position in 0..hashes_at(1, size).div_ceil(TILE) {
            if let Some(tile) = TileId::within(1, position, size) {
                stated.extend(self.hashes(tile).await?);
            }
        }
        let last = match TileId::within(0, size / TILE, size) {
            None => Vec::new(),
            Some(TileId { position, width, .. }) => {
                self.tree_fault(self.client.leaves(self.log, position, width).await)?
            }
        };
        let last: Vec<Hash> = last.iter().map(|leaf| leaf.record.hash()).collect();
        let mut verifier = Verifier::new(self.checkpoint, self.seen, rules, stated, &last)?;
        let (mut group, mut collapsed) = (None, BTreeMap::new());
        while let Some((tile, _)) = verifier.next_tile() {
            if group != Some(tile / TILE) {
                group = Some(tile / TILE);
                collapsed = self.collapsed(tile / TILE).await?;
            }
            verifier = self.judge(&verifier, tile, &mut collapsed, &mut visit).await?;
            if let (Some(progress), Some((tile, _))) = (self.progress, verifier.next_tile()) {
                progress.reach(tile * TILE);
            }
        }
        Ok(verifier.finish()?)
    }

    /// Reads a block and judges it. A prune may delete entries between two of the requests. So a fault counts only if the same is
    /// read again.
    async fn judge(
        &self,
        verifier: &Verifier,
        tile: u64,
        collapsed: &mut BTreeMap<u64, CollapsedTile>,
        visit: &mut impl FnMut(&EntryParts<'_>),
    ) -> Result<Verifier, WalkError> {
        let mut before = None;
        for attempt in 1.. {
            let block = self.block(tile, collapsed).await?;
            let mut after = verifier.clone();
            let Err(error) = judge(&mut after, &block, visit) else { return Ok(after) };
            let outline = block.outline()?;
            if attempt == ATTEMPTS || before.as_ref() == Some(&outline) {
                return Err(error);
            }
            before = Some(outline);
            *collapsed = self.collapsed(tile / TILE).await?;
        }
        Ok(verifier.clone())
    }

    /// Reads a tile of hashes.
    pub(super) async fn hashes(&self, tile: TileId) -> Result<Vec<Hash>, WalkError> {
        self.tree_fault(self.client.tile(self.log, tile).await)
    }

    /// The collapsed tiles of a group.
    pub(super) async fn collapsed(&self, group: u64) -> Result<BTreeMap<u64, CollapsedTile>, WalkError> {
        let tiles = self.tree_fault(self.client.collapsed(self.log, group).await)?;
        Ok(tiles.into_iter().map(|tile| (tile.tile, tile)).collect())
    }

    /// A tile that a tree of this size must have, but the server has not.
    pub(super) fn tree_fault<T>(&self, answer: Result<T, ClientError>) -> Result<T, WalkError> {
        answer.map_err(|error| match &error {
            ClientError::Problem(problem) if problem.code != Code::NotFound => error.into(),
            ClientError::Problem(_) | ClientError::UnexpectedResponse { .. } => {
                Fault { first: 1, last: self.checkpoint.size, kind: FaultKind::Tree }.into()
            }
            _ => error.into(),
        })
    }

    /// Reads some tiles from one on, and their entries. All requests are sent at once.
    async fn block(
        &self,
        first: u64,
        collapsed: &mut BTreeMap<u64, CollapsedTile>,
    ) -> Result<Block, WalkError> {
        let (log, size) = (self.log, self.checkpoint.size);
        let group_end = (first / TILE + 1) * TILE;
        let last = size.div_ceil(TILE).min(first + TILES_A_BLOCK).min(group_end);
        let kept: Vec<u64> = (first..last).filter(|tile| !collapsed.contains_key(tile)).collect();
        let mut requests = JoinSet::new();
        for TileId { position, width, .. } in kept.iter().filter_map(|tile| TileId::within(0, *tile, size)) {
            let client = self.client.clone();
            requests.spawn(async move { (position, client.leaves(log, position, width).await) });
        }
        let pages = match (kept.first(), kept.last()) {
            (Some(first), Some(last)) => {
                self.client.entries_between(log, first * TILE + 1, ((last + 1) * TILE).min(size)).await?
            }
            _ => Vec::new(),
        };
        let mut leaves = BTreeMap::new();
        let mut is_collapsing = false;
        while let Some(answer) = requests.join_next().await {
            let Ok((tile, answer)) = answer else { continue };
            match answer {
                Err(ClientError::Problem(problem)) if problem.code == Code::Pruned => is_collapsing = true,
                answer => drop(leaves.insert(tile, self.tree_fault(answer)?)),
            }
        }
        if is_collapsing {
            *collapsed = self.collapsed(first / TILE).await?;
        }
        let content = |tile| match (leaves.remove(&tile), collapsed.get(&tile)) {
            (Some(leaves), _) => Ok(TileContent::Leaves(leaves)),
            (None, Some(tile)) => Ok(TileContent::Collapsed(Box::new(tile.clone()))),
            (None, None) => {
                let (first, last) = (tile * TILE + 1, (tile + 1) * TILE);
                Err(Fault { first, last, kind: FaultKind::Tree })
            }
        };
        let tiles = (first..last).map(content).collect::<Result<_, _>>()?;
        Ok(Block { tiles, pages })
    }
}

/// Passes a block to the verifier. Entries are visited when all of them were verified.
fn judge(
    verifier: &mut Verifier,
    block: &Block,
    visit: &mut impl FnMut(&EntryParts<'_>),
) -> Result<(), WalkError> {
    let pages = block.pages.iter().map(PageText::read).collect::<Result<Vec<PageView<'_>>, _>>()?;
    let entries: Vec<EntryParts<'_>> =
        pages.iter().flat_map(|page| page.data.iter().map(|entry| entry.parts())).collect();
    let mut rest = entries.as_slice();
    for content in &block.tiles {
        let Some((tile, _)) = verifier.next_tile() else { break };
        let (of_tile, others) = rest.split_at(rest.partition_point(|entry| entry.id <= (tile + 1) * TILE));
        rest = others;
        match content {
            TileContent::Leaves(leaves) => verifier.verify_leaves(leaves, of_tile)?,
            TileContent::Collapsed(collapsed) => match of_tile.first() {
                None => verifier.verify_collapsed(&collapsed.record, &collapsed.path)?,
                Some(entry) => {
                    let (first, last) = (entry.id, entry.id);
                    return Err(Fault { first, last, kind: FaultKind::Inserted }.into());
                }
            },
        }
    }
    entries.iter().for_each(visit);
    Ok(())
}
