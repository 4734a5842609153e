//! What a witness remembers of the logs of an organization: the key that signs their checkpoints, and the last checkpoint
//! of each. One private file for each server and organization, in the state directory. A server under another name is known by
//! the origin of its log.

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
use crate::terminal::file::read_trusted;

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
    /// The key that signed it, under the name of the audit log, if another key was pinned since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl Witness {
    /// Remembers a key from now on.
    pub(super) fn pin(server: String, organization: String, key: &VerifierKey, now: Timestamp) -> Self {
        let key = key.to_string();
        Self { witness: VERSION, server, organization, key, pinned_at: now, audit: None, trail: None }
    }

    /// Pins another key of the same log, and keeps the last checkpoints: the log must continue them under any key.
    pub(super) fn repinned(mut self, key: &VerifierKey, now: Timestamp) -> Self {
        for seen in [&mut self.audit, &mut self.trail].into_iter().flatten() {
            seen.key.get_or_insert_with(|| self.key.clone());
        }
        Self { key: key.to_string(), pinned_at: now, ..self }
    }

    /// What is remembered of a log, with the file for it. A log that was verified under another name of its server is
    /// recognized by the origin in its key; `told` is the key that the server tells or the user gives.
    pub(super) fn load(
        context: &Context,
        server: &str,
        organization: &str,
        told: Option<&VerifierKey>,
    ) -> Result<(PathBuf, Option<Self>), Failure> {
        let path = Self::path(context, server, organization)?;
        let own = Self::read(&path)?;
        let key = own.as_ref().and_then(Self::parsed_key);
        let Some(origin) = key.as_ref().or(told).map(|key| key.name().to_owned()) else {
            return Ok((path, own));
        };
        let files = path.parent().map(std::fs::read_dir).into_iter().flatten().flatten().flatten();
        let others = files.map(|file| file.path()).filter(|other| *other != path);
        let others = others.filter_map(|other| Self::read(&other).ok().flatten());
        let mut others: Vec<Self> =
            others.filter(|other| other.parsed_key().is_some_and(|key| key.name() == origin)).collect();
        others.sort_by_key(|other| other.pinned_at);
        let renamed = |other: &Self| Self { server: server.to_owned(), ..other.clone() };
        let Some(mut witness) = own.or_else(|| others.last().map(renamed)) else { return Ok((path, None)) };
        for other in others.iter().filter(|other| other.key == witness.key) {
            let is_newer = |log| {
                let size = |witness: &Self| witness.seen(log).ok().flatten().map(|seen| seen.size);
                size(other) > size(&witness)
            };
            let (audit, trail) = (is_newer(Log::Audit), is_newer(Log::Trail));
            if audit {
                witness.audit.clone_from(&other.audit);
            }
            if trail {
                witness.trail.clone_from(&other.trail);
            }
        }
        Ok((path, Some(witness)))
    }

    /// What is remembered of a log. Nothing is if no directory for it is set.
    pub(super) fn find(
        context: &Context,
        server: &str,
        organization: &str,
        told: Option<&VerifierKey>,
    ) -> Result<Option<Self>, Failure> {
        match context.environment.witness_directory() {
            Some(_) => Ok(Self::load(context, server, organization, told)?.1),
            None => Ok(None),
        }
    }

    /// The file for a server and an organization.
    fn path(context: &Context, server: &str, organization: &str) -> Result<PathBuf, Failure> {
        let directory = context.environment.witness_directory();
        let directory = directory.ok_or_else(|| {
            Failure::usage("no home directory is set to remember checkpoints in").hint("set XDG_STATE_HOME")
        })?;
        // A relative path names other stores in other directories.
        let store = server.strip_prefix("sqlite:").and_then(|path| std::path::absolute(path).ok());
        let server = store.map_or_else(|| server.to_owned(), |path| format!("sqlite:{}", path.display()));
        // Names of servers are no names of files.
        let hash = Hash::of(format!("{server}\n{organization}").as_bytes()).to_string();
        Ok(directory.join(format!("{}.json", &hash[..24])))
    }

    /// Reads the file; `None` if it does not exist yet.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let Some(text) = read_trusted(path)? else { return Ok(None) };
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
        of_log(self.parsed_key()?, log)
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
        let key = last.key.as_ref().map_or_else(|| self.parsed_key(), |key| key.parse().ok());
        let key = key.and_then(|key| of_log(key, log));
        let checkpoint = key.and_then(|key| key.open(&last.checkpoint).ok()).ok_or_else(damaged)?;
        let Checkpoint { size, root, .. } = checkpoint;
        let SeenCheckpoint { full_tiles, tile_latest, .. } = *last;
        Ok(Some(Seen { size, root, full_tiles, tile_latest }))
    }

    /// Remembers a checkpoint.
    pub(super) fn note(&mut self, log: Log, checkpoint: String, seen: &Seen, now: Timestamp) {
        let Seen { full_tiles, tile_latest, .. } = *seen;
        let last = Some(SeenCheckpoint { checkpoint, seen_at: now, full_tiles, tile_latest, key: None });
        match log {
            Log::Audit => self.audit = last,
            Log::Trail => self.trail = last,
        }
    }
}

/// A key of the audit log, under the name of another log of the organization.
fn of_log(key: VerifierKey, log: Log) -> Option<VerifierKey> {
    Some(match log {
        Log::Audit => key,
        Log::Trail => {
            let name = key.name().strip_suffix(Log::Audit.as_str())?;
            key.renamed(&format!("{name}{}", Log::Trail.as_str()))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

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
        let mode = std::fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        // A new key does not make it forget.
        let other = SigningKey::from_secret(&[8; 32]).expect("a key");
        let mut again = read.repinned(&other.verifier(origin), Timestamp::MAX);
        assert_eq!(again.key(Log::Audit), Some(other.verifier(origin)));
        assert_eq!(again.seen(Log::Audit).ok().flatten(), Some(seen));
        again = again.repinned(&key.verifier(origin), Timestamp::MAX);
        assert_eq!(again.seen(Log::Audit).ok().flatten(), Some(seen));
        // A checkpoint that somebody else signed is not compared with.
        witness.note(Log::Audit, other.sign(&checkpoint), &seen, Timestamp::MAX);
        assert!(witness.seen(Log::Audit).is_err());
        std::fs::write(&path, "{}").expect("written");
        assert!(Witness::read(&path).is_err());
    }
}
