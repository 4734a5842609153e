//! Legal holds: creating, listing, showing and releasing them. Each change is durable in the trail before it takes effect.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::api::hold::{CoveredEntries, CreateHold, HoldAnswer, Holds, ReleaseHold, read_filter_text};
use crate::api::problem::{Code, Problem};
use crate::api::problems::{BodyProblems, ScopeProblems};
use crate::api::query::{filter_pairs, filter_parameters};
use crate::model::draft::FieldError;
use crate::model::hold::{
    Hold, HoldFilter, MAX_ACTIVE_HOLDS, MAX_FILTER_BYTES, MAX_HOLDS, Release, is_reason,
};
use crate::model::page::Order;
use crate::model::trail::{HoldEvent, TrailEvent};
use crate::model::words::Log;
use crate::server::auth::{Caller, CanHold};
use crate::server::body::NoParameters;
use crate::server::error::ApiError;
use crate::server::handlers::json_body;
use crate::server::state::Server;
use crate::store::error::StoreError;
use crate::store::{OrgId, PageRequest};

/// Returns all holds, active and released.
#[utoipa::path(
    get, path = crate::api::routes::HOLDS, operation_id = "list_holds", security(("bearer" = ["hold"])),
    responses(
        (status = 200, description = "The holds, by name", body = Holds),
        ScopeProblems,
    ))]
pub(crate) async fn list_holds(
    State(server): State<Server>,
    caller: Caller<CanHold>,
    _: NoParameters,
) -> Result<Response, ApiError> {
    let holds = server.store.holds(caller.organization.id).await?;
    let holds = Holds { data: holds.iter().map(HoldAnswer::from).collect() };
    server.responses.json(caller.key(), &holds)
}

/// Returns a hold and the number of entries that it covers.
#[utoipa::path(
    get, path = crate::api::routes::HOLD, operation_id = "show_hold", security(("bearer" = ["hold"])),
    params(("name" = String, Path, description = "The hold's name", example = "case-2026-14")),
    responses(
        (status = 200, description = "The hold", body = HoldAnswer),
        (status = 404, description = "No hold has this name", body = Problem, content_type = "application/problem+json"),
        ScopeProblems,
    ))]
pub(crate) async fn show_hold(
    State(server): State<Server>,
    caller: Caller<CanHold>,
    _: NoParameters,
    Path(name): Path<String>,
) -> Result<Json<HoldAnswer>, ApiError> {
    let hold = find(&server, caller.organization.id, &name).await?;
    Ok(Json(with_entries(&server, &caller, &hold).await?))
}

/// Creates a hold. From the answer on, no prune deletes an entry that it covers, on any server of the store.
#[utoipa::path(
    post, path = crate::api::routes::HOLDS, operation_id = "create_hold", security(("bearer" = ["hold"])),
    request_body(content = CreateHold, content_type = "application/json"),
    responses(
        (status = 201, description = "The hold", body = HoldAnswer),
        (status = 409, description = "A hold of this name exists", body = Problem, content_type = "application/problem+json"),
        BodyProblems,
    ))]
pub(crate) async fn create_hold(
    State(server): State<Server>,
    caller: Caller<CanHold>,
    _: NoParameters,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<HoldAnswer>), ApiError> {
    let (caller, request): (_, CreateHold) = json_body::read(&server, caller, &headers, body).await?;
    let org = caller.organization.id;
    let hold = new_hold(&server, &caller, &request)?;
    // The trail does not record a hold that cannot be created.
    let existing = server.store.holds(org).await?;
    if let Some(same) = existing.iter().find(|it| it.name == hold.name) {
        return Err(exists(same));
    }
    if existing.iter().filter(|it| it.is_active()).count() >= MAX_ACTIVE_HOLDS {
        let detail = format!(
            "{MAX_ACTIVE_HOLDS} holds are active, which is the most: release one, or give one more values"
        );
        return Err(ApiError::new(Code::Invalid, detail));
    }
    if existing.len() >= MAX_HOLDS {
        let detail = format!(
            "there are {MAX_HOLDS} holds, which is the most, and released ones count: give an active one more values"
        );
        return Err(ApiError::new(Code::Invalid, detail));
    }
    let name = hold.name.to_string();
    let (filter, reason) = (filter_pairs(hold.filter.filter()), hold.reason.clone());
    let event = TrailEvent::Hold(HoldEvent { is_release: false, name, filter, reason });
    server.record(org, &event, &caller.actor(&server)).await?;
    match server.store.create_hold(org, hold.clone()).await {
        Err(StoreError::Exists(_)) => return Err(exists(&hold)),
        created => created?,
    }
    Ok((StatusCode::CREATED, Json(with_entries_if_countable(&server, &caller, &hold).await)))
}

/// Releases a hold. What it covered can be deleted from the next prune on. A released hold is kept for ever.
#[utoipa::path(
    post, path = crate::api::routes::HOLD_RELEASE, operation_id = "release_hold", security(("bearer" = ["hold"])),
    params(("name" = String, Path, description = "The hold's name", example = "case-2026-14")),
    request_body(content = ReleaseHold, content_type = "application/json"),
    responses(
        (status = 200, description = "The released hold", body = HoldAnswer),
        (status = 404, description = "No hold has this name", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The hold has been released already", body = Problem, content_type = "application/problem+json"),
        BodyProblems,
    ))]
pub(crate) async fn release_hold(
    State(server): State<Server>,
    caller: Caller<CanHold>,
    _: NoParameters,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HoldAnswer>, ApiError> {
    let (caller, request): (_, ReleaseHold) = json_body::read(&server, caller, &headers, body).await?;
    let org = caller.organization.id;
    let reason = reason(&server, &request.reason)?;
    let hold = find(&server, org, &name).await?;
    if !hold.is_active() {
        return Err(released_already(&hold));
    }
    let filter = filter_pairs(hold.filter.filter());
    let event = TrailEvent::Hold(HoldEvent { is_release: true, name, filter, reason: reason.clone() });
    server.record(org, &event, &caller.actor(&server)).await?;
    let release = Release { at: server.settings.clock.now(), by: caller.token.clone(), reason };
    let is_first = server.store.release_hold(org, hold.name.clone(), release).await?;
    let hold = find(&server, org, hold.name.as_str()).await?;
    if !is_first {
        return Err(released_already(&hold));
    }
    Ok(Json(with_entries_if_countable(&server, &caller, &hold).await))
}

/// The hold of a request, if all of it is valid.
fn new_hold(server: &Server, caller: &Caller<CanHold>, request: &CreateHold) -> Result<Hold, ApiError> {
    let name = request.name.parse().map_err(|error| invalid("name", &error))?;
    let reason = reason(server, &request.reason)?;
    if request.filter.len() > MAX_FILTER_BYTES {
        return Err(invalid("filter", &format!("is longer than {MAX_FILTER_BYTES} bytes")));
    }
    let filter = read_filter_text(&request.filter)
        .map_err(|errors| errors.iter().map(without_values).collect::<Vec<_>>())?;
    let filter = HoldFilter::new(filter).map_err(|error| invalid("filter", &error))?;
    if filter.filter().since.zip(filter.filter().until).is_some_and(|(since, until)| since >= until) {
        return Err(invalid("filter", &"covers nothing: since is not before until"));
    }
    let (created_at, created_by) = (server.settings.clock.now(), caller.token.clone());
    Ok(Hold { name, filter, reason, created_at, created_by, release: None })
}

/// An error of a filter without its values: no message repeats a part of a body.
fn without_values(error: &FieldError) -> FieldError {
    let known: Vec<_> = filter_parameters().collect();
    let detail = match known.iter().find(|name| **name == error.field) {
        Some(name) => format!("has an invalid value of {name}: GET /api/v1/audit-logs?{name}=… explains it"),
        None => format!("has an unknown parameter: expected a query string of {}", known.join(", ")),
    };
    FieldError::new("filter", detail)
}

/// A reason without secrets.
fn reason(server: &Server, text: &str) -> Result<String, ApiError> {
    if !is_reason(text) {
        return Err(invalid("reason", &"expected up to 500 characters on one line, such as a case number"));
    }
    Ok(server.settings.redaction.text(text).into_owned())
}

fn invalid(field: &str, detail: &dyn std::fmt::Display) -> ApiError {
    vec![FieldError::new(field, detail.to_string())].into()
}

fn exists(hold: &Hold) -> ApiError {
    let detail = format!(
        "a hold {:?} was created at {} by {}: choose another name, which is given once",
        hold.name.as_str(),
        hold.created_at,
        hold.created_by
    );
    ApiError::new(Code::HoldConflict, detail)
}

fn released_already(hold: &Hold) -> ApiError {
    let when = hold.release.as_ref().map_or_else(String::new, |it| format!(" at {} by {}", it.at, it.by));
    ApiError::new(Code::HoldConflict, format!("the hold {:?} was released{when}", hold.name.as_str()))
}

async fn find(server: &Server, org: OrgId, name: &str) -> Result<Hold, ApiError> {
    let found = server.store.holds(org).await?.into_iter().find(|hold| hold.name.as_str() == name);
    // The name in a URL may be anything, so the message does not repeat it.
    found.ok_or_else(|| ApiError::new(Code::NotFound, "no hold has this name: GET /api/v1/holds lists all"))
}

/// The same after a change, which is done: if the entries cannot be counted in time, the answer leaves them out.
async fn with_entries_if_countable(server: &Server, caller: &Caller<CanHold>, hold: &Hold) -> HoldAnswer {
    with_entries(server, caller, hold).await.unwrap_or_else(|error| {
        tracing::warn!(cause = %error.problem().detail, "cannot count the entries of a hold");
        HoldAnswer::from(hold)
    })
}

/// Answers with a hold and the entries that its filter selects now.
async fn with_entries(
    server: &Server,
    caller: &Caller<CanHold>,
    hold: &Hold,
) -> Result<HoldAnswer, ApiError> {
    let (store, org) = (&server.store, caller.organization.id);
    let retention = caller.organization.retention.plan.retention_of(Log::Audit);
    let cutoff = retention.before(server.settings.clock.now());
    let filter = hold.filter.filter().clone();
    let first = PageRequest::first(filter.clone(), Order::Ascending, 1);
    let page = server.query(store.page(org, first)).await?;
    let count = server.query(store.count(org, filter, page.as_of)).await?;
    let expired = server.query(store.count(org, hold.filter.expired(cutoff), page.as_of)).await?;
    let oldest = page.entries.list()?.first().map(|entry| entry.occurred_at);
    let entries = Some(CoveredEntries { count, expired, oldest });
    Ok(HoldAnswer { entries, ..HoldAnswer::from(hold) })
}
