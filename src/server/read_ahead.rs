//! Reads the pages of one query in order. Where an index knows how far the next pages reach, several are read at once.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::model::page::Position;
use crate::server::auth::Permit;
use crate::server::error::ApiError;
use crate::server::state::Server;
use crate::store::entries::PageForm;
use crate::store::{OrgId, PageRead, PageRequest};

/// The most pages that are read at once.
pub(super) const PAGES_AHEAD: usize = 3;
/// The size of a page, in entries.
const PAGE_ROWS: u32 = 2_000;

/// A query, and the permit of its caller.
pub(super) struct PageSource {
    pub(super) server: Server,
    pub(super) permit: Permit,
    pub(super) org: OrgId,
    pub(super) form: PageForm,
}

impl PageSource {
    async fn read(&self, request: PageRequest) -> Result<PageRead, ApiError> {
        self.server.query(self.server.store.page_in(self.org, request, self.form.clone())).await
    }

    /// Reads a page, if the caller may still read.
    async fn read_permitted(&self, request: PageRequest) -> Result<PageRead, ApiError> {
        self.permit.check(&self.server).await?;
        self.read(request).await
    }
}

/// A page that is being read.
struct PageAhead {
    page: JoinHandle<Result<PageRead, ApiError>>,
    /// Its expected last entry; `None` if it is unknown.
    end: Option<Position>,
}

impl Drop for PageAhead {
    fn drop(&mut self) {
        self.page.abort();
    }
}

/// The pages of a query after the first.
pub(super) struct ReadAhead {
    source: Arc<PageSource>,
    request: PageRequest,
    ahead: VecDeque<PageAhead>,
    /// The position after which the next page is requested; `None` until the end of the last one is known.
    after: Option<Position>,
}

impl ReadAhead {
    /// Reads the first page.
    pub(super) async fn begin(
        source: PageSource,
        request: PageRequest,
    ) -> Result<(Self, PageRead), ApiError> {
        let request = PageRequest { limit: PAGE_ROWS, ..request };
        let page = source.read(request.clone()).await?;
        let request = PageRequest { as_of: Some(page.as_of), ..request };
        let after = page.entries.last().filter(|_| page.more);
        Ok((Self { source: Arc::new(source), request, ahead: VecDeque::new(), after }, page))
    }

    /// Reads the next page. Returns `None` after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<PageRead>, ApiError> {
        while self.ahead.len() < PAGES_AHEAD
            && let Some(after) = self.after
        {
            self.request_after(after).await?;
        }
        let Some(mut first) = self.ahead.pop_front() else { return Ok(None) };
        let page = (&mut first.page).await.map_err(|_| ApiError::internal())??;
        let last = page.entries.last().filter(|_| page.more);
        // It ends elsewhere if its entries are large, or if some were pruned meanwhile.
        if last != first.end {
            self.ahead.clear();
            self.after = last;
        }
        Ok(Some(page))
    }

    async fn request_after(&mut self, after: Position) -> Result<(), ApiError> {
        let request = PageRequest { after: Some(after), ..self.request.clone() };
        let PageSource { server, org, .. } = &*self.source;
        let end = server.query(server.store.page_end(*org, &request)).await?;
        let source = Arc::clone(&self.source);
        let page = tokio::spawn(async move { source.read_permitted(request).await });
        self.ahead.push_back(PageAhead { page, end });
        self.after = end;
        Ok(())
    }
}
