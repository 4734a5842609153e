//! The stores and embedded servers that a command has opened. They are closed in one place, `app`, however the command
//! ends: a SQLite store that is not closed leaves its `-wal` and `-shm` files behind.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::Failure;
use crate::server::ServeError;
use crate::store::Store;

/// A server in this process: its stop signal and its task.
type EmbeddedServer = (oneshot::Sender<()>, JoinHandle<Result<(), ServeError>>);

#[derive(Default)]
pub(crate) struct Opened {
    servers: Vec<EmbeddedServer>,
    stores: Vec<Arc<Store>>,
}

impl Opened {
    pub(super) fn add_store(&mut self, store: &Arc<Store>) {
        self.stores.push(Arc::clone(store));
    }

    pub(super) fn add_server(&mut self, server: EmbeddedServer) {
        self.servers.push(server);
    }

    /// Whether the command has used a store of this process, now or before it was closed.
    pub(crate) fn has_store(&self) -> bool {
        !self.stores.is_empty()
    }

    /// Stops the embedded servers and closes the stores. Every client must be dropped before.
    pub(crate) async fn close(&mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for (stop, server) in self.servers.drain(..) {
            // A server that has already ended receives nothing.
            stop.send(()).unwrap_or(());
            let ended = match server.await {
                Ok(ended) => ended.map_err(Failure::from),
                Err(error) => {
                    Err(Failure::new(crate::exit::FAILED, format!("the embedded server failed: {error}")))
                }
            };
            outcome = outcome.and(ended);
        }
        for store in &self.stores {
            store.close().await;
        }
        outcome
    }
}
