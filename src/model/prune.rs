//! Prune records, how far prunes reach into a log, and counts of expired entries. No I/O.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType;

/// The record of a prune. It is never deleted, so that a gap in the log always has a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Prune {
    /// Per organization, from 1.
    pub id: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended; absent while it runs and when it was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Who ran it: the name of a token, or the automatic sweep.
    #[schema(example = "cron")]
    pub by: String,
    /// Only entries that happened before this were deleted.
    #[schema(value_type = String, format = DateTime)]
    pub cutoff: Timestamp,
    /// The number of deleted entries.
    pub deleted: u64,
    /// The lowest id deleted.
    pub first_id: u64,
    /// The highest id deleted. Ids between the two may well be kept.
    pub last_id: u64,
    /// Whether the prune reached its end: no entry before the cutoff was left, except those that a hold covers.
    pub complete: bool,
}

/// How far earlier prunes reach into a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pruned {
    /// The highest id that was ever pruned.
    #[schema(example = 48791)]
    pub through_id: u64,
    /// Entries that happened before this may be missing.
    #[schema(value_type = String, format = DateTime)]
    pub before: Timestamp,
}

/// How many entries of one model type go and how many stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelTypeCounts {
    /// The model type.
    pub model_type: ModelType,
    /// Entries before the cutoff that no hold covers: a prune deletes them.
    pub expired: u64,
    /// Entries that stay, including held ones.
    pub kept: u64,
    /// The part of `kept` that has expired and is covered by a hold.
    #[serde(default)]
    pub held: u64,
}

/// A hold that keeps expired entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldBy {
    /// Its name.
    #[schema(example = "case-2026-14")]
    pub hold: String,
    /// The number of expired entries that it covers. Other holds may cover them as well.
    pub entries: u64,
    /// Its filter as a query string; only in answers to a prune.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "resource=connector%2F42")]
    pub filter: Option<String>,
}
