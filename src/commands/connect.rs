//! From the connection flags to a client: of a remote API, or of one started in this process over a local store. Every
//! command takes the same path: client, HTTP, server, store.

use std::net::{Ipv4Addr, TcpListener};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::args::connection::{ConnectionArgs, Target};
use crate::client::Client;
use crate::commands::Context;
use crate::commands::place::place;
use crate::commands::token_source::token;
use crate::config::Origin;
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
    /// Who gave the token. Nobody did, when the server runs in this process.
    pub(super) token_origin: Option<Origin>,
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
    let place = place(context, args)?;
    if context.appearance.verbose {
        context.terminal.status(&format!("server {place} ({})", place.origin));
    }
    let own = matches!(place.origin, Origin::Profile(_) | Origin::Login | Origin::Default);
    let org = args.org.as_ref().or(context.settings.profile.org.as_ref().filter(|_| own)).cloned();
    let store = match place.target {
        Target::Remote(base) => {
            if org.is_some() {
                return Err(Failure::usage(
                    "--org names an organization of a local store; a server's token belongs to one already",
                ));
            }
            let (token, origin) = token(context, args, &base).await?;
            if context.appearance.verbose {
                context.terminal.status(&format!("token by {origin}"));
            }
            context.is_remote = true;
            return Ok(Connection {
                client: Client::new(base, token)?,
                token_origin: Some(origin),
                embedded: None,
            });
        }
        Target::Demo => {
            context.terminal.status(&format!(
                "demo data of {}: invented, made for this command, kept nowhere",
                demo::ORGANIZATION_NAME
            ));
            let store = store::open_in_memory()?;
            let organization = fill_demo(store.as_ref(), context.time.now).await?;
            return embed(context, store, organization);
        }
        Target::Store(url) => open(&url, need).await?,
    };
    let organization = organization(store.as_ref(), org.as_deref(), need, context.time.now).await?;
    embed(context, store, organization)
}

/// Opens a store. A file that should be there and is not is no empty log.
pub(super) async fn open(url: &str, need: Need) -> Result<Arc<dyn Store>, Failure> {
    if url == "sqlite:" {
        return Err(Failure::usage("sqlite: names no file: expected sqlite:PATH"));
    }
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
    let server = tokio::spawn(server::serve(listener.into(), store, settings, async { drop(stopped.await) }));
    let base = Url::parse(&format!("http://{address}")).map_err(|error| failed(&error))?;
    Ok(Connection { client: Client::new(base, token)?, token_origin: None, embedded: Some((stop, server)) })
}

async fn fill_demo(store: &dyn Store, now: Timestamp) -> Result<Organization, Failure> {
    let retention = Retention { plan: Plan::Free, floor: None };
    let organization = store.create_organization(demo::SLUG.to_owned(), retention, now).await?;
    let drafts = prepare_all(&demo::proposals(now), now);
    let drafts = drafts.map_err(|refusal| StoreError::Failed(format!("demo data: {refusal:?}")))?;
    store.append(organization.id, drafts, true).await?;
    Ok(organization)
}

/// Judges and redacts proposals, on all cores: somebody waits.
fn prepare_all(proposals: &[Proposal], now: Timestamp) -> Result<Vec<Draft>, Refusal> {
    let redaction = Redaction::default();
    let prepare = |proposal: &Proposal| {
        // Recorded when it happened, as a platform does.
        Draft::prepare(proposal, &redaction, proposal.occurred_at.unwrap_or(now))
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = proposals.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let shares = proposals
            .chunks(share)
            .map(|share| scope.spawn(|| share.iter().map(&prepare).collect::<Result<Vec<_>, _>>()));
        let shares: Vec<_> = shares.collect();
        let drafts =
            shares.into_iter().map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic)));
        Ok(drafts.collect::<Result<Vec<_>, _>>()?.concat())
    })
}
