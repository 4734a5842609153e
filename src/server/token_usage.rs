//! Tracks each token's last use in memory and flushes it in batches, so that a request causes no write.
//!
//! A crash loses the times since the last flush. Only `token list` shows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::model::timestamp::Timestamp;
use crate::server::lock::lock;
use crate::store::{OrgId, Store, TokenUse};

type ByName = HashMap<String, Timestamp>;

/// The times not written yet, at most one per token.
#[derive(Default)]
pub(super) struct TokenUsage(Mutex<HashMap<OrgId, ByName>>);

impl TokenUsage {
    /// Remembers that a token was used.
    pub(super) fn note(&self, org: OrgId, name: &str, at: Timestamp) {
        let mut pending = lock(&self.0);
        let tokens = pending.entry(org).or_default();
        match tokens.get_mut(name) {
            Some(last) => *last = at.max(*last),
            None => drop(tokens.insert(name.to_owned(), at)),
        }
    }

    /// Writes the pending times. If that fails, they stay pending.
    pub(super) async fn flush(&self, store: &Store) {
        let pending = std::mem::take(&mut *lock(&self.0));
        for (org, tokens) in pending {
            let token_usage: Vec<_> = tokens.into_iter().map(|(name, at)| TokenUse { name, at }).collect();
            if let Err(error) = store.note_token_uses(org, token_usage.clone()).await {
                tracing::warn!(%error, "cannot save when tokens were last used; retrying");
                token_usage.iter().for_each(|used| self.note(org, &used.name, used.at));
            }
        }
    }
}

/// Flushes every `interval` while the server runs.
pub(super) async fn run(store: Arc<Store>, token_usage: Arc<TokenUsage>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        token_usage.flush(store.as_ref()).await;
    }
}
