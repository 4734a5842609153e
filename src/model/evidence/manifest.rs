//! The manifest of an export: the query, the result, and the hashes of its lines. It is JSON with a version and a seal, in
//! the file `NAME.manifest.json` beside the export.
//!
//! The seal tells a damaged manifest from a damaged export. It is not a signature: someone who can change both files can
//! make them agree. So keep the manifest, or its root, in a separate place.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::evidence::ledger::Content;
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The version of the format, 1.
    pub manifest: u32,
    /// The program and its version.
    pub made_by: String,
    /// When the export began, by the clock of the machine that made it.
    pub exported_at: Timestamp,
    pub server: String,
    pub organization: String,
    /// The query: each parameter of the API with its values.
    pub query: BTreeMap<String, Vec<String>>,
    /// Which entry comes first: `newest` or `oldest`.
    pub first: String,
    /// The highest id when the export began: later entries are not included.
    pub as_of: u64,
    /// csv, tsv, json or jsonl.
    pub format: String,
    /// The columns, if the format has columns.
    pub columns: Vec<String>,
    pub entries: u64,
    /// The lowest and the highest id; absent without entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<IdRange>,
    /// The prunes before the end of the export, whose entries may be missing from it.
    pub pruned: Vec<PrunedRange>,
    /// A signed checkpoint of the log, made when the export had ended: all exported entries are in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// The file on disk, which may be compressed.
    pub file: FileFacts,
    pub content: Content,
    /// The hash of this document as compact JSON in which the seal is zero.
    pub seal: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdRange {
    pub lowest: u64,
    pub highest: u64,
}

impl IdRange {
    /// The range extended to one more id.
    pub(crate) fn with(range: Option<Self>, id: u64) -> Self {
        let Self { lowest, highest } = range.unwrap_or(Self { lowest: id, highest: id });
        Self { lowest: lowest.min(id), highest: highest.max(id) }
    }
}

/// The entries that one prune deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrunedRange {
    pub first_id: u64,
    /// The highest deleted id. Entries between the two may still exist.
    pub last_id: u64,
    pub deleted: u64,
    /// The cutoff: all of them happened before this time.
    pub before: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileFacts {
    /// The name at the time of the export, without directories.
    pub name: String,
    pub bytes: u64,
    /// The hash of the bytes, as `sha256sum` prints it.
    pub sha256: Hash,
}

/// Why a text is not a valid manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManifestError {
    /// The text has another format or version.
    #[error("not a manifest of this tool: {0}")]
    Format(String),
    /// The manifest was changed after it was written.
    #[error("the manifest itself was changed: its seal does not match")]
    Seal,
}

impl Manifest {
    pub(crate) const VERSION: u32 = VERSION;

    fn seal_of(&self) -> Hash {
        let unsealed = Self { seal: Hash::default(), ..self.clone() };
        Hash::of(&serde_json::to_vec(&unsealed).unwrap_or_default())
    }

    /// The sealed document.
    ///
    /// # Errors
    /// None in practice: texts, numbers and hashes always serialize.
    pub(crate) fn write(mut self) -> serde_json::Result<String> {
        self.seal = self.seal_of();
        Ok(serde_json::to_string_pretty(&self)? + "\n")
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`ManifestError`] when the text is no manifest, or was changed.
    pub(crate) fn read(text: &str) -> Result<Self, ManifestError> {
        /// The member that every version has.
        #[derive(Deserialize)]
        struct Versioned {
            manifest: u32,
        }
        let invalid = |error: &dyn std::fmt::Display| ManifestError::Format(error.to_string());
        let Versioned { manifest: version } = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        if version != VERSION {
            return Err(invalid(&format!(
                "its format version is {version}, and this tool reads version {VERSION}"
            )));
        }
        let manifest: Self = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        // A value in another spelling was changed too: 1970-01-01t00:00:00z.
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        let as_written = serde_json::to_value(&manifest).is_ok_and(|written| written == value);
        if as_written && manifest.seal == manifest.seal_of() {
            Ok(manifest)
        } else {
            Err(ManifestError::Seal)
        }
    }
}
