//! `GET /whoami`: the caller's organization and token.

use axum::Json;

use crate::api::account::Whoami;
use crate::api::problems::TokenProblems;
use crate::server::auth::{AnyToken, Caller};
use crate::server::body::NoParameters;

/// Returns the token's organization, name and scopes.
#[utoipa::path(
    get, path = crate::api::routes::WHOAMI, operation_id = "whoami", security(("bearer" = [])),
    responses(
        (status = 200, description = "The organization and the token", body = Whoami),
        TokenProblems,
    ))]
pub(crate) async fn whoami(caller: Caller<AnyToken>, _: NoParameters) -> Json<Whoami> {
    Json(Whoami {
        organization: caller.organization.slug,
        plan: caller.organization.retention.plan,
        token: caller.token,
        scopes: caller.scopes,
        expires_at: caller.expires_at,
        verifier_key: None,
    })
}
