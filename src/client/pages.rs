//! A long answer, page by page: the cursor of each page asks for the next, up to the bound of the first.

use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use crate::api::page::{Page, PageInfo, PageView};
use crate::api::query::Query;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::model::page::{Cursor, MAX_LIMIT};

/// The pages of one question.
pub struct Pages {
    client: Client,
    /// None when the last page was read.
    next: Option<Query>,
    /// How many entries are still wanted; all of them, when absent.
    wanted: Option<u64>,
}

impl Pages {
    /// All pages of `query`, from its cursor or from the first.
    #[must_use]
    pub const fn new(client: Client, query: Query) -> Self {
        Self { client, next: Some(query), wanted: None }
    }

    /// The pages of the first `most` entries of `query`, whose `limit` is set for each page. No page holds more than is
    /// still wanted, so the last one's `next_cursor` leads to the entry behind the last that was read.
    #[must_use]
    pub fn first(client: Client, query: Query, most: u64) -> Self {
        let query = Query { limit: page_limit(most), ..query };
        Self { client, next: (most > 0).then_some(query), wanted: Some(most) }
    }

    /// Reads the next page; none behind the last.
    ///
    /// # Errors
    /// [`ClientError`]. The same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<Page>, ClientError> {
        let Some(query) = &self.next else { return Ok(None) };
        let page = self.client.page(query).await?;
        let read = page.data.len() as u64;
        if read > u64::from(query.limit) {
            let fault = format!("a page of {read} entries, of which {} were asked for", query.limit);
            return Err(ClientError::foreign(self.client.server(), 200, &fault));
        }
        self.next = self.behind(&page.page)?;
        if let Some(wanted) = &mut self.wanted {
            // A page may hold fewer than its limit and have others behind it: it ends at a number of bytes, too.
            *wanted = wanted.saturating_sub(read);
            let limit = page_limit(*wanted);
            self.next = self.next.take().filter(|_| *wanted > 0).map(|query| Query { limit, ..query });
        }
        Ok(Some(page))
    }

    /// As [`Self::next`], and reads nothing of it but what leads to the page behind it.
    async fn next_text(&mut self) -> Result<Option<PageText>, ClientError> {
        let Some(query) = &self.next else { return Ok(None) };
        let (status, text) = self.client.page_text(query).await?;
        let server = self.client.server().to_owned();
        let Some(info) = PageInfo::of(&text) else {
            // What is wrong with it is found out by reading it all.
            let fault = serde_json::from_str::<Page>(&text).map(drop);
            let fault = fault.map_or_else(|error| error.to_string(), |()| "it has no place".to_owned());
            return Err(ClientError::foreign(&server, status, &fault));
        };
        self.next = self.behind(&info)?;
        Ok(Some(PageText { server, status, text, info }))
    }

    /// The question for what lies behind a page.
    fn behind(&self, page: &PageInfo) -> Result<Option<Query>, ClientError> {
        let (Some(query), Some(text)) = (&self.next, &page.next_cursor) else { return Ok(None) };
        let cursor = Cursor::decode(text).filter(|cursor| Some(*cursor) != query.cursor);
        let moved = || ClientError::foreign(self.client.server(), 200, &"its next_cursor leads nowhere");
        let cursor = Some(cursor.ok_or_else(moved)?);
        // Counting once is enough, and the bound now lies in the cursor.
        Ok(Some(Query { cursor, total: false, ..query.clone() }))
    }
}

/// The limit of a page when so many entries are still wanted.
fn page_limit(wanted: u64) -> u32 {
    u32::try_from(wanted).unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT)
}

/// A page as it came, and where it lies.
pub struct PageText {
    server: String,
    status: u16,
    text: String,
    /// Where it lies.
    pub info: PageInfo,
}

impl PageText {
    /// Reads it.
    ///
    /// # Errors
    /// [`ClientError::Foreign`] when it is not what the contract says.
    pub fn read(&self) -> Result<PageView<'_>, ClientError> {
        serde_json::from_str(&self.text)
            .map_err(|error| ClientError::foreign(&self.server, self.status, &error))
    }
}

/// Pages that are fetched on a thread of their own while those before are being read and written.
pub struct Prefetch(Receiver<Result<PageText, ClientError>>);

/// How many pages wait for their reader: one, so that memory holds three at most.
const WAITING: usize = 1;

impl Pages {
    /// Reads ahead from now on, over a connection of its own.
    ///
    /// # Errors
    /// [`ClientError::Setup`] when there is no thread to be had.
    pub fn ahead(mut self) -> Result<Prefetch, ClientError> {
        let setup = |error: &dyn std::fmt::Display| ClientError::Setup(error.to_string());
        // A connection is driven by the runtime it was made in, and the other one has pages to write.
        self.client = self.client.anew()?;
        let (sender, receiver) = channel(WAITING);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| setup(&error))?;
        let read = async move {
            while let Some(page) = self.next_text().await.transpose() {
                let is_last = page.is_err();
                // Whoever went away wants no more.
                if sender.send(page).await.is_err() || is_last {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("pages".to_owned()).spawn(move || runtime.block_on(read));
        thread.map(|_| Prefetch(receiver)).map_err(|error| setup(&error))
    }
}

impl Prefetch {
    /// The next page; none behind the last.
    ///
    /// # Errors
    /// [`ClientError`]; nothing comes behind it.
    pub async fn next(&mut self) -> Result<Option<PageText>, ClientError> {
        self.0.recv().await.transpose()
    }
}
