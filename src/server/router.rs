//! All routes on one page, and what surrounds every one of them.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{self, AUTHORIZATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::problem::{Code, Problem};
use crate::server::error::ApiError;
use crate::server::handlers::{account, counts, entries, health, prune, record};
use crate::server::{Server, error, metrics, trace};

/// The header that carries a request's id both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id of a caller's that is kept.
const MAX_REQUEST_ID: usize = 128;

/// What every answer says to browsers and caches on its way: an audit log is no page, and nobody keeps a copy.
pub(super) const HARDENING: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::with_openapi(document())
        .routes(routes!(entries::list, record::record))
        .routes(routes!(entries::facets))
        .routes(routes!(counts::counts))
        .routes(routes!(prune::retention))
        .routes(routes!(prune::prune))
        .routes(routes!(prune::prunes))
        .routes(routes!(entries::show))
        .routes(routes!(account::whoami))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi))
}

pub(super) fn router(server: Server) -> Router {
    // The outermost layer stands last: an id first, so that whatever happens within can be told by it.
    routes()
        .split_for_parts()
        .0
        .fallback(async || {
            ApiError::new(
                Code::NotFound,
                "there is nothing at this path: GET /api/openapi.json lists what there is",
            )
        })
        .method_not_allowed_fallback(async || {
            ApiError::new(Code::MethodNotAllowed, "this path does not take this method")
        })
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            tracing::error!("a handler panicked");
            ApiError::internal().into_response()
        }))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(1024).and(NotForContentType::IMAGES)))
        .layer(from_fn(error::finish_problems))
        .layer(from_fn_with_state(server.clone(), metrics::measure))
        .layer(from_fn(trace::log))
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(from_fn(drop_unfit_request_id))
        .layer(map_response(async |mut response: Response| {
            response.headers_mut().extend(HARDENING);
            response
        }))
        .with_state(server)
}

/// The contract, made from the same registrations that answer it.
#[must_use]
pub fn openapi() -> OpenApi {
    routes().split_for_parts().1
}

fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Krosyn audit API")
        .version("1.0.0")
        .description(Some(include_str!("openapi.md")))
        .license(Some(License::new("MIT OR Apache-2.0")));
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let mut components = Components::new();
    components.add_security_scheme("bearer", bearer);
    // The sets of problems refer to it by name.
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    components.schemas.extend(schemas);
    OpenApiBuilder::new().info(info.build()).components(Some(components)).build()
}

#[derive(Clone)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&new_request_id()).ok().map(RequestId::new)
    }
}

/// An id for a request that came without one.
pub(super) fn new_request_id() -> String {
    format!("req_{}", uuid::Uuid::now_v7().simple())
}

/// A caller's request id is kept when it can stand in a log line; otherwise the server makes one.
async fn drop_unfit_request_id(mut request: Request, next: axum::middleware::Next) -> Response {
    let fit = |id: &HeaderValue| {
        let bytes = id.as_bytes();
        !bytes.is_empty() && bytes.len() <= MAX_REQUEST_ID && bytes.iter().all(u8::is_ascii_graphic)
    };
    if !request.headers().get(REQUEST_ID).is_some_and(fit) {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

/// A problem for a status that was answered without one, by a layer or by the framework.
pub(super) fn problem_of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "there is nothing at this path"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::MethodNotAllowed, "this path does not take this method")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge, "the request is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(Code::UnsupportedMediaType, "the media type is not supported")
        }
        status if status.is_client_error() => Problem::new(Code::Malformed, "the request cannot be read"),
        _ => Problem::new(Code::Internal, "the server failed; its log has the details under this request id"),
    }
}
