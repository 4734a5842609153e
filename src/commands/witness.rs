//! What a witness remembers of the logs of an organization: the key that signs their checkpoints, and the last checkpoint
//! of each. One private file for each server and organization, in the state directory.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::commands::{Context, private_file};
use crate::error::Failure;
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::note::VerifierKey;
use crate::model::integrity::verify::Seen;
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::terminal::file::{FileError, read_trusted};

/// The version of the file format.
const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Witness {
    witness: u32,
    pub(super) server: String,
    pub(super) organization: String,
    /// The key under the name of the audit log.
    key: String,
    pub(super) pinned_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<SeenCheckpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trail: Option<SeenCheckpoint>,
}

/// The last checkpoint of a log that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenCheckpoint {
    /// The signed note.
    pub(super) checkpoint: String,
    pub(super) seen_at: Timestamp,
    full_tiles: Hash,
    tile_latest: Timestamp,
}

impl Witness {
    /// Remembers a key from now on.
    pub(super) fn pin(server: String, organization: String, key: &VerifierKey, now: Timestamp) -> Self {
        let key = key.to_string();
        Self { witness: VERSION, server, organization, key, pinned_at: now, audit: None, trail: None }
    }

    /// The file for a server and an organization.
    pub(super) fn path(context: &Context, server: &str, organization: &str) -> Result<PathBuf, Failure> {
        let directory = context.environment.witness_directory();
        let directory = directory.ok_or_else(|| {
            Failure::usage("no home directory is set to remember checkpoints in").hint("set XDG_STATE_HOME")
        })?;
        // Names of servers are no names of files.
        let hash = Hash::of(format!("{server}\n{organization}").as_bytes()).to_string();
        Ok(directory.join(format!("{}.json", &hash[..24])))
    }

    /// Reads the file; `None` if it does not exist yet.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let text = match read_trusted(path) {
            Ok(text) => text,
            Err(FileError::Read { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let witness: Option<Self> = serde_json::from_str(&text).ok();
        let witness = witness.filter(|witness| witness.witness == VERSION && witness.parsed_key().is_some());
        let damaged = || {
            Failure::usage(format!("{} is not a file of `verify --server`", path.display()))
                .hint("if you remove it, the next run trusts the server's key again, and forgets the last checkpoint")
        };
        witness.map(Some).ok_or_else(damaged)
    }

    /// Saves the file, all at once.
    pub(super) fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        private_file::save(path, &(text + "\n"), "set XDG_STATE_HOME to a directory you can write to")
    }

    fn parsed_key(&self) -> Option<VerifierKey> {
        self.key.parse().ok()
    }

    /// The pinned key, under the name of a log.
    pub(super) fn key(&self, log: Log) -> Option<VerifierKey> {
        let key = self.parsed_key()?;
        Some(match log {
            Log::Audit => key,
            Log::Trail => {
                let name = key.name().strip_suffix(Log::Audit.as_str())?;
                key.renamed(&format!("{name}{}", Log::Trail.as_str()))
            }
        })
    }

    /// The last checkpoint of a log.
    pub(super) const fn last(&self, log: Log) -> Option<&SeenCheckpoint> {
        match log {
            Log::Audit => self.audit.as_ref(),
            Log::Trail => self.trail.as_ref(),
        }
    }

    /// What a verifier compares a log with.
    pub(super) fn seen(&self, log: Log) -> Result<Option<Seen>, Failure> {
        let Some(last) = self.last(log) else { return Ok(None) };
        let damaged = || Failure::usage("the last checkpoint that was saved is not signed by the pinned key");
        let checkpoint = self.key(log).and_then(|key| key.open(&last.checkpoint).ok()).ok_or_else(damaged)?;
        let Checkpoint { size, root, .. } = checkpoint;
        let SeenCheckpoint { full_tiles, tile_latest, .. } = *last;
        Ok(Some(Seen { size, root, full_tiles, tile_latest }))
    }

    /// Remembers a checkpoint.
    pub(super) fn note(&mut self, log: Log, checkpoint: String, seen: &Seen, now: Timestamp) {
        let Seen { full_tiles, tile_latest, .. } = *seen;
        let last = Some(SeenCheckpoint { checkpoint, seen_at: now, full_tiles, tile_latest });
        match log {
            Log::Audit => self.audit = last,
            Log::Trail => self.trail = last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::integrity::note::SigningKey;

    #[test]
    fn a_witness_is_read_as_it_was_saved() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new/witness.json");
        assert_eq!(Witness::read(&path).map_err(|failure| failure.message), Ok(None));
        let key = SigningKey::from_secret(&[7; 32]).expect("a key");
        let origin = "krosyn-audit/x/audit";
        let pin = || Witness::pin("s".to_owned(), "o".to_owned(), &key.verifier(origin), Timestamp::MIN);
        let mut witness = pin();
        assert_eq!(witness.key(Log::Trail), Some(key.verifier("krosyn-audit/x/trail")));
        let (root, full_tiles) = (Hash::of(b"root"), Hash::of(b"full"));
        let seen = Seen { size: 7, root, full_tiles, tile_latest: Timestamp::MAX };
        let checkpoint = Checkpoint { origin: origin.to_owned(), size: 7, root };
        witness.note(Log::Audit, key.sign(&checkpoint), &seen, Timestamp::MAX);
        witness.save(&path).expect("saved");
        let read = Witness::read(&path).ok().flatten().expect("read");
        assert_eq!(read, witness);
        assert_eq!(read.seen(Log::Audit).ok().flatten(), Some(seen));
        assert_eq!(read.seen(Log::Trail).ok(), Some(None));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600);
        }
        // A checkpoint that somebody else signed is not compared with.
        let other = SigningKey::from_secret(&[8; 32]).expect("a key");
        witness.note(Log::Audit, other.sign(&checkpoint), &seen, Timestamp::MAX);
        assert!(witness.seen(Log::Audit).is_err());
        std::fs::write(&path, "{}").expect("written");
        assert!(Witness::read(&path).is_err());
    }
}
