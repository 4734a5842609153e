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
    /// Only say what would go.
    #[serde(default, deserialize_with = "null_is_default")]
    pub dry_run: bool,
    /// An age longer than the plan's retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "120d")]
    pub older_than: Option<Age>,
    /// Delete only what happened before this moment, which may not lie after the cutoff: what a plan has shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub cutoff: Option<Timestamp>,
    /// Leave entries recorded after this id: what a plan has not seen stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<u64>,
    /// Refuse, deleting nothing, when more entries than this have expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delete: Option<u64>,
    /// Stop after this many seconds and say `"complete": false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<u32>,
    /// Confirms the server's clock although it seems to be ahead, and prunes by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock_is_right: bool,
    /// End the lease of another prune that no longer runs; the record of this one says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_lease: bool,
    /// Keep what these holds cover even if they have been released: the holds of a plan (`held_by`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

/// What a prune did, or what it would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PruneAnswer {
    /// Whether nothing was deleted because only the plan was asked for.
    pub dry_run: bool,
    /// Whether everything that had expired is gone. Always true of a plan.
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
    /// What had expired and what stays, when the prune began.
    pub counts: PruneCounts,
    /// The same by model type, without those that have no entry.
    pub by_model_type: Vec<ModelTypeCounts>,
    /// The holds that keep expired entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<HeldBy>,
    /// The oldest entry there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest: Option<Timestamp>,
    /// The record that is kept for ever; absent when nothing was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
    /// Whether the text of what was deleted has left the store's files: not yet while somebody reads, and when the
    /// database decides is right on PostgreSQL. Absent when nothing was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged: Option<bool>,
}

/// How many entries go and how many stay. All entries are `expired` and `kept` together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PruneCounts {
    /// Entries before the cutoff that no hold covers: a prune deletes them.
    pub expired: u64,
    /// Entries that stay, including held ones.
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

/// What the organization promises to keep, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionAnswer {
    /// The commercial plan.
    pub plan: Plan,
    /// The plan's retention.
    #[schema(value_type = String, example = "90d")]
    pub retention: Age,
    /// A shorter age that prunes may name, when an operator allows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "30d")]
    pub floor: Option<Age>,
    /// The server's clock.
    #[schema(value_type = String, format = DateTime)]
    pub now: Timestamp,
    /// Entries that happened before this have expired.
    #[schema(value_type = String, format = DateTime)]
    pub cutoff: Timestamp,
    /// How many entries have expired, and how many have not.
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
