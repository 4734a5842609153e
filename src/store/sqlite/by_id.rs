//! Pages by id of filters that an index can answer. SQLite would sort all matches for every page, or walk the whole log to a
//! few. So an index is asked first which entries match, as far as they are few; a page of many walks the log from its start.

use rusqlite::{Connection, params_from_iter};

use crate::model::filter::{Filter, Resource};
use crate::model::page::Order;
use crate::model::words::ModelType;
use crate::store::calls::PageRequest;
use crate::store::condition::UserRefs;
use crate::store::dialect::{EntryQuery, Ids};
use crate::store::error::StoreError;
use crate::store::session::Session as _;
use crate::store::sqlite::reader::id;

/// The most matches that are looked up one by one. Where there are more, a walk passes few others to the next one.
pub(super) const FEW: usize = 20_000;
/// A walk of so many entries costs no more than asking an index.
const NEAR: u64 = 1_000;
/// How many of them one statement reads.
pub(super) const CHUNK: usize = 1_000;

/// The ids after the start of a page by id that may match, in order. None if the page is to walk the log.
pub(super) fn few_ids(
    db: &Connection,
    query: &EntryQuery<'_>,
    request: &PageRequest,
) -> Result<Option<Vec<u64>>, StoreError> {
    let after = request.after.map_or(0, |after| after.id);
    let is_near = query.as_of.saturating_sub(after) <= NEAR;
    if request.order != Order::ById || !matches!(query.ids, Ids::All) || is_near {
        return Ok(None);
    }
    let Some((filter, user_refs)) = indexed(query.filter, query.user_refs) else { return Ok(None) };
    let condition =
        Connection::DIALECT.condition(&EntryQuery::new(query.org, &filter, &user_refs, query.as_of));
    let sql = format!("SELECT key FROM entries WHERE {} LIMIT {}", condition.sql, FEW + 1);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&condition.parameters))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(id(row.get(0)?));
    }
    if ids.len() > FEW {
        return Ok(None);
    }
    ids.retain(|id| *id > after);
    ids.sort_unstable();
    Ok(Some(ids))
}

/// The most selective part of a filter that one index answers alone.
fn indexed(filter: &Filter, user_refs: &UserRefs) -> Option<(Filter, UserRefs)> {
    let times = Filter { since: filter.since, until: filter.until, ..Filter::default() };
    let part = if !filter.request_id.include.is_empty() {
        Filter { request_id: filter.request_id.clone(), ..Filter::default() }
    } else if !filter.resource.include.is_empty() {
        Filter { resource: filter.resource.clone(), ..times }
    } else if !filter.model_id.include.is_empty() {
        // The index begins with the type.
        let of_type = |model_type| {
            filter.model_id.include.iter().map(move |id| Resource { model_type, model_id: id.clone() })
        };
        let mut part = times;
        part.resource.include = ModelType::ALL.iter().copied().flat_map(of_type).collect();
        part
    } else if !filter.user.include.is_empty() {
        return Some((times, UserRefs { user: user_refs.user.clone(), on_behalf_of: None }));
    } else if !filter.on_behalf_of.include.is_empty() {
        let part = Filter { on_behalf_of: filter.on_behalf_of.clone(), ..times };
        return Some((part, UserRefs { user: None, on_behalf_of: user_refs.on_behalf_of.clone() }));
    } else if times == Filter::default() {
        return None;
    } else {
        times
    };
    Some((part, UserRefs::default()))
}
