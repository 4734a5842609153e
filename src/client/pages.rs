//! Reads the pages of a query one after another. All pages have the upper bound (`as_of`) of the first.

use crate::api::page::{Page, PageInfo, PageView};
use crate::api::query::Query;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::model::entry::Entry;
use crate::model::page::{Cursor, MAX_LIMIT, Order};

/// The pages of one query.
pub struct Pages {
    client: Client,
    /// `None` after the last page.
    next: Option<Query>,
    /// The number of entries still to read. `None` reads all.
    wanted: Option<u64>,
}

impl Pages {
    /// Reads all pages of `query`, from its cursor on if it has one.
    #[must_use]
    pub const fn new(client: Client, query: Query) -> Self {
        Self { client, next: Some(query), wanted: None }
    }

    /// Reads the first `most` entries of `query`, and sets the `limit` of each page. The last page's `next_cursor`
    /// continues right after the last entry.
    #[must_use]
    pub fn first(client: Client, query: Query, most: u64) -> Self {
        let query = Query { limit: page_limit(most), ..query };
        Self { client, next: (most > 0).then_some(query), wanted: Some(most) }
    }

    /// Reads the entries from one id to another that are still there, in the order of their ids.
    #[must_use]
    pub fn between(client: Client, first: u64, last: u64) -> Self {
        let (after_id, as_of) = (Some(first.saturating_sub(1)), Some(last));
        Self::new(client, Query { after_id, as_of, order: Order::ById, limit: MAX_LIMIT, ..Query::default() })
    }

    /// Reads the entries of all pages.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn all(mut self) -> Result<Vec<Entry>, ClientError> {
        let mut entries = Vec::new();
        while let Some(page) = self.next().await? {
            entries.extend(page.data);
        }
        Ok(entries)
    }

    /// Reads the next page. Returns `None` after the last one.
    ///
    /// # Errors
    /// [`ClientError`]. The same page can be requested again.
    pub async fn next(&mut self) -> Result<Option<Page>, ClientError> {
        let Some(query) = &self.next else { return Ok(None) };
        let page = self.client.page(query).await?;
        let read = page.data.len() as u64;
        if read > u64::from(query.limit) {
            let fault = format!("a page of {read} entries although the limit was {}", query.limit);
            return Err(ClientError::unexpected(self.client.server(), 200, &fault));
        }
        self.next = query_after(self.client.server(), query, page.page.next_cursor.as_deref())?;
        if let Some(wanted) = &mut self.wanted {
            // A page may have fewer entries than its limit without being the last: its size in bytes is limited, too.
            *wanted = wanted.saturating_sub(read);
            let limit = page_limit(*wanted);
            self.next = self.next.take().filter(|_| *wanted > 0).map(|query| Query { limit, ..query });
        }
        Ok(Some(page))
    }
}

/// The query for the page after one that ended with this cursor.
pub(super) fn query_after(
    server: &str,
    query: &Query,
    next_cursor: Option<&str>,
) -> Result<Option<Query>, ClientError> {
    let Some(text) = next_cursor else { return Ok(None) };
    let cursor = Cursor::decode(text).filter(|cursor| Some(*cursor) != query.cursor);
    let moved = || ClientError::unexpected(server, 200, &"its next_cursor is invalid");
    let cursor = Some(cursor.ok_or_else(moved)?);
    // The total is needed only once. The cursor contains the upper bound.
    Ok(Some(Query { cursor, total: false, ..query.clone() }))
}

fn page_limit(wanted: u64) -> u32 {
    u32::try_from(wanted).unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT)
}

/// A page that is not parsed yet, and its position.
pub struct PageText {
    server: String,
    status: u16,
    text: String,
    /// The position of the page.
    pub info: PageInfo,
}

impl PageText {
    /// The text of a page.
    ///
    /// # Errors
    /// [`ClientError::UnexpectedResponse`] when the text does not say where it lies in the whole answer.
    pub(super) fn new(server: &str, status: u16, text: String) -> Result<Self, ClientError> {
        let server = server.to_owned();
        let Some(info) = PageInfo::of(&text) else {
            // Parses the whole page to get the error.
            let fault = serde_json::from_str::<Page>(&text).map(drop);
            let fault = fault.map_or_else(|error| error.to_string(), |()| "it has no member page".to_owned());
            return Err(ClientError::unexpected(&server, status, &fault));
        };
        Ok(Self { server, status, text, info })
    }

    /// Parses the page.
    ///
    /// # Errors
    /// [`ClientError::UnexpectedResponse`] when the page does not follow the API.
    pub fn read(&self) -> Result<PageView<'_>, ClientError> {
        serde_json::from_str(&self.text)
            .map_err(|error| ClientError::unexpected(&self.server, self.status, &error))
    }
}
