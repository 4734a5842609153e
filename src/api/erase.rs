//! Erasures of people, as they go over the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::entry::User;
use crate::model::erasure::{Erasure, ErasureOptions};
use crate::model::json::null_is_default;
use crate::model::words::Log;

/// A request to erase a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "ana.ruiz@acme.example", "reason": "GDPR request 2026-117", "dry_run": true}))]
pub struct ErasureRequest {
    /// The person, as in the parameter `user` of a list. It must match exactly one identity.
    #[schema(example = "ana.ruiz@acme.example")]
    pub user: String,
    /// Why. It is kept forever, so it must not name the person.
    #[schema(example = "GDPR request 2026-117")]
    pub reason: String,
    /// Only return the plan.
    #[serde(default, deserialize_with = "null_is_default")]
    pub dry_run: bool,
    /// Erase the person's id, too.
    #[serde(default, deserialize_with = "null_is_default")]
    pub with_id: bool,
    /// Replace the person's e-mail address and name wherever they occur, also in the trail.
    #[serde(default, deserialize_with = "null_is_default")]
    pub also_values: bool,
    /// Also change entries that a hold covers.
    #[serde(default, deserialize_with = "null_is_default")]
    pub despite_holds: bool,
    /// Stop after this many seconds and return `"complete": false`. The same request continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<u32>,
}

impl ErasureRequest {
    /// How far the erasure goes.
    #[must_use]
    pub const fn options(&self) -> ErasureOptions {
        ErasureOptions { with_id: self.with_id, also_values: self.also_values }
    }
}

/// The result of an erasure, or its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureAnswer {
    /// Whether nothing was changed, because only the plan was requested.
    pub dry_run: bool,
    /// Whether the erasure is finished: nothing within its options names the person any more. A plan always says true.
    pub complete: bool,
    /// The person: the e-mail address, else the name, else the id.
    #[schema(example = "ana.ruiz@acme.example")]
    pub person: String,
    /// Every snapshot of the person, the latest last.
    #[schema(value_type = Vec<User>)]
    pub snapshots: Vec<User>,
    /// The number of entries by the person or on their behalf.
    pub acted: u64,
    /// The number of entries about the person as a member.
    pub about: u64,
    /// The number of other entries that name the person. They change only with `also_values`.
    pub other: u64,
    /// Some of the other entries.
    pub other_entries: Vec<EntryPlace>,
    /// The holds that cover entries of the erasure.
    pub held: Vec<HeldEntries>,
    /// The record; absent from a plan, and if nothing names the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
    /// Whether the erased text has left the store's files. False while a reader still needs it, and on PostgreSQL, which frees it
    /// when it vacuums. Absent if nothing was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged: Option<bool>,
}

/// An entry of either log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryPlace {
    /// The log.
    pub log: Log,
    /// The entry's id.
    pub id: u64,
}

/// A hold that covers entries of the erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldEntries {
    /// The name of the hold.
    pub name: String,
    /// How many of the entries that the erasure would change it covers.
    pub entries: u64,
}

/// Erasures, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasures {
    /// The erasures.
    pub data: Vec<Erasure>,
}
