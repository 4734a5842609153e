//! Prometheus metrics. No label contains the name of an organization, a user or a token.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Method, route and status of a response.
type Labels = Vec<(&'static str, String)>;

pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    pub(super) recorded: Counter<u64, AtomicU64>,
    pub(super) pruned: Counter<u64, AtomicU64>,
    pub(super) refused: Counter<u64, AtomicU64>,
    pub(super) sweep_failures: Counter<u64, AtomicU64>,
    /// The number of organizations for which the last sweep failed.
    pub(super) sweep_failing: Gauge,
    /// 1 while the clock is implausible and pruning is therefore paused.
    pub(super) clock_implausible: Gauge,
    /// The size of the write-ahead log in bytes; 0 if the store has none.
    pub(super) wal_bytes: Gauge,
    /// 1 after damage was found in the store.
    pub(super) damaged: Gauge,
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
        let help = "Connections refused at the connection limit";
        registry.register("connections_refused", help, refused.clone());
        let (sweep_failures, sweep_failing) = (Counter::default(), Gauge::default());
        let (clock_implausible, wal_bytes) = (Gauge::default(), Gauge::default());
        registry.register("sweep_failures", "Sweeps of an organization that failed", sweep_failures.clone());
        let help = "Organizations for which the last sweep failed";
        registry.register("sweep_failing_organizations", help, sweep_failing.clone());
        let help = "1 while the clock is implausible and nothing is pruned";
        registry.register("clock_implausible", help, clock_implausible.clone());
        let help = "Length of the store's write-ahead log, 0 where it has none";
        registry.register_with_unit("store_log", help, Unit::Bytes, wal_bytes.clone());
        let damaged = Gauge::default();
        registry.register("store_damaged", "1 once damage was found in the store", damaged.clone());
        Self {
            registry,
            requests,
            seconds,
            recorded,
            pruned,
            refused,
            sweep_failures,
            sweep_failing,
            clock_implausible,
            wal_bytes,
            damaged,
        }
    }
}

impl Metrics {
    /// Counts a response.
    pub(super) fn observe_response(
        &self,
        method: &'static str,
        route: Option<&str>,
        status: u16,
        elapsed: Duration,
    ) {
        self.seconds.observe(elapsed.as_secs_f64());
        let status = status.to_string();
        let labels = [("method", method), ("route", route.unwrap_or("none")), ("status", &status)];
        let labels = labels.map(|(name, value)| (name, value.to_owned())).to_vec();
        self.requests.get_or_create(&labels).inc();
    }

    /// The metrics in the OpenMetrics text format.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
