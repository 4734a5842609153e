//! The last entry that was read from a log. Its uuid shows whether the log has gone backwards since: a restored server may
//! have other entries under the same ids.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::problem::Code;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::error::Failure;
use crate::exit;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LastEntry {
    pub(super) id: u64,
    pub(super) uuid: Uuid,
}

impl LastEntry {
    /// The one with the higher id.
    pub(super) fn latest(one: Option<Self>, id: u64, uuid: Uuid) -> Option<Self> {
        Some(one.filter(|one| one.id >= id).unwrap_or(Self { id, uuid }))
    }

    /// Returns whether the log still has the entry, or a prune has deleted it.
    pub(super) async fn is_in(self, client: &Client) -> Result<bool, ClientError> {
        match client.entry(self.id).await {
            Ok(entry) => Ok(entry.uuid == self.uuid),
            Err(ClientError::Problem(problem)) if problem.code == Code::Pruned => Ok(true),
            Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Fails if the log has another entry under this id, or none.
    pub(super) async fn check(self, client: &Client) -> Result<(), Failure> {
        if self.is_in(client).await? { Ok(()) } else { Err(self.failure()) }
    }

    /// The failure when the entry is gone.
    pub(super) fn failure(self) -> Failure {
        let Self { id, .. } = self;
        let message = format!("the log went backwards: entry {id} is not the one that was read before");
        Failure::new(exit::INTEGRITY, message)
            .hint("the server was restored from an older backup, or its log was replaced: `verify --server` tells more")
            .hint("start again from an id before the change, with a new file")
    }
}
