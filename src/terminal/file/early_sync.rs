//! Brings a large file to the disk while it is written, so that the sync at its end is short.

use std::fs::File;
use std::io;
use std::thread::{self, JoinHandle};

/// The bytes between two syncs: a fraction of a second of an export.
const INTERVAL_BYTES: u64 = 64 * 1024 * 1024;

/// The syncs of one file, one at a time.
#[derive(Default)]
pub(super) struct EarlySync {
    running: Option<JoinHandle<io::Result<()>>>,
    /// The size at the start of the last sync.
    begun_bytes: u64,
}

impl EarlySync {
    /// Starts a sync if the file has grown enough and no other runs. Fails if the last one failed.
    pub(super) fn advance(&mut self, file: &File, bytes: u64) -> io::Result<()> {
        let is_running = self.running.as_ref().is_some_and(|sync| !sync.is_finished());
        if is_running || bytes < self.begun_bytes + INTERVAL_BYTES {
            return Ok(());
        }
        self.finish()?;
        self.begun_bytes = bytes;
        let file = file.try_clone()?;
        self.running = Some(thread::Builder::new().name("sync".to_owned()).spawn(move || file.sync_data())?);
        Ok(())
    }

    /// Waits for a running sync. The system reports a failed write to one sync only, so its error must not get lost.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let Some(sync) = self.running.take() else { return Ok(()) };
        sync.join().unwrap_or_else(|_| Err(io::Error::other("the thread that syncs the file has ended")))
    }
}
