//! The retention of each log that the viewer may read.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::api::problem::Code;
use crate::model::words::Scope;
use crate::page::retention::{LogRetention, view};
use crate::page::shell::{Equal, Section};
use crate::server::auth::{AnyToken, Caller, CanRead, CanReadTrail, ReadScope};
use crate::server::error::ApiError;
use crate::server::handlers::prune;
use crate::server::page::answer::PageError;
use crate::server::page::frame::framed;
use crate::server::page::query::check_parameters;
use crate::server::page::session::Viewer;
use crate::server::state::Server;

pub(super) async fn show(
    State(server): State<Server>,
    viewer: Viewer<AnyToken>,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    check_parameters(raw.as_deref(), &[])?;
    let caller = &viewer.caller;
    let mut logs = Vec::new();
    if caller.scopes.contains(&Scope::Read) {
        logs.push(of_log(&server, &caller.narrowed::<CanRead>()?).await?);
    }
    if caller.scopes.contains(&Scope::Trail) {
        logs.push(of_log(&server, &caller.narrowed::<CanReadTrail>()?).await?);
    }
    if logs.is_empty() {
        let detail = "this token has neither the scope read nor the scope trail any more";
        return Err(ApiError::new(Code::Forbidden, detail).into());
    }
    let body = view(&logs, viewer.time);
    let command = ["prune", "--dry-run"].map(str::to_owned).to_vec();
    let commands = if caller.scopes.contains(&Scope::Read) { vec![command] } else { Vec::new() };
    let equal = Equal::Commands(commands);
    Ok(framed(&server, &viewer, (StatusCode::OK, Section::Retention, "Retention"), equal, &body)?)
}

async fn of_log<S: ReadScope>(server: &Server, caller: &Caller<S>) -> Result<LogRetention, ApiError> {
    let Json(answer) = prune::holdings(server, caller).await?;
    let Json(prunes) = prune::past_prunes(server, caller).await?;
    Ok(LogRetention { log: S::LOG, answer, prunes: prunes.data })
}
