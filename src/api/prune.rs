//! Retention and pruning, as they go over the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::json::null_is_default;
use crate::model::prune::{HeldBy, ModelTypeCounts, Prune};
use crate::model::time::Age;
use crate::model::timestamp::Timestamp;
use crate::model::words::Plan;

/// What to prune.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"dry_run": true, "older_than": "4y"}))]
pub struct PruneRequest {
    /// Count without deleting.
    #[serde(default, deserialize_with = "null_is_default")]
    pub dry_run: bool,
    /// Delete entries older than this: at least the plan's retention, or the floor if an operator has set one. Default: the
    /// retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "120d")]
    pub older_than: Option<Age>,
    /// Delete only entries before this time, at the latest the current cutoff. Send the `cutoff` of a dry run to delete
    /// exactly what it counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub cutoff: Option<Timestamp>,
    /// Keep entries with a higher id. Send the `as_of` of a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<u64>,
    /// Refuse, deleting nothing, when more entries than this have expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delete: Option<u64>,
    /// Stop after this many seconds and say `"complete": false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<u32>,
    /// Prune although the server's clock seems to be ahead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock_is_right: bool,
    /// Take over the lease of a prune that no longer runs. `by` of the new record names the prune whose lease was broken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_lease: bool,
    /// Keep the entries that these holds cover, also if they have been released. Send the holds of a dry run (`held_by`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

/// What a prune did, or what it would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PruneAnswer {
    /// Whether this was a dry run.
    pub dry_run: bool,
    /// False if the prune stopped before it had deleted all expired entries. Always true for a dry run.
    pub complete: bool,
    /// The server's clock when the cutoff was fixed.
    #[schema(value_type = String, format = DateTime)]
    pub now: Timestamp,
    /// Entries that happened before this have expired.
    #[schema(value_type = String, format = DateTime)]
    pub cutoff: Timestamp,
    /// The highest id when the counts were taken.
    pub as_of: u64,
    /// The commercial plan.
    pub plan: Plan,
    /// The plan's retention.
    #[schema(value_type = String, example = "90d")]
    pub retention: Age,
    /// Counts when the prune began.
    pub counts: PruneCounts,
    /// Counts by model type; types without entries are left out.
    pub by_model_type: Vec<ModelTypeCounts>,
    /// The holds that keep expired entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<HeldBy>,
    /// When the oldest entry happened, before the prune.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest: Option<Timestamp>,
    /// The record that is kept for ever; absent when nothing was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
    /// Whether the text of deleted entries has left the store's files. False while a query still reads it, and always false on
    /// PostgreSQL, which frees the space by itself. Absent when nothing was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged: Option<bool>,
}

/// How many entries a prune deletes, and how many it keeps. `expired` + `kept` is the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PruneCounts {
    /// Entries before the cutoff that no hold covers: a prune deletes them. Held entries are not counted here, although they
    /// have expired.
    pub expired: u64,
    /// Entries that a prune keeps, including held ones.
    pub kept: u64,
    /// The part of `kept` that has expired and is covered by a hold.
    #[serde(default)]
    pub held: u64,
}

/// Past prunes, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Prunes {
    /// The prunes.
    pub data: Vec<Prune>,
}

/// The retention of an organization, and its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionAnswer {
    /// The commercial plan.
    pub plan: Plan,
    /// The plan's retention.
    #[schema(value_type = String, example = "90d")]
    pub retention: Age,
    /// A shorter age that an operator allows for `older_than`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "30d")]
    pub floor: Option<Age>,
    /// The server's clock.
    #[schema(value_type = String, format = DateTime)]
    pub now: Timestamp,
    /// Entries that happened before this have expired.
    #[schema(value_type = String, format = DateTime)]
    pub cutoff: Timestamp,
    /// How many entries the next prune deletes, and how many it keeps.
    pub counts: PruneCounts,
    /// The holds that keep expired entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<HeldBy>,
    /// When the oldest entry happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest: Option<Timestamp>,
    /// When the newest entry happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub newest: Option<Timestamp>,
    /// The last prune.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_prune: Option<Prune>,
}
