//! The file of `show --proof`: one entry, and the proof that it is in a log. It is checked without the server.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::api::tree::EntryProof;
use crate::commands::Context;
use crate::commands::verify::files::{Mismatch, is_stdin};
use crate::commands::witness::Witness;
use crate::error::Failure;
use crate::model::integrity::entry_proof::check;
use crate::model::integrity::leaf::{LeafRecord, Part};
use crate::model::integrity::note::VerifierKey;
use crate::model::integrity::opening::Opening;
use crate::model::integrity::proof::Proof;
use crate::model::time::format::full;
use crate::model::words::Log;
use crate::render::filter_summary::counted;

/// The version of the format.
const VERSION: u32 = 1;
/// The first bytes of each file.
const START: &[u8] = b"{\"krosyn_audit_proof\":";

/// A proof with what is needed to check it.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::commands) struct ProofFile {
    krosyn_audit_proof: u32,
    server: String,
    organization: String,
    /// The key that signed the checkpoint, as the file states it.
    key: String,
    proof: EntryProof,
}

impl ProofFile {
    pub(in crate::commands) fn new(
        server: String,
        organization: String,
        key: &VerifierKey,
        proof: EntryProof,
    ) -> Self {
        Self { krosyn_audit_proof: VERSION, server, organization, key: key.to_string(), proof }
    }

    /// The text of the file.
    pub(in crate::commands) fn to_text(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// Reads a file, unless it is of another kind.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        if is_stdin(path) {
            return Ok(None);
        }
        let unreadable = |error| Failure::file(path, "read", &error);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut text = Vec::new();
        file.by_ref().take(START.len() as u64).read_to_end(&mut text).map_err(unreadable)?;
        if text != START {
            return Ok(None);
        }
        file.read_to_end(&mut text).map_err(unreadable)?;
        let proof: Self = serde_json::from_slice(&text)
            .map_err(|error| Failure::usage(format!("{} is not a proof: {error}", path.display())))?;
        if proof.krosyn_audit_proof != VERSION {
            return Err(Failure::usage(format!(
                "{} has format version {}, and this tool reads version {VERSION}",
                path.display(),
                proof.krosyn_audit_proof
            )));
        }
        Ok(Some(proof))
    }

    /// Checks the proof with the given key, else with the pinned one, else with the one in the file.
    pub(super) fn verify(
        &self,
        context: &mut Context,
        key: Option<&VerifierKey>,
    ) -> Result<Result<String, Mismatch>, Failure> {
        let mismatch = |reason: String| Ok(Err(Mismatch::of_file(reason)));
        let Ok(own_key) = self.key.parse::<VerifierKey>() else {
            return mismatch("its key cannot be read".to_owned());
        };
        let log = if own_key.name().ends_with("/trail") { Log::Trail } else { Log::Audit };
        // A key of the file's own counts for nothing, but its name tells which log was seen here under another address.
        let audit =
            own_key.name().rsplit_once('/').map(|(name, _)| own_key.renamed(&format!("{name}/audit")));
        let pinned = Witness::find(context, &self.server, &self.organization, audit.as_ref())?;
        let pinned = pinned.and_then(|witness| witness.key(log));
        let (key, whose) = match (key, pinned) {
            (Some(key), _) => (key.renamed(own_key.name()), "the given key"),
            (None, Some(pinned)) => (pinned, "the pinned key"),
            (None, None) => (own_key.clone(), "the key in this file"),
        };
        let bytes = |text: &str| STANDARD.decode(text).unwrap_or_default();
        let EntryProof { entry, opening, record, proof } = &self.proof;
        let (opening, record) = (bytes(opening), bytes(record));
        let opening = opening.first_chunk().and_then(|bytes| Opening::from_bytes(bytes).ok());
        let record = record.first_chunk().and_then(|bytes| LeafRecord::from_bytes(bytes).ok());
        let (Some(opening), Some(record), Ok(proof)) = (opening, record, proof.parse::<Proof>()) else {
            return mismatch("its record, opening or proof cannot be read".to_owned());
        };
        let checkpoint = match check(entry.as_ref(), (&record, &opening), &proof, &key) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return mismatch(format!("{error} (checked with {whose})")),
        };
        if whose == "the key in this file" {
            context.terminal.warn(&format!(
                "the author of the file could have signed it: compare its key with that of the server, or give --key: {own_key}"
            ));
        }
        let what = finding(entry.is_some(), &record, &opening);
        let recorded = match record.is_protected {
            true => format!(" at {}", full(record.recorded_at, &context.time)),
            false => " before its log had a tree".to_owned(),
        };
        Ok(Ok(format!(
            "verified: {what}{recorded}; it is in the checkpoint of {} of {}, signed by {whose}",
            counted(checkpoint.size, "entry", "entries"),
            checkpoint.origin
        )))
    }
}

/// What a proof says of its entry.
fn finding(exists: bool, record: &LeafRecord, opening: &Opening) -> String {
    let id = record.id();
    if !exists {
        return format!("entry {id} existed, and was deleted since");
    }
    match [Part::Actor, Part::Content].map(|part| opening.is_erased(part)) {
        [false, false] => format!("entry {id} is as it was recorded"),
        [true, false] => format!(
            "entry {id} without user, address and user agent, which were erased, is as it was recorded"
        ),
        [false, true] => {
            format!("the user of entry {id}, whose texts were erased, is as it was recorded")
        }
        [true, true] => format!("only the times of entry {id} are as they were recorded"),
    }
}
