//! Reading entries: a page by key, one entry by id. On PostgreSQL each statement sees what was committed when it began,
//! so the prunes that explain missing entries are always read after the entries.

use std::ops::ControlFlow;

use crate::model::filter::Filter;
use crate::model::page::Position;
use crate::store::calls::{Lookup, OrgId, PageRead, PageRequest};
use crate::store::condition::UserRefs;
use crate::store::dialect::EntryQuery;
use crate::store::entries::{Entries, PageForm, StoredEntry};
use crate::store::error::StoreError;
use crate::store::session::{Columns, PageProgress, Session, optional, values};
use crate::store::users::user_refs;
use crate::store::{prunes, rollup};

/// A page larger than this ends before its limit: entries may be large, and many pages must fit in memory. A page always
/// holds at least one entry.
pub(super) const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The organization's highest id.
pub(super) async fn head<S: Session>(db: &S, org: OrgId) -> Result<u64, S::Error> {
    let sql = "SELECT head FROM org_heads WHERE org_id = ?1";
    Ok(optional(db, sql, values![org], |row| row.unsigned(0)).await?.unwrap_or_default())
}

/// Visits every entry up to `as_of` that matches, in no particular order.
pub(super) async fn visit_matching<S: Session>(
    db: &S,
    org: OrgId,
    filter: &Filter,
    as_of: u64,
    visit: impl FnMut(&StoredEntry<'_>) -> Result<(), StoreError>,
) -> Result<(), S::Error> {
    let user_refs = &user_refs(db, org, filter).await?;
    if rollup::may_match(db, org, filter, user_refs).await? {
        db.visit_entries(&EntryQuery { org, filter, user_refs, as_of }, visit).await?;
    }
    Ok(())
}

/// Reads a page to its end.
pub(super) async fn page<S: Session>(
    db: &S,
    org: OrgId,
    request: &PageRequest,
    form: &PageForm,
) -> Result<PageRead, S::Error> {
    let mut part = PartialPage::new(request.clone(), form.clone());
    loop {
        match part.read_on(db, org).await? {
            ControlFlow::Break(read) => return Ok(read),
            ControlFlow::Continue(rest) => part = rest,
        }
    }
}

/// A page that may be read in several parts. The bound of the first part holds for all: entries recorded meanwhile are
/// left out, and entries pruned meanwhile are missing.
pub(super) struct PartialPage {
    request: PageRequest,
    entries: Entries,
}

impl PartialPage {
    pub(super) fn new(request: PageRequest, form: PageForm) -> Self {
        Self { request, entries: Entries::new(form) }
    }

    /// Reads until the page is full or the engine pauses.
    pub(super) async fn read_on<S: Session>(
        mut self,
        db: &S,
        org: OrgId,
    ) -> Result<ControlFlow<PageRead, Self>, S::Error> {
        let Self { request, entries } = &mut self;
        let head = head(db, org).await?;
        let as_of = request.as_of.map_or(head, |as_of| as_of.min(head));
        let user_refs = &user_refs(db, org, &request.filter).await?;
        let query = EntryQuery { org, filter: &request.filter, user_refs, as_of };
        let progress = match rollup::may_match(db, org, &request.filter, user_refs).await? {
            true => db.fill_page(&query, request, entries).await?,
            false => PageProgress::Complete { has_more: false },
        };
        match progress {
            PageProgress::Complete { has_more } => {
                let pruned = prunes::pruned(db, org).await?;
                let read = PageRead { entries: self.entries, more: has_more, as_of, pruned };
                Ok(ControlFlow::Break(read))
            }
            PageProgress::Paused(position) => {
                (request.as_of, request.after) = (Some(as_of), Some(position));
                Ok(ControlFlow::Continue(self))
            }
        }
    }
}

/// The position of the entry that has `skipped` others before it on a page, and the bound of the page. It reads an index
/// alone if the filter has no more than times.
pub(super) async fn position<S: Session>(
    db: &S,
    org: OrgId,
    request: &PageRequest,
    skipped: u32,
) -> Result<Option<(Position, u64)>, S::Error> {
    let head = head(db, org).await?;
    let as_of = request.as_of.map_or(head, |as_of| as_of.min(head));
    let query = EntryQuery { org, filter: &request.filter, user_refs: &UserRefs::default(), as_of };
    let select = S::DIALECT.position(&query, (request.order, request.after), skipped);
    let mut found = None;
    let read = |row: &dyn Columns| {
        let id = (S::DIALECT.id_from_column)(row.integer(1)?);
        found = Some((Position { occurred_at: row.time(0)?, id }, as_of));
        Ok(())
    };
    db.visit_query(&select, read).await?;
    Ok(found)
}

pub(super) async fn entry<S: Session>(db: &S, org: OrgId, id: u64) -> Result<Lookup, S::Error> {
    if id == 0 || id > head(db, org).await? {
        return Ok(Lookup::Missing);
    }
    let dialect = &S::DIALECT;
    let sql =
        format!("SELECT {} FROM entries WHERE org_id = ?1 AND {} = ?2", dialect.entry_columns, dialect.id);
    if let Some(entry) = db.read_entry(org, &sql, values![org, (dialect.id_to_column)(org, id)]).await? {
        return Ok(Lookup::Found(Box::new(entry)));
    }
    let missing = || StoreError::Damaged(format!("entry {id} is missing and no prune took it")).into();
    prunes::of_entry(db, org, id).await?.map(Lookup::Pruned).ok_or_else(missing)
}
