//! `token`: creates, lists and revokes tokens. Operator command: works on the store, not the API.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::commands::Context;
use crate::commands::connect::OpenMode;
use crate::commands::operator_table::{OperatorValue, print_table};
use crate::commands::org;
use crate::error::Failure;
use crate::exit;
use crate::model::time::Age;
use crate::model::timestamp::Timestamp;
use crate::model::trail::TrailEvent;
use crate::model::words::Scope;
use crate::secret::Token;
use crate::store::error::StoreError;
use crate::store::{OrgId, Store, StoredToken};

/// Create, list and revoke the tokens of an organization (operator)
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit token create --org acme --name cron --scope read,prune --expires 90d\n  krosyn-audit token revoke cron --org acme"
)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,

    /// The store: sqlite:PATH or postgres://… (default: SQLite in the platform's data directory)
    #[arg(long, alias = "server", value_name = "URL", global = true)]
    store: Option<String>,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Create a token and print it; it cannot be shown again
    #[command(
        after_help = "Examples:\n  krosyn-audit token create --org acme --name ci --scope record\n  krosyn-audit token create --org acme --name cron --scope read,prune --token-out cron.token"
    )]
    Create {
        /// The organization it gives access to
        #[arg(long, value_name = "SLUG")]
        org: String,
        /// Its name, unique in the organization; records of prunes and holds, and the trail, show it
        #[arg(long)]
        name: String,
        /// Permissions: read, record, prune, trail, hold, erase (can be repeated; separate with commas)
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// Who creates it (default: the user running this command)
        #[arg(long, value_name = "WHO")]
        created_by: Option<String>,
        /// How long it is valid: 90d, 1y (default: until revoked)
        #[arg(long, value_name = "AGE")]
        expires: Option<Age>,
        /// Write it to this new file (mode 0600) instead of printing it
        #[arg(long, value_name = "FILE")]
        token_out: Option<PathBuf>,
    },
    /// List tokens with scopes, times and last use
    ///
    /// In a pipe: tab-separated, times in UTC, - for an empty field. A server saves the last use once a minute.
    #[command(
        after_help = "Examples:\n  krosyn-audit token list --org acme\n  krosyn-audit token list --org acme --store sqlite:audit.db"
    )]
    List {
        /// The organization
        #[arg(long, value_name = "SLUG")]
        org: String,
    },
    /// Revoke a token immediately and permanently
    #[command(
        after_help = "Examples:\n  krosyn-audit token revoke cron --org acme\n  krosyn-audit token revoke ci --org acme --store sqlite:audit.db"
    )]
    Revoke {
        /// The token's name
        name: String,
        /// The organization
        #[arg(long, value_name = "SLUG")]
        org: String,
    },
}

impl TokenArgs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let store = org::open(context, self.store.as_deref(), OpenMode::Existing).await?;
        let now = context.time.now;
        match self.command {
            TokenCommand::Create { org, name, scope, created_by, expires, token_out } => {
                for (flag, text) in [("--name", Some(&name)), ("--created-by", created_by.as_ref())] {
                    if text.is_some_and(|text| !is_name(text)) {
                        return Err(Failure::usage(format!(
                            "{flag}: expected up to 255 visible characters, such as cron"
                        )));
                    }
                }
                let org = org::find(store.as_ref(), &org).await?;
                let expires_at = expires.map(|age| now.plus(now.since(age.before(now))));
                // Open the file first: a token that cannot be written would be lost.
                let file = token_out
                    .as_deref()
                    .map(|path| Ok::<_, Failure>((path, private_file(path)?)))
                    .transpose()?;
                let by = created_by.or_else(|| current_user(context));
                let token = create(context, store.as_ref(), org.id, (&name, &scope), by, expires_at).await?;
                if let Some((path, mut file)) = file {
                    writeln!(file, "{}", token.expose()).map_err(|error| write_failure(path, &error))?;
                    context.terminal.status(&format!("token written to {}", path.display()));
                    return Ok(exit::DONE);
                }
                writeln!(context.terminal.data(), "{}", token.expose())?;
                context.terminal.flush()?;
                context.terminal.status("save it now: it cannot be shown again, only its hash is stored");
            }
            TokenCommand::List { org } => {
                let org = org::find(store.as_ref(), &org).await?;
                list(context, store.tokens(org.id).await?)?;
            }
            TokenCommand::Revoke { name, org } => {
                let org = org::find(store.as_ref(), &org).await?;
                let tokens = store.tokens(org.id).await?;
                let token = tokens.into_iter().find(|it| it.name == name && it.revoked_at.is_none());
                if let Some(StoredToken { name, scopes, expires_at, .. }) = token {
                    let event = TrailEvent::TokenRevoked { name, scopes, expires_at };
                    context.record_in_trail(store.as_ref(), org.id, &event).await?;
                }
                store.revoke_token(org.id, name.clone(), now).await?;
                context.terminal.status(&format!("revoked {name:?}: it no longer gives access"));
            }
        }
        Ok(exit::DONE)
    }
}

fn list(context: &mut Context, tokens: Vec<StoredToken>) -> Result<(), Failure> {
    if tokens.is_empty() {
        context.terminal.status("no tokens: create one with `krosyn-audit token create`");
    }
    let row = |token: StoredToken| {
        let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        vec![
            OperatorValue::Text(token.name),
            OperatorValue::Text(scopes.join(",")),
            OperatorValue::Day(Some(token.created_at)),
            OperatorValue::Day(token.expires_at),
            OperatorValue::Day(token.revoked_at),
            OperatorValue::Text(token.created_by.unwrap_or_else(|| "-".to_owned())),
            OperatorValue::Time(token.last_used_at),
        ]
    };
    let header = ["name", "scopes", "created at", "expires at", "revoked at", "created by", "last used at"];
    print_table(context, &header, tokens.into_iter().map(row).collect())
}

/// Whether a text fits in a cell of a list.
fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 255 && !text.contains(char::is_control)
}

/// The user running this command, if its name can be shown.
pub(super) fn current_user(context: &Context) -> Option<String> {
    context.environment.user.clone().filter(|user| is_name(user))
}

/// Creates a token, records it in the trail and stores its hash.
pub(super) async fn create(
    context: &Context,
    store: &Store,
    org: OrgId,
    (name, scopes): (&str, &[Scope]),
    created_by: Option<String>,
    expires_at: Option<Timestamp>,
) -> Result<Token, Failure> {
    // The trail does not record a token that cannot be created.
    if store.tokens(org).await?.iter().any(|it| it.name == name) {
        return Err(StoreError::Exists(format!("a token {name:?}")).into());
    }
    let token = Token::generate().map_err(|error| {
        Failure::new(exit::FAILED, format!("cannot get random bytes from the system: {error}"))
    })?;
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    let event = TrailEvent::TokenCreated {
        name: name.to_owned(),
        scopes: scopes.clone(),
        expires_at,
        created_by: created_by.clone(),
    };
    context.record_in_trail(store, org, &event).await?;
    let stored = StoredToken {
        name: name.to_owned(),
        hash: token.hash(),
        scopes,
        created_at: context.time.now,
        created_by,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_token(org, stored).await?;
    Ok(token)
}

/// Creates a file for a token, which only its owner can read.
pub(super) fn private_file(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("cannot write the token to {}: the file exists", path.display()))
                .hint("remove the file, or name another one")
        }
        _ => write_failure(path, &error),
    })
}

pub(super) fn write_failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::file(path, "write the token to", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_scope() {
        let tree = TokenArgs::augment_args(clap::Command::new("token"));
        let create = tree.find_subcommand("create").expect("token create");
        let scope = create.get_arguments().find(|arg| arg.get_id() == "scope").expect("--scope");
        let help = scope.get_help().map(ToString::to_string).unwrap_or_default();
        let words: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        assert!(help.starts_with(&format!("Permissions: {} (", words.join(", "))), "{help}");
    }
}
