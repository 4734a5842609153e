//! The page for browsers: handlers read the store as those of the API do, and call the views of `page`.

mod answer;
mod csv;
mod entry;
mod frame;
pub(super) mod link;
mod list;
mod query;
mod resource;
mod retention;
mod session;
pub(super) mod sign_in;
mod tail;

use axum::Router;
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::api::problem::Code;
use crate::model::words::Scope;
use crate::page::{CSS, JS};
use crate::server::auth::{AnyToken, CanRead, CanReadTrail};
use crate::server::error::ApiError;
use crate::server::page::answer::{PageError, of_problem, redirect, text};
use crate::server::page::session::Viewer;
use crate::server::state::Server;

/// The icon of the browser's tab.
const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f4e79"/><path d="M4 4h8M4 8h8M4 12h5" stroke="#fff" stroke-width="1.6"/></svg>"##;

/// An error of no route of ours: a page for a browser, and a problem document for a path of the API and for programs.
pub(super) fn refused(uri: &Uri, headers: &HeaderMap, error: ApiError) -> Response {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = ranges.flat_map(|list| list.split(','));
    let is_browser = ranges.any(|range| {
        range.split(';').next().is_some_and(|range| range.trim().eq_ignore_ascii_case("text/html"))
    });
    if !is_browser || uri.path().starts_with("/api/") {
        return error.into_response();
    }
    // The problem names the API's paths, which are of no use to a reader of the page.
    let no_page = || ApiError::new(Code::NotFound, "there is no page at this address");
    of_problem(&if error.code() == Code::NotFound { no_page() } else { error })
}

/// The list of the audit log, or the trail for a viewer who may read only that.
async fn first_view(viewer: Result<Viewer<AnyToken>, PageError>) -> Response {
    let scopes = viewer.map(|viewer| viewer.caller.scopes).unwrap_or_default();
    let only_trail = scopes.contains(&Scope::Trail) && !scopes.contains(&Scope::Read);
    redirect(if only_trail { "/trail" } else { "/audit-logs" })
}

/// The routes of the page.
pub(super) fn routes() -> Router<Server> {
    let asset = |content_type, body| get(async move || text(StatusCode::OK, content_type, body));
    Router::new()
        .route("/", get(first_view))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/audit-logs", get(list::show::<CanRead>))
        .route("/audit-logs/new", get(tail::show::<CanRead>))
        .route("/audit-logs/export.csv", get(csv::export::<CanRead>))
        .route("/audit-logs/resource", get(resource::show::<CanRead>))
        .route("/audit-logs/{id}", get(entry::show::<CanRead>))
        .route("/audit-logs/{id}/changes", get(entry::changes::<CanRead>))
        .route("/audit-logs/{id}/proof", get(entry::proof::<CanRead>))
        .route("/trail", get(list::show::<CanReadTrail>))
        .route("/trail/new", get(tail::show::<CanReadTrail>))
        .route("/trail/export.csv", get(csv::export::<CanReadTrail>))
        .route("/trail/resource", get(resource::show::<CanReadTrail>))
        .route("/trail/{id}", get(entry::show::<CanReadTrail>))
        .route("/trail/{id}/changes", get(entry::changes::<CanReadTrail>))
        .route("/trail/{id}/proof", get(entry::proof::<CanReadTrail>))
        .route("/retention", get(retention::show))
        .route("/page/page.css", asset("text/css; charset=utf-8", CSS))
        .route("/page/page.js", asset("text/javascript; charset=utf-8", JS))
        .route("/page/icon.svg", asset("image/svg+xml", ICON))
}
