//! Stops work in a task of its own when its caller has disconnected, or its time is up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Stops the work when the handler of the request is dropped.
#[derive(Default)]
pub(super) struct StopOnDrop(Arc<AtomicBool>);

impl StopOnDrop {
    /// Tells the work whether it may continue, for at most this long from now.
    pub(super) fn may_continue(&self, max_seconds: Option<u32>) -> impl Fn() -> bool + use<> {
        let stopped = Arc::clone(&self.0);
        let end = max_seconds.map(|seconds| Instant::now() + Duration::from_secs(u64::from(seconds)));
        move || !stopped.load(Ordering::Relaxed) && end.is_none_or(|end| Instant::now() < end)
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
