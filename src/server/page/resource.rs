//! One resource: reads its entries, and replays them to the times that the viewer asks for.

use std::collections::VecDeque;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::api::problem::Code;
use crate::model::draft::FieldError;
use crate::model::entry::Entry;
use crate::model::filter::{Filter, Resource};
use crate::model::history::History;
use crate::model::history::reader::{HistoryReader, HistoryRequest, PassResult};
use crate::model::log_filter::resource_in;
use crate::model::page::{Order, Position};
use crate::model::time::{TimeContext, When, parse_last};
use crate::model::words::Log;
use crate::page::resource::{ResourceView, view};
use crate::page::shell::Equal;
use crate::render::command_line::log_words;
use crate::server::auth::ReadScope;
use crate::server::error::ApiError;
use crate::server::page::answer::PageError;
use crate::server::page::frame::{framed, section};
use crate::server::page::session::Viewer;
use crate::server::state::Server;
use crate::server::trail::recent::AnsweredPage;
use crate::server::{body, reads};
use crate::store::PageRequest;

/// The entries of one query.
const PAGE: u32 = 500;
/// The most entries that are replayed for a page; the command line reads any number.
const MAX_ENTRIES: usize = 20_000;
/// The most passes: a prune during a pass needs another.
const MAX_PASSES: usize = 4;
/// The newest entries that are listed.
const LISTED: usize = 100;

/// The parameters of the view.
#[derive(Default)]
struct Parameters {
    model_type: String,
    id: String,
    times: [String; 3],
    errors: Vec<FieldError>,
}

const TIMES: [&str; 3] = ["at", "from", "to"];

fn read(raw: Option<&str>) -> Result<Parameters, ApiError> {
    let (mut parameters, mut unknown) = (Parameters::default(), Vec::new());
    for (name, value) in body::pairs(raw)? {
        match name.as_str() {
            "type" => parameters.model_type = value,
            "id" => parameters.id = value,
            _ => match TIMES.iter().position(|time| *time == name) {
                Some(index) => value.trim().clone_into(&mut parameters.times[index]),
                None => unknown.push(name),
            },
        }
    }
    parameters.errors = body::unknown_parameters(&unknown, "this view takes type, id, at, from and to");
    Ok(parameters)
}

/// The position of a time: a date alone means the end of that day.
fn position(text: &str, context: &TimeContext) -> Result<Position, String> {
    match parse_last(text, context).map_err(|error| error.to_string())? {
        When::At { at, .. } => Ok(Position { occurred_at: at, id: u64::MAX }),
        When::Entry(_) => Err("must be a time: open the entry to see when it happened".to_owned()),
    }
}

pub(super) async fn show<S: ReadScope>(
    State(server): State<Server>,
    viewer: Viewer<S>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let mut parameters = read(raw.as_deref())?;
    let text = format!("{}/{}", parameters.model_type, parameters.id);
    let resource = resource_in(S::LOG, &text)
        .map_err(|error| ApiError::from(vec![FieldError::new("resource", error.to_string())]))?;
    let mut positions = [None, None, None];
    for ((name, text), position_of) in TIMES.iter().zip(&parameters.times).zip(&mut positions) {
        if !text.is_empty() {
            match position(text, &viewer.time) {
                Ok(found) => *position_of = Some(found),
                Err(detail) => parameters.errors.push(FieldError::new(*name, detail)),
            }
        }
    }
    match &parameters.times {
        [_, from, to] if from.is_empty() != to.is_empty() => {
            let missing = if from.is_empty() { "from" } else { "to" };
            parameters.errors.push(FieldError::new(missing, "a comparison needs both times"));
        }
        _ => {}
    }
    if let [_, Some(from), Some(to)] = positions
        && from.occurred_at > to.occurred_at
    {
        parameters.errors.push(FieldError::new("to", "is before the first time"));
    }
    if !parameters.errors.is_empty() {
        positions = [None, None, None];
    }
    let moments = positions.iter().flatten().copied().collect();
    let (history, newest) = replay(&server, &viewer, &resource, moments).await?;
    let status = if parameters.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let [at, from, to] = parameters.times.each_ref().map(String::as_str);
    let shown = ResourceView {
        log: S::LOG,
        resource: &resource,
        history: &history,
        entries: &newest,
        typed: [at, from, to],
        errors: &parameters.errors,
        at: positions[0],
        compares: positions[1].is_some() && positions[2].is_some(),
    };
    let body = view(&shown, viewer.time);
    let equal = if parameters.errors.is_empty() {
        Equal::Commands(commands(S::LOG, &resource, positions))
    } else {
        Equal::Commands(Vec::new())
    };
    let title = resource.to_string();
    Ok(framed(&server, &viewer, (status, section(S::LOG), &title), equal, &body)?)
}

/// The command lines of the view: one for the state, and one for the comparison.
fn commands(log: Log, resource: &Resource, [at, from, to]: [Option<Position>; 3]) -> Vec<Vec<String>> {
    let text = |position: Position| position.occurred_at.to_string();
    let mut flags = Vec::new();
    flags.extend(at.map(|at| vec!["--at".to_owned(), text(at)]));
    flags.extend(from.zip(to).map(|(from, to)| vec!["--diff".to_owned(), text(from), text(to)]));
    if flags.is_empty() {
        flags.push(Vec::new());
    }
    let command = [&["history".to_owned(), resource.to_string()][..], &log_words(log)].concat();
    flags.into_iter().map(|flags| [&command[..], &flags].concat()).collect()
}

/// Replays the entries of a resource. Returns also the newest of them, newest first.
async fn replay<S: ReadScope>(
    server: &Server,
    viewer: &Viewer<S>,
    resource: &Resource,
    moments: Vec<Position>,
) -> Result<(History, Vec<Entry>), PageError> {
    let log = viewer.caller.log();
    reads::settle(server, &viewer.caller).await;
    let mut filter = Filter::default();
    filter.resource.include.push(resource.clone());
    let asked = crate::api::query::Query { filter: filter.clone(), ..crate::api::query::Query::default() };
    let mut reader = HistoryReader::new(HistoryRequest { moments, revert: None });
    for pass in 0..MAX_PASSES {
        let (mut after, mut as_of, mut count) = (None, None, 0);
        let mut newest = VecDeque::new();
        loop {
            let request =
                PageRequest { filter: filter.clone(), order: Order::Ascending, limit: PAGE, after, as_of };
            let page = server.query(server.store.page(log, request)).await?;
            if pass == 0 && after.is_none() {
                let binding = asked.binding(log.number());
                let rows = page.entries.len() as u64;
                let next = page.entries.last().filter(|_| page.more);
                let answered = AnsweredPage { query: &asked, binding, as_of: page.as_of, rows, next };
                reads::note_page(server, &viewer.caller, None, &answered).await?;
            }
            reader.set_horizon(page.pruned.map(|pruned| pruned.before));
            for entry in page.entries.list()? {
                count += 1;
                let unreadable = |error: crate::model::history::UnreadableEntry| {
                    tracing::error!(%error, "cannot replay a resource");
                    ApiError::internal()
                };
                reader.read(&entry).map_err(unreadable)?;
                newest.push_front(entry);
                newest.truncate(LISTED);
            }
            if count > MAX_ENTRIES {
                let detail = format!(
                    "{resource} has more than {MAX_ENTRIES} entries, too many for a page: krosyn-audit history reads them"
                );
                return Err(ApiError::new(Code::TooLarge, detail).into());
            }
            (after, as_of) = (page.entries.last(), Some(page.as_of));
            if !page.more {
                break;
            }
        }
        if count == 0 {
            let detail =
                format!("no entry is about {resource}: the log never had one, or its entries were pruned");
            return Err(ApiError::new(Code::NotFound, detail).into());
        }
        match reader.end_pass() {
            PassResult::Done(history) => return Ok((*history, newest.into())),
            PassResult::AnotherPass(again) => reader = *again,
        }
    }
    Err(ApiError::new(Code::Unavailable, "entries were pruned during each attempt to read them").into())
}
