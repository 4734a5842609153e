//! `show --proof`: writes a file that proves one entry without the server.

use std::io::{self, Write as _};
use std::path::Path;

use crate::args::connection::ConnectionArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::target::resolve_target;
use crate::commands::verify::ProofFile;
use crate::commands::witness::Witness;
use crate::error::Failure;
use crate::exit;
use crate::model::integrity::note::VerifierKey;
use crate::model::words::Log;
use crate::terminal::file::NewFile;

/// Writes the proof of an entry.
pub(super) async fn write(
    context: &mut Context,
    client: &Client,
    connection: &ConnectionArgs,
    id: u64,
    path: &Path,
) -> Result<u8, Failure> {
    if path.exists() {
        let message = format!("{} exists already", path.display());
        return Err(Failure::new(exit::REFUSED, message).hint("remove it, or choose another name"));
    }
    let server = resolve_target(context, connection)?.to_string();
    let whoami = client.whoami().await?;
    let told: Option<VerifierKey> = whoami.verifier_key.as_deref().and_then(|key| key.parse().ok());
    let pinned = Witness::find(context, &server, &whoami.organization, told.as_ref())?;
    let key = pinned.and_then(|witness| witness.key(Log::Audit)).or(told);
    let key = key.ok_or_else(|| Failure::new(exit::FAILED, format!("{server} does not tell its key")))?;
    let proof = client.proof(Log::Audit, id).await?;
    let mut file = NewFile::create(path, false)?;
    let text = ProofFile::new(server, whoami.organization, &key, proof).to_text().map_err(io::Error::from)?;
    file.write_all(text.as_bytes()).map_err(|error| Failure::file(path, "write", &error))?;
    file.finish()?;
    let name = path.display();
    context
        .terminal
        .status(&format!("proof of entry {id} written to {name}; check it with: krosyn-audit verify {name}"));
    Ok(exit::DONE)
}
