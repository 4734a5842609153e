//! One entry with its change set, and its proof.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::page::entry::view;
use crate::page::list::expanded;
use crate::page::shell::Equal;
use crate::page::text::{entry_path, href};
use crate::render::command_line::log_words;
use crate::server::auth::ReadScope;
use crate::server::handlers::{entries, tree};
use crate::server::page::answer::{PageError, with_headers};
use crate::server::page::frame::{fragment, framed, section};
use crate::server::page::query::check_parameters;
use crate::server::page::session::{VIEWER, Viewer, viewer_tag};
use crate::server::state::Server;
use crate::store::PageRequest;

/// The most other entries of a change set that are shown.
const OTHERS: u32 = 50;

pub(super) async fn show<S: ReadScope>(
    State(server): State<Server>,
    viewer: Viewer<S>,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    check_parameters(raw.as_deref(), &[])?;
    let log = viewer.caller.log();
    let entry = entries::find(&server, &viewer.caller, &id).await?;
    let mut others = Vec::new();
    if let Some(request) = &entry.context.request_id {
        let mut filter = Filter::default();
        filter.request_id.include.push(request.clone());
        let request = PageRequest::first(filter, Order::Ascending, OTHERS);
        others = server.query(server.store.page(log, request)).await?.entries.list()?;
        others.retain(|other| other.id != entry.id);
    }
    let proof =
        href(&format!("{}/proof", entry_path(S::LOG, entry.id)), [(VIEWER, viewer_tag(&viewer.caller))]);
    let body = view(S::LOG, &entry, &others, &proof, viewer.time);
    let command = [&["show".to_owned(), id.clone()][..], &log_words(S::LOG)].concat();
    let title = format!("Entry {id}");
    Ok(framed(
        &server,
        &viewer,
        (StatusCode::OK, section(S::LOG), &title),
        Equal::Commands(vec![command]),
        &body,
    )?)
}

/// The changes of an entry, which the script shows below its row.
pub(super) async fn changes<S: ReadScope>(
    State(server): State<Server>,
    viewer: Viewer<S>,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    check_parameters(raw.as_deref(), &[VIEWER])?;
    let entry = entries::find(&server, &viewer.caller, &id).await?;
    let markup = expanded(S::LOG, &entry, viewer.time);
    Ok(fragment(&server, &viewer, markup)?)
}

/// The proof as the API has it.
pub(super) async fn proof<S: ReadScope>(
    State(server): State<Server>,
    viewer: Viewer<S>,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    check_parameters(raw.as_deref(), &[VIEWER])?;
    Ok(with_headers(tree::prove(&server, &viewer.caller, &id).await?))
}
