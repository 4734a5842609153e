//! For operators: liveness, readiness, metrics, and the OpenAPI document.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::{Code, Problem};
use crate::api::problems::CommonProblems;
use crate::api::routes::OPENMETRICS;
use crate::server::error::ApiError;
use crate::server::state::Server;
use crate::store::error::StoreError;

/// The state of the server.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or `degraded` (readiness only) after damage was found in the store. A degraded server still reads intact
    /// entries and records new ones.
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });
const DEGRADED: Json<Health> = Json(Health { status: "degraded" });

/// Returns 200 while the process runs.
#[utoipa::path(
    get, path = crate::api::routes::HEALTHZ, operation_id = "healthz",
    responses(
        (status = 200, description = "Alive", body = Health),
        CommonProblems,
    ))]
pub(crate) async fn healthz() -> Json<Health> {
    OK
}

/// Returns 200 when the store is reachable, its schema is current, and its disk has space for entries.
#[utoipa::path(
    get, path = crate::api::routes::READYZ, operation_id = "readyz",
    responses(
        (status = 200, description = "Ready", body = Health),
        (status = 503, description = "The store cannot be reached, or its disk is full", body = Problem, content_type = "application/problem+json"),
        CommonProblems,
    ))]
pub(crate) async fn readyz(State(server): State<Server>) -> Result<Json<Health>, ApiError> {
    match server.readiness.check(&server.store).await {
        Err(StoreError::Unwritable(cause)) => {
            tracing::error!(cause, "not ready: the store cannot be written");
            let detail =
                "the store cannot be written, or its disk is almost full: the server's log has the cause";
            return Err(ApiError::new(Code::Unwritable, detail));
        }
        ready => ready?,
    }
    Ok(if server.store.is_damaged() { DEGRADED } else { OK })
}

/// Metrics in the OpenMetrics text format. They have their own listener, because they cover all organizations.
pub(crate) async fn metrics(State(server): State<Server>) -> Result<impl IntoResponse, ApiError> {
    let bytes = server.store.wal_bytes().unwrap_or(0);
    server.metrics.wal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    server.metrics.damaged.set(i64::from(server.store.is_damaged()));
    let text = server.metrics.text().map_err(|_| ApiError::internal())?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], text))
}

/// Explains where the metrics are.
pub(crate) async fn no_metrics_here() -> ApiError {
    let detail = "metrics have their own address: start the server with --metrics-listen ADDRESS";
    ApiError::new(Code::NotFound, detail)
}

/// Returns this document.
#[utoipa::path(
    get, path = crate::api::routes::OPENAPI, operation_id = "openapi",
    responses(
        (status = 200, description = "OpenAPI 3.1", body = Object),
        CommonProblems,
    ))]
pub(crate) async fn openapi(State(server): State<Server>) -> Response {
    Json(&*server.openapi).into_response()
}
