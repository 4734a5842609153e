//! The retention of the audit log.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::page::retention::view;
use crate::page::shell::Section;
use crate::server::auth::CanRead;
use crate::server::handlers::prune;
use crate::server::page::answer::PageError;
use crate::server::page::frame::framed;
use crate::server::page::session::Viewer;
use crate::server::state::Server;

pub(super) async fn show(
    State(server): State<Server>,
    viewer: Viewer<CanRead>,
) -> Result<Response, PageError> {
    let Json(answer) = prune::holdings(&server, &viewer.caller).await?;
    let Json(prunes) = prune::past_prunes(&server, &viewer.caller).await?;
    let body = view(&answer, &prunes.data, viewer.time);
    let command = vec!["prune".to_owned(), "--dry-run".to_owned()];
    Ok(framed(&server, &viewer, (StatusCode::OK, Section::Retention, "Retention"), command, &body)?)
}
