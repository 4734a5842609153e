//! `--metrics ADDRESS`: lag, deliveries and the last error, for Prometheus. No label holds a secret.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::api::routes::OPENMETRICS;
use crate::clock::Clock;
use crate::model::timestamp::Timestamp;
use crate::render::sanitize::sanitize;

/// The longest error that is shown, in characters.
const MAX_ERROR: usize = 300;

type SecondsGauge = Gauge<f64, AtomicU64>;

/// What is counted while entries are forwarded.
pub(super) struct Metrics {
    registry: Registry,
    clock: Clock,
    lag_entries: Gauge,
    lag_seconds: SecondsGauge,
    /// When the oldest entry that waits for its delivery was recorded, in microseconds; 0 if none waits.
    waiting_since: AtomicI64,
    pub(super) delivered: Counter,
    pub(super) retries: Counter,
    pub(super) gaps: Counter,
    server_up: Gauge,
    destination_up: Gauge,
    last_delivery: SecondsGauge,
    last_error: Family<Vec<(&'static str, String)>, SecondsGauge>,
}

impl Metrics {
    pub(super) fn new(clock: Clock) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("krosyn_audit_forward"),
            clock,
            lag_entries: Gauge::default(),
            lag_seconds: SecondsGauge::default(),
            waiting_since: AtomicI64::new(0),
            delivered: Counter::default(),
            retries: Counter::default(),
            gaps: Counter::default(),
            server_up: Gauge::default(),
            destination_up: Gauge::default(),
            last_delivery: SecondsGauge::default(),
            last_error: Family::default(),
        };
        let registry = &mut metrics.registry;
        let help = "Entries of the log after the last delivered one, also those that the filter leaves out";
        registry.register("lag_entries", help, metrics.lag_entries.clone());
        let help = "How long the oldest undelivered entry has been waiting";
        registry.register("lag_seconds", help, metrics.lag_seconds.clone());
        registry.register("entries_delivered", "Entries delivered", metrics.delivered.clone());
        registry.register("retries", "Deliveries that failed and were tried again", metrics.retries.clone());
        let help = "Times that entries were pruned before they could be delivered";
        registry.register("gaps", help, metrics.gaps.clone());
        registry.register("server_up", "1 while the audit server answers", metrics.server_up.clone());
        let help = "1 while the destination accepts entries";
        registry.register("destination_up", help, metrics.destination_up.clone());
        let help = "When entries were last delivered, in seconds since 1970";
        registry.register("last_delivery_timestamp_seconds", help, metrics.last_delivery.clone());
        let help = "When the last error happened, in seconds since 1970";
        registry.register("last_error_timestamp_seconds", help, metrics.last_error.clone());
        metrics.server_up.set(1);
        metrics.destination_up.set(1);
        metrics
    }

    pub(super) fn set_server_up(&self, is_up: bool) {
        self.server_up.set(i64::from(is_up));
    }

    pub(super) fn set_lag(&self, head_id: u64, after_id: u64) {
        self.lag_entries.set(i64::try_from(head_id.saturating_sub(after_id)).unwrap_or(i64::MAX));
    }

    /// Notes since when the oldest undelivered entry has been in the log.
    pub(super) fn set_waiting(&self, since: Option<Timestamp>) {
        self.waiting_since.store(since.map_or(0, Timestamp::micros), Ordering::Relaxed);
    }

    pub(super) fn note_delivery(&self, entries: u64) {
        self.delivered.inc_by(entries);
        self.destination_up.set(1);
        self.last_delivery.set(seconds(self.clock.now()));
    }

    pub(super) fn note_destination_error(&self, message: &str) {
        self.retries.inc();
        self.destination_up.set(0);
        self.note_error(message);
    }

    pub(super) fn note_error(&self, message: &str) {
        let message: String = sanitize(message).chars().take(MAX_ERROR).collect();
        self.last_error.clear();
        self.last_error.get_or_create(&vec![("message", message)]).set(seconds(self.clock.now()));
    }

    /// The metrics in the OpenMetrics text format.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let since = Timestamp::from_micros(self.waiting_since.load(Ordering::Relaxed));
        let lag = since.filter(|since| *since > Timestamp::MIN).map(|since| self.clock.now().since(since));
        self.lag_seconds.set(lag.map_or(0.0, |lag| lag.as_seconds_f64().max(0.0)));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.since(Timestamp::MIN).as_seconds_f64()
}

/// Answers `/metrics` until the process ends.
pub(super) fn serve(listener: TcpListener, metrics: Arc<Metrics>) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let answer = move || std::future::ready(answer(&metrics));
    let router = Router::new().route("/metrics", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

fn answer(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_grows_while_an_entry_waits() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().expect("a time");
        let metrics = Metrics::new(Clock::fixed(now));
        let has = |line: &str| {
            let text = metrics.text().expect("a text");
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        };
        has("krosyn_audit_forward_lag_seconds 0.0");
        metrics.set_waiting(Some("2026-11-22T07:59:30Z".parse().expect("a time")));
        metrics.set_lag(12, 3);
        metrics.note_destination_error("first");
        metrics.note_destination_error("a \"quoted\" line\nand more");
        has("krosyn_audit_forward_lag_seconds 30.0");
        has("krosyn_audit_forward_lag_entries 9");
        has("krosyn_audit_forward_retries_total 2");
        has("krosyn_audit_forward_destination_up 0");
        let text = metrics.text().expect("a text");
        assert_eq!(text.matches("last_error_timestamp_seconds{").count(), 1, "only the last: {text}");
        metrics.note_delivery(4);
        has("krosyn_audit_forward_entries_delivered_total 4");
        has("krosyn_audit_forward_destination_up 1");
        has("krosyn_audit_forward_last_delivery_timestamp_seconds 1795334400.0");
    }
}
