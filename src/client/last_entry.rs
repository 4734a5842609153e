//! The last entry that was read from a log. Its uuid shows whether the log has gone backwards since: a restored server may
//! have other entries under the same ids.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::problem::Code;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::model::integrity::leaf::Part;
use crate::model::integrity::opening::Opening;

/// The last entry that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastEntry {
    /// Its id.
    pub id: u64,
    /// Its uuid.
    pub uuid: Uuid,
}

/// A position in a log: what was read, or delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPosition {
    /// The id up to which all matching entries were read.
    pub after_id: u64,
    /// The last entry that was read, if any.
    pub last: Option<LastEntry>,
}

impl LogPosition {
    /// The position to save when the entry `left_out` must still be read. `saved` is the position before this one.
    #[must_use]
    pub fn before(self, left_out: Option<u64>, saved: Self) -> Self {
        match left_out {
            Some(id) if self.after_id >= id => Self {
                after_id: id.saturating_sub(1),
                last: self.last.filter(|last| last.id < id).or(saved.last),
            },
            _ => self,
        }
    }
}

/// Why a log cannot be followed or resumed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The log has another entry under this id, or none.
    #[error("the log went backwards: entry {0} is not the one that was read before")]
    WentBackwards(u64),
    /// A request failed.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl FollowError {
    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_transient())
    }
}

impl LastEntry {
    /// The one with the higher id.
    #[must_use]
    pub fn latest(one: Option<Self>, id: u64, uuid: Uuid) -> Option<Self> {
        Some(one.filter(|one| one.id >= id).unwrap_or(Self { id, uuid }))
    }

    /// Fails if the log has another entry under this id, or none. A pruned entry is in order, and one with erased texts, which
    /// may have got another uuid.
    ///
    /// # Errors
    /// [`FollowError`].
    pub async fn check(self, client: &Client) -> Result<(), FollowError> {
        match client.entry(self.id).await {
            Ok(entry) if entry.uuid == self.uuid => Ok(()),
            Ok(_) if self.is_erased(client).await? => Ok(()),
            Ok(_) => Err(FollowError::WentBackwards(self.id)),
            Err(ClientError::Problem(problem)) if problem.code == Code::Pruned => Ok(()),
            Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => {
                Err(FollowError::WentBackwards(self.id))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the content of the entry was erased.
    async fn is_erased(self, client: &Client) -> Result<bool, ClientError> {
        let opening = client.proof(client.log(), self.id).await?.opening;
        let bytes = STANDARD.decode(opening).ok().and_then(|bytes| bytes.try_into().ok());
        let opening = bytes.and_then(|bytes| Opening::from_bytes(&bytes).ok());
        Ok(matches!(opening, Some(Opening::BothErased | Opening::Erased { kept: Part::Actor, .. })))
    }
}
