//! The live tail of a list: rows of the entries that were recorded since it was shown.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use crate::api::query::Query;
use crate::model::draft::FieldError;
use crate::model::entry::Entry;
use crate::model::page::Order;
use crate::model::trail::Actor;
use crate::model::words::{Action, Log};
use crate::page::list::new_rows;
use crate::server::auth::ReadScope;
use crate::server::error::ApiError;
use crate::server::handlers::question::Question;
use crate::server::page::answer::PageError;
use crate::server::page::frame::fragment;
use crate::server::page::list::tail_path;
use crate::server::page::query::{Request, read};
use crate::server::page::session::{Watcher, viewer_tag};
use crate::server::reads;
use crate::server::state::Server;
use crate::server::trail::recent::AnsweredPage;

/// The most rows of an answer. The script asks again for the rest.
const MAX_NEW: u32 = 50;

/// PageRows of matching entries after `after_id`.
pub(super) async fn show<S: ReadScope>(
    State(server): State<Server>,
    Watcher(viewer): Watcher<S>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let asked = read(Request::Tail(S::LOG), raw.as_deref(), &viewer.time)?;
    let mut errors = asked.errors;
    if asked.after_id.is_none() {
        errors.push(FieldError::new("after_id", "must be an entry id"));
    }
    if !errors.is_empty() {
        return Err(ApiError::from(errors).into());
    }
    let query = Query {
        filter: asked.filter,
        after_id: asked.after_id,
        order: Order::ById,
        limit: MAX_NEW,
        ..Query::default()
    };
    let question = Question::new(query, viewer.caller.log())?;
    let page = server.query(server.store.page(question.org, question.request())).await?;
    let (query, binding, rows) = (&question.query, question.binding, page.entries.len() as u64);
    let answered = AnsweredPage { query, binding, as_of: page.as_of, rows, next: None };
    reads::note_page(&server, &viewer.caller, None, &answered).await?;
    let seen = page.entries.last().filter(|_| page.more).map_or(page.as_of, |last| last.id);
    let more = page.more;
    let mut entries = page.entries.list()?;
    if S::LOG == Log::Trail {
        // Otherwise looking at the trail would be news in the trail.
        let reader = viewer.caller.actor(&server);
        entries.retain(|entry| !is_read_of(entry, &reader));
    }
    let next = tail_path(S::LOG, &query.filter, seen, &viewer_tag(&viewer.caller));
    Ok(fragment(&server, &viewer, new_rows(S::LOG, &entries, &next, more, viewer.time))?)
}

/// Whether this browser has read a log, according to the entry.
fn is_read_of(entry: &Entry, viewer: &Actor) -> bool {
    entry.action == Action::Read
        && entry.user == viewer.user
        && (&entry.context.ip, &entry.context.user_agent) == (&viewer.context.ip, &viewer.context.user_agent)
}
