//! The calls about legal holds.

use reqwest::Method;

use crate::api::hold::{CreateHold, HoldAnswer, Holds, ReleaseHold};
use crate::api::routes::{HOLD, HOLD_RELEASE, HOLDS};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::model::hold::HoldName;

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
