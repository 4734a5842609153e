//! Checks readiness once for all callers that ask at the same time. Anyone may ask, and on PostgreSQL the check uses the
//! connections that look up tokens: a flood of calls must not take them all.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex;

use crate::store::Store;
use crate::store::error::StoreError;

/// The last check.
#[derive(Default)]
pub(super) struct Readiness(Arc<Mutex<Option<LastCheck>>>);

struct LastCheck {
    begun: Instant,
    outcome: Result<(), StoreError>,
}

impl Readiness {
    /// Whether the store is ready, as found by a check that began after this call.
    pub(super) async fn check(&self, store: &Arc<Store>) -> Result<(), StoreError> {
        let store = Arc::clone(store);
        self.check_with(move || async move { store.ready().await }).await
    }

    async fn check_with<F>(&self, ready: impl FnOnce() -> F + Send + 'static) -> Result<(), StoreError>
    where
        F: Future<Output = Result<(), StoreError>> + Send,
    {
        let (last, arrived) = (Arc::clone(&self.0), Instant::now());
        // In a task of its own: a caller that disconnects would cancel the check of all others.
        let checked = tokio::spawn(async move {
            let mut last = last.lock().await;
            if let Some(check) = last.as_ref().filter(|check| check.begun >= arrived) {
                return check.outcome.clone();
            }
            let begun = Instant::now();
            let outcome = ready().await;
            *last = Some(LastCheck { begun, outcome: outcome.clone() });
            outcome
        });
        checked.await.unwrap_or(Err(StoreError::Closed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn calls_at_the_same_time_share_a_check_that_begins_after_them() {
        let (readiness, checks) = (Arc::new(Readiness::default()), Arc::new(AtomicUsize::new(0)));
        let may_end = Arc::new(Semaphore::new(0));
        let call = || {
            let (readiness, checks, may_end) =
                (Arc::clone(&readiness), Arc::clone(&checks), Arc::clone(&may_end));
            tokio::spawn(async move {
                let check = move || async move {
                    checks.fetch_add(1, Ordering::Relaxed);
                    may_end.acquire().await.expect("open").forget();
                    Ok(())
                };
                readiness.check_with(check).await
            })
        };
        let first = call();
        while checks.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..100).map(|_| call()).collect();
        // Each of them waits for the lock before the first check ends.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        first.abort();
        may_end.add_permits(2);
        for other in others {
            assert!(other.await.expect("no panic").is_ok());
        }
        assert_eq!(checks.load(Ordering::Relaxed), 2, "one for the first call, and one for all others");
    }
}
