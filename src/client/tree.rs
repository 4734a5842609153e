//! Calls for the trees of an organization's logs: checkpoints, tiles, proofs, and entries in id order.

use reqwest::Method;

use crate::api::page::PageView;
use crate::api::query::Query;
use crate::api::routes::LogPaths;
use crate::api::tree::EntryProof;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::pages::PageText;
use crate::model::integrity::tile::{TileId, position_path};
use crate::model::integrity::tile_content::{CollapsedTile, StoredLeaf};
use crate::model::merkle::Hash;
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::words::Log;

impl Client {
    /// Reads the latest checkpoint, a signed note.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn checkpoint(&self, log: Log) -> Result<String, ClientError> {
        let path = format!("{}/checkpoint", LogPaths::of(log).list);
        Ok(self.call(Method::GET, &path).text().await?.1)
    }

    /// Reads the hashes of a tile.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn tile(&self, log: Log, tile: TileId) -> Result<Vec<Hash>, ClientError> {
        let bytes = self.tile_bytes(log, &tile.to_string()).await?;
        match bytes.as_chunks::<32>() {
            (hashes, []) if hashes.len() == tile.width as usize => {
                Ok(hashes.iter().map(|hash| Hash(*hash)).collect())
            }
            _ => Err(self.wrong(&format!("tile {tile} has {} bytes", bytes.len()))),
        }
    }

    /// Reads the leaves of a tile of level 0.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn leaves(&self, log: Log, tile: u64, width: u32) -> Result<Vec<StoredLeaf>, ClientError> {
        let place = position_path(tile, width);
        let (records, openings) = (format!("entries/{place}"), format!("openings/{place}"));
        let (records, openings) =
            tokio::try_join!(self.tile_bytes(log, &records), self.tile_bytes(log, &openings))?;
        let wrong = || self.wrong(&format!("tile {place} has other bytes than the tree says"));
        let leaves = StoredLeaf::read_tile(&records, &openings);
        leaves.filter(|leaves| leaves.len() == width as usize).ok_or_else(wrong)
    }

    /// Reads the collapsed tiles of a group of 256.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn collapsed(&self, log: Log, group: u64) -> Result<Vec<CollapsedTile>, ClientError> {
        let bytes = self.tile_bytes(log, &format!("collapsed/{}", position_path(group, 256))).await?;
        let wrong = || self.wrong(&"collapsed tiles have other bytes than expected");
        CollapsedTile::read_group(group, &bytes).ok_or_else(wrong)
    }

    /// The highest id of a log now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn head(&self, log: Log) -> Result<u64, ClientError> {
        let query = Query { limit: 1, ..Query::default() };
        let (status, text) =
            self.call(Method::GET, LogPaths::of(log).list).query(query.pairs()).text().await?;
        Ok(PageText::new(self.server(), status, text)?.info.as_of)
    }

    /// Reads the entries from one id to another, in id order.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn entries_between(
        &self,
        log: Log,
        first: u64,
        last: u64,
    ) -> Result<Vec<PageText>, ClientError> {
        let query = Query { order: Order::ById, limit: MAX_LIMIT, as_of: Some(last), ..Query::default() };
        self.in_id_order(log, query, Vec::new(), first - 1).await
    }

    /// Reads the entries of the trail that say which entries may be missing, up to an id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn trail_rules(&self, last: u64) -> Result<Vec<PageText>, ClientError> {
        let query = Query { order: Order::ById, limit: MAX_LIMIT, as_of: Some(last), ..Query::default() };
        let actions = ["pruned", "erased", "migrated", "created", "updated"]
            .map(|action| ("action", action.to_owned()));
        let types =
            ["audit_log", "user", "server", "organization"].map(|name| ("model_type", name.to_owned()));
        self.in_id_order(Log::Trail, query, [&actions[..], &types].concat(), 0).await
    }

    async fn in_id_order(
        &self,
        log: Log,
        mut query: Query,
        more: Vec<(&'static str, String)>,
        mut after_id: u64,
    ) -> Result<Vec<PageText>, ClientError> {
        let mut pages = Vec::new();
        loop {
            query.after_id = Some(after_id);
            let call =
                self.call(Method::GET, LogPaths::of(log).list).query([query.pairs(), more.clone()].concat());
            let (status, text) = call.text().await?;
            let page = PageText::new(self.server(), status, text)?;
            let has_more = page.info.next_cursor.is_some();
            let PageView { data, .. } = page.read()?;
            let last = data.last().map(|entry| entry.id);
            pages.push(page);
            match last {
                Some(last) if has_more && last > after_id => after_id = last,
                _ if has_more => return Err(self.wrong(&"a page has a next one, but no new entry")),
                _ => return Ok(pages),
            }
        }
    }

    /// Reads the proof of an entry.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn proof(&self, log: Log, id: u64) -> Result<EntryProof, ClientError> {
        self.call(Method::GET, &format!("{}/{id}/proof", LogPaths::of(log).list)).json().await
    }

    async fn tile_bytes(&self, log: Log, tile: &str) -> Result<Vec<u8>, ClientError> {
        Ok(self.call(Method::GET, &format!("{}/tile/{tile}", LogPaths::of(log).list)).bytes().await?.1)
    }

    fn wrong(&self, fault: &dyn std::fmt::Display) -> ClientError {
        ClientError::unexpected(self.server(), 200, fault)
    }
}
