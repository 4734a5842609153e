//! `verify`: checks exported files and proofs offline, or the whole log of a server.

mod files;
mod log_walk;
mod proof_file;
mod quick;
mod report;
mod server;

use std::path::PathBuf;

use clap::Args;

use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::commands::Context;
use crate::error::Failure;
use crate::exit;
use crate::model::integrity::note::VerifierKey;
use crate::render::filter_summary::{counted, grouped};

pub(super) use crate::commands::verify::proof_file::ProofFile;

/// Check that exported files, proofs or the log of a server are complete and unchanged
///
/// With the manifest FILE.manifest.json, written by `export --manifest`, verify names the first wrong line of a file.
/// Without a manifest, the file or stdin must end with the line that `export --trailer` writes. Compressed files are
/// decompressed. A file of `show --proof` proves one entry. With --server, every entry of the log is compared with the
/// checkpoint that the server signs and with the last checkpoint that this command has seen; the token needs the scopes
/// read and trail. The exit code is 7 if something cannot be verified.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit verify deleted.csv november.jsonl.gz\n  krosyn-audit verify --server https://audit.krosyn.example --token-file witness.token"
)]
pub(crate) struct VerifyArgs {
    /// The exported files or proofs, or - for stdin
    #[arg(value_name = "FILE", required_unless_present = "server", conflicts_with = "server")]
    files: Vec<PathBuf>,

    /// The manifest of a single file, if it is not beside the file
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    manifest: Option<PathBuf>,

    /// Verify the log of this server or store; without a URL, of the one that other commands use
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", help_heading = "Server")]
    server: Option<String>,

    /// Check only that the log continues the last checkpoint seen, and read no entries
    #[arg(long, requires = "server", help_heading = "Server")]
    quick: bool,

    /// The key that must sign checkpoints (default: the key that was seen first)
    #[arg(long, value_name = "VKEY", help_heading = "Server")]
    key: Option<VerifierKey>,

    /// Print the key that signs checkpoints, and verify nothing
    #[arg(long, requires = "server", conflicts_with_all = ["quick", "key"], help_heading = "Server")]
    print_key: bool,

    /// Output format: table or json (default: table)
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "server",
        hide_possible_values = true,
        help_heading = "Server"
    )]
    format: Option<Format>,

    /// Read the token from this file; - is stdin [env: KROSYN_AUDIT_TOKEN holds the token itself]
    #[arg(long, value_name = "PATH", requires = "server", help_heading = "Server")]
    token_file: Option<PathBuf>,

    /// The organization of a local store (required if it holds several)
    #[arg(long, value_name = "SLUG", requires = "server", help_heading = "Server")]
    org: Option<String>,

    /// Allow sending the token unencrypted (http://) to another machine
    #[arg(long, requires = "server", help_heading = "Server")]
    insecure_http: bool,
}

impl VerifyArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    /// Whether it uses the audit API.
    pub(crate) const fn is_client(&self) -> bool {
        self.server.is_some()
    }

    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if self.server.is_some() {
            return self.server(context).await;
        }
        if self.manifest.is_some() && self.files.len() > 1 {
            return Err(Failure::usage("--manifest takes one file: verify the others separately"));
        }
        let mut mismatches = 0;
        for path in &self.files {
            let name = if files::is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() };
            let result = match ProofFile::read(path)? {
                Some(proof) => proof.verify(context, self.key.as_ref())?,
                None => files::verify(path, self.manifest.as_deref())?,
            };
            let result = match result {
                Ok(summary) => format!("{name}: {summary}"),
                Err(files::Mismatch { line, reason }) => {
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

    fn connection(&self) -> ConnectionArgs {
        ConnectionArgs {
            server: self.server.clone().filter(|server| !server.is_empty()),
            token_file: self.token_file.clone(),
            org: self.org.clone(),
            insecure_http: self.insecure_http,
        }
    }
}
