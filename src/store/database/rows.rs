//! Reads a large page of rows by two readers at once, on SQLite and if only times are filtered. An index finds the middle of
//! the page first, because rendering takes longer than finding.

use crate::model::page::Position;
use crate::store::calls::{OrgId, PageRead, PageRequest};
use crate::store::database::{Engine, QueryKind, Store};
use crate::store::entries::PageForm;
use crate::store::error::StoreError;
use crate::store::pages;
use crate::store::sqlite::run_now;

/// The smallest half that is worth another reader.
const MIN_HALF: u32 = 1000;

impl Store {
    /// Reads one page in a form other than [`PageForm::List`], whose halves would lack a comma. Like any page it may end before
    /// its limit.
    pub async fn rows(
        &self,
        org: OrgId,
        request: PageRequest,
        form: PageForm,
    ) -> Result<PageRead, StoreError> {
        let half = request.limit / 2;
        let Some((middle, as_of)) = self.last_of(org, &request, half).await? else {
            return self.page_in(org, request, form).await;
        };
        let rest = request.limit - half;
        let request = PageRequest { limit: half, as_of: Some(as_of), ..request };
        let second_half = PageRequest { limit: rest, after: Some(middle), ..request.clone() };
        let (first, second) =
            tokio::join!(self.page_in(org, request, form.clone()), self.page_in(org, second_half, form));
        let mut page = first?;
        // The first half ends elsewhere if its entries are large, or if some were pruned meanwhile. Without the second, the
        // page is short.
        if let Ok(second) = second
            && page.more
            && page.entries.last() == Some(middle)
        {
            page.entries.append(&second.entries);
            (page.more, page.pruned) = (second.more, second.pruned);
        }
        Ok(page)
    }

    /// The position of the last entry of a page. None if the page is not full, or if no index finds the position without reading
    /// entries: see `last_of`.
    pub async fn page_end(&self, org: OrgId, request: &PageRequest) -> Result<Option<Position>, StoreError> {
        Ok(self.last_of(org, request, request.limit).await?.map(|(position, _)| position))
    }

    /// The position of entry number `count` of the page, and the page's `as_of`. None if there are fewer entries, on PostgreSQL,
    /// with other filters than times, or below [`MIN_HALF`].
    async fn last_of(
        &self,
        org: OrgId,
        request: &PageRequest,
        count: u32,
    ) -> Result<Option<(Position, u64)>, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) if count >= MIN_HALF && request.filter.has_only_times() => {
                let request = request.clone();
                let find = move |db: &_| run_now(pages::position(db, org, &request, count - 1));
                engine.query(Some(org), QueryKind::Lookup, find).await
            }
            _ => Ok(None),
        }
    }
}
