//! `verify`: is an export what was written, and if not, which line is the first wrong one? Offline: the file and its
//! manifest, or its trailer, are all it takes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::commands::Context;
use crate::commands::export::write::manifest_of;
use crate::error::Failure;
use crate::exit;
use crate::model::evidence::ledger::Ledger;
use crate::model::evidence::manifest::{FileFacts, IdRange, Manifest};
use crate::model::evidence::merkle::Hash;
use crate::model::evidence::trailer::Trail;
use crate::model::evidence::verdict::first_fault;
use crate::render::filter_summary::{counted, grouped};
use crate::terminal::file::decompressed;

/// Check exports against their manifests, offline
///
/// With FILE.manifest.json beside it, as `export --manifest` writes it, the first wrong line of a file is named.
/// Without one the file, or stdin, must end with the line that `export --trailer` writes. Compressed files are
/// unpacked on the way. Exit code 7 when anything is not as it was written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit verify deleted.csv november.jsonl.gz\n  krosyn-audit verify deleted.csv --manifest /mnt/evidence/deleted.csv.manifest.json"
)]
pub(crate) struct VerifyArgs {
    /// The exports, or - for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The manifest of the one file, when it is kept elsewhere
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

/// What is wrong with a file: at which line, when that is known, and in words.
struct Wrong {
    line: Option<u64>,
    what: String,
}

impl Wrong {
    fn whole(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }
}

impl VerifyArgs {
    /// Verifies.
    ///
    /// # Errors
    /// [`Failure`], with exit code 7 when a file is not what was written, or nothing tells what was.
    pub(crate) fn run(&self, context: &mut Context) -> Result<u8, Failure> {
        if self.manifest.is_some() && self.files.len() > 1 {
            return Err(Failure::usage("--manifest belongs to one file: verify the others on their own"));
        }
        let mut wrong = 0;
        for path in &self.files {
            let name = if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() };
            let said = match self.verify(path)? {
                Ok(said) => format!("{name}: {said}"),
                Err(Wrong { line, what }) => {
                    wrong += 1;
                    let place = line.map_or(String::new(), |line| format!(":{line}"));
                    format!("{name}{place}: {what}")
                }
            };
            writeln!(context.terminal.data(), "{}", crate::render::sanitize::sanitize(&said))?;
            context.terminal.flush()?;
        }
        if wrong == 0 {
            return Ok(exit::DONE);
        }
        let files = counted(self.files.len() as u64, "file", "files");
        let are = if wrong == 1 { "is" } else { "are" };
        let message = format!("{} of {files} {are} not proved to be what was written", grouped(wrong));
        Err(Failure::new(exit::INTEGRITY, message))
    }

    fn verify(&self, path: &Path) -> Result<Result<String, Wrong>, Failure> {
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

/// Passes bytes on, and knows afterwards what they were.
struct Hashing<R> {
    from: R,
    bytes: u64,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
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
) -> Result<Result<String, Wrong>, Failure> {
    let unreadable = |path: &Path, error| Failure::file(path, "read", &error);
    let text = std::fs::read_to_string(manifest_path).map_err(|error| unreadable(manifest_path, error))?;
    let Manifest { entries, ids, file, content: written, .. } = match Manifest::read(&text) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(Err(Wrong::whole(format!("{}: {error}", manifest_path.display())))),
    };
    let mut stored = Hashing { from: stored, bytes: 0, hash: Sha256::new() };
    let mut ledger = Ledger::default();
    // What cannot be unpacked any further is damaged; what came before it tells where.
    let packed = copied(decompressed(path, &mut stored).map_err(|error| unreadable(path, error))?, |text| {
        ledger.add(text)
    });
    let rest = copied(&mut stored, |_| ());
    rest.map_err(|error| unreadable(path, error))?;
    let breaks_off = ledger.is_within_a_line();
    let found = ledger.finish();
    if let Some(fault) = first_fault(&written, &found) {
        let at_the_end = fault.line() == found.lines && breaks_off;
        let what = if at_the_end { format!("{fault}: the text breaks off in it") } else { fault.to_string() };
        return Ok(Err(Wrong { line: Some(fault.line()), what }));
    }
    if let Err(error) = packed {
        return Ok(Err(Wrong::whole(format!("every line is there, and behind them it is damaged: {error}"))));
    }
    let FileFacts { bytes, sha256, .. } = file;
    if (stored.bytes, Hash::from(stored.hash.finalize())) != (bytes, sha256) {
        return Ok(Err(Wrong::whole(
            "every line is as it was written, but the file itself is not: it was packed anew, or added to",
        )));
    }
    let ids =
        ids.map_or(String::new(), |IdRange { lowest, highest }| format!(" (ids {lowest} to {highest})"));
    Ok(Ok(format!(
        "whole: {}{ids} in {}; root {}",
        counted(entries, "entry", "entries"),
        counted(found.lines, "line", "lines"),
        found.root
    )))
}

fn by_trailer(path: &Path, stored: impl Read + Send) -> Result<Result<String, Wrong>, Failure> {
    let mut trail = Trail::default();
    let text = decompressed(path, stored).map_err(|error| Failure::file(path, "read", &error))?;
    if let Err(error) = copied(text, |text| trail.add(text)) {
        return Ok(Err(Wrong::whole(format!("it cannot be read to its end: {error}"))));
    }
    if !trail.has_trailer() {
        let what = "nothing proves it: there is no manifest, and its last line is no trailer; if it had one, its end is missing";
        return Ok(Err(Wrong::whole(what)));
    }
    Ok(match trail.finish() {
        Ok(trailer) => Ok(format!(
            "whole by its trailer: {} in {}",
            counted(trailer.entries, "entry", "entries"),
            counted(trailer.lines, "line", "lines")
        )),
        Err(fault) => Err(Wrong::whole(format!("{fault}; a manifest would name the line"))),
    })
}

/// Reads to the end, piece by piece.
fn copied(mut from: impl Read, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => take(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
