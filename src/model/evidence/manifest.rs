//! The manifest of an export: what was asked, what was written, and by what each line of it is known again. JSON, with
//! a version and a seal; it lies beside the export as `NAME.manifest.json`.
//!
//! The seal tells a damaged manifest from a damaged export. It is no signature: who changes an export and can write
//! its manifest too can make both agree, so keep the manifest, or its root, where they cannot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::evidence::ledger::Content;
use crate::model::evidence::merkle::Hash;
use crate::model::timestamp::Timestamp;

/// The form of a manifest; another one gets another number.
const VERSION: u32 = 1;

/// What is known of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The form, 1.
    pub manifest: u32,
    /// The programme and its version.
    pub made_by: String,
    /// When the export began, by the clock of the machine that made it.
    pub exported_at: Timestamp,
    /// Where the entries came from.
    pub server: String,
    /// Whose they are.
    pub organization: String,
    /// What was asked: each parameter of the API with its values.
    pub query: BTreeMap<String, Vec<String>>,
    /// Which entry comes first: `newest` or `oldest`.
    pub first: String,
    /// The bound: entries recorded later were left out.
    pub as_of: u64,
    /// csv, tsv, json or jsonl.
    pub format: String,
    /// The columns, where the form has some.
    pub columns: Vec<String>,
    /// How many entries were written.
    pub entries: u64,
    /// The lowest and the highest id among them; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<IdRange>,
    /// What had been pruned when the export ended and may be missing from it.
    pub pruned: Vec<PrunedRange>,
    /// The file as it lies on the disk, compressed if it is.
    pub file: FileFacts,
    /// What it holds.
    pub content: Content,
    /// The hash of this document as compact JSON with a seal of zeros.
    pub seal: Hash,
}

/// The lowest and the highest of some ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdRange {
    /// The lowest.
    pub lowest: u64,
    /// The highest.
    pub highest: u64,
}

impl IdRange {
    /// The range with one more id in it.
    pub(crate) fn with(range: Option<Self>, id: u64) -> Self {
        let Self { lowest, highest } = range.unwrap_or(Self { lowest: id, highest: id });
        Self { lowest: lowest.min(id), highest: highest.max(id) }
    }
}

/// What one prune took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrunedRange {
    /// The lowest id it took.
    pub first_id: u64,
    /// The highest. Ids between the two may well be kept.
    pub last_id: u64,
    /// How many entries it took.
    pub deleted: u64,
    /// They happened before this.
    pub before: Timestamp,
}

/// A file as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileFacts {
    /// Its name at the time, without directories.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// The hash of them, as `sha256sum` prints it.
    pub sha256: Hash,
}

/// Why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManifestError {
    /// It has another form.
    #[error("it is no manifest of this tool: {0}")]
    Form(String),
    /// It was changed.
    #[error("the manifest itself was changed: its seal does not fit")]
    Seal,
}

impl Manifest {
    /// The form that is written.
    pub(crate) const VERSION: u32 = VERSION;

    fn seal_of(&self) -> Hash {
        let unsealed = Self { seal: Hash::default(), ..self.clone() };
        Hash::of(&serde_json::to_vec(&unsealed).unwrap_or_default())
    }

    /// The document, sealed.
    ///
    /// # Errors
    /// None that can happen: words, numbers and hashes always serialise.
    pub(crate) fn write(mut self) -> serde_json::Result<String> {
        self.seal = self.seal_of();
        Ok(serde_json::to_string_pretty(&self)? + "\n")
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`ManifestError`], also when it was changed since it was written.
    pub(crate) fn read(text: &str) -> Result<Self, ManifestError> {
        /// What every form has.
        #[derive(Deserialize)]
        struct Form {
            manifest: u32,
        }
        let form = |error: &dyn std::fmt::Display| ManifestError::Form(error.to_string());
        let Form { manifest: version } = serde_json::from_str(text).map_err(|error| form(&error))?;
        if version != VERSION {
            return Err(form(&format!("its form is {version}, and this version reads {VERSION}")));
        }
        let manifest: Self = serde_json::from_str(text).map_err(|error| form(&error))?;
        // A value that is read as the same and written otherwise was changed too: 1970-01-01t00:00:00z.
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| form(&error))?;
        let as_written = serde_json::to_value(&manifest).is_ok_and(|written| written == value);
        if as_written && manifest.seal == manifest.seal_of() {
            Ok(manifest)
        } else {
            Err(ManifestError::Seal)
        }
    }
}
