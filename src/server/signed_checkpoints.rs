//! Remembers, in files, the last checkpoint of each log that a key has signed. Kept apart from the store, so that a server does
//! not sign a second root for a size that it has signed: not after somebody changed the database, and not after a restored
//! backup.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::note::{SigningKey, VerifierKey};
use crate::model::merkle::Hash;
use crate::store::error::StoreError;
use crate::store::lock_file::open_lock_file;
use crate::terminal::file::rename;

/// A directory with a file for each log.
#[derive(Debug)]
pub struct SignedCheckpoints(PathBuf);

/// A checkpoint that was signed.
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    pub(super) note: String,
    /// The root of its full tiles: the leaves of a partial tile do not outlive their entries. Unknown if only the store
    /// remembers the checkpoint.
    pub(super) full_tiles: Option<Hash>,
}

/// Keeps other servers with the same directory from signing, as long as it lives.
pub(super) struct SigningLock(#[expect(dead_code, reason = "the lock is held by the open file")] File);

/// The name of the file that a signing server locks.
const LOCK: &str = "lock";

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
    /// When it cannot be created, no file can be written in it, or a file in it is not a checkpoint that this key has signed.
    pub fn open(directory: &Path, key: &SigningKey) -> std::io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.recursive(true).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        tempfile::tempfile_in(directory)?;
        for found in std::fs::read_dir(directory)? {
            let path = found?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = std::fs::read_to_string(&path)?;
                let origin = origin_of(&text).unwrap_or_default();
                read(&text, &key.verifier(&origin)).map_err(|cause| {
                    Error::new(ErrorKind::InvalidData, format!("{}: {cause}", path.display()))
                })?;
            }
        }
        Ok(Self(directory.to_owned()))
    }

    /// Waits until no other server with this directory signs. Two servers could otherwise sign two roots for one size.
    pub(super) async fn lock(&self) -> Result<SigningLock, StoreError> {
        let path = self.0.join(LOCK);
        let shown = path.display().to_string();
        let lock = move || -> std::io::Result<SigningLock> {
            let file = open_lock_file(&path)?;
            match file.lock() {
                // Some network file systems have no locks.
                Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
                _ => Ok(SigningLock(file)),
            }
        };
        let locked = tokio::task::spawn_blocking(lock).await.map_err(Error::other).flatten();
        locked.map_err(|error| StoreError::Failed(format!("cannot lock {shown}: {error}")))
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
        read(&text, key).map(Some).map_err(|cause| failed(&cause))
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
        let written = tokio::task::spawn_blocking(write).await.map_err(Error::other).flatten();
        written.map_err(|error| {
            StoreError::Failed(format!("cannot remember the signed checkpoint in {shown}: {error}"))
        })
    }

    fn path(&self, origin: &str) -> PathBuf {
        self.0.join(origin.replace('/', "-")).with_extension("json")
    }
}

/// The origin of the checkpoint in a file.
fn origin_of(text: &str) -> Option<String> {
    let remembered: Remembered = serde_json::from_str(text).ok()?;
    remembered.note.lines().next().map(str::to_owned)
}

/// Reads a file. It must hold a checkpoint that the key has signed.
fn read(text: &str, key: &VerifierKey) -> Result<Signed, String> {
    let remembered = serde_json::from_str(text);
    let Remembered { note, full_tiles } =
        remembered.map_err(|error| format!("not a signed checkpoint: {error}"))?;
    let checkpoint = key.open(&note).map_err(|error| error.to_string())?;
    Ok(Signed { checkpoint, note, full_tiles: Some(full_tiles) })
}
