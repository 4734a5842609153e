//! One entry of the log: who did what to which resource, when, and what changed.

mod view;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::change::Changes;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind, Via};

pub use crate::model::entry::view::{ChangesView, EntryView, RequestContextView, Text, UserView};

/// An entry as it is stored and sent. Entries are written once and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Per organization, from 1, without gaps, in commit order. Pruned ids stay used.
    #[schema(example = 1287, minimum = 1)]
    pub id: u64,
    /// The recorder's idempotency key, unique in the organization for as long as the entry is kept.
    pub uuid: Uuid,
    /// When it happened, by the recorder's word.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:14:07.412033Z")]
    pub occurred_at: Timestamp,
    /// When the server took it in.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:14:07.415870Z")]
    pub recorded_at: Timestamp,
    /// What was done.
    pub action: Action,
    /// What kind of resource it was done to.
    pub model_type: ModelType,
    /// The resource's id, which with its type names it.
    #[schema(example = "42")]
    pub model_id: String,
    /// The resource's name at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Slack order notifications")]
    pub model_name: Option<String>,
    /// Who did it: a snapshot at record time.
    pub user: User,
    /// Through what it was done.
    #[serde(default, skip_serializing_if = "RequestContext::is_empty")]
    pub context: RequestContext,
    /// Why, when the recorder said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "INC-2041")]
    pub reason: Option<String>,
    /// The fields that differ, in the order the recorder sent them.
    #[schema(value_type = Vec<crate::model::change::Change>)]
    pub changes: Changes,
}

/// The identity that acted, as it was then. At least one of id, e-mail and name is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The platform's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "7")]
    pub id: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "ana.ruiz@acme.example")]
    pub email: Option<String>,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ana Ruiz")]
    pub name: Option<String>,
    /// The role at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "admin")]
    pub role: Option<String>,
    /// What kind of identity it is.
    #[serde(default = "default_kind")]
    pub kind: UserKind,
}

const fn default_kind() -> UserKind {
    UserKind::User
}

impl User {
    /// What a reader knows them by: the e-mail address, else the name, else the id.
    #[must_use]
    pub fn label(&self) -> &str {
        [&self.email, &self.name, &self.id].into_iter().flatten().map(String::as_str).next().unwrap_or("")
    }
}

/// Through what a change came. Every part is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestContext {
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// The address it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "198.51.100.23")]
    pub ip: Option<String>,
    /// The program that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The request it was part of: entries of one request belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "req_01JD9ZK3")]
    pub request_id: Option<String>,
}

impl RequestContext {
    /// Tells whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.via.is_none() && self.ip.is_none() && self.user_agent.is_none() && self.request_id.is_none()
    }
}
