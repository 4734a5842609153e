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

use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::client::Client;
use crate::commands::Context;
use crate::commands::target::{resolve_target, whole_url};
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
use crate::terminal::file::with_suffix;
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
    /// It records: a store that is not there is made, in a directory that is there.
    Create,
    /// The same, and the directory too.
    CreateDirectory,
}

/// A server in this process: how to stop it, and its end.
type Embedded = (oneshot::Sender<()>, JoinHandle<Result<(), server::ServeError>>);

/// The stores and servers that this process has opened. They are closed in one place, `app`, when the command has ended,
/// however it did: a store that is not closed leaves its log (`-wal`, `-shm`) behind.
#[derive(Default)]
pub(crate) struct Opened {
    servers: Vec<Embedded>,
    stores: Vec<Arc<dyn Store>>,
}

impl Opened {
    /// Ends the embedded servers and closes the stores. Every client must be dropped by then.
    ///
    /// # Errors
    /// That an embedded server had failed.
    pub(crate) async fn close(&mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for (stop, server) in self.servers.drain(..) {
            // A server that ended by itself needs no telling.
            stop.send(()).unwrap_or(());
            let ended = match server.await {
                Ok(ended) => ended.map_err(Failure::from),
                Err(error) => Err(Failure::new(exit::FAILED, format!("the embedded server failed: {error}"))),
            };
            outcome = outcome.and(ended);
        }
        for store in self.stores.drain(..) {
            store.close().await;
        }
        outcome
    }
}

/// A client, and who gave its token. Nobody did, when the server runs in this process.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) token_origin: Option<Origin>,
}

/// Connects as the flags, the environment and the defaults say.
pub(super) async fn connect(
    context: &mut Context,
    args: &ConnectionArgs,
    need: Need,
) -> Result<Connection, Failure> {
    let target = resolve_target(context, args)?;
    if context.appearance.verbose {
        context.terminal.status(&format!("server {target} ({})", target.origin));
    }
    let own = matches!(target.origin, Origin::Profile(_) | Origin::Login | Origin::Default);
    let org = args.org.as_ref().or(context.settings.profile.org.as_ref().filter(|_| own)).cloned();
    let store = match target.address {
        ServerAddress::Remote(base) => {
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
            return Ok(Connection { client: Client::new(base, token)?, token_origin: Some(origin) });
        }
        ServerAddress::Demo => {
            context.terminal.status(&format!(
                "demo data of {}: invented, made for this command, kept nowhere",
                demo::ORGANIZATION_NAME
            ));
            let store = store::open_in_memory()?;
            let organization = fill_demo(store.as_ref(), context.time.now).await?;
            return embed(context, store, organization);
        }
        ServerAddress::Store(url) => open(context, &url, need).await?,
    };
    let organization = organization(store.as_ref(), org.as_deref(), need, context.time.now).await?;
    embed(context, store, organization)
}

/// Opens a store. A file that should be there and is not is no empty log.
pub(super) async fn open(context: &mut Context, url: &str, need: Need) -> Result<Arc<dyn Store>, Failure> {
    let url = &whole_url(context, url)?;
    if url == "sqlite:" {
        return Err(Failure::usage("sqlite: names no file: expected sqlite:PATH"));
    }
    let file = url.strip_prefix("sqlite:").map(Path::new);
    if let Some(path) = file.filter(|path| need == Need::Existing && !path.exists()) {
        return Err(Failure::new(exit::NOT_FOUND, format!("there is no store at {}", path.display()))
            .hint(
                "`krosyn-audit record` and `import` make one; --server names another, https://… a remote API",
            )
            .hint("--demo looks around in an invented organization"));
    }
    let is_default = context.environment.default_store().is_some_and(|path| Some(path.as_path()) == file);
    if let Some(path) = file.filter(|_| need == Need::Create && !is_default) {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(directory) = directory.filter(|directory| !directory.exists()) {
            let message = format!("the directory {} of the store does not exist", directory.display());
            let make = format!("is the path right? If it is: mkdir -p {}", directory.display());
            return Err(Failure::new(exit::NOT_FOUND, message).hint(make));
        }
    }
    let store = store::open(url).await?;
    context.opened.stores.push(Arc::clone(&store));
    file.and_then(open_to_others).iter().for_each(|warning| context.terminal.warn(warning));
    Ok(store)
}

/// What is said of a store that other users may read or change. One that is made here is its owner's alone.
fn open_to_others(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.permissions().mode());
        let others = |mode| match mode & 0o077 {
            0 => None,
            open if open & 0o022 == 0 => Some("read"),
            _ => Some("read or change"),
        };
        for file in [path.to_owned(), with_suffix(path, "-wal")] {
            let mode = mode(&file);
            if let Some(what) = others(mode) {
                let name = file.display();
                let mode = mode & 0o777;
                return Some(format!("other users can {what} {name} (mode {mode:03o}): chmod 600 {name}"));
            }
        }
        // Whoever may write there can put another file in its place; not where only owners may (as in /tmp).
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mode = mode(directory);
        if path.exists() && mode & 0o002 != 0 && mode & 0o1000 == 0 {
            let name = directory.display();
            return Some(format!(
                "every user can replace files in {name}, and so the store: chmod o-w {name}"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    None
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
        (None, 0) if need == Need::Create => Ok(first_organization(store, now).await?.0),
        (None, 0) => Err(Failure::new(exit::NOT_FOUND, "the store holds no organization yet")
            .hint("`krosyn-audit record` and `import` make one")),
        (None, _) => Err(Failure::usage(format!(
            "the store holds several organizations: choose one by --org: {listed}"
        ))),
    }
}

/// Makes the organization `default` on an empty store and tells whether this call made it. Of several processes that
/// start at once, one makes it and the others find it.
pub(super) async fn first_organization(
    store: &dyn Store,
    now: Timestamp,
) -> Result<(Organization, bool), StoreError> {
    let exists = match store.create_organization(DEFAULT_SLUG.to_owned(), DEFAULT_RETENTION, now).await {
        Err(exists @ StoreError::Exists(_)) => exists,
        made => return Ok((made?, true)),
    };
    let found = store.organizations().await?.into_iter().find(|it| it.slug == DEFAULT_SLUG);
    found.map(|organization| (organization, false)).ok_or(exists)
}

/// Starts the API over `store` on a loopback port of its own, opened by a random token.
fn embed(
    context: &mut Context,
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
    context.opened.servers.push((stop, server));
    Ok(Connection { client: Client::new(base, token)?, token_origin: None })
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_store_that_others_can_read_or_replace_is_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.db");
        assert_eq!(open_to_others(&path), None, "it will be made");
        std::fs::write(&path, "").expect("written");
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        for (mode, said) in
            [(0o600, None), (0o400, None), (0o604, Some("can read ")), (0o640, Some("can read "))]
                .into_iter()
                .chain([(0o660, Some("can read or change ")), (0o602, Some("can read or change "))])
        {
            set(&path, mode);
            let warning = open_to_others(&path);
            assert_eq!(warning.is_some(), said.is_some(), "{mode:o} {warning:?}");
            assert!(said.is_none_or(|said| warning.is_some_and(|it| it.contains(said))), "{mode:o}");
        }
        set(&path, 0o600);
        for (mode, is_said) in [(0o755, false), (0o777, true), (0o1777, false), (0o700, false)] {
            set(directory.path(), mode);
            assert_eq!(open_to_others(&path).is_some(), is_said, "{mode:o}");
        }
        let log = with_suffix(&path, "-wal");
        std::fs::write(&log, "").expect("written");
        set(&log, 0o644);
        assert!(open_to_others(&path).is_some_and(|warning| warning.contains("audit.db-wal (mode 644)")));
    }
}
