//! What a recorder may send: an entry before the server has judged, diffed and redacted it.
//!
//! A proposal is not an entry. It becomes a `Draft` only through redaction, and only drafts can be stored.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::change::Change;
use crate::model::entry::{Context, User};
use crate::model::json::{RawJson, present};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType};

/// An entry as a recorder proposes it: either `before` and `after` (whole objects, from which the server computes
/// the changes) or the `changes` themselves.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Idempotency key; the server makes one (`UUIDv7`) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<Uuid>,
    /// When it happened; now when absent. More than 5 minutes in the future is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
    /// What was done.
    pub action: Action,
    /// What kind of resource it was done to.
    pub model_type: ModelType,
    /// The resource's id.
    #[schema(example = "42", min_length = 1, max_length = 255)]
    pub model_id: String,
    /// The resource's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub model_name: Option<String>,
    /// Who did it.
    pub user: User,
    /// Through what it was done.
    #[serde(default, skip_serializing_if = "Context::is_empty")]
    pub context: Context,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub reason: Option<String>,
    /// The whole resource before: needed for `updated` and `deleted`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<RawJson>,
    /// The whole resource after: needed for `created` and `updated`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<RawJson>,
    /// The changed fields, in place of `before` and `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change>>,
}
