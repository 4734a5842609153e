//! What can be counted about the server, for Prometheus. No label holds a name of an organization, a user or a token.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::server::Server;

/// Method, route and status of an answer.
type Labels = Vec<(&'static str, String)>;

/// The counters and the registry that writes them.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    pub(super) recorded: Counter<u64, AtomicU64>,
    pub(super) pruned: Counter<u64, AtomicU64>,
    pub(super) refused: Counter<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("krosyn_audit");
        let requests = Family::<Labels, Counter>::default();
        let seconds = Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let (recorded, pruned, refused) = (Counter::default(), Counter::default(), Counter::default());
        registry.register("requests", "Requests answered", requests.clone());
        registry.register_with_unit("request_duration", "Time to answer", Unit::Seconds, seconds.clone());
        registry.register("entries_recorded", "Entries stored", recorded.clone());
        registry.register("entries_pruned", "Entries deleted by prunes", pruned.clone());
        let help = "Connections for which there was no place";
        registry.register("connections_refused", help, refused.clone());
        Self { registry, requests, seconds, recorded, pruned, refused }
    }
}

impl Metrics {
    /// The Prometheus text.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

pub(super) async fn measure(State(server): State<Server>, request: Request, next: Next) -> Response {
    // A method is whatever a caller writes; only known ones become labels, so that labels stay few.
    let method = match request.method().as_str() {
        method @ ("GET" | "POST" | "HEAD" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => method.to_owned(),
        _ => "other".to_owned(),
    };
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    server.metrics.seconds.observe(started.elapsed().as_secs_f64());
    let labels =
        vec![("method", method), ("route", route), ("status", response.status().as_u16().to_string())];
    server.metrics.requests.get_or_create(&labels).inc();
    response
}
