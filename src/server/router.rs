//! All routes, and the layers around them.

use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::problem::{Code, Problem};
use crate::api::routes::METRICS;
use crate::server::error::ApiError;
use crate::server::handlers::{
    account, counts, entries, erase, health, hold, prune, record, rows, trail, tree,
};
use crate::server::middleware::handle_request;
use crate::server::page;
use crate::server::page::sign_in;
use crate::server::state::Server;

fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::with_openapi(document())
        .routes(routes!(entries::list, record::record))
        .routes(routes!(entries::facets))
        .routes(routes!(counts::counts))
        .routes(routes!(rows::export))
        .routes(routes!(prune::retention))
        .routes(routes!(prune::prune))
        .routes(routes!(prune::prunes))
        .routes(routes!(entries::show))
        .routes(routes!(hold::list_holds, hold::create_hold))
        .routes(routes!(hold::show_hold))
        .routes(routes!(hold::release_hold))
        .routes(routes!(trail::list_trail))
        .routes(routes!(trail::trail_facets))
        .routes(routes!(trail::trail_counts))
        .routes(routes!(rows::export_trail))
        .routes(routes!(trail::trail_retention))
        .routes(routes!(trail::trail_prunes))
        .routes(routes!(trail::show_trail))
        .routes(routes!(tree::checkpoint))
        .routes(routes!(tree::tile))
        .routes(routes!(tree::proof))
        .routes(routes!(tree::trail_checkpoint))
        .routes(routes!(tree::trail_tile))
        .routes(routes!(tree::trail_proof))
        .routes(routes!(erase::erasures, erase::erase))
        .routes(routes!(account::whoami))
        .routes(routes!(sign_in::link))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::openapi))
}

pub(super) fn router(server: Server) -> Router {
    let mut routes = routes().split_for_parts().0.route(METRICS, get(health::no_metrics_here));
    if server.settings.page.is_some() {
        routes = routes.merge(page::routes());
    }
    let has_page = server.settings.page.is_some();
    with_layers(routes, server, has_page)
}

/// The router of the metrics listener.
pub(super) fn metrics_router(server: Server) -> Router {
    with_layers(Router::new().route(METRICS, get(health::metrics)), server, false)
}

fn with_layers(routes: Router<Server>, server: Server, has_page: bool) -> Router {
    // One combined layer, outermost first: separate layers would each be cloned for every request.
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(server.clone(), handle_request))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(SizeAbove::new(1024).and(NotForContentType::IMAGES)),
        )
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            tracing::error!("a handler panicked");
            ApiError::internal().into_response()
        }));
    let refused = move |uri: &Uri, headers: &HeaderMap, error: ApiError| {
        if has_page { page::refused(uri, headers, error) } else { error.into_response() }
    };
    routes
        .fallback(async move |uri: Uri, headers: HeaderMap| {
            let detail = "no such path: GET /api/openapi.json lists all paths";
            refused(&uri, &headers, ApiError::new(Code::NotFound, detail))
        })
        .method_not_allowed_fallback(async move |uri: Uri, headers: HeaderMap| {
            let detail = "this path does not support this method";
            refused(&uri, &headers, ApiError::new(Code::MethodNotAllowed, detail))
        })
        .layer(layers)
        .with_state(server)
}

/// The OpenAPI document, generated from the registered routes.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = routes().split_for_parts().1;
    // The router's mark for the rest of a path.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for path in document.paths.paths.values_mut() {
        for operation in [&mut path.get, &mut path.post].into_iter().flatten() {
            // An empty list says that no token is needed. An absent list would leave it open.
            operation.security.get_or_insert_default();
        }
    }
    document
}

/// An SPDX expression, also used as the name.
const LICENSE: &str = "MIT OR Apache-2.0";

fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Krosyn audit API")
        .version("1.0.0")
        .description(Some(include_str!("openapi.md")))
        .license(Some(LicenseBuilder::new().name(LICENSE).identifier(Some(LICENSE)).build()));
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let mut components = Components::new();
    components.add_security_scheme("bearer", bearer);
    // The response sets refer to this schema by name.
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    components.schemas.extend(schemas);
    let here =
        ServerBuilder::new().url("/").description(Some("The server that serves this document")).build();
    OpenApiBuilder::new().info(info.build()).servers(Some([here])).components(Some(components)).build()
}
