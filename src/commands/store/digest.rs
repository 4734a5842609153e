//! Reads all entries of a log, and makes a digest of them.

use sha2::{Digest as _, Sha256};

use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::merkle::Hash;
use crate::model::page::{MAX_LIMIT, Order, Position};
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::{OrgId, PageRequest, Store};

/// An organization's entries in id order, a page at a time.
pub(super) struct StorePages<'a> {
    store: &'a Store,
    org: OrgId,
    after: u64,
    bound: u64,
    is_over: bool,
}

impl<'a> StorePages<'a> {
    /// The entries after `after`, up to `bound`.
    pub(super) const fn new(store: &'a Store, org: OrgId, after: u64, bound: u64) -> Self {
        Self { store, org, after, bound, is_over: false }
    }

    /// The next page; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Entry>>, StoreError> {
        if self.is_over {
            return Ok(None);
        }
        // In id order only the id of the position counts.
        let after = Some(Position { occurred_at: Timestamp::MIN, id: self.after });
        let request = PageRequest {
            filter: Filter::default(),
            order: Order::ById,
            limit: MAX_LIMIT,
            after,
            as_of: Some(self.bound),
        };
        let read = self.store.page(self.org, request).await?;
        self.is_over = !read.more;
        self.after = read.entries.last().map_or(self.after, |position| position.id);
        read.entries.list().map(Some)
    }
}

/// The number of entries, and the SHA-256 of all entries in id order.
pub(super) async fn digest(store: &Store, org: OrgId, bound: u64) -> Result<(u64, String), Failure> {
    let (mut count, mut hash) = (0, Sha256::new());
    let mut pages = StorePages::new(store, org, 0, bound);
    while let Some(entries) = pages.next().await? {
        count += entries.len() as u64;
        for entry in entries {
            let line = serde_json::to_vec(&entry).map_err(|error| {
                Failure::new(exit::FAILED, format!("cannot serialise entry {}: {error}", entry.id))
            })?;
            hash.update(line);
            hash.update(b"\n");
        }
    }
    Ok((count, Hash::from(hash.finalize()).to_string()))
}
