//! Who a token is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::timestamp::Timestamp;
use crate::model::words::{Plan, Scope};

/// Who asks, as the server sees it.
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
    /// What the token may do.
    pub scopes: Vec<Scope>,
    /// When the token ends; absent when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}
