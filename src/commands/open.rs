//! `open`: signs the browser in to a server's page.

use std::process::Stdio;

use clap::Args;

use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::commands::Context;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::target::resolve_target;
use crate::error::Failure;
use crate::exit;

/// The program that opens a URL in the user's browser.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Open the audit logs page of a server in the browser, signed in
///
/// Makes a link that works once and for 60 seconds. The page names the token and asks before it signs in. The session can
/// only read, whatever the token may do, and ends with the token, after 8 hours, or after an hour without use.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit open\n  krosyn-audit open --server https://audit.krosyn.example --print"
)]
#[command(mut_arg("org", |org| org.hide(true)))]
pub(crate) struct OpenArgs {
    /// Print the link and open nothing
    #[arg(long)]
    print: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl OpenArgs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let target = resolve_target(context, &self.connection)?;
        match target.address {
            ServerAddress::Remote(_) => {}
            ServerAddress::Demo => {
                return Err(Failure::usage("the page of the demo needs a running server")
                    .hint("start it with: krosyn-audit --demo serve"));
            }
            ServerAddress::Store(_) => {
                let message = format!("the page needs a running server, and {target} is a store");
                return Err(Failure::usage(message)
                    .hint("start a server with `krosyn-audit serve`, and name it with --server http://…"));
            }
        }
        let client = connect(context, &self.connection, OpenMode::Existing).await?;
        let link = client.session_link().await?;
        if self.print {
            writeln!(context.terminal.data(), "{link}")?;
            context.terminal.flush()?;
            return Ok(exit::DONE);
        }
        if let Err(cause) = open(&link).await {
            // The link is still good: people without a desktop open it elsewhere.
            writeln!(context.terminal.data(), "{link}")?;
            context.terminal.flush()?;
            return Err(Failure::new(exit::FAILED, format!("cannot open a browser: {cause}"))
                .hint("open the printed link within 60 seconds; --print only prints it"));
        }
        context.terminal.status("opened the page in the browser");
        Ok(exit::DONE)
    }
}

/// Opens a URL in the user's browser.
async fn open(url: &str) -> Result<(), String> {
    let mut command = tokio::process::Command::new(OPENER);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{OPENER} failed ({status})")),
        Err(error) => Err(format!("{OPENER}: {error}")),
    }
}
