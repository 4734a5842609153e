//! The list of a log.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::api::query::{Query, filter_pairs};
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::page::{Cursor, Order};
use crate::model::words::Log;
use crate::page::filters::FilterForm;
use crate::page::list::{PageRows, view};
use crate::page::shell::Equal;
use crate::page::text::{href, list_path};
use crate::render::command_line::{filter_words, log_words, without_flag};
use crate::server::auth::ReadScope;
use crate::server::page::answer::PageError;
use crate::server::page::frame::{framed, section};
use crate::server::page::query::{Direction, PageQuery, Request, read};
use crate::server::page::session::{VIEWER, Viewer, viewer_tag};
use crate::server::reads;
use crate::server::state::Server;
use crate::server::trail::recent::AnsweredPage;
use crate::store::PageRequest;

/// The number of entries on a page.
const ROWS: u32 = 50;

pub(super) async fn show<S: ReadScope>(
    State(server): State<Server>,
    viewer: Viewer<S>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    reads::settle(&server, &viewer.caller).await;
    let mut query = read(Request::List(S::LOG), raw.as_deref(), &viewer.time)?;
    let found = if query.errors.is_empty() { find(&server, &viewer, &mut query).await? } else { None };
    let facets = facets(&server, &viewer, &query.filter).await?;
    let form = FilterForm { log: S::LOG, typed: &query.typed, errors: &query.errors, facets: &facets };
    let rows = found.as_ref().map(|found| rows::<S>(&query, found, &viewer_tag(&viewer.caller)));
    let body = view(&form, rows.as_ref(), viewer.time);
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let equal = if found.is_some() { equal(S::LOG, &query) } else { Equal::Commands(Vec::new()) };
    let title = match S::LOG {
        Log::Audit => "Audit logs",
        Log::Trail => "Trail",
    };
    Ok(framed(&server, &viewer, (status, section(S::LOG), title), equal, &body)?)
}

/// The equal command line. It begins at the first page, so other pages have none.
fn equal(log: Log, query: &PageQuery) -> Equal {
    let without_flag = without_flag(&query.filter);
    if !without_flag.is_empty() {
        let names = without_flag.join(", ");
        return Equal::Note(format!("No command line shows the same: it has no flag for {names}."));
    }
    if query.cursor.is_some() {
        return Equal::Commands(Vec::new());
    }
    Equal::Commands(vec![[&["list".to_owned()][..], &log_words(log), &filter_words(&query.filter)].concat()])
}

/// A page of entries, newest first.
struct Found {
    entries: Vec<Entry>,
    as_of: u64,
    pruned: Option<crate::model::prune::Pruned>,
    has_older: bool,
    has_newer: bool,
    total: Option<u64>,
    binding: [u8; 8],
}

/// Reads the page. A cursor of another query becomes an error of the query, and there is no page.
async fn find<S: ReadScope>(
    server: &Server,
    viewer: &Viewer<S>,
    query: &mut PageQuery,
) -> Result<Option<Found>, PageError> {
    let log = viewer.caller.log();
    let asked = Query { filter: query.filter.clone(), limit: ROWS, ..Query::default() };
    let binding = asked.binding(log.number());
    if let Some((direction, cursor)) = query.cursor.filter(|(_, cursor)| cursor.binding != binding) {
        let name = if direction == Direction::Older { "older" } else { "newer" };
        let detail = format!("{} is a position in another list: start at the first page", cursor.position.id);
        query.errors.push(crate::model::draft::FieldError::new(name, detail));
        return Ok(None);
    }
    let is_newer = matches!(query.cursor, Some((Direction::Newer, _)));
    let order = if is_newer { Order::Ascending } else { Order::Descending };
    let (after, as_of) = query.cursor.map_or((None, None), |(_, it)| (Some(it.position), Some(it.as_of)));
    let filter = query.filter.clone();
    let request = PageRequest { filter: filter.clone(), order, limit: ROWS, after, as_of };
    let read = server.query(server.store.page(log, request)).await?;
    let last = read.entries.last().filter(|_| read.more);
    let asked = Query { cursor: query.cursor.map(|(_, cursor)| cursor), ..asked };
    let answered = AnsweredPage {
        query: &asked,
        binding,
        as_of: read.as_of,
        rows: read.entries.len() as u64,
        next: last,
    };
    reads::note_page(server, &viewer.caller, None, &answered).await?;
    let total = if query.total || !filter.reads_content() {
        Some(server.query(server.store.count(log, filter, read.as_of)).await?)
    } else {
        None
    };
    let mut entries = read.entries.list()?;
    if is_newer {
        entries.reverse();
    }
    Ok(Some(Found {
        entries,
        as_of: read.as_of,
        pruned: read.pruned,
        has_older: read.more || is_newer,
        has_newer: if is_newer { read.more } else { query.cursor.is_some() },
        total,
        binding,
    }))
}

/// Counts for the controls, in the time range alone: the rollup has them.
async fn facets<S: ReadScope>(
    server: &Server,
    viewer: &Viewer<S>,
    filter: &Filter,
) -> Result<Facets, PageError> {
    let times = Filter { since: filter.since, until: filter.until, ..Filter::default() };
    Ok(server.query(server.store.facets_without_days(viewer.caller.log(), times)).await?)
}

fn rows<'a, S: ReadScope>(query: &'a PageQuery, found: &'a Found, viewer: &str) -> PageRows<'a> {
    let path = list_path(S::LOG);
    // The file, and the pages before and after, are of this filter, also when a relative time is read again later.
    let exact = filter_pairs(&query.filter);
    let step = |name: &'static str, entry: Option<&Entry>| {
        let entry = entry?;
        let cursor =
            Cursor { position: entry.position(), as_of: found.as_of, binding: found.binding }.encode();
        let total = query.total.then(|| ("total", "true".to_owned()));
        Some(href(path, exact.iter().cloned().chain(total).chain([(name, cursor)])))
    };
    let typed = || query.typed.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let tail = query.cursor.is_none().then(|| tail_path(S::LOG, &query.filter, found.as_of, viewer));
    let at_end = [found.has_older, found.has_newer];
    PageRows {
        entries: &found.entries,
        total: found.total,
        count: href(path, typed().chain([("total", "true")])),
        older: step("older", found.entries.last()).filter(|_| at_end[0]),
        newer: step("newer", found.entries.first()).filter(|_| at_end[1]),
        export: href(
            &format!("{path}/export.csv"),
            exact.iter().cloned().chain([(VIEWER, viewer.to_owned())]),
        ),
        tail,
        pruned: found.pruned,
    }
}

/// Where the script asks for entries after the one with this id.
pub(super) fn tail_path(log: Log, filter: &Filter, after_id: u64, viewer: &str) -> String {
    let after = [("after_id", after_id.to_string()), (VIEWER, viewer.to_owned())];
    href(&format!("{}/new", list_path(log)), filter_pairs(filter).into_iter().chain(after))
}
