//! Pages by id. SQLite's planner would sort all matches for every page, or walk the whole log to a few. So an index is asked for the
//! ids of all matches first. If there are too many, the log is walked in windows, and the index is asked for the next matches when
//! a window has not filled the page.

use std::time::Instant;

use rusqlite::{Connection, params_from_iter};

use crate::model::filter::{Filter, Resource};
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType;
use crate::store::calls::PageRequest;
use crate::store::condition::{Parameter, UserRefs};
use crate::store::dialect::{EntryQuery, Ids};
use crate::store::entries::Entries;
use crate::store::error::StoreError;
use crate::store::session::{PageProgress, Session as _};
use crate::store::sqlite::page::{PART, fill};
use crate::store::sqlite::reader::{id, key};

/// Where one way of finding entries gets cheaper than another, in entries.
#[derive(Clone, Copy)]
struct Limits {
    /// The most matches that are looked up one by one.
    few: usize,
    /// A walk of so many entries costs no more than asking an index.
    near: u64,
    /// How many entries one statement walks.
    window: u64,
}

const LIMITS: Limits = Limits { few: 20_000, near: 4_000, window: 100_000 };
/// How many entries one statement reads by their ids.
const CHUNK: usize = 1_000;
/// The highest id of a log.
const LAST_ID: u64 = u64::MAX >> 24;

/// Fills a page by id from all ids.
pub(super) fn fill_page(
    db: &Connection,
    query: &EntryQuery<'_>,
    request: &PageRequest,
    page: &mut Entries,
) -> Result<PageProgress, StoreError> {
    ById { db, query, request, page, limits: LIMITS, begun: Instant::now() }.fill()
}

struct ById<'a> {
    db: &'a Connection,
    query: &'a EntryQuery<'a>,
    request: &'a PageRequest,
    page: &'a mut Entries,
    limits: Limits,
    begun: Instant,
}

/// A part of a filter that one index answers alone, and the users it admits.
type IndexedPart = (Filter, UserRefs);

impl ById<'_> {
    fn fill(&mut self) -> Result<PageProgress, StoreError> {
        let mut after = self.request.after.map_or(0, |after| after.id);
        let parts = match self.query.as_of.saturating_sub(after) <= self.limits.near {
            true => Vec::new(),
            false => indexed_parts(self.query.filter, self.query.user_refs),
        };
        for part in &parts {
            if let Some(ids) = self.all_ids(part, after)? {
                return self.read(&ids);
            }
        }
        while after < self.query.as_of {
            let last = self.query.as_of.min(after + self.limits.window);
            match self.fill_from(Ids::Range(after + 1, last))? {
                PageProgress::Complete { has_more: false } => after = last,
                progress => return Ok(progress),
            }
            if let Some(part) = parts.first().filter(|_| after < self.query.as_of) {
                let ids = self.next_ids(part, after)?;
                match (self.read(&ids)?, ids.last()) {
                    (PageProgress::Complete { has_more: false }, Some(last))
                        if ids.len() == self.limits.few =>
                    {
                        after = *last
                    }
                    // The page is full, or these were the last matches.
                    (progress, _) => return Ok(progress),
                }
            }
            if self.begun.elapsed() >= PART {
                return Ok(paused(after));
            }
        }
        Ok(PageProgress::Complete { has_more: false })
    }

    fn fill_from(&mut self, ids: Ids<'_>) -> Result<PageProgress, StoreError> {
        fill(self.db, &EntryQuery { ids, ..*self.query }, self.request, self.page)
    }

    /// Reads those of these entries that match.
    fn read(&mut self, ids: &[u64]) -> Result<PageProgress, StoreError> {
        for ids in ids.chunks(CHUNK) {
            match self.fill_from(Ids::List(ids))? {
                PageProgress::Complete { has_more: false } => {}
                progress => return Ok(progress),
            }
            if let Some(last) = ids.last().filter(|_| self.begun.elapsed() >= PART) {
                return Ok(paused(*last));
            }
        }
        Ok(PageProgress::Complete { has_more: false })
    }

    /// The ids after `after` that a part of the filter admits, in order; None if it admits many entries of the log.
    fn all_ids(&self, part: &IndexedPart, after: u64) -> Result<Option<Vec<u64>>, StoreError> {
        let mut ids = self.ids(part, 0, &format!("LIMIT {}", self.limits.few + 1))?;
        if ids.len() > self.limits.few {
            return Ok(None);
        }
        ids.retain(|id| *id > after && *id <= self.query.as_of);
        ids.sort_unstable();
        Ok(Some(ids))
    }

    /// The next ids after `after` that a part of the filter admits, in order.
    fn next_ids(&self, part: &IndexedPart, after: u64) -> Result<Vec<u64>, StoreError> {
        let mut ids = self.ids(part, after, &format!("ORDER BY +key LIMIT {}", self.limits.few))?;
        ids.retain(|id| *id <= self.query.as_of);
        Ok(ids)
    }

    /// The ids after `after` that a part of the filter admits: an index has them. `+key` keeps SQLite from walking the table.
    fn ids(&self, (filter, user_refs): &IndexedPart, after: u64, end: &str) -> Result<Vec<u64>, StoreError> {
        let query = EntryQuery::new(self.query.org, filter, user_refs, LAST_ID);
        let mut condition = Connection::DIALECT.condition(&query);
        condition.and("+key > ?", [Parameter::Integer(key(self.query.org, after))]);
        let sql = format!("SELECT key FROM entries WHERE {} {end}", condition.sql);
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(&condition.parameters))?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(id(row.get(0)?));
        }
        Ok(ids)
    }
}

/// Where the next part of the page begins. Only the id counts in this order.
const fn paused(after: u64) -> PageProgress {
    PageProgress::Paused(Position { occurred_at: Timestamp::MIN, id: after })
}

/// The parts of a filter that one index each answers alone, those first that usually admit the fewest entries.
fn indexed_parts(filter: &Filter, user_refs: &UserRefs) -> Vec<IndexedPart> {
    let times = Filter { since: filter.since, until: filter.until, ..Filter::default() };
    let mut parts = Vec::new();
    let of_all = |filter| (filter, UserRefs::default());
    if !filter.request_id.include.is_empty() {
        parts.push(of_all(Filter { request_id: filter.request_id.clone(), ..Filter::default() }));
    }
    if !filter.resource.include.is_empty() {
        parts.push(of_all(Filter { resource: filter.resource.clone(), ..times.clone() }));
    }
    if !filter.model_id.include.is_empty() {
        // The index begins with the type.
        let of_type = |model_type| {
            filter.model_id.include.iter().map(move |id| Resource { model_type, model_id: id.clone() })
        };
        let mut part = times.clone();
        part.resource.include = ModelType::ALL.iter().copied().flat_map(of_type).collect();
        parts.push(of_all(part));
    }
    if !filter.on_behalf_of.include.is_empty() {
        let part = Filter { on_behalf_of: filter.on_behalf_of.clone(), ..times.clone() };
        parts.push((part, UserRefs { user: None, on_behalf_of: user_refs.on_behalf_of.clone() }));
    }
    if !filter.user.include.is_empty() {
        parts.push((times.clone(), UserRefs { user: user_refs.user.clone(), on_behalf_of: None }));
    }
    if times != Filter::default() {
        parts.push(of_all(times));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::page::Order;
    use crate::store::calls::OrgId;
    use crate::store::entries::PageForm;
    use crate::store::sqlite::query_cost::{filter, log, matching};
    use crate::store::sqlite::session::run_now;
    use crate::store::users::KnownUsers;

    const ENTRIES: u64 = 1_500;

    /// The ids of all pages of a filter, whichever way they are found.
    fn all_pages(db: &Connection, org: OrgId, filter: &Filter, limits: Limits, limit: u32) -> Vec<u64> {
        let user_refs = run_now(KnownUsers::default().refs(db, org, filter, ENTRIES)).expect("users");
        let query = EntryQuery::new(org, filter, &user_refs, ENTRIES);
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let request =
                PageRequest { filter: filter.clone(), order: Order::ById, limit, after, as_of: None };
            let mut page = Entries::new(PageForm::List);
            let by_id =
                ById { db, query: &query, request: &request, page: &mut page, limits, begun: Instant::now() };
            let progress = { by_id }.fill().expect("filled");
            found.extend(page.list().expect("entries").into_iter().map(|entry| entry.id));
            after = match progress {
                PageProgress::Complete { has_more: false } => return found,
                PageProgress::Complete { has_more: true } => page.last(),
                PageProgress::Paused(position) => Some(position),
            };
        }
    }

    #[test]
    fn every_way_finds_the_same_entries_in_order() {
        let (db, org) = log(ENTRIES);
        let few = |few| Limits { few, near: 20, window: 70 };
        for question in [
            "",
            "user=0",
            "user=0,1,2,p1",
            "user=!3",
            "user=3&user=!4",
            "on_behalf_of=p1",
            "on_behalf_of=!p1",
            "user=3&on_behalf_of=p2",
            "resource=connector/10",
            "resource=connector/10,secret/12",
            "resource=!connector/10",
            "model_id=10",
            "model_id=10,11&model_type=secret",
            "request_id=r7",
            "request_id=!r7",
            "action=deleted&user=5",
            "via=terraform&user=5",
            "since=2023-11-14T22:30:00Z",
            "until=2023-11-14T22:20:00Z&user=1",
            "since=2026-01-01T00:00:00Z",
        ] {
            let filter = filter(question);
            let expected = matching(&db, org, &filter);
            for limits in [LIMITS, few(1), few(10), few(100), few(1_000)] {
                for limit in [7, 1_000] {
                    let found = all_pages(&db, org, &filter, limits, limit);
                    assert_eq!(found, expected, "{question}: {} {limit}", limits.few);
                }
            }
        }
    }
}
