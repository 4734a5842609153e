//! `GET /whoami`: the caller's organization and token.

use axum::Json;
use axum::extract::State;

use crate::api::account::Whoami;
use crate::api::problems::TokenProblems;
use crate::server::auth::{AnyToken, Caller};
use crate::server::body::NoParameters;
use crate::server::error::ApiError;
use crate::server::state::Server;
use crate::store::Organization;

/// Returns the token's organization, name and scopes.
#[utoipa::path(
    get, path = crate::api::routes::WHOAMI, operation_id = "whoami", security(("bearer" = [])),
    responses(
        (status = 200, description = "The organization and the token", body = Whoami),
        TokenProblems,
    ))]
pub(crate) async fn whoami(
    State(server): State<Server>,
    caller: Caller<AnyToken>,
    _: NoParameters,
) -> Result<Json<Whoami>, ApiError> {
    let Organization { id, uuid, .. } = caller.organization;
    let verifier_key = server.trees.key(&server.store).await?.verifier(&id.origin(uuid)).to_string();
    Ok(Json(Whoami {
        organization: caller.organization.slug,
        plan: caller.organization.retention.plan,
        token: caller.token,
        scopes: caller.scopes,
        expires_at: caller.expires_at,
        verifier_key: Some(verifier_key),
    }))
}
