//! Reading entries: a page by key, one entry by id. On PostgreSQL each statement sees what was committed when it began,
//! so the prunes that explain missing entries are always read after the entries.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::page::{Order, Position};
use crate::model::timestamp::Timestamp;
use crate::store::calls::{Lookup, OrgId, PageRead, PageRequest};
use crate::store::condition::UserRefs;
use crate::store::dialect::{EntryQuery, Ids};
use crate::store::entries::{Entries, PageForm, StoredEntry};
use crate::store::error::StoreError;
use crate::store::session::{Columns, PageProgress, Session, optional, values};
use crate::store::text::candidates::{candidates, entries_before_index};
use crate::store::users::KnownUsers;
use crate::store::{prunes, rollup};

/// A page larger than this ends before its limit: entries may be large, and many pages must fit in memory. A page always
/// holds at least one entry.
pub(super) const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The organization's highest id.
pub(super) async fn head<S: Session>(db: &S, org: OrgId) -> Result<u64, S::Error> {
    let sql = "SELECT head FROM org_heads WHERE org_id = ?1";
    Ok(optional(db, sql, values![org], |row| row.unsigned(0)).await?.unwrap_or_default())
}

/// Visits every entry of a query, in no particular order.
pub(super) async fn visit_matching<S: Session>(
    db: &S,
    query: &EntryQuery<'_>,
    mut visit: impl FnMut(&StoredEntry<'_>) -> Result<(), StoreError>,
) -> Result<(), S::Error> {
    if !rollup::may_match(db, query).await? {
        return Ok(());
    }
    match candidates(db, query.org, query.filter, query.as_of).await? {
        None => db.visit_entries(query, visit).await?,
        Some(candidates) => {
            for (first, last) in candidates.ranges(1) {
                let query = EntryQuery { ids: Ids::Range(first, last), ..*query };
                db.visit_entries(&query, &mut visit).await?;
            }
        }
    }
    Ok(())
}

/// Reads a page to its end.
pub(super) async fn page<S: Session>(
    db: &S,
    org: OrgId,
    request: &PageRequest,
    form: &PageForm,
    users: &Arc<KnownUsers>,
) -> Result<PageRead, S::Error> {
    let mut part = PartialPage::new(request.clone(), form.clone(), Arc::clone(users));
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
    /// How many parts were read.
    parts: u32,
    users: Arc<KnownUsers>,
}

impl PartialPage {
    pub(super) fn new(request: PageRequest, form: PageForm, users: Arc<KnownUsers>) -> Self {
        Self { request, entries: Entries::new(form), parts: 0, users }
    }

    /// Reads until the page is full or the engine pauses.
    pub(super) async fn read_on<S: Session>(
        mut self,
        db: &S,
        org: OrgId,
    ) -> Result<ControlFlow<PageRead, Self>, S::Error> {
        let Self { request, entries, parts, users } = &mut self;
        let head = head(db, org).await?;
        let as_of = request.as_of.map_or(head, |as_of| as_of.min(head));
        let user_refs = &users.refs(db, org, &request.filter, as_of).await?;
        let query = EntryQuery::new(org, &request.filter, user_refs, as_of);
        let progress = match rollup::may_match(db, &query).await? {
            true => fill_page(db, query, request, *parts, entries).await?,
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
                *parts += 1;
                Ok(ControlFlow::Continue(self))
            }
        }
    }
}

/// The first matches after a position, in an order by time.
struct FirstMatches {
    order: Order,
    after: Option<(Timestamp, u64)>,
    wanted: usize,
    found: BTreeSet<(Timestamp, u64)>,
}

impl FirstMatches {
    fn new(order: Order, after: Option<Position>, wanted: usize) -> Self {
        let after = after.map(|after| (after.occurred_at, after.id));
        Self { order, after, wanted, found: BTreeSet::new() }
    }

    fn note(&mut self, position: Position) {
        let key = (position.occurred_at, position.id);
        let descends = self.order == Order::Descending;
        if self.after.is_some_and(|after| if descends { key >= after } else { key <= after }) {
            return;
        }
        self.found.insert(key);
        if self.found.len() > self.wanted {
            if descends {
                self.found.pop_first()
            } else {
                self.found.pop_last()
            };
        }
    }

    fn into_sorted(self) -> Vec<Position> {
        let positions = self.found.into_iter().map(|(occurred_at, id)| Position { occurred_at, id });
        if self.order == Order::Descending { positions.rev().collect() } else { positions.collect() }
    }
}

/// Reads on by way of the text index, where that helps.
async fn fill_page<S: Session>(
    db: &S,
    query: EntryQuery<'_>,
    request: &PageRequest,
    parts: u32,
    page: &mut Entries,
) -> Result<PageProgress, S::Error> {
    if parts == 0
        && request.order != Order::ById
        && let Some(grams) = query.filter.gram_query()
    {
        let pause_after = Some(entries_before_index(query.filter, &grams, request.limit, query.as_of));
        return db.fill_page(&EntryQuery { pause_after, ..query }, request, page).await;
    }
    let Some(candidates) = candidates(db, query.org, query.filter, query.as_of).await? else {
        return db.fill_page(&query, request, page).await;
    };
    if request.order == Order::ById {
        let first = request.after.map_or(1, |after| after.id.saturating_add(1));
        for (first, last) in candidates.ranges(first) {
            let query = EntryQuery { ids: Ids::Range(first, last), ..query };
            match db.fill_page(&query, request, page).await? {
                PageProgress::Complete { has_more: false } => {}
                progress => return Ok(progress),
            }
        }
        return Ok(PageProgress::Complete { has_more: false });
    }
    if !candidates.are_few(query.filter, request.limit, parts > 1) {
        let query = EntryQuery { ids: Ids::Blocks(candidates.map()), ..query };
        return db.fill_page(&query, request, page).await;
    }
    // Blocks follow the order of recording, and the page that of time: all matches are found before the first is known.
    let wanted = usize::try_from(request.limit).unwrap_or(usize::MAX).saturating_sub(page.len());
    let mut first = FirstMatches::new(request.order, request.after, wanted.saturating_add(1));
    for (from, last) in candidates.ranges(1) {
        let query = EntryQuery { ids: Ids::Range(from, last), ..query };
        let note = |entry: &StoredEntry<'_>| {
            first.note(entry.position());
            Ok(())
        };
        db.visit_entries(&query, note).await?;
    }
    let matches = first.into_sorted();
    let ids: Vec<u64> = matches.iter().map(|position| position.id).collect();
    if ids.is_empty() {
        return Ok(PageProgress::Complete { has_more: false });
    }
    let progress = db.fill_page(&EntryQuery { ids: Ids::List(&ids), ..query }, request, page).await?;
    match (progress, matches.get(wanted)) {
        // On PostgreSQL, entries that were just found may be pruned now. Others follow them.
        (PageProgress::Complete { has_more: false }, Some(last)) => Ok(PageProgress::Paused(*last)),
        (progress, _) => Ok(progress),
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
    let user_refs = &UserRefs::default();
    let query = EntryQuery::new(org, &request.filter, user_refs, as_of);
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
