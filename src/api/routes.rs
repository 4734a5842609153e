//! The paths, media types and body limit of the API, for server and client.

use crate::model::words::Log;

/// One page of entries (GET), recording (POST).
pub const AUDIT_LOGS: &str = "/api/v1/audit-logs";
/// One entry.
pub const AUDIT_LOG: &str = "/api/v1/audit-logs/{id}";
/// Counts for a filter.
pub const FACETS: &str = "/api/v1/audit-logs/facets";
/// Counts for a filter by one or two dimensions.
pub const COUNTS: &str = "/api/v1/audit-logs/counts";
/// All entries in one answer, as rows.
pub const EXPORT: &str = "/api/v1/audit-logs/export";
/// Plan, cutoff and counts.
pub const RETENTION: &str = "/api/v1/audit-logs/retention";
/// Plans and runs a prune.
pub const PRUNE: &str = "/api/v1/audit-logs/prune";
/// Past prunes.
pub const PRUNES: &str = "/api/v1/audit-logs/prunes";
/// The legal holds (GET), creating one (POST).
pub const HOLDS: &str = "/api/v1/holds";
/// One hold.
pub const HOLD: &str = "/api/v1/holds/{name}";
/// Releases a hold.
pub const HOLD_RELEASE: &str = "/api/v1/holds/{name}/release";
/// Plans and runs an erasure of a person (POST), past erasures (GET).
pub const ERASURES: &str = "/api/v1/erasures";
/// A signed checkpoint of the log.
pub const CHECKPOINT: &str = "/api/v1/audit-logs/checkpoint";
/// A tile of the log's tree.
pub const TILE: &str = "/api/v1/audit-logs/tile/{*tile}";
/// A proof that an entry is in the log.
pub const PROOF: &str = "/api/v1/audit-logs/{id}/proof";
/// A signed checkpoint of the trail.
pub const TRAIL_CHECKPOINT: &str = "/api/v1/trail/checkpoint";
/// A tile of the trail's tree.
pub const TRAIL_TILE: &str = "/api/v1/trail/tile/{*tile}";
/// A proof that an entry is in the trail.
pub const TRAIL_PROOF: &str = "/api/v1/trail/{id}/proof";
/// One page of entries of the trail.
pub const TRAIL: &str = "/api/v1/trail";
/// One entry of the trail.
pub const TRAIL_ENTRY: &str = "/api/v1/trail/{id}";
/// Counts for a filter, of the trail.
pub const TRAIL_FACETS: &str = "/api/v1/trail/facets";
/// Counts for a filter by one or two dimensions, of the trail.
pub const TRAIL_COUNTS: &str = "/api/v1/trail/counts";
/// All entries of the trail in one answer, as rows.
pub const TRAIL_EXPORT: &str = "/api/v1/trail/export";
/// Plan, cutoff and counts of the trail.
pub const TRAIL_RETENTION: &str = "/api/v1/trail/retention";
/// Past prunes of the trail.
pub const TRAIL_PRUNES: &str = "/api/v1/trail/prunes";
/// The caller's organization and token.
pub const WHOAMI: &str = "/api/v1/whoami";
/// A one-time link that signs a browser in to the page.
pub const SESSION_LINK: &str = "/api/v1/sessions/link";
/// Liveness.
pub const HEALTHZ: &str = "/healthz";
/// Readiness.
pub const READYZ: &str = "/readyz";
/// Prometheus metrics.
pub const METRICS: &str = "/metrics";
/// The API as an OpenAPI 3.1 document.
pub const OPENAPI: &str = "/api/openapi.json";

/// The paths that read a log.
#[derive(Debug, Clone, Copy)]
pub struct LogPaths {
    /// One page of entries.
    pub list: &'static str,
    /// One entry.
    pub entry: &'static str,
    /// Counts for a filter.
    pub facets: &'static str,
    /// Counts for a filter by one or two dimensions.
    pub counts: &'static str,
    /// Plan, cutoff and counts.
    pub retention: &'static str,
    /// Past prunes.
    pub prunes: &'static str,
}

impl LogPaths {
    /// The paths that read this log.
    #[must_use]
    pub const fn of(log: Log) -> Self {
        match log {
            Log::Audit => Self {
                list: AUDIT_LOGS,
                entry: AUDIT_LOG,
                facets: FACETS,
                counts: COUNTS,
                retention: RETENTION,
                prunes: PRUNES,
            },
            Log::Trail => Self {
                list: TRAIL,
                entry: TRAIL_ENTRY,
                facets: TRAIL_FACETS,
                counts: TRAIL_COUNTS,
                retention: TRAIL_RETENTION,
                prunes: TRAIL_PRUNES,
            },
        }
    }
}

/// The media type for recording many entries, and of its response.
pub const NDJSON: &str = "application/x-ndjson";
/// The media type of metrics.
pub const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The media type of every error (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
