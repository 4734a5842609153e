//! `verify`: checks that an export is unchanged, and finds the first wrong line. Works offline with the file and its manifest
//! or trailer.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::commands::Context;
use crate::commands::export::write::{manifest_of, read_all};
use crate::error::Failure;
use crate::exit;
use crate::model::evidence::ledger::Ledger;
use crate::model::evidence::manifest::{FileFacts, IdRange, Manifest};
use crate::model::evidence::trailer::Trail;
use crate::model::evidence::verdict::first_fault;
use crate::model::merkle::Hash;
use crate::render::filter_summary::{counted, grouped};
use crate::terminal::file::decompressed;

/// Check that exported files are complete and unchanged, offline
///
/// With the manifest FILE.manifest.json, written by `export --manifest`, verify names the first wrong line of a file.
/// Without a manifest, the file or stdin must end with the line that `export --trailer` writes. Compressed files are
/// decompressed. The exit code is 7 if a file cannot be verified.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit verify deleted.csv november.jsonl.gz\n  krosyn-audit verify deleted.csv --manifest /mnt/evidence/deleted.csv.manifest.json"
)]
pub(crate) struct VerifyArgs {
    /// The exported files, or - for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The manifest of a single file, if it is not beside the file
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

/// Why a file could not be verified.
struct Mismatch {
    /// The first wrong line, if known.
    line: Option<u64>,
    reason: String,
}

impl Mismatch {
    fn of_file(reason: impl Into<String>) -> Self {
        Self { line: None, reason: reason.into() }
    }
}

impl VerifyArgs {
    pub(crate) fn run(&self, context: &mut Context) -> Result<u8, Failure> {
        if self.manifest.is_some() && self.files.len() > 1 {
            return Err(Failure::usage("--manifest takes one file: verify the others separately"));
        }
        let mut mismatches = 0;
        for path in &self.files {
            let name = if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() };
            let result = match self.verify(path)? {
                Ok(summary) => format!("{name}: {summary}"),
                Err(Mismatch { line, reason }) => {
                    mismatches += 1;
                    let line = line.map_or(String::new(), |line| format!(":{line}"));
                    format!("{name}{line}: {reason}")
                }
            };
            writeln!(context.terminal.data(), "{}", crate::render::sanitize::sanitize(&result))?;
            context.terminal.flush()?;
        }
        if mismatches == 0 {
            return Ok(exit::DONE);
        }
        let files = counted(self.files.len() as u64, "file", "files");
        let message = format!("{} of {files} could not be verified", grouped(mismatches));
        Err(Failure::new(exit::INTEGRITY, message))
    }

    fn verify(&self, path: &Path) -> Result<Result<String, Mismatch>, Failure> {
        let beside = manifest_of(path);
        let manifest = match &self.manifest {
            Some(manifest) => Some(manifest.as_path()),
            None => Some(beside.as_path()).filter(|beside| !is_stdin(path) && beside.exists()),
        };
        let unreadable = |error| Failure::file(path, "read", &error);
        let stored: Box<dyn Read + Send> = if is_stdin(path) {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(unreadable)?)
        };
        match manifest {
            Some(manifest) => by_manifest(path, stored, manifest),
            None => by_trailer(path, stored),
        }
    }
}

fn is_stdin(path: &Path) -> bool {
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
