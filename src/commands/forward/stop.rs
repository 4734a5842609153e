//! SIGTERM and Ctrl-C: the first finishes what is in flight, the second ends it.

use std::io;

use tokio::sync::watch;

/// The number of signals that asked to stop.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<u32>);

impl Stop {
    /// Installs handlers. A hang-up counts only if a person is at the terminal.
    pub(super) fn listen(is_attended: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut hang_up = signal(SignalKind::hangup())?;
        let (count, received) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let is_stop = tokio::select! {
                    _ = terminate.recv() => true,
                    _ = interrupt.recv() => true,
                    _ = hang_up.recv() => is_attended,
                };
                count.send_modify(|count| *count += u32::from(is_stop));
            }
        });
        Ok(Self(received))
    }

    pub(super) fn is_requested(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits for the first signal.
    pub(super) async fn requested(&self) {
        self.at_least(1).await;
    }

    /// Waits for the second signal.
    pub(super) async fn insisted(&self) {
        self.at_least(2).await;
    }

    async fn at_least(&self, signals: u32) {
        let mut received = self.0.clone();
        if received.wait_for(|count| *count >= signals).await.is_err() {
            // The handlers are gone: no signal can arrive.
            std::future::pending().await
        }
    }
}
