//! The responses of `GET /whoami` and `POST /sessions/link`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::timestamp::Timestamp;
use crate::model::words::{Plan, Scope};

/// The caller: its organization and its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Whoami {
    /// The organization's slug.
    #[schema(example = "acme")]
    pub organization: String,
    /// Its plan.
    pub plan: Plan,
    /// The token's name.
    #[schema(example = "cron")]
    pub token: String,
    /// The token's permissions.
    pub scopes: Vec<Scope>,
    /// When the token expires; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The key that signs the checkpoints of the audit log, as NAME+ID+KEY (C2SP signed-note). The trail's is the same, under
    /// the trail's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier_key: Option<String>,
}

/// A link that signs a browser in to the page, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionLink {
    /// The path and query on this server.
    #[schema(example = "/sign-in?link=3q2-7w…")]
    pub path: String,
    /// When the link ends, if it is not used.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}
