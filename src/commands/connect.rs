//! From the connection flags to a client: of a remote API, or of a server started in this process over a local store.
//! Every command takes the same path: client, HTTP, server, store.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;
use url::Url;

use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::args::filter::FilterArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::target::{expand_home, resolve_target};
use crate::commands::token_source::token;
use crate::config::Origin;
use crate::error::Failure;
use crate::model::draft::{Draft, Refusal};
use crate::model::filter::Filter;
use crate::model::plan::Retention;
use crate::model::proposal::Proposal;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;
use crate::model::trail::TrailEvent;
use crate::model::words::{Plan, Scope};
use crate::parallel;
use crate::secret::Token;
use crate::server::{self, LocalToken, Settings};
use crate::store::error::StoreError;
use crate::store::{Organization, Store};
use crate::terminal::file::with_suffix;
use crate::{demo, exit, store};

/// The slug of the organization that is created in an empty store if --org is absent.
pub(super) const DEFAULT_SLUG: &str = "default";
/// The longest retention of any plan: entries kept too long can still be pruned.
pub(super) const DEFAULT_RETENTION: Retention = Retention { plan: Plan::Business, floor: None };

/// How similar a slug must be to be suggested: from 0 to 1.
const MIN_SIMILARITY: f64 = 0.75;

/// What to do when the store does not exist.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum OpenMode {
    /// Fail: the command reads or deletes, and a missing store is a mistake.
    Existing,
    /// Create the store in an existing directory: the command records.
    Create,
    /// Create the store and its directory.
    CreateDirectory,
}

/// Connects to the server or store that the flags, the environment, the profile and the defaults select.
pub(super) async fn connect(
    context: &mut Context,
    args: &ConnectionArgs,
    mode: OpenMode,
) -> Result<Client, Failure> {
    Ok(connect_with_origin(context, args, mode).await?.0)
}

/// Connects to read entries. Also completes the filter: an end given as an entry's id becomes that entry's time.
pub(super) async fn connect_to_read(
    context: &mut Context,
    args: &ConnectionArgs,
    filter: &FilterArgs,
) -> Result<(Client, Filter), Failure> {
    let unresolved = filter.parse(&context.time)?;
    let client = connect(context, args, OpenMode::Existing).await?.reading(filter.log());
    for note in &unresolved.notes {
        context.terminal.status(note);
    }
    let mut filter = unresolved.filter;
    if let Some(id) = unresolved.since_entry {
        filter.since = Some(client.entry(id).await?.occurred_at);
    }
    if let Some(id) = unresolved.until_entry {
        filter.until = Some(client.entry(id).await?.occurred_at);
    }
    if filter.since.zip(filter.until).is_some_and(|(since, until)| since >= until) {
        context.terminal.warn("--since is not before --until: the time window is empty, nothing can match");
    }
    Ok((client, filter))
}

/// Connects, and returns where the token came from: `None` for an embedded server, which needs no token of the user.
pub(super) async fn connect_with_origin(
    context: &mut Context,
    args: &ConnectionArgs,
    mode: OpenMode,
) -> Result<(Client, Option<Origin>), Failure> {
    let target = resolve_target(context, args)?;
    if context.appearance.verbose {
        context.terminal.status(&format!("server {target} ({})", target.origin));
    }
    // The profile's organization belongs to the profile's store, and not to one that a flag or variable names.
    let is_own = matches!(target.origin, Origin::Profile(_) | Origin::Login | Origin::Default);
    let org = args.org.as_ref().or(context.settings.profile.org.as_ref().filter(|_| is_own)).cloned();
    let (store, organization) = match target.address {
        ServerAddress::Remote(base) => {
            if org.is_some() {
                return Err(Failure::usage(
                    "--org selects an organization of a local store; a server's token already belongs to one",
                ));
            }
            let (token, origin) = token(context, args, &base).await?;
            if context.appearance.verbose {
                context.terminal.status(&format!("token by {origin}"));
            }
            return Ok((Client::new(base, token)?, Some(origin)));
        }
        ServerAddress::Demo => {
            context.terminal.status(&format!(
                "demo data of {}: generated for this command, not stored",
                demo::ORGANIZATION_NAME
            ));
            let store = store::open_in_memory()?;
            context.opened.add_store(&store);
            let organization = fill_demo(store.as_ref(), context.time.now).await?;
            (store, organization)
        }
        ServerAddress::Store(url) => {
            let store = open(context, &url, mode).await?;
            let organization = select_organization(context, store.as_ref(), org.as_deref(), mode).await?;
            (store, organization)
        }
    };
    Ok((embed(context, store, organization)?, None))
}

/// Opens a store. A missing file is an error unless the mode allows creating it: it must not look like an empty log.
pub(super) async fn open(context: &mut Context, url: &str, mode: OpenMode) -> Result<Arc<Store>, Failure> {
    let url = &expand_home(context, url)?;
    if url == "sqlite:" {
        return Err(Failure::usage("sqlite: has no path: expected sqlite:PATH"));
    }
    let file = url.strip_prefix("sqlite:").map(Path::new);
    if let Some(path) = file.filter(|path| mode == OpenMode::Existing && !path.exists()) {
        return Err(Failure::new(exit::NOT_FOUND, format!("there is no store at {}", path.display()))
            .hint(
                "`krosyn-audit record` and `import` create one; --server selects another store, or a remote API (https://…)",
            )
            .hint("--demo shows the tool with invented data"));
    }
    let is_default = context.environment.default_store().is_some_and(|path| Some(path.as_path()) == file);
    if let Some(path) = file.filter(|_| mode == OpenMode::Create && !is_default) {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(directory) = directory.filter(|directory| !directory.exists()) {
            let message = format!("the directory {} of the store does not exist", directory.display());
            let create = format!("check the path, or create the directory: mkdir -p {}", directory.display());
            return Err(Failure::new(exit::NOT_FOUND, message).hint(create));
        }
    }
    let store = store::open(url).await?;
    context.opened.add_store(&store);
    file.and_then(permission_warning).iter().for_each(|warning| context.terminal.warn(warning));
    Ok(store)
}

/// A warning about a store that other users can read or change. Stores created by this tool are private to their owner.
fn permission_warning(path: &Path) -> Option<String> {
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
    // Who can write to the directory can replace the file, except in a sticky directory such as /tmp.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = mode(directory);
    if path.exists() && mode & 0o002 != 0 && mode & 0o1000 == 0 {
        let name = directory.display();
        return Some(format!(
            "every user can replace the store, because {name} is writable by all: chmod o-w {name}"
        ));
    }
    None
}

/// Selects the organization of a local store.
async fn select_organization(
    context: &Context,
    store: &Store,
    slug: Option<&str>,
    mode: OpenMode,
) -> Result<Organization, Failure> {
    let organizations = store.organizations().await?;
    let slugs: Vec<_> = organizations.iter().map(|it| it.slug.as_str()).collect();
    let listed = slugs.join(", ");
    match (slug, organizations.len()) {
        (Some(slug), _) => {
            let found = organizations.iter().find(|it| it.slug == slug).cloned();
            found.ok_or_else(|| no_organization(slug, &organizations))
        }
        (None, 1) => Ok(organizations[0].clone()),
        (None, 0) if mode == OpenMode::Create => Ok(first_organization(context, store).await?.0),
        (None, 0) => Err(Failure::new(exit::NOT_FOUND, "the store has no organization yet")
            .hint("`krosyn-audit record` and `import` create one")),
        (None, _) => Err(Failure::usage(format!(
            "the store holds several organizations: choose one with --org: {listed}"
        ))),
    }
}

/// The failure about an unknown slug, with the most similar one.
pub(super) fn no_organization(slug: &str, organizations: &[Organization]) -> Failure {
    let slugs: Vec<_> = organizations.iter().map(|it| it.slug.as_str()).collect();
    let similarity = |it: &&&str| strsim::jaro_winkler(slug, it);
    let nearest = slugs.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    let nearest = nearest.filter(|it| similarity(it) >= MIN_SIMILARITY);
    let holds = if slugs.is_empty() { "no organization".to_owned() } else { slugs.join(", ") };
    Failure::new(exit::NOT_FOUND, format!("there is no organization {slug:?}: the store holds {holds}"))
        .nearest(nearest)
}

/// Creates the organization `default` in an empty store; returns whether this call created it. When several processes
/// start at once, one creates it and the others find it.
pub(super) async fn first_organization(
    context: &Context,
    store: &Store,
) -> Result<(Organization, bool), Failure> {
    let exists = match create_organization(context, store, DEFAULT_SLUG, DEFAULT_RETENTION).await? {
        Err(exists) => exists,
        Ok(created) => return Ok((created, true)),
    };
    let found = store.organizations().await?.into_iter().find(|it| it.slug == DEFAULT_SLUG);
    Ok(found.map(|organization| (organization, false)).ok_or(exists)?)
}

/// Creates an organization, and records it in its trail. The inner error says that the slug is taken.
pub(super) async fn create_organization(
    context: &Context,
    store: &Store,
    slug: &str,
    retention: Retention,
) -> Result<Result<Organization, StoreError>, Failure> {
    let created = match store.create_organization(slug.to_owned(), retention, context.time.now).await {
        Err(exists @ StoreError::Exists(_)) => return Ok(Err(exists)),
        created => created?,
    };
    let event = TrailEvent::OrganizationCreated { slug: slug.to_owned(), retention };
    context.record_in_trail(store, created.id, &event).await?;
    Ok(Ok(created))
}

/// Starts the API over `store` on a free loopback port, protected by a random token.
fn embed(context: &mut Context, store: Arc<Store>, organization: Organization) -> Result<Client, Failure> {
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
    let (hash, actor, scopes) = (token.hash(), context.actor(), Scope::ALL.to_vec());
    let local = LocalToken { hash, name, organization, actor, scopes };
    let settings = Settings { local: Some(local), ..Settings::new(context.clock.clone()) };
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(server::serve(listener.into(), store, settings, async { drop(stopped.await) }));
    let base = Url::parse(&format!("http://{address}")).map_err(|error| failed(&error))?;
    context.opened.add_server((stop, server));
    Ok(Client::new(base, token)?)
}

/// Creates the invented organization with its entries in an empty store.
pub(super) async fn fill_demo(store: &Store, now: Timestamp) -> Result<Organization, Failure> {
    let retention = Retention { plan: Plan::Free, floor: None };
    let organization = store.create_organization(demo::SLUG.to_owned(), retention, now).await?;
    let drafts = prepare_all(&demo::proposals(now), now);
    let drafts = drafts.map_err(|refusal| StoreError::Failed(format!("demo data: {refusal:?}")))?;
    store.append(organization.id, drafts, true).await?;
    // The store ends with this command. Its tree is made only if it is asked for, and an index does not pay.
    drop((store.take_grown(), store.take_unindexed()));
    Ok(organization)
}

/// Validates and redacts proposals on all cores, because the user waits for it.
fn prepare_all(proposals: &[Proposal], now: Timestamp) -> Result<Vec<Draft>, Refusal> {
    let redaction = Redaction::default();
    let prepare = |proposal: &Proposal| {
        // Recorded at the time of the change, as the platform does.
        Draft::prepare(proposal, &redaction, proposal.occurred_at.unwrap_or(now))
    };
    parallel::map(proposals, 1, prepare).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_store_that_others_can_read_or_replace_causes_a_warning() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.db");
        assert_eq!(permission_warning(&path), None, "it does not exist yet");
        std::fs::write(&path, "").expect("written");
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        for (mode, expected) in
            [(0o600, None), (0o400, None), (0o604, Some("can read ")), (0o640, Some("can read "))]
                .into_iter()
                .chain([(0o660, Some("can read or change ")), (0o602, Some("can read or change "))])
        {
            set(&path, mode);
            let warning = permission_warning(&path);
            assert_eq!(warning.is_some(), expected.is_some(), "{mode:o} {warning:?}");
            assert!(expected.is_none_or(|words| warning.is_some_and(|it| it.contains(words))), "{mode:o}");
        }
        set(&path, 0o600);
        for (mode, is_warned) in [(0o755, false), (0o777, true), (0o1777, false), (0o700, false)] {
            set(directory.path(), mode);
            assert_eq!(permission_warning(&path).is_some(), is_warned, "{mode:o}");
        }
        let log = with_suffix(&path, "-wal");
        std::fs::write(&log, "").expect("written");
        set(&log, 0o644);
        assert!(permission_warning(&path).is_some_and(|warning| warning.contains("audit.db-wal (mode 644)")));
    }
}
