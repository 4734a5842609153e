//! Remembers, in files, the last checkpoint of each log that a key has signed. Kept apart from the store, so that a server does
//! not sign a second root for a size that it has signed: not after somebody changed the database, and not after a restored
//! backup.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::note::VerifierKey;
use crate::model::merkle::Hash;
use crate::store::error::StoreError;
use crate::terminal::file::rename;

/// A directory with a file for each log.
#[derive(Debug)]
pub struct SignedCheckpoints(PathBuf);

/// A checkpoint that was signed.
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    pub(super) note: String,
    /// The root of its full tiles: the leaves of a partial tile do not outlive their entries.
    pub(super) full_tiles: Hash,
}

/// The content of a file.
#[derive(Serialize, Deserialize)]
struct Remembered {
    note: String,
    full_tiles: Hash,
}

impl SignedCheckpoints {
    /// Uses this directory, which is created with mode 0700 if it is missing.
    ///
    /// # Errors
    /// When it cannot be created, or no file can be written in it.
    pub fn open(directory: &Path) -> std::io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.recursive(true).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        tempfile::tempfile_in(directory)?;
        Ok(Self(directory.to_owned()))
    }

    /// The last checkpoint of the key's log.
    pub(super) async fn last(&self, key: &VerifierKey) -> Result<Option<Signed>, StoreError> {
        let path = self.path(key.name());
        let failed = |cause: &dyn std::fmt::Display| {
            StoreError::Failed(format!(
                "cannot read the last signed checkpoint in {}: {cause}",
                path.display()
            ))
        };
        let text = match tokio::fs::read_to_string(&path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| failed(&error))?,
        };
        let Remembered { note, full_tiles } = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        let checkpoint = key.open(&note).map_err(|error| failed(&error))?;
        Ok(Some(Signed { checkpoint, note, full_tiles }))
    }

    /// Remembers a checkpoint. It is on disk when this returns.
    pub(super) async fn remember(
        &self,
        checkpoint: &Checkpoint,
        note: &str,
        full_tiles: Hash,
    ) -> Result<(), StoreError> {
        let (directory, path) = (self.0.clone(), self.path(&checkpoint.origin));
        let shown = path.display().to_string();
        let remembered = Remembered { note: note.to_owned(), full_tiles };
        let write = move || -> std::io::Result<()> {
            let file = tempfile::NamedTempFile::new_in(directory)?;
            serde_json::to_writer(&file, &remembered)?;
            file.as_file().sync_data()?;
            let part = file.into_temp_path();
            rename(&part, &path)
        };
        let written = tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other).flatten();
        written.map_err(|error| {
            StoreError::Failed(format!("cannot remember the signed checkpoint in {shown}: {error}"))
        })
    }

    fn path(&self, origin: &str) -> PathBuf {
        self.0.join(origin.replace('/', "-")).with_extension("json")
    }
}
