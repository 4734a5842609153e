//! Checks that an export is unchanged, and finds the first wrong line. Works offline with the file and its manifest or
//! trailer.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::commands::export::write::{manifest_of, read_all};
use crate::error::Failure;
use crate::model::evidence::ledger::Ledger;
use crate::model::evidence::manifest::{FileFacts, IdRange, Manifest};
use crate::model::evidence::trailer::Trail;
use crate::model::evidence::verdict::first_fault;
use crate::model::merkle::Hash;
use crate::render::filter_summary::counted;
use crate::terminal::file::decompressed;

/// Why a file could not be verified.
pub(super) struct Mismatch {
    /// The first wrong line, if known.
    pub(super) line: Option<u64>,
    pub(super) reason: String,
}

impl Mismatch {
    pub(super) fn of_file(reason: impl Into<String>) -> Self {
        Self { line: None, reason: reason.into() }
    }
}

/// Verifies a file with a manifest, or else with its trailer.
pub(super) fn verify(path: &Path, manifest: Option<&Path>) -> Result<Result<String, Mismatch>, Failure> {
    let beside = manifest_of(path);
    let beside = Some(beside.as_path()).filter(|beside| !is_stdin(path) && beside.exists());
    let unreadable = |error| Failure::file(path, "read", &error);
    let stored: Box<dyn Read + Send> =
        if is_stdin(path) { Box::new(io::stdin()) } else { Box::new(File::open(path).map_err(unreadable)?) };
    match manifest.or(beside) {
        Some(manifest) => by_manifest(path, stored, manifest),
        None => by_trailer(path, stored),
    }
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Counts and hashes the bytes that are read through it.
struct HashingReader<R> {
    from: R,
    bytes: u64,
    hash: Sha256,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.bytes += read as u64;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

fn by_manifest(
    path: &Path,
    stored: impl Read + Send,
    manifest_path: &Path,
) -> Result<Result<String, Mismatch>, Failure> {
    let unreadable = |path: &Path, error| Failure::file(path, "read", &error);
    let text = std::fs::read_to_string(manifest_path).map_err(|error| unreadable(manifest_path, error))?;
    let Manifest { entries, ids, file, content: written, .. } = match Manifest::read(&text) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(Err(Mismatch::of_file(format!("{}: {error}", manifest_path.display())))),
    };
    let mut stored = HashingReader { from: stored, bytes: 0, hash: Sha256::new() };
    let mut ledger = Ledger::default();
    // If decompression fails, the lines before the damage still show where it is.
    let unpacking =
        read_all(decompressed(path, &mut stored).map_err(|error| unreadable(path, error))?, |text| {
            ledger.add(text)
        });
    let rest = read_all(&mut stored, |_| ());
    rest.map_err(|error| unreadable(path, error))?;
    let is_truncated = ledger.is_within_a_line();
    let found = ledger.finish();
    if let Some(fault) = first_fault(&written, &found) {
        let is_last = fault.line() == found.lines;
        let truncated = if is_last && is_truncated { ": the text ends within this line" } else { "" };
        return Ok(Err(Mismatch { line: Some(fault.line()), reason: format!("{fault}{truncated}") }));
    }
    if let Err(error) = unpacking {
        return Ok(Err(Mismatch::of_file(format!(
            "every line is correct, but the file is damaged after the last line: {error}"
        ))));
    }
    let FileFacts { bytes, sha256, .. } = file;
    if (stored.bytes, Hash::from(stored.hash.finalize())) != (bytes, sha256) {
        return Ok(Err(Mismatch::of_file(
            "every line is correct, but the file differs: it was compressed again, or data was appended",
        )));
    }
    let ids =
        ids.map_or(String::new(), |IdRange { lowest, highest }| format!(" (ids {lowest} to {highest})"));
    Ok(Ok(format!(
        "verified: {}{ids} in {}; root {}",
        counted(entries, "entry", "entries"),
        counted(found.lines, "line", "lines"),
        found.root
    )))
}

fn by_trailer(path: &Path, stored: impl Read + Send) -> Result<Result<String, Mismatch>, Failure> {
    let mut trail = Trail::default();
    let text = decompressed(path, stored).map_err(|error| Failure::file(path, "read", &error))?;
    if let Err(error) = read_all(text, |text| trail.add(text)) {
        return Ok(Err(Mismatch::of_file(format!("cannot read the file to its end: {error}"))));
    }
    if !trail.has_trailer() {
        let reason = "cannot verify: no manifest found, and the last line is not a trailer (the file may be truncated)";
        return Ok(Err(Mismatch::of_file(reason)));
    }
    Ok(match trail.finish() {
        Ok(trailer) => Ok(format!(
            "verified by its trailer: {} in {}",
            counted(trailer.entries, "entry", "entries"),
            counted(trailer.lines, "line", "lines")
        )),
        Err(fault) => Err(Mismatch::of_file(format!("{fault}; only a manifest can show which line"))),
    })
}
