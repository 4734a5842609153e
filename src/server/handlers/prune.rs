//! Retention, past prunes, and pruning expired entries.

use std::collections::HashSet;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use crate::api::problem::{Code, Problem};
use crate::api::problems::{BodyProblems, ScopeProblems};
use crate::api::prune::{PruneAnswer, PruneCounts, PruneRequest, Prunes, RetentionAnswer};
use crate::model::draft::FieldError;
use crate::model::plan::Retention;
use crate::model::prune::{HeldBy, Prune as PruneRecord};
use crate::model::timestamp::Timestamp;
use crate::model::trail::{Actor, Restated, TrailEvent};
use crate::model::words::Log;
use crate::server::auth::{Caller, CanPrune, CanRead, ReadScope};
use crate::server::body::NoParameters;
use crate::server::error::ApiError;
use crate::server::handlers::json_body;
use crate::server::prune_job;
use crate::server::state::Server;
use crate::server::stop_on_drop::StopOnDrop;
use crate::store::{Holdings, OrgId, PruneRun};

/// Returns the organization's retention and the number of kept and expired entries.
#[utoipa::path(
    get, path = crate::api::routes::RETENTION, operation_id = "retention", security(("bearer" = ["read"])),
    responses(
        (status = 200, description = "Plan, cutoff and counts", body = RetentionAnswer),
        ScopeProblems,
    ))]
pub(crate) async fn retention(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    _: NoParameters,
) -> Result<Json<RetentionAnswer>, ApiError> {
    holdings(&server, &caller).await
}

/// Answers with the retention of the log that the caller's scope reads.
pub(in crate::server) async fn holdings<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
) -> Result<Json<RetentionAnswer>, ApiError> {
    let Retention { plan, floor } = caller.organization.retention;
    let now = server.settings.clock.now();
    let retention = plan.retention_of(S::LOG);
    let cutoff = retention.before(now);
    let holdings = server.query(server.store.holdings(caller.log(), cutoff)).await?;
    let last_prune = server.store.last_prune(caller.log()).await?;
    Ok(Json(RetentionAnswer {
        plan,
        retention,
        // A floor allows a shorter age in prunes by hand, which the trail has none of.
        floor: floor.filter(|_| S::LOG == Log::Audit),
        now,
        cutoff,
        counts: total(&holdings),
        // The filter of a hold may tell whom an investigation is about.
        held_by: holdings.held_by.into_iter().map(|by| HeldBy { filter: None, ..by }).collect(),
        oldest: holdings.oldest,
        newest: holdings.newest,
        last_prune,
    }))
}

/// Returns past prunes, newest first.
#[utoipa::path(
    get, path = crate::api::routes::PRUNES, operation_id = "prunes", security(("bearer" = ["read"])),
    responses(
        (status = 200, description = "Past prunes", body = Prunes),
        ScopeProblems,
    ))]
pub(crate) async fn prunes(
    State(server): State<Server>,
    caller: Caller<CanRead>,
    _: NoParameters,
) -> Result<Json<Prunes>, ApiError> {
    past_prunes(&server, &caller).await
}

/// Answers with the past prunes of the log that the caller's scope reads.
pub(in crate::server) async fn past_prunes<S: ReadScope>(
    server: &Server,
    caller: &Caller<S>,
) -> Result<Json<Prunes>, ApiError> {
    Ok(Json(Prunes { data: server.store.prunes(caller.log()).await? }))
}

/// Deletes expired entries, or with `dry_run` counts them.
#[utoipa::path(
    post, path = crate::api::routes::PRUNE, operation_id = "prune", security(("bearer" = ["prune"])),
    request_body(content = PruneRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The number of deleted entries, or with dry_run of entries to delete", body = PruneAnswer),
        (status = 409, description = "Another prune or an erasure is running, or the server's clock may be ahead", body = Problem, content_type = "application/problem+json"),
        BodyProblems,
    ))]
pub(crate) async fn prune(
    State(server): State<Server>,
    caller: Caller<CanPrune>,
    _: NoParameters,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PruneAnswer>, ApiError> {
    let (caller, request): (_, PruneRequest) = json_body::read(&server, caller, &headers, body).await?;
    let retention = caller.organization.retention;
    let org = caller.organization.id;
    let now = prune_time(&server, &request).await?;
    let latest =
        retention.cutoff(request.older_than, now).map_err(|error| inside_retention("older_than", &error))?;
    let cutoff = request.cutoff.unwrap_or(latest);
    if cutoff > latest {
        return Err(inside_retention(
            "cutoff",
            &format!("is too late: only entries before {latest} have expired"),
        ));
    }
    let holdings = server.query(server.store.holdings(org, cutoff)).await?;
    let counts = total(&holdings);
    let holds = holds_to_keep(&server, org, &request, &holdings).await?;
    let answer = |complete, prune, purged| {
        Json(PruneAnswer {
            dry_run: request.dry_run,
            complete,
            now,
            cutoff,
            as_of: holdings.head,
            plan: retention.plan,
            retention: retention.plan.retention(),
            counts,
            by_model_type: holdings.by_model_type,
            held_by: holdings.held_by,
            oldest: holdings.oldest,
            prune,
            purged,
        })
    };
    if request.dry_run {
        return Ok(answer(true, None, None));
    }
    if let Some(max_delete) = request.max_delete.filter(|max| counts.expired > *max) {
        let detail = format!(
            "{} entries have expired and max_delete is {max_delete}: nothing was deleted",
            counts.expired
        );
        return Err(ApiError::new(Code::OverMaxDelete, detail));
    }
    let plan = PrunePlan {
        cutoff,
        as_of: request.as_of.unwrap_or(holdings.head),
        holds,
        retention,
        has_expired: counts.expired > 0,
    };
    let actor = caller.actor(&server);
    let (complete, prune) = run(server.clone(), org, (caller.token, actor), plan, &request).await?;
    let purged = if prune.is_some() { Some(server.store.is_purged().await) } else { None };
    Ok(answer(complete, prune, purged))
}

/// The names of the holds that a prune keeps to its end, even if they are released: those of its plan, and those that keep
/// expired entries now.
async fn holds_to_keep(
    server: &Server,
    org: OrgId,
    request: &PruneRequest,
    holdings: &Holdings,
) -> Result<Vec<String>, ApiError> {
    let mut names = holdings.hold_names();
    if !request.holds.is_empty() {
        let known = server.store.holds(org).await?;
        let known: HashSet<&str> = known.iter().map(|hold| hold.name.as_str()).collect();
        for (index, name) in request.holds.iter().enumerate() {
            if !known.contains(name.as_str()) {
                let field = format!("holds[{index}]");
                return Err(vec![FieldError::new(field, "names no hold of this organization")].into());
            }
        }
        names.extend(request.holds.iter().cloned());
        // Each batch reads them: a request may repeat a name a million times.
        names.sort_unstable();
        names.dedup();
    }
    Ok(names)
}

/// The time to prune by. An implausible clock fails dry runs, too, because their numbers would be wrong.
async fn prune_time(server: &Server, request: &PruneRequest) -> Result<Timestamp, ApiError> {
    let store = server.store.as_ref();
    // In a process started by the operator the confirmation comes from the operator, and holds for later prunes as
    // well.
    let is_operator = server.settings.local.is_some();
    if request.clock_is_right && is_operator && !request.dry_run {
        server.clock.confirm(store).await?;
    }
    let looked = if request.dry_run || request.clock_is_right {
        server.clock.check(store).await?
    } else {
        server.clock.check_and_save(store).await?
    };
    looked.or_else(|implausible| {
        if request.clock_is_right {
            tracing::warn!("{implausible}; the request confirms the clock");
            return Ok(server.settings.clock.now());
        }
        let detail = format!("{implausible}: nothing was deleted");
        Err(ApiError::new(Code::ClockImplausible, detail))
    })
}

fn inside_retention(field: &str, error: &dyn std::fmt::Display) -> ApiError {
    let errors = vec![FieldError::new(field, error.to_string())];
    Problem { errors, ..Problem::new(Code::InsideRetention, error.to_string()) }.into()
}

fn total(holdings: &Holdings) -> PruneCounts {
    let counts = holdings.by_model_type.iter();
    counts.fold(PruneCounts::default(), |total, one| PruneCounts {
        expired: total.expired + one.expired,
        kept: total.kept + one.kept,
        held: total.held + one.held,
    })
}

/// What a prune deletes.
struct PrunePlan {
    cutoff: Timestamp,
    as_of: u64,
    /// The holds that it keeps in any case.
    holds: Vec<String>,
    retention: Retention,
    has_expired: bool,
}

/// Deletes in batches until no expired entry is left, the time is up or the caller disconnects. It runs in its own
/// task, so that the lease is always released and the record closed.
async fn run(
    server: Server,
    org: OrgId,
    (by, actor): (String, Actor),
    plan: PrunePlan,
    request: &PruneRequest,
) -> Result<(bool, Option<PruneRecord>), ApiError> {
    let PrunePlan { cutoff, as_of, holds, retention, has_expired } = plan;
    let now = server.settings.clock.now();
    let by = if request.clock_is_right { format!("{by} (said the clock is right)") } else { by };
    let mut begun = server.store.begin_prune(org, by.clone(), cutoff, now).await?;
    if let (Err(running), true) = (&begun, request.break_lease) {
        tracing::warn!(organization = org.number(), %by, of = running.by, "breaking the lease of a running prune");
        server.store.release_lease(org, "prune", running.holder.clone()).await?;
        let by = format!("{by} (broke the lease of {})", running.by);
        begun = server.store.begin_prune(org, by, cutoff, now).await?;
    }
    let run = PruneRun { as_of: Some(as_of), holds, ..begun? };
    let (log, prune) = (Log::Audit, run.id);
    let restated = Restated::default();
    let begun = TrailEvent::PruneBegun { log, prune, cutoff, as_of, retention, restated };
    let recorded = if has_expired { server.record(org, &begun, &actor).await } else { Ok(()) };
    if recorded.is_err() || !has_expired {
        // Nothing is deleted, and nothing without a record.
        server.store.finish_prune(org, run, recorded.is_ok(), now).await?;
        return recorded.map(|()| (true, None));
    }
    let stop = StopOnDrop::default();
    let may_continue = stop.may_continue(request.max_seconds);
    let task = tokio::spawn(async move {
        let store = server.store.as_ref();
        let (deleted, outcome) =
            prune_job::delete_batches(store, &server.settings, org, &run, may_continue).await;
        server.metrics.pruned.inc_by(deleted);
        let complete = matches!(outcome, Ok(true));
        let record = server.store.finish_prune(org, run, complete, server.settings.clock.now()).await;
        let ended = TrailEvent::PruneEnded { log, prune, deleted, complete };
        let recorded = server.record(org, &ended, &actor).await;
        outcome?;
        let record = record?;
        recorded.map(|()| (complete, record))
    });
    let outcome = task.await.map_err(|_| ApiError::internal())?;
    drop(stop);
    outcome
}
