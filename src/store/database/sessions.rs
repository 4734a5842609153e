//! The calls about sessions of the web page.

use crate::model::timestamp::Timestamp;
use crate::store::calls::StoredSession;
use crate::store::database::{Engine, Store};
use crate::store::error::StoreError;
use crate::store::postgres::Connection;
use crate::store::session::Retry;
use crate::store::sessions;
use crate::store::sqlite::run_now;

impl Store {
    /// Adds a session or a one-time link, and deletes expired ones.
    pub async fn add_session(&self, session: StoredSession) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| sessions::add(db, &session))
    }

    /// The session or link with this hash. The caller checks its times.
    pub async fn find_session(&self, hash: [u8; 32]) -> Result<Option<StoredSession>, StoreError> {
        run!(self.read_quickly(), |db| sessions::find(db, hash))
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, hash: [u8; 32], now: Timestamp) -> Result<(), StoreError> {
        run!(self.write(Retry::Always), |db| sessions::touch(db, hash, now))
    }

    /// Deletes the session or link with this hash and returns it. Of several callers at once, only one gets it.
    pub async fn take_session(&self, hash: [u8; 32]) -> Result<Option<StoredSession>, StoreError> {
        run!(self.write(Retry::IfUndone), |db| sessions::take(db, hash))
    }
}
