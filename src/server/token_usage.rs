//! When tokens were last used: noted in memory and written in batches, so that a request costs no write.
//!
//! A crash forgets what was not written yet; nothing but `token list` hangs on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::timestamp::Timestamp;
use crate::store::{OrgId, Store, TokenUse};

type ByName = HashMap<String, Timestamp>;

/// What was noted and not written yet: no more than there are tokens.
#[derive(Default)]
pub(super) struct TokenUsage(Mutex<HashMap<OrgId, ByName>>);

impl TokenUsage {
    /// Notes that a token opened something.
    pub(super) fn note(&self, org: OrgId, name: &str, at: Timestamp) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = noted.entry(org).or_default();
        match tokens.get_mut(name) {
            Some(last) => *last = at.max(*last),
            None => drop(tokens.insert(name.to_owned(), at)),
        }
    }

    /// Writes what was noted. What cannot be written waits for the next time.
    pub(super) async fn write(&self, store: &dyn Store) {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (org, tokens) in noted {
            let uses: Vec<_> = tokens.into_iter().map(|(name, at)| TokenUse { name, at }).collect();
            if let Err(error) = store.note_token_uses(org, uses.clone()).await {
                tracing::warn!(%error, "when tokens were used could not be written and will be tried again");
                uses.iter().for_each(|used| self.note(org, &used.name, used.at));
            }
        }
    }
}

/// Writes what was noted, every `interval`, for as long as the server runs.
pub(super) async fn run(store: Arc<dyn Store>, uses: Arc<TokenUsage>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        uses.write(store.as_ref()).await;
    }
}
