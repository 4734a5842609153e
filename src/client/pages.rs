//! A long answer, page by page: the cursor of each page asks for the next, up to the bound of the first.

use crate::api::page::Page;
use crate::api::query::Query;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::model::page::Cursor;

/// The pages of one question.
pub struct Pages {
    client: Client,
    /// None when the last page was read.
    next: Option<Query>,
}

impl Pages {
    /// All pages of `query`, from its cursor or from the first.
    #[must_use]
    pub const fn new(client: Client, query: Query) -> Self {
        Self { client, next: Some(query) }
    }

    /// Reads the next page; none behind the last.
    ///
    /// # Errors
    /// [`ClientError`]. The same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<Page>, ClientError> {
        let Some(query) = &mut self.next else { return Ok(None) };
        let page = self.client.page(query).await?;
        match &page.page.next_cursor {
            None => self.next = None,
            Some(text) => {
                let cursor = Cursor::decode(text).filter(|cursor| Some(*cursor) != query.cursor);
                let moved =
                    || ClientError::foreign(self.client.server(), 200, &"its next_cursor leads nowhere");
                query.cursor = Some(cursor.ok_or_else(moved)?);
                // Counting once is enough, and the bound now lies in the cursor.
                query.total = false;
            }
        }
        Ok(Some(page))
    }
}
