//! Reading the trail: the same answers as for the audit log, by the scope `trail`. No call records in the trail or prunes
//! it.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::api::counts::Counts;
use crate::api::page::Page;
use crate::api::parameters::{TrailCountParameters, TrailFilterParameters, TrailListParameters};
use crate::api::problem::Problem;
use crate::api::problems::{FilterProblems, ScopeProblems};
use crate::api::prune::{Prunes, RetentionAnswer};
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::server::auth::{Caller, CanReadTrail};
use crate::server::body::NoParameters;
use crate::server::error::ApiError;
use crate::server::handlers::{counts, entries, prune};
use crate::server::state::Server;

/// Returns one page of the trail, newest first.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL, operation_id = "list_trail", security(("bearer" = ["trail"])), params(TrailListParameters),
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
pub(crate) async fn list_trail(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    entries::page(&server, &caller, &headers, raw.as_deref()).await
}

/// Returns one entry of the trail.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_ENTRY, operation_id = "show_trail", security(("bearer" = ["trail"])),
    params(("id" = u64, Path, description = "The entry's id", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The entry", body = Entry),
        (status = 404, description = "No entry has this id", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The entry was pruned", body = Problem, content_type = "application/problem+json"),
        ScopeProblems,
    ))]
pub(crate) async fn show_trail(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    _: NoParameters,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    entries::entry(&server, &caller, &id).await
}

/// Counts entries of the trail by action, model type, user and day.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_FACETS, operation_id = "count_trail", security(("bearer" = ["trail"])), params(TrailFilterParameters),
    responses(
        (status = 200, description = "Counts", body = Facets),
        FilterProblems,
    ))]
pub(crate) async fn trail_facets(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    entries::count_by_value(&server, &caller, raw.as_deref()).await
}

/// Counts entries of the trail by one or two dimensions.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_COUNTS, operation_id = "group_trail", security(("bearer" = ["trail"])), params(TrailCountParameters),
    responses(
        (status = 200, description = "Counts", body = Counts),
        FilterProblems,
    ))]
pub(crate) async fn trail_counts(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    counts::group(server, &caller, raw.as_deref()).await
}

/// Returns the retention of the trail, which is a year at least, and the number of kept and expired entries.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_RETENTION, operation_id = "trail_retention", security(("bearer" = ["trail"])),
    responses(
        (status = 200, description = "Plan, cutoff and counts", body = RetentionAnswer),
        ScopeProblems,
    ))]
pub(crate) async fn trail_retention(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    _: NoParameters,
) -> Result<Json<RetentionAnswer>, ApiError> {
    prune::holdings(&server, &caller).await
}

/// Returns past prunes of the trail, newest first.
#[utoipa::path(
    get, path = crate::api::routes::TRAIL_PRUNES, operation_id = "trail_prunes", security(("bearer" = ["trail"])),
    responses(
        (status = 200, description = "Past prunes", body = Prunes),
        ScopeProblems,
    ))]
pub(crate) async fn trail_prunes(
    State(server): State<Server>,
    caller: Caller<CanReadTrail>,
    _: NoParameters,
) -> Result<Json<Prunes>, ApiError> {
    prune::past_prunes(&server, &caller).await
}
