//! From the connection flags to a client: of a remote API, or of one started in this process over a local store. Every
//! command takes the same path: client, HTTP, server, store.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::args::connection::{ConnectionArgs, Target};
use crate::client::{Client, server_name};
use crate::commands::Context;
use crate::config::credentials::{Credentials, refuse_open};
use crate::error::Failure;
use crate::model::draft::{Draft, Refusal};
use crate::model::plan::Retention;
use crate::model::proposal::Proposal;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Plan, Scope};
use crate::secret::Token;
use crate::server::{self, LocalToken, Settings};
use crate::store::error::StoreError;
use crate::store::{Organization, Store};
use crate::terminal::read_stdin;
use crate::{demo, exit, store};

/// The organization a store gets when nobody named one. It keeps entries as long as any plan does: what was kept too
/// long can still be pruned.
pub(super) const DEFAULT_SLUG: &str = "default";
/// See [`DEFAULT_SLUG`].
pub(super) const DEFAULT_RETENTION: Retention = Retention { plan: Plan::Business, floor: None };

/// Whether a command may make the store it names.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Need {
    /// It reads, or deletes: a store that is not there is a mistake.
    Existing,
    /// It records: a store that is not there is made.
    Create,
}

/// A server in this process: how to stop it, and its end.
type Embedded = (oneshot::Sender<()>, JoinHandle<Result<(), server::ServeError>>);

/// A client, and the server behind it when that runs in this process.
pub(super) struct Connection {
    pub(super) client: Client,
    embedded: Option<Embedded>,
}

impl Connection {
    /// Ends the embedded server, when there is one: the store's files are closed in order.
    pub(super) async fn close(self) -> Result<(), Failure> {
        if let Some((stop, server)) = self.embedded {
            drop(self.client);
            // A server that ended by itself needs no telling.
            stop.send(()).unwrap_or(());
            server.await.map_err(|error| {
                Failure::new(exit::FAILED, format!("the embedded server failed: {error}"))
            })??;
        }
        Ok(())
    }
}

/// Connects as the flags, the environment and the defaults say.
pub(super) async fn connect(
    context: &mut Context,
    args: &ConnectionArgs,
    need: Need,
) -> Result<Connection, Failure> {
    let store = match target(context, args)? {
        Some(Target::Remote(base)) => {
            if args.org.is_some() {
                return Err(Failure::usage(
                    "--org names an organization of a local store; a server's token belongs to one already",
                ));
            }
            let token = token(context, args, &base).await?;
            context.is_remote = true;
            return Ok(Connection { client: Client::new(base, token)?, embedded: None });
        }
        Some(Target::Demo) => {
            context.terminal.status(&format!(
                "demo data of {}: invented, made for this command, kept nowhere",
                demo::ORGANIZATION_NAME
            ));
            let store = store::open_in_memory()?;
            let organization = fill_demo(store.as_ref(), context.time.now).await?;
            return embed(context, store, organization);
        }
        Some(Target::Store(url)) => open(&url, need).await?,
        None => open(&default_store(context)?, need).await?,
    };
    let organization = organization(store.as_ref(), args.org.as_deref(), need, context.time.now).await?;
    embed(context, store, organization)
}

/// What is meant: what the flags or the environment name, else the server of the last `login`, else nothing.
fn target(context: &Context, args: &ConnectionArgs) -> Result<Option<Target>, Failure> {
    let named = args.target(context.demo, context.environment.server.as_deref()).map_err(Failure::usage)?;
    if named.is_some() {
        return Ok(named);
    }
    match kept(context)?.server {
        None => Ok(None),
        server => ConnectionArgs { server, ..args.clone() }.target(false, None).map_err(Failure::usage),
    }
}

fn kept(context: &Context) -> Result<Credentials, Failure> {
    context
        .environment
        .credentials()
        .map_or_else(|| Ok(Credentials::default()), |path| Ok(Credentials::read(&path)?))
}

/// Where commands talk to, in words, and who says so.
pub(super) fn place(context: &Context, args: &ConnectionArgs) -> Result<(String, &'static str), Failure> {
    let origin = match () {
        () if context.demo => "--demo",
        () if args.server.is_some() => "--server",
        () if context.environment.server.is_some() => "KROSYN_AUDIT_SERVER",
        () if kept(context)?.server.is_some() => "login",
        () => "default",
    };
    let place = match target(context, args)? {
        Some(Target::Remote(base)) => server_name(&base).to_owned(),
        Some(Target::Store(url)) => store::without_password(&url),
        Some(Target::Demo) => "demo:".to_owned(),
        None => default_store(context)?,
    };
    Ok((place, origin))
}

/// The URL of the store in the platform's data directory.
pub(super) fn default_store(context: &Context) -> Result<String, Failure> {
    let path = context.environment.default_store();
    let path = path.ok_or_else(|| {
        Failure::usage("there is no home directory to keep a store in: name one by --server sqlite:PATH")
    })?;
    Ok(format!("sqlite:{}", path.display()))
}

/// Opens a store. A file that should be there and is not is no empty log.
pub(super) async fn open(url: &str, need: Need) -> Result<Arc<dyn Store>, Failure> {
    let missing = url.strip_prefix("sqlite:").map(Path::new).filter(|path| !path.exists());
    if let Some(path) = missing.filter(|_| need == Need::Existing) {
        return Err(Failure::new(exit::NOT_FOUND, format!("there is no store at {}", path.display()))
            .hint(
                "`krosyn-audit record` and `import` make one; --server names another, https://… a remote API",
            )
            .hint("--demo looks around in an invented organization"));
    }
    Ok(store::open(url).await?)
}

/// Chooses the organization of a local store.
async fn organization(
    store: &dyn Store,
    slug: Option<&str>,
    need: Need,
    now: Timestamp,
) -> Result<Organization, Failure> {
    let organizations = store.organizations().await?;
    let slugs: Vec<_> = organizations.iter().map(|it| it.slug.as_str()).collect();
    let listed = slugs.join(", ");
    match (slug, organizations.len()) {
        (Some(slug), _) => {
            let missing = || {
                Failure::new(
                    exit::NOT_FOUND,
                    format!("there is no organization {slug:?}: the store holds {listed}"),
                )
            };
            organizations.iter().find(|it| it.slug == slug).cloned().ok_or_else(missing)
        }
        (None, 1) => Ok(organizations[0].clone()),
        (None, 0) if need == Need::Create => {
            Ok(store.create_organization(DEFAULT_SLUG.to_owned(), DEFAULT_RETENTION, now).await?)
        }
        (None, 0) => Err(Failure::new(exit::NOT_FOUND, "the store holds no organization yet")
            .hint("`krosyn-audit record` and `import` make one")),
        (None, _) => Err(Failure::usage(format!(
            "the store holds several organizations: choose one by --org: {listed}"
        ))),
    }
}

/// Starts the API over `store` on a loopback port of its own, opened by a random token.
fn embed(
    context: &Context,
    store: Arc<dyn Store>,
    organization: Organization,
) -> Result<Connection, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(exit::FAILED, format!("cannot start the embedded server: {error}"))
    };
    let token = Token::generate().map_err(|error| failed(&error))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let name = context
        .environment
        .user
        .as_ref()
        .map_or_else(|| "local".to_owned(), |user| format!("{user} (local)"));
    let local = LocalToken { hash: token.hash(), name, organization, scopes: Scope::ALL.to_vec() };
    let settings = Settings { local: Some(local), ..Settings::new(context.clock.clone()) };
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(server::serve(listener, None, store, settings, async { drop(stopped.await) }));
    let base = Url::parse(&format!("http://{address}")).map_err(|error| failed(&error))?;
    Ok(Connection { client: Client::new(base, token)?, embedded: Some((stop, server)) })
}

async fn fill_demo(store: &dyn Store, now: Timestamp) -> Result<Organization, Failure> {
    let retention = Retention { plan: Plan::Free, floor: None };
    let organization = store.create_organization(demo::SLUG.to_owned(), retention, now).await?;
    let redaction = Redaction::default();
    let prepare = |proposal: &Proposal| {
        // Recorded when it happened, as a platform does.
        Draft::prepare(proposal, &redaction, proposal.occurred_at.unwrap_or(now))
    };
    let drafts = demo::proposals(now).iter().map(prepare).collect::<Result<Vec<_>, Refusal>>();
    let drafts = drafts.map_err(|refusal| StoreError::Failed(format!("demo data: {refusal:?}")))?;
    store.append(organization.id, drafts, true).await?;
    Ok(organization)
}

/// The token: from `--token-file`, else from the environment, else what `login` kept for this server.
async fn token(context: &Context, args: &ConnectionArgs, base: &Url) -> Result<Token, Failure> {
    let read = |text: &str, origin: &str| {
        Token::read(text).map_err(|error| Failure::usage(format!("{origin}: {error}")))
    };
    if let Some(path) = &args.token_file {
        let text = read_token_file(path).await?;
        let origin = if path.as_os_str() == "-" { "stdin".to_owned() } else { path.display().to_string() };
        return read(&text, &origin);
    }
    if let Some(token) = &context.environment.token {
        return read(token.expose_secret(), "KROSYN_AUDIT_TOKEN");
    }
    match kept(context)?.tokens.get(server_name(base)) {
        Some(token) => read(token, "the token that login kept"),
        None => Err(Failure::new(exit::NOT_ALLOWED, "no token: the server wants to know who asks")
            .hint("an operator makes one with `krosyn-audit token create`")
            .hint("sign in with `krosyn-audit login`, or give the token by --token-file or in KROSYN_AUDIT_TOKEN")),
    }
}

/// Reads a token from a file that nobody else can read, or from stdin.
pub(super) async fn read_token_file(path: &Path) -> Result<String, Failure> {
    let unreadable = |error| Failure::file(path, "read the token from", &error);
    if path.as_os_str() == "-" {
        return read_stdin(4096).await.map_err(unreadable);
    }
    refuse_open(path)?;
    std::fs::read_to_string(path).map_err(unreadable)
}
