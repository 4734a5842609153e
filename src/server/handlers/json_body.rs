//! Reads the JSON object of a request that is not a recording.

use axum::body::Body;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::server::auth::{Caller, RequiredScope};
use crate::server::body::{self, MediaType};
use crate::server::error::ApiError;
use crate::server::shape::{self, BodyKind};
use crate::server::state::Server;

/// Reads the body, and authenticates the caller again if it was waited for.
pub(super) async fn read<S: RequiredScope, T: DeserializeOwned>(
    server: &Server,
    caller: Caller<S>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Caller<S>, T), ApiError> {
    if body::media_type(headers)? != MediaType::Json {
        return Err(body::unsupported("application/json"));
    }
    body::without_idempotency_key(headers)?;
    let received = server.bodies.read(caller.key(), body).await?;
    let caller = if received.was_waited_for { caller.reauthenticate(server).await? } else { caller };
    let request = shape::read(&body::utf8(received.bytes)?, BodyKind::Object)?;
    Ok((caller, request))
}
