//! Reading entries: pages, single entries and facets.

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::api::page::{Page, PageInfo, Total};
use crate::api::parameters::{FilterParameters, ListParameters};
use crate::api::problem::{Code, Problem};
use crate::api::problems::{FilterProblems, ScopeProblems};
use crate::api::query::{Query, read_only_filter};
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::trail::ReadCall;
use crate::server::auth::{Caller, CanRead, ReadScope};
use crate::server::body::{self, NoParameters};
use crate::server::error::ApiError;
use crate::server::handlers::question::Question;
use crate::server::handlers::rows;
use crate::server::reads;
use crate::server::state::Server;
use crate::server::trail::recent::AnsweredPage;
use crate::store::Lookup;

/// Returns one page of entries, newest first.
#[utoipa::path(
    get, path = crate::api::routes::AUDIT_LOGS, operation_id = "list_audit_logs", security(("bearer" = ["read"])), params(ListParameters),
    responses(
        (status = 200, description = "One page. Rows have what leads to the next page in headers, and only the first page has a header line", content(
            (Page = "application/json"), (String = "text/csv"), (String = "text/tab-separated-values"), (Entry = "application/x-ndjson"),
        ), headers(
            ("link" = String, description = "Rows: the next page, `rel=\"next\"`, relative to this one; absent on the last page, and when it would be longer than 4 kB"),
            ("krosyn-next-cursor" = String, description = "Rows: send it as `cursor` for the next page"),
            ("krosyn-count" = u64, description = "Rows: the number of entries on this page"),
            ("krosyn-as-of" = u64, description = "Rows: the upper bound of the answer, as `page.as_of`"),
            ("krosyn-lowest-id" = u64, description = "Rows: the lowest id on this page"),
            ("krosyn-highest-id" = u64, description = "Rows: the highest id on this page"),
            ("krosyn-highest-uuid" = String, description = "Rows: the uuid of the entry with the highest id"),
            ("krosyn-long-cells" = u64, description = "Rows: the number of entries with a cell longer than spreadsheets keep"),
            ("krosyn-total" = u64, description = "Rows: the number of entries that match, with `total=true`"),
            ("krosyn-pruned-through-id" = u64, description = "Rows: as `pruned.through_id`"),
            ("krosyn-pruned-before" = String, description = "Rows: as `pruned.before`"),
        )),
        FilterProblems,
    ))]
pub(crate) async fn list(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    page(&server, &caller, &headers, raw.as_deref()).await
}

/// Answers with a page of the log that the caller's scope reads, in the form that the caller prefers.
pub(super) async fn page<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    headers: &HeaderMap,
    raw: Option<&str>,
) -> Result<Response, ApiError> {
    if let Some(form) = rows::accepted(headers) {
        return rows::page(server, caller, form, raw).await;
    }
    let purpose = reads::purpose(caller)?;
    reads::settle(server, caller).await;
    let pairs = body::pairs(raw)?;
    let query = Query::read(S::LOG, &pairs)?;
    let question = Question::new(query, caller.log())?;
    let read = server.query(server.store.page(question.org, question.request())).await?;
    let total = question.total(server, read.as_of).await?.map(|count| Total { count, exact: true });
    let last = read.entries.last().filter(|_| read.more);
    let (query, binding, rows) = (&question.query, question.binding, read.entries.len() as u64);
    let answered = AnsweredPage { query, binding, as_of: read.as_of, rows, next: last };
    reads::note_page(server, caller, purpose.as_ref(), &answered).await?;
    let next_cursor = last.map(|position| question.cursor(position, read.as_of).encode());
    let pruned = read.pruned.filter(|pruned| pruned.through_id > question.passed());
    let page = PageInfo { limit: query.limit, next_cursor, as_of: read.as_of };
    let page = serde_json::to_string(&Page { data: Vec::new(), page, total, pruned });
    let page = page.map_err(|_| ApiError::internal())?;
    // The entries are JSON already: they are spliced into the empty list at the end.
    let before = page.strip_suffix("]}").ok_or_else(ApiError::internal)?;
    let body = [before.as_bytes(), read.entries.text(), b"]}"].concat();
    server.responses.respond(caller.key(), "application/json", body)
}

/// Returns one entry.
#[utoipa::path(
    get, path = crate::api::routes::AUDIT_LOG, operation_id = "show_audit_log", security(("bearer" = ["read"])),
    params(("id" = u64, Path, description = "The entry's id", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The entry", body = Entry),
        (status = 404, description = "No entry has this id", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The entry was pruned", body = Problem, content_type = "application/problem+json"),
        ScopeProblems,
    ))]
pub(crate) async fn show(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    _: NoParameters,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    entry(&server, &caller, &id).await
}

/// Answers with an entry of the log that the caller's scope reads.
pub(super) async fn entry<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    id: &str,
) -> Result<Response, ApiError> {
    server.responses.json(caller.key(), &find(server, caller, id).await?)
}

/// Reads an entry of the log that the caller's scope reads, and records the read in the trail.
pub(in crate::server) async fn find<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    id: &str,
) -> Result<Entry, ApiError> {
    let no_id = "no entry has this id: ids are whole numbers from 1, per organization";
    // `01` and `+1` are not ids.
    let canonical = |it: &u64| it.to_string() == id;
    let id = id.parse().ok().filter(canonical).ok_or_else(|| ApiError::new(Code::NotFound, no_id))?;
    let missing = || ApiError::new(Code::NotFound, format!("no entry has the id {id}"));
    reads::settle(server, caller).await;
    match server.store.entry(caller.log(), id).await? {
        Lookup::Found(entry) => {
            reads::note_entry(server, caller, id).await?;
            Ok(*entry)
        }
        Lookup::Missing => Err(missing()),
        Lookup::Pruned(prune) => {
            let at = prune.finished_at.unwrap_or(prune.started_at);
            let detail = format!(
                "entry {id} was pruned at {at} by {} (prune {}, cutoff {})",
                prune.by, prune.id, prune.cutoff
            );
            Err(ApiError::new(Code::Pruned, detail))
        }
    }
}

/// Counts entries by action, model type, user and day.
#[utoipa::path(
    get, path = crate::api::routes::FACETS, operation_id = "count_audit_logs", security(("bearer" = ["read"])), params(FilterParameters),
    responses(
        (status = 200, description = "Counts", body = Facets),
        FilterProblems,
    ))]
pub(crate) async fn facets(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    count_by_value(&server, &caller, raw.as_deref()).await
}

/// Answers with the facets of the log that the caller's scope reads.
pub(super) async fn count_by_value<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
    raw: Option<&str>,
) -> Result<Response, ApiError> {
    let pairs = body::pairs(raw)?;
    let filter = read_only_filter(S::LOG, &pairs)?;
    reads::settle(server, caller).await;
    let facets = server.query(server.store.facets(caller.log(), filter.clone())).await?;
    reads::note_counts(server, caller, ReadCall::Facets, &filter).await?;
    server.responses.json(caller.key(), &facets)
}
