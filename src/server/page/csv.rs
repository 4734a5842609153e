//! The CSV file of a list's filter.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::Method;
use axum::response::Response;

use crate::api::query::Query;
use crate::api::rows::{ExportQuery, RowForm, RowOptions, RowQuery};
use crate::server::auth::ReadScope;
use crate::server::connection_slots::Slot;
use crate::server::error::ApiError;
use crate::server::handlers::rows::whole_log;
use crate::server::page::answer::{PageError, with_headers};
use crate::server::page::query::{Request, read};
use crate::server::page::session::Viewer;
use crate::server::state::Server;

pub(super) async fn export<S: ReadScope>(
    State(server): State<Server>,
    viewer: Viewer<S>,
    slot: Option<Extension<Arc<Slot>>>,
    method: Method,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let query = read(Request::Export(S::LOG), raw.as_deref(), &viewer.time)?;
    if !query.errors.is_empty() {
        return Err(ApiError::from(query.errors).into());
    }
    let query = Query { filter: query.filter, ..Query::default() };
    let options = RowOptions::from(RowForm::Csv);
    let asked = ExportQuery { rows: RowQuery { query, options }, trailer: false };
    Ok(with_headers(whole_log(server, viewer.caller, slot, &method, asked).await?))
}
