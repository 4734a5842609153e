//! `token`: the tokens of an organization. An operator's command: it works on the store, not over the API.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::commands::Context;
use crate::commands::connect::Need;
use crate::commands::operator_table::{OperatorValue, listing};
use crate::commands::org;
use crate::error::Failure;
use crate::exit;
use crate::model::time::Age;
use crate::model::timestamp::Timestamp;
use crate::model::words::Scope;
use crate::secret::Token;
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
    #[arg(long, value_name = "URL", global = true)]
    store: Option<String>,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it, this once
    #[command(
        after_help = "Examples:\n  krosyn-audit token create --org acme --name ci --scope record\n  krosyn-audit token create --org acme --name cron --scope read,prune --expires 90d > cron.token"
    )]
    Create {
        /// The organization it opens
        #[arg(long, value_name = "SLUG")]
        org: String,
        /// Its name, unique in the organization; prunes are recorded under it
        #[arg(long)]
        name: String,
        /// What it may do: read, record, prune (can be repeated)
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// Who makes it (default: the account that runs this)
        #[arg(long, value_name = "WHO")]
        created_by: Option<String>,
        /// How long it is in force: 90d, 1y (default: until it is revoked)
        #[arg(long, value_name = "AGE")]
        expires: Option<Age>,
        /// Write it to this new file, mode 0600, and print nothing
        #[arg(long, value_name = "FILE")]
        token_out: Option<PathBuf>,
    },
    /// List tokens: name, scopes, made at, expires at, revoked at, made by, last used at
    ///
    /// In a pipe tab-separated, times in UTC, - for what is not there. A server writes the last use down once a minute.
    #[command(
        after_help = "Examples:\n  krosyn-audit token list --org acme\n  krosyn-audit token list --org acme --store sqlite:audit.db"
    )]
    List {
        /// The organization
        #[arg(long, value_name = "SLUG")]
        org: String,
    },
    /// Revoke a token, at once and for good
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
    /// Does it.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let store = org::open(context, self.store.as_deref(), Need::Existing).await?;
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
                // First of all: a token that finds no place would be lost.
                let place = token_out
                    .as_deref()
                    .map(|path| Ok::<_, Failure>((path, private_file(path)?)))
                    .transpose()?;
                let by = created_by.or_else(|| account(context));
                let token = make(store.as_ref(), org.id, &name, &scope, by, expires_at, now).await?;
                if let Some((path, mut file)) = place {
                    writeln!(file, "{}", token.expose()).map_err(|error| unwritten(path, &error))?;
                    context.terminal.status(&format!("the token is in {}", path.display()));
                    return Ok(exit::DONE);
                }
                writeln!(context.terminal.data(), "{}", token.expose())?;
                context.terminal.flush()?;
                context.terminal.status("keep it: it is shown this once, and only its hash is stored");
            }
            TokenCommand::List { org } => {
                let org = org::find(store.as_ref(), &org).await?;
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
                let rows: Vec<_> = store.tokens(org.id).await?.into_iter().map(row).collect();
                if rows.is_empty() {
                    context.terminal.status("it has no token: `krosyn-audit token create` makes one");
                }
                let head =
                    ["name", "scopes", "made at", "expires at", "revoked at", "made by", "last used at"];
                listing(context, &head, rows)?;
            }
            TokenCommand::Revoke { name, org } => {
                let org = org::find(store.as_ref(), &org).await?;
                store.revoke_token(org.id, name.clone(), now).await?;
                context.terminal.status(&format!("revoked {name:?}: it opens nothing from now on"));
            }
        }
        Ok(exit::DONE)
    }
}

/// A text that can stand in a line of a list.
fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 255 && !text.contains(char::is_control)
}

/// The account that runs this, when it has a name that can be shown.
pub(super) fn account(context: &Context) -> Option<String> {
    context.environment.user.clone().filter(|user| is_name(user))
}

/// Makes a token and keeps its hash.
pub(super) async fn make(
    store: &dyn Store,
    org: OrgId,
    name: &str,
    scopes: &[Scope],
    created_by: Option<String>,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Token, Failure> {
    let token = Token::generate()
        .map_err(|error| Failure::new(exit::FAILED, format!("the system gives no randomness: {error}")))?;
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    let stored = StoredToken {
        name: name.to_owned(),
        hash: token.hash(),
        scopes,
        created_at: now,
        created_by,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_token(org, stored).await?;
    Ok(token)
}

/// Makes a file that only its owner can read, for a token.
pub(super) fn private_file(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| unwritten(path, &error))
}

/// A token that finds no place.
pub(super) fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::file(path, "write the token to", error)
}
