//! Who the token is.

use axum::Json;

use crate::api::account::Whoami;
use crate::api::problems::SignedIn;
use crate::server::auth::{Anyone, Caller};
use crate::server::body::NoParameters;

/// Tells whose token it is and what it may do.
#[utoipa::path(
    get, path = crate::api::routes::WHOAMI, operation_id = "whoami", security(("bearer" = [])),
    responses(
        (status = 200, description = "The organization and the token", body = Whoami),
        SignedIn,
    ))]
pub(crate) async fn whoami(caller: Caller<Anyone>, _: NoParameters) -> Json<Whoami> {
    Json(Whoami {
        organization: caller.organization.slug,
        plan: caller.organization.retention.plan,
        token: caller.token,
        scopes: caller.scopes,
        expires_at: caller.expires_at,
    })
}
