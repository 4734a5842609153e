//! Who the token is.

use axum::Json;

use crate::api::account::Whoami;
use crate::api::problem::Problem;
use crate::server::auth::{Anyone, Caller};

/// Tells whose token it is and what it may do.
#[utoipa::path(
    get, path = crate::api::routes::WHOAMI, operation_id = "whoami", security(("bearer" = [])),
    responses(
        (status = 200, description = "The organization and the token", body = Whoami),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "The server failed; its log has the details under the request id", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot be reached", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn whoami(caller: Caller<Anyone>) -> Json<Whoami> {
    Json(Whoami {
        organization: caller.organization.slug,
        plan: caller.organization.retention.plan,
        token: caller.token,
        scopes: caller.scopes,
        expires_at: caller.expires_at,
    })
}
