//! The handler that records entries: one as JSON, or many as NDJSON.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::api::problem::{Code, Problem};
use crate::api::problems::BodyProblems;
use crate::api::record::{LineAnswer, NotRecorded, NothingNew, Unrecorded};
use crate::api::routes::{AUDIT_LOGS, NDJSON};
use crate::model::draft::{Draft, FieldError, Refusal};
use crate::model::entry::Entry;
use crate::model::proposal::Proposal;
use crate::parallel;
use crate::server::auth::{Caller, CanRecord};
use crate::server::body::{self, MediaType, ReceivedBody};
use crate::server::error::ApiError;
use crate::server::response;
use crate::server::settings::Settings;
use crate::server::shape::{self, BodyKind};
use crate::server::state::Server;
use crate::store::Appended;

#[derive(Default, Clone, Copy)]
struct RecordOptions {
    atomic: bool,
    dry_run: bool,
    content_uuid: bool,
}

/// The most lines of a request. The limit bounds the response, which has a line even for the shortest request line.
const MAX_LINES: usize = 10_000;

/// Records one entry, or many.
///
/// A retry with the same `uuid` (in the body, or as `Idempotency-Key`) does not record an entry twice. The response to
/// NDJSON has one line for each line of the request, in order. Invalid lines do not affect valid ones unless
/// `atomic=true`. An entry answered with 201 survives a crash of the process or the machine.
#[utoipa::path(
    post, path = crate::api::routes::AUDIT_LOGS, operation_id = "record_audit_log", security(("bearer" = ["record"])),
    params(
        ("atomic" = Option<bool>, Query, description = "NDJSON: one invalid line prevents all from being stored; the valid ones are answered with 424."),
        ("dry_run" = Option<bool>, Query, description = "Validate, but store nothing."),
        ("content_uuid" = Option<bool>, Query, description = "Derive the uuid of an entry without one from its stored content, so that recording it again has no effect."),
        ("Idempotency-Key" = Option<Uuid>, Header, description = "The uuid of a single entry whose body has none. It must be a UUID, must not differ from the body's uuid, and is refused with NDJSON."),
    ),
    request_body(content((Proposal = "application/json"), (String = "application/x-ndjson")), description = "At most 8 MiB and 10,000 lines; one entry at most 1 MiB. NDJSON may also be called application/ndjson, application/jsonl or application/x-jsonlines"),
    responses(
        (status = 200, content((NothingNew = "application/json"), (LineAnswer = "application/x-ndjson")),
            description = "The existing entry with this uuid; or why nothing was recorded; or one line for each line of the request"),
        (status = 201, description = "Recorded", body = Entry),
        (status = 409, description = "An entry with this uuid and other content exists", body = Problem, content_type = "application/problem+json"),
        BodyProblems,
    ))]
pub(crate) async fn record(
    State(server): State<Server>,
    caller: Caller<CanRecord>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let options = options(raw.as_deref())?;
    let media_type = body::media_type(&headers)?;
    let key = idempotency_key(&headers, media_type)?;
    let ReceivedBody { bytes, reservation, was_waited_for } = server.bodies.read(caller.key(), body).await?;
    let caller = if was_waited_for { caller.reauthenticate(&server).await? } else { caller };
    match media_type {
        MediaType::Json => {
            let _until_answered = reservation;
            record_one(&server, &caller, options, key, body::utf8(bytes)?).await
        }
        MediaType::NdJson => {
            let answers = record_batch(&server, &caller, options, body::utf8(bytes)?).await?;
            Ok(response::respond_to_write(reservation, NDJSON, answers))
        }
    }
}

fn options(query: Option<&str>) -> Result<RecordOptions, ApiError> {
    let mut options = RecordOptions::default();
    let mut errors = Vec::new();
    let (mut seen, mut unknown) = ([false; 3], Vec::new());
    for (name, value) in body::pairs(query)? {
        let (index, option) = match name.as_str() {
            "atomic" => (0, &mut options.atomic),
            "dry_run" => (1, &mut options.dry_run),
            "content_uuid" => (2, &mut options.content_uuid),
            _ => {
                unknown.push(name);
                continue;
            }
        };
        if std::mem::replace(&mut seen[index], true) {
            return Err(vec![FieldError::new(name, "appears more than once")].into());
        }
        match value.as_str() {
            "true" => *option = true,
            "false" => *option = false,
            _ => errors.push(FieldError::new(name, "must be true or false")),
        }
    }
    errors.extend(body::unknown_parameters(&unknown, "expected one of atomic, dry_run, content_uuid"));
    if errors.is_empty() { Ok(options) } else { Err(errors.into()) }
}

/// Reads the uuid from `Idempotency-Key`, with or without the double quotes of the header's draft standard.
fn idempotency_key(headers: &HeaderMap, media_type: MediaType) -> Result<Option<Uuid>, ApiError> {
    let mut keys = headers.get_all(body::IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let fault = |detail: &str| ApiError::from(vec![FieldError::new(body::IDEMPOTENCY_KEY, detail)]);
    if keys.next().is_some() {
        return Err(fault("appears more than once"));
    }
    if media_type == MediaType::NdJson {
        return Err(fault(
            "is for one entry, but NDJSON may contain many: give each line a uuid, or send content_uuid=true",
        ));
    }
    let text = key.to_str().map(str::trim).unwrap_or_default();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let key = Uuid::try_parse(text).map_err(|_| {
        fault("must be a UUID, such as 0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11: it becomes the entry's uuid")
    })?;
    Ok(Some(key))
}

fn with_key(proposal: Proposal, key: Option<Uuid>) -> Result<Proposal, Box<Problem>> {
    match (proposal.uuid, key) {
        (Some(uuid), Some(key)) if uuid != key => {
            let detail = "differs from the body's uuid: send only one of them";
            Err(Box::new(Problem::invalid(vec![FieldError::new(body::IDEMPOTENCY_KEY, detail)])))
        }
        (uuid, key) => Ok(Proposal { uuid: uuid.or(key), ..proposal }),
    }
}

async fn record_one(
    server: &Server,
    caller: &Caller<CanRecord>,
    options: RecordOptions,
    key: Option<Uuid>,
    text: String,
) -> Result<Response, ApiError> {
    let prepared = in_background(server, text.len(), move |settings| {
        prepare(settings, options, key, BodyKind::Entry, &text)
    })
    .await?;
    let draft = match prepared {
        Ok(_) if options.dry_run => return Ok(Json(Unrecorded::from(NotRecorded::DryRun)).into_response()),
        Ok(draft) => draft,
        Err(PrepareError::NoChange) => {
            return Ok(Json(Unrecorded::from(NotRecorded::NoChange)).into_response());
        }
        Err(PrepareError::Problem(problem)) => return Err((*problem).into()),
    };
    let appended = server.store.append(caller.organization.id, vec![draft], true).await?;
    match appended.into_iter().next() {
        Some(Appended::New(entry)) => {
            server.metrics.recorded.inc();
            let location = format!("{AUDIT_LOGS}/{}", entry.id);
            Ok((StatusCode::CREATED, [(LOCATION, location)], Json(&*entry)).into_response())
        }
        Some(Appended::Known(entry)) => {
            Ok(Json(NothingNew::Known(Box::new(Arc::unwrap_or_clone(entry)))).into_response())
        }
        Some(Appended::Conflict) => Err(conflict().into()),
        None => Err(ApiError::internal()),
    }
}

fn conflict() -> Problem {
    Problem::new(
        Code::UuidConflict,
        "an entry with this uuid and other content exists: use a new uuid for each entry",
    )
}

enum PrepareError {
    NoChange,
    Problem(Box<Problem>),
}

/// Fewer lines are not worth another thread.
const LINES_A_THREAD: usize = 100;

/// Bodies up to this size are processed on the async thread, because handing them to a blocking thread takes longer.
const INLINE_BYTES: usize = 8 * 1024;

/// Runs validation, diff and redaction of a large body on a blocking thread.
async fn in_background<T: Send + 'static>(
    server: &Server,
    bytes: usize,
    work: impl FnOnce(&Settings) -> T + Send + 'static,
) -> Result<T, ApiError> {
    if bytes <= INLINE_BYTES {
        return Ok(work(&server.settings));
    }
    let settings = Arc::clone(&server.settings);
    tokio::task::spawn_blocking(move || work(&settings)).await.map_err(|_| ApiError::internal())
}

fn prepare(
    settings: &Settings,
    options: RecordOptions,
    key: Option<Uuid>,
    kind: BodyKind,
    text: &str,
) -> Result<Draft, PrepareError> {
    let proposal: Proposal = shape::read(text, kind).map_err(PrepareError::Problem)?;
    let proposal = with_key(proposal, key).map_err(PrepareError::Problem)?;
    let draft = Draft::prepare(&proposal, &settings.redaction, settings.clock.now());
    let draft = draft.map_err(|refusal| match refusal {
        Refusal::NoChange => PrepareError::NoChange,
        Refusal::TooLarge(detail) => PrepareError::Problem(Box::new(Problem::new(Code::TooLarge, detail))),
        Refusal::Invalid(errors) => PrepareError::Problem(Box::new(Problem::invalid(errors))),
    })?;
    Ok(if options.content_uuid { draft.keyed_by_content() } else { draft })
}

async fn record_batch(
    server: &Server,
    caller: &Caller<CanRecord>,
    options: RecordOptions,
    text: String,
) -> Result<Vec<u8>, ApiError> {
    let prepared = in_background(server, text.len(), move |settings| {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let lines: Vec<(u64, &str)> = lines.take(MAX_LINES + 1).collect();
        let one =
            |(number, line): &(u64, &str)| (*number, prepare(settings, options, None, BodyKind::Line, line));
        (lines.len() <= MAX_LINES).then(|| parallel::map(&lines, LINES_A_THREAD, one))
    });
    let Some(prepared) = prepared.await? else {
        let detail = format!("the body has more than {MAX_LINES} lines: send fewer entries at a time");
        return Err(ApiError::new(Code::TooLarge, detail));
    };
    let bad = prepared.iter().any(|(_, line)| matches!(line, Err(PrepareError::Problem(_))));
    let mut drafts = Vec::with_capacity(prepared.len());
    let take =
        |(number, line): (u64, Result<Draft, PrepareError>)| (number, line.map(|draft| drafts.push(draft)));
    let prepared: Vec<_> = prepared.into_iter().map(take).collect();
    if options.dry_run || options.atomic && bad {
        drafts.clear();
    }
    let appended = if drafts.is_empty() {
        Vec::new()
    } else {
        server.store.append(caller.organization.id, drafts, options.atomic).await?
    };
    let rolled_back_ids = rolled_back_ids(options, &appended);
    let mut appended = appended.into_iter();
    let mut body = Vec::new();
    for (number, line) in prepared {
        let answer = match line {
            Err(PrepareError::NoChange) => LineAnswer::unrecorded(number, NotRecorded::NoChange),
            Err(PrepareError::Problem(problem)) => LineAnswer::refused(number, *problem),
            Ok(_) if options.atomic && bad => LineAnswer::refused(number, not_stored()),
            Ok(_) if options.dry_run => LineAnswer::unrecorded(number, NotRecorded::DryRun),
            Ok(_) => match appended.next() {
                Some(Appended::Conflict) => LineAnswer::refused(number, conflict()),
                Some(Appended::New(entry) | Appended::Known(entry))
                    if rolled_back_ids.contains(&entry.id) =>
                {
                    LineAnswer::refused(number, not_stored())
                }
                Some(Appended::New(entry)) => {
                    server.metrics.recorded.inc();
                    LineAnswer::stored(number, 201, entry.id)
                }
                Some(Appended::Known(entry)) => LineAnswer::stored(number, 200, entry.id),
                None => return Err(ApiError::internal()),
            },
        };
        serde_json::to_writer(&mut body, &answer).map_err(|_| ApiError::internal())?;
        body.push(b'\n');
    }
    Ok(body)
}

/// The ids of new entries that were rolled back because of a conflict in their atomic request. A line that repeats one
/// of them is not stored either.
fn rolled_back_ids(options: RecordOptions, appended: &[Appended]) -> Vec<u64> {
    if !options.atomic || !appended.iter().any(|one| matches!(one, Appended::Conflict)) {
        return Vec::new();
    }
    let new = appended.iter().filter_map(|one| match one {
        Appended::New(entry) => Some(entry.id),
        Appended::Known(_) | Appended::Conflict => None,
    });
    new.collect()
}

fn not_stored() -> Problem {
    Problem::new(
        Code::NotStored,
        "nothing was stored, because another line of this atomic request was refused",
    )
}
