//! Erasures of people: the plan, and the work. The person is named in the body only, so that no URL, log line or entry of the
//! trail does.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use crate::api::erase::{EntryPlace, ErasureAnswer, ErasureRequest, Erasures, HeldEntries};
use crate::api::problem::{Code, Problem};
use crate::api::problems::{BodyProblems, ScopeProblems};
use crate::model::draft::{FieldError, MAX_REASON_CHARS};
use crate::model::erasure::{Eraser, Erasure, Person, identities};
use crate::model::filter::{Filter, UserTerm};
use crate::model::page::Order;
use crate::model::trail::{Actor, ErasureEvent, TrailEvent};
use crate::model::words::{Log, ModelType};
use crate::server::auth::{Caller, CanErase};
use crate::server::body::NoParameters;
use crate::server::erase_job::{self, EraseJob, ErasureEnd, ErasurePlan};
use crate::server::error::ApiError;
use crate::server::handlers::json_body;
use crate::server::state::Server;
use crate::server::stop_on_drop::StopOnDrop;
use crate::store::{NewErasure, OrgId, PageRequest, StoredErasure};

/// The most candidates that an error lists.
const MAX_CANDIDATES: usize = 10;
/// How many entries about members are read at once.
const PAGE: u32 = 1_000;

/// Returns the erasures, newest first. They do not name anybody.
#[utoipa::path(
    get, path = crate::api::routes::ERASURES, operation_id = "erasures", security(("bearer" = ["erase"])),
    responses(
        (status = 200, description = "The erasures", body = Erasures),
        ScopeProblems,
    ))]
pub(crate) async fn erasures(
    State(server): State<Server>,
    caller: Caller<CanErase>,
    _: NoParameters,
) -> Result<Json<Erasures>, ApiError> {
    let stored = server.store.erasures(caller.organization.id).await?;
    Ok(Json(Erasures { data: stored.into_iter().map(|it| it.erasure).collect() }))
}

/// Erases a person from the logs, or with `dry_run` returns the plan. The same request continues an interrupted erasure.
#[utoipa::path(
    post, path = crate::api::routes::ERASURES, operation_id = "erase", security(("bearer" = ["erase"])),
    request_body(content = ErasureRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "What was erased, or with dry_run what would be", body = ErasureAnswer),
        (status = 404, description = "No user matches", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A hold covers some of the entries, or a prune or another erasure is running", body = Problem, content_type = "application/problem+json"),
        BodyProblems,
    ))]
pub(crate) async fn erase(
    State(server): State<Server>,
    caller: Caller<CanErase>,
    _: NoParameters,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ErasureAnswer>, ApiError> {
    let (caller, request): (_, ErasureRequest) = json_body::read(&server, caller, &headers, body).await?;
    let org = caller.organization.id;
    // Reads that name the person are in the trail before it is searched.
    server.trail.flush(server.store.as_ref(), Some(org)).await?;
    let (person, unfinished) = find(&server, org, &request).await?;
    // A resumed erasure has the options of both requests.
    let unfinished = unfinished.map(|it| Erasure { options: it.options.and(request.options()), ..it });
    let (label, options) = unfinished
        .as_ref()
        .map_or_else(|| (String::new(), request.options()), |it| (it.label.clone(), it.options));
    let eraser = Arc::new(Eraser::new(person.clone(), &label, options));
    check_reason(&request.reason, &eraser)?;
    let plan = erase_job::plan(server.store.as_ref(), org, &eraser).await?;
    let answer = |complete, erasure, purged| {
        let place = |(log, id): &(Log, u64)| EntryPlace { log: *log, id: *id };
        let held = |(name, entries): (&String, &u64)| HeldEntries { name: name.clone(), entries: *entries };
        Json(ErasureAnswer {
            dry_run: request.dry_run,
            complete,
            person: person.label().to_owned(),
            snapshots: person.users.clone(),
            acted: plan.acted,
            about: plan.about,
            other: plan.other,
            other_entries: plan.examples.iter().map(place).collect(),
            held: plan.held.iter().map(held).collect(),
            erasure,
            purged,
        })
    };
    if request.dry_run || plan.changed == 0 && unfinished.is_none() {
        return Ok(answer(true, None, None));
    }
    if !plan.held.is_empty() && !request.despite_holds {
        let outcome = if unfinished.is_some() { "nothing more was erased" } else { "nothing was erased" };
        return Err(held(&plan, outcome));
    }
    let (erasure, end) = run(&server, &caller, (person.clone(), unfinished), &plan, &request).await?;
    if end == ErasureEnd::Held {
        let plan = erase_job::plan(server.store.as_ref(), org, &eraser).await?;
        return Err(held(&plan, "a hold was created meanwhile, and all other entries were erased"));
    }
    let purged = server.store.is_purged().await;
    Ok(answer(end == ErasureEnd::Complete, erasure, Some(purged)))
}

/// The refusal because of holds.
fn held(plan: &ErasurePlan, outcome: &str) -> ApiError {
    let names: Vec<_> = plan.held.iter().map(|(name, entries)| format!("{name} ({entries})")).collect();
    let detail = format!(
        "holds keep some of these entries: {}; {outcome}. Release the holds, or set despite_holds",
        names.join(", ")
    );
    ApiError::new(Code::Held, detail)
}

/// Finds the one person that the request names, and the interrupted erasure of that person, if there is one.
async fn find(
    server: &Server,
    org: OrgId,
    request: &ErasureRequest,
) -> Result<(Person, Option<Erasure>), ApiError> {
    let invalid = |detail: String| ApiError::from(vec![FieldError::new("user", detail)]);
    let term: UserTerm =
        request.user.parse().map_err(|_| invalid("has no value after its prefix".to_owned()))?;
    let earlier = server.store.erasures(org).await?;
    let labels: BTreeSet<String> = earlier.iter().map(|it| it.erasure.label.clone()).collect();
    let mut users = server.store.users(org).await?;
    // An interrupted erasure may have taken the person out of every entry by now.
    for user in earlier.iter().flat_map(|it| &it.person).flat_map(|person| &person.users) {
        if !users.contains(user) {
            users.insert(0, user.clone());
        }
    }
    // A large organization has many users, and the runtime's threads answer everybody.
    let (all, known) = (users.clone(), labels.clone());
    let people = tokio::task::spawn_blocking(move || identities(all, &term, &known)).await;
    let mut people = people.map_err(|_| ApiError::internal())?;
    if people.len() > 1 {
        let mut names: Vec<String> = people.iter().take(MAX_CANDIDATES).map(candidate).collect();
        names.extend(
            people.len().checked_sub(MAX_CANDIDATES + 1).map(|more| format!("and {} more", more + 1)),
        );
        let detail = format!("matches {} people, and must match one: {}", people.len(), names.join("; "));
        return Err(invalid(detail));
    }
    let Some(mut person) = people.pop() else {
        return Err(ApiError::new(Code::NotFound, "no user in the log matches"));
    };
    let is_same = |it: &&StoredErasure| {
        it.person.iter().flat_map(|known| &known.users).any(|user| person.users.contains(user))
    };
    let unfinished = earlier.iter().find(is_same);
    // What an interrupted erasure knew of the person may be erased from the entries by now.
    person.more_texts.extend(unfinished.and_then(|it| it.person.clone()).unwrap_or_default().more_texts);
    learn(server, org, &mut person, &labels).await?;
    person.join(&users);
    Ok((person, unfinished.map(|it| it.erasure.clone())))
}

/// A person in a list of candidates, with a term that means only them.
fn candidate(person: &Person) -> String {
    let Some(user) = person.users.last() else { return String::new() };
    match &user.id {
        Some(id) => format!("{} ({}/id:{id})", user.label(), user.kind),
        None => format!("{} ({}/is:{})", user.label(), user.kind, user.label()),
    }
}

/// Reads from entries about the person which addresses and names they had. Labels of earlier erasures are left out.
async fn learn(
    server: &Server,
    org: OrgId,
    person: &mut Person,
    labels: &BTreeSet<String>,
) -> Result<(), ApiError> {
    let mut filter = Filter::default();
    filter.model_type.include = vec![ModelType::Member];
    let mut after = None;
    loop {
        let request =
            PageRequest { filter: filter.clone(), order: Order::Ascending, limit: PAGE, after, as_of: None };
        let page = server.query(server.store.page(org, request)).await?;
        page.entries.list()?.iter().for_each(|entry| person.learn(entry));
        after = page.entries.last();
        if !page.more {
            person.more_texts.retain(|text| !labels.contains(text));
            return Ok(());
        }
    }
}

/// Refuses a reason that cannot be kept.
fn check_reason(reason: &str, eraser: &Eraser) -> Result<(), ApiError> {
    let detail = if reason.trim().is_empty() {
        "is empty"
    } else if reason.chars().count() > MAX_REASON_CHARS || reason.chars().any(char::is_control) {
        "is too long, or has control characters"
    } else if eraser.is_named_in(reason) {
        "names the person: it is kept forever, so use the number of the request instead"
    } else {
        return Ok(());
    };
    Err(vec![FieldError::new("reason", detail)].into())
}

/// Erases in batches until it is done, the time is up or the caller disconnects. It runs in its own task, so that a batch is
/// never interrupted.
async fn run(
    server: &Server,
    caller: &Caller<CanErase>,
    (person, unfinished): (Person, Option<Erasure>),
    plan: &ErasurePlan,
    request: &ErasureRequest,
) -> Result<(Option<Erasure>, ErasureEnd), ApiError> {
    let (org, now) = (caller.organization.id, server.settings.clock.now());
    let store = server.store.as_ref();
    let despite_holds = request.despite_holds;
    let begun = match unfinished {
        Some(erasure) => {
            let stored = StoredErasure { erasure, person: Some(person.clone()), despite_holds };
            store.resume_erasure(org, stored, now).await?
        }
        None => {
            let (by, reason, options) = (caller.token.clone(), request.reason.clone(), request.options());
            let new = NewErasure { by, reason, options, person: person.clone(), despite_holds };
            store.begin_erasure(org, new, now).await?
        }
    };
    let run = begun?;
    let actor: Actor = caller.actor(server);
    let event = ErasureEvent::Begun {
        erasure: run.stored.erasure.id,
        label: run.stored.erasure.label.clone(),
        reason: request.reason.clone(),
        options: run.stored.erasure.options,
        planned: [plan.acted, plan.about, plan.other],
        despite_holds: plan.held.keys().cloned().collect(),
    };
    // Recorded before anything is erased. If interrupted, the same request resumes it, or the next start of a server.
    server.record(org, &TrailEvent::Erasure(event), &actor).await?;
    let stop = StopOnDrop::default();
    let may_continue = stop.may_continue(request.max_seconds);
    let server = Arc::clone(server);
    let task = tokio::spawn(async move {
        let (store, settings) = (server.store.as_ref(), server.settings.as_ref());
        EraseJob::new(store, settings, run, actor).finish(may_continue).await
    });
    let outcome = task.await.map_err(|_| ApiError::internal())?;
    drop(stop);
    Ok(outcome?)
}
