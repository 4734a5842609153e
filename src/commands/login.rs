//! `login`, `logout` and `status`: store, drop and show the credentials and the server.

use std::path::PathBuf;

use clap::Args;

use crate::args::connection::{ConnectionArgs, Target};
use crate::client::{Client, server_name};
use crate::commands::Context;
use crate::commands::connect::{self, Need, read_token_file};
use crate::config::credentials::Credentials;
use crate::error::Failure;
use crate::exit;
use crate::secret::Token;

/// Sign in to a server: try a token and keep it
///
/// The token is asked for without being shown, or read from --token-file (- is stdin). It is tried before it is kept, in
/// a file readable by you alone. The server becomes the one that is meant when nothing names another.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit login --server https://audit.krosyn.example\n  pass show krosyn | krosyn-audit login --server https://audit.krosyn.example --token-file -"
)]
pub struct LoginArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Forget a server's token
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit logout\n  krosyn-audit logout --server https://audit.krosyn.example"
)]
pub struct LogoutArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Show where commands talk to, and as whom
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit status\n  krosyn-audit status --server https://audit.krosyn.example"
)]
pub struct StatusArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

fn credentials_path(context: &Context) -> Result<PathBuf, Failure> {
    let path = context.environment.credentials();
    path.ok_or_else(|| {
        Failure::usage("there is no home directory to keep a token in")
            .hint("give it by --token-file or KROSYN_AUDIT_TOKEN")
    })
}

impl LoginArgs {
    /// Signs in.
    ///
    /// # Errors
    /// [`Failure`]; then nothing is kept.
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let path = credentials_path(context)?;
        let target = self
            .connection
            .target(context.demo, context.environment.server.as_deref())
            .map_err(Failure::usage)?;
        let Some(Target::Remote(base)) = target else {
            return Err(Failure::usage("which server? A local store and the demo need no token")
                .hint("krosyn-audit login --server https://…"));
        };
        let mut kept = Credentials::read(&path)?;
        let text = match (&self.connection.token_file, context.terminal.prompts()) {
            (Some(file), _) => read_token_file(file).await?,
            (None, Some(prompts)) => prompts.secret(&format!("Token for {base}")).await?,
            (None, None) => {
                return Err(Failure::usage("nobody can be asked for the token")
                    .hint("--token-file - reads it from stdin"));
            }
        };
        let token = Token::read(&text).map_err(|error| Failure::usage(error.to_string()))?;
        let client = Client::new(base, token.clone())?;
        let whoami = client.whoami().await?;
        kept.server = Some(client.server().to_owned());
        kept.tokens.insert(client.server().to_owned(), token.expose().to_owned());
        kept.write(&path)?;
        let scopes: Vec<_> = whoami.scopes.iter().map(|scope| scope.as_str()).collect();
        context.terminal.status(&format!(
            "signed in to {} as {:?} of {}, who may {}; the token is in {}",
            client.server(),
            whoami.token,
            whoami.organization,
            scopes.join(", "),
            path.display()
        ));
        Ok(exit::DONE)
    }
}

impl LogoutArgs {
    /// Signs out.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let path = credentials_path(context)?;
        let mut kept = Credentials::read(&path)?;
        let target = self
            .connection
            .target(context.demo, context.environment.server.as_deref())
            .map_err(Failure::usage)?;
        let server = match target {
            Some(Target::Remote(base)) => Some(server_name(&base).to_owned()),
            _ => kept.server.clone(),
        };
        let Some(server) = server.filter(|server| kept.tokens.remove(server).is_some()) else {
            return Err(Failure::new(exit::NOT_FOUND, "no token is kept for it: nothing to forget"));
        };
        if kept.server.as_ref() == Some(&server) {
            kept.server = None;
        }
        kept.write(&path)?;
        context.terminal.status(&format!(
            "forgot the token for {server}; it stays in force until an operator revokes it"
        ));
        Ok(exit::DONE)
    }
}

impl StatusArgs {
    /// Shows.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let (place, origin) = connect::place(context, &self.connection)?;
        writeln!(context.terminal.data(), "server        {place} ({origin})")?;
        context.terminal.flush()?;
        let connection = connect::connect(context, &self.connection, Need::Existing).await?;
        let whoami = connection.client.whoami().await?;
        let retention = connection.client.retention().await;
        let scopes: Vec<_> = whoami.scopes.iter().map(|scope| scope.as_str()).collect();
        let out = context.terminal.data();
        writeln!(out, "organization  {}, {} plan", whoami.organization, whoami.plan)?;
        writeln!(out, "token         {} ({})", whoami.token, scopes.join(", "))?;
        if let Some(end) = whoami.expires_at {
            writeln!(out, "expires       {end}")?;
        }
        // A token that only records may not ask what is kept.
        if let Ok(kept) = retention {
            writeln!(
                out,
                "entries       {}, of which {} have expired",
                kept.counts.expired + kept.counts.kept,
                kept.counts.expired
            )?;
        }
        context.terminal.flush()?;
        connection.close().await?;
        Ok(exit::DONE)
    }
}
