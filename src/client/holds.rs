//! The calls about legal holds.

use reqwest::Method;

use crate::api::hold::{CreateHold, HoldAnswer, Holds, ReleaseHold};
use crate::api::problem::Code;
use crate::api::routes::{HOLD, HOLD_RELEASE, HOLDS};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::model::hold::{ActiveHold, HoldName};
use crate::model::words::Log;

impl Client {
    /// Creates a hold.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn create_hold(&self, hold: &CreateHold) -> Result<HoldAnswer, ClientError> {
        self.call(Method::POST, HOLDS).body_json(hold)?.json().await
    }

    /// Lists all holds, active and released.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn holds(&self) -> Result<Holds, ClientError> {
        self.call(Method::GET, HOLDS).json().await
    }

    /// Returns the active holds of the log that the client reads: none if it is the trail, if
    /// the token may not see holds, or if the server is too old to have any.
    ///
    /// # Errors
    /// [`ClientError`], also if the filter of a hold has a part that this version does not know.
    pub async fn active_holds(&self) -> Result<Vec<ActiveHold>, ClientError> {
        if self.log() == Log::Trail {
            return Ok(Vec::new());
        }
        let holds = match self.holds().await {
            Err(ClientError::Problem(problem))
                if matches!(problem.code, Code::Forbidden | Code::NotFound) =>
            {
                return Ok(Vec::new());
            }
            holds => holds?.data,
        };
        let active = holds.into_iter().filter(|hold| hold.released_at.is_none());
        let readable = active.map(|hold| match hold.covered() {
            Some(filter) => Ok(ActiveHold { name: hold.name, reason: hold.reason, filter }),
            None => {
                let cause = format!("the filter of the hold {} is of a newer version", hold.name);
                Err(ClientError::unexpected(self.server(), 200, &cause))
            }
        });
        readable.collect()
    }

    /// Returns a hold and the number of entries that it covers.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn hold(&self, name: &HoldName) -> Result<HoldAnswer, ClientError> {
        self.call(Method::GET, &HOLD.replace("{name}", name.as_str())).json().await
    }

    /// Releases a hold.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn release_hold(
        &self,
        name: &HoldName,
        release: &ReleaseHold,
    ) -> Result<HoldAnswer, ClientError> {
        let path = HOLD_RELEASE.replace("{name}", name.as_str());
        self.call(Method::POST, &path).body_json(release)?.json().await
    }
}
