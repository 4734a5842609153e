//! `store`: copies a log to another store, backs it up, or checks it. Operator command: works on the stores, not the API.

mod check;
mod digest;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::commands::connect::{self, OpenMode};
use crate::commands::store::digest::{StorePages, digest};
use crate::commands::{Context, target};
use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::integrity::tile::TILE;
use crate::model::trail::TrailEvent;
use crate::model::words::Log;
use crate::store::error::StoreError;
use crate::store::{Lookup, OrgId, Organization, Past, Store, TokenUse};
use crate::terminal::progress::Progress;
use crate::{exit, store};

/// Copy a log to another store, back it up, or check it (operator)
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit store copy sqlite:audit.db 'postgres://audit@db.example/audit?sslmode=verify-full'\n  krosyn-audit store copy 'postgres://audit@db.example/audit?sslmode=verify-full' sqlite:copy.db"
)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Copy everything to another store with the same ids, and compare both
    ///
    /// Copies organizations, tokens, holds, entries, the trail, the signing key, and the records of prunes, erasures and deletions. After an interruption, run
    /// it again to continue. To move a log, run it once more after the server has stopped: it copies what is new. At the end it
    /// compares entries and trees of both stores, and prints the name, number of entries and SHA-256 of each log.
    #[command(
        after_help = "Examples:\n  krosyn-audit store copy sqlite:audit.db 'postgres://audit@db.example/audit?sslmode=verify-full'\n  krosyn-audit store copy 'postgres:///audit?host=/run/postgresql' sqlite:copy.db"
    )]
    Copy {
        /// The store to read: sqlite:PATH or postgres://…
        #[arg(value_name = "FROM")]
        from: String,
        /// The store to write; a SQLite file or PostgreSQL tables are created if needed
        #[arg(value_name = "TO")]
        to: String,
    },
    /// Back up a SQLite store to a new file, also while a server uses it
    ///
    /// Write it to another disk. The backup is a consistent snapshot, checked before the file gets its name. A plain copy of the .db file would lack
    /// the data in the write-ahead log beside it. For PostgreSQL use pg_dump.
    #[command(
        after_help = "Examples:\n  krosyn-audit store backup audit-2026-11-28.db\n  krosyn-audit store backup --store sqlite:/var/lib/krosyn-audit/audit.db /mnt/evidence/audit.db"
    )]
    Backup {
        /// The file to write; it must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The store: sqlite:PATH (default: SQLite in the platform's data directory)
        #[arg(long, alias = "server", value_name = "URL")]
        store: Option<String>,
    },
    /// Check a SQLite store for damage and report its schema, also while a server uses it
    ///
    /// Reads every page, compares tables with indexes, and reads each entry with its checksum. It repairs and upgrades nothing;
    /// the exit code is 7 if something is damaged. For PostgreSQL use pg_amcheck.
    #[command(
        after_help = "Examples:\n  krosyn-audit store check\n  krosyn-audit store check --store sqlite:/var/lib/krosyn-audit/audit.db"
    )]
    Check {
        /// The store: sqlite:PATH (default: SQLite in the platform's data directory)
        #[arg(long, value_name = "URL")]
        store: Option<String>,
    },
}

impl StoreArgs {
    /// Fails with exit code 7 when the copies differ.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let (from, to) = match self.command {
            StoreCommand::Copy { from, to } => (from, to),
            StoreCommand::Backup { file, store } => return backup(context, store, &file).await,
            StoreCommand::Check { store } => return check::check(context, store).await,
        };
        if from == to {
            return Err(Failure::usage("FROM and TO are the same store"));
        }
        let to_url = to.clone();
        let from = connect::open(context, &from, OpenMode::Existing).await?;
        let to = connect::open(context, &to, OpenMode::Create).await?;
        record_copy(context, &from, "store", &store::without_password(&to_url)).await?;
        copy(context, &from, &to).await.map(|()| exit::DONE)
    }
}

/// Records in the trail of every organization that its audit log is copied.
async fn record_copy(
    context: &Context,
    store: &Store,
    format: &'static str,
    target: &str,
) -> Result<(), Failure> {
    for organization in store.organizations().await? {
        let as_of = store.past(organization.id).await?.head;
        let event = TrailEvent::Copied { log: Log::Audit, format, as_of, target: target.to_owned() };
        context.record_in_trail(store, organization.id, &event).await?;
    }
    Ok(())
}

async fn backup(context: &mut Context, url: Option<String>, file: &Path) -> Result<u8, Failure> {
    let url = url.map_or_else(|| target::default_store(context), Ok)?;
    let source = url.strip_prefix("sqlite:").map(Path::new);
    if let Some(path) = source.filter(|path| !path.exists()) {
        return Err(Failure::new(exit::NOT_FOUND, format!("there is no store at {}", path.display())));
    }
    // A store of an earlier version has no trail, and a backup must not upgrade it.
    if source.is_some_and(Path::exists) && store::has_trail(&url).await? {
        let store = connect::open(context, &url, OpenMode::Existing).await?;
        record_copy(context, &store, "backup", &file.display().to_string()).await?;
        store.close().await;
    }
    let bytes = store::backup(&url, file).await?;
    context.terminal.status(&format!("{} written and checked, {bytes} bytes", file.display()));
    Ok(exit::DONE)
}

async fn copy(context: &mut Context, from: &Arc<Store>, to: &Arc<Store>) -> Result<(), Failure> {
    // A slug that is used again belongs to another organization.
    copy_deletions(context, from.as_ref(), to.as_ref()).await?;
    for organization in from.organizations().await? {
        let target = same_organization(from.as_ref(), to.as_ref(), &organization).await?;
        copy_tokens(from.as_ref(), organization.id, to.as_ref(), target).await?;
        for hold in from.holds(organization.id).await? {
            to.restore_hold(target, hold).await?;
        }
        let Organization { id, slug, .. } = organization;
        for (log, copy, name) in
            [(id, target, slug.clone()), (id.trail(), target.trail(), format!("{slug}/trail"))]
        {
            let progress = Progress::start(&context.terminal, &name);
            let (entries, digest) = copy_log(from.as_ref(), log, to.as_ref(), copy, &name, &progress).await?;
            drop(progress);
            writeln!(context.terminal.data(), "{name}\t{entries}\t{digest}")?;
            context.terminal.flush()?;
        }
    }
    if let Some(secret) = from.stored_signing_key().await? {
        to.store_signing_key(secret, context.time.now).await?;
    }
    context.terminal.status("both stores have the same entries (columns: log, entries, SHA-256)");
    Ok(())
}

/// Copies a log with its tree; returns the number of entries, and the SHA-256 of all of them.
async fn copy_log(
    from: &Store,
    log: OrgId,
    to: &Store,
    copy: OrgId,
    name: &str,
    progress: &Progress,
) -> Result<(u64, String), Failure> {
    from.grow_tree(log).await?;
    let bound = from.tree(log).await?.size;
    copy_entries(from, log, to, copy, (name, bound), progress).await?;
    copy_erased(from, log, to, copy, bound).await?;
    // Read after the entries, so that a prune during the copy is applied to the copy too.
    let past = Past { head: bound, ..from.past(log).await? };
    to.restore_past(copy, past).await?;
    copy_tree(from, log, to, copy, bound).await?;
    let (here, there) = (digest(from, log, bound).await?, digest(to, copy, bound).await?);
    if here != there {
        let message = format!(
            "the copies of {name} differ: the source has {} entries, SHA-256 {}; the copy has {} entries, SHA-256 {}",
            here.0, here.1, there.0, there.1
        );
        return Err(differing(message));
    }
    if from.roots_at(log, bound).await? != to.roots_at(copy, bound).await? {
        let message = format!(
            "the tree of {name} does not fit its entries: an entry was changed, or deleted without a prune, in the source"
        );
        return Err(differing(message).hint("find it with: krosyn-audit verify --server"));
    }
    Ok(here)
}

fn differing(message: String) -> Failure {
    Failure::new(exit::INTEGRITY, message)
        .hint("if the source was pruned during the copy, stop its server and run this again")
        .hint("if entries were recorded in the copy, copy to an empty store")
}

/// Erases in the copy what was erased in the source, also since an earlier run has copied it.
async fn copy_erased(
    from: &Store,
    log: OrgId,
    to: &Store,
    copy: OrgId,
    bound: u64,
) -> Result<(), StoreError> {
    for first in (1..=bound).step_by(ERASED_A_STEP as usize) {
        let ids = (first, bound.min(first + ERASED_A_STEP - 1));
        let (leaves, there) =
            tokio::try_join!(from.erased_leaves(log, ids.0, ids.1), to.erased_leaves(copy, ids.0, ids.1),)?;
        if leaves == there {
            continue;
        }
        let mut changed = Vec::new();
        for leaf in leaves.iter().filter(|leaf| !there.contains(leaf)) {
            if let Lookup::Found(entry) = from.entry(log, leaf.id).await? {
                changed.push(*entry);
            }
        }
        to.restore_erased(copy, ids, leaves, changed).await?;
    }
    Ok(())
}

/// In how many entries erasures are looked for at once.
const ERASED_A_STEP: u64 = 4_096;
/// How many tiles are copied at once.
const TILES_A_STEP: u64 = 64;

/// Copies what is left of deleted entries, and grows the copy's tree.
async fn copy_tree(from: &Store, log: OrgId, to: &Store, copy: OrgId, bound: u64) -> Result<(), StoreError> {
    let unprotected = from.tree(log).await?.unprotected;
    let tiles = bound.div_ceil(TILE);
    for first in (0..tiles).step_by(TILES_A_STEP as usize) {
        let deleted = from.deleted_leaves(log, first, tiles.min(first + TILES_A_STEP)).await?;
        to.restore_deleted_leaves(copy, deleted, unprotected).await?;
    }
    to.grow_tree(copy).await.map(drop)
}

/// The same organization in the copy; it is created, or gets the source's slug and retention.
async fn same_organization(from: &Store, to: &Store, organization: &Organization) -> Result<OrgId, Failure> {
    let Organization { uuid, slug, retention, created_at, .. } = organization.clone();
    let there = to.organizations().await?;
    // Copies by earlier versions may have another uuid.
    let same = there.iter().find(|it| it.uuid == uuid).or_else(|| there.iter().find(|it| it.slug == slug));
    let Some(there) = same else {
        return Ok(to.copy_organization(uuid, slug, retention, created_at).await?.id);
    };
    if there.uuid != uuid && from.deletions().await?.iter().any(|it| it.uuid == there.uuid) {
        let message = format!("the copy has another organization {slug}, which was deleted in the source");
        return Err(Failure::new(exit::REFUSED, message)
            .hint(format!("delete it in the copy first: krosyn-audit org delete {slug} --store …")));
    }
    if there.slug != slug {
        to.rename_organization(there.id, slug).await?;
    }
    if there.retention != retention {
        to.set_retention(there.id, retention).await?;
    }
    Ok(there.id)
}

/// Copies the records of deleted organizations. An earlier copy may still have such an organization.
async fn copy_deletions(context: &mut Context, from: &Store, to: &Store) -> Result<(), Failure> {
    for deletion in from.deletions().await? {
        let (uuid, slug) = (deletion.uuid, deletion.slug.clone());
        if to.restore_deletion(deletion).await? {
            continue;
        }
        if let Some(alive) = to.organizations().await?.into_iter().find(|it| it.uuid == uuid) {
            context.terminal.status(&format!(
                "{slug} was deleted in the source, but the copy still has it: delete it there with \
                 `krosyn-audit org delete {} --store …`",
                alive.slug
            ));
        }
    }
    Ok(())
}

async fn copy_tokens(from: &Store, org: OrgId, to: &Store, target: OrgId) -> Result<(), StoreError> {
    let there = to.tokens(target).await?;
    let mut uses = Vec::new();
    for token in from.tokens(org).await? {
        let (name, revoked_at) = (token.name.clone(), token.revoked_at);
        uses.extend(token.last_used_at.map(|at| TokenUse { name: name.clone(), at }));
        if !there.iter().any(|it| it.name == name) {
            to.create_token(target, token).await?;
        }
        if let Some(at) = revoked_at {
            to.revoke_token(target, name, at).await?;
        }
    }
    to.note_token_uses(target, uses).await
}

async fn copy_entries(
    from: &Store,
    log: OrgId,
    to: &Store,
    target: OrgId,
    (name, bound): (&str, u64),
    progress: &Progress,
) -> Result<(), Failure> {
    let start = to.past(target).await?.head;
    if start > bound {
        let message =
            format!("{name} has entries up to {start} in the copy, but only up to {bound} in the source");
        return Err(Failure::new(exit::REFUSED, message)
            .hint("the target is not a copy of this store: use an empty store"));
    }
    progress.expect(bound - start);
    let mut pages = StorePages::new(from, log, start, bound);
    while let Some(entries) = pages.next().await? {
        let counted = entries.len() as u64;
        let ids = entries.first().zip(entries.last()).map(|(first, last)| (first.id, last.id));
        let seeds = match ids {
            Some((first, last)) => from.seeds(log, first, last).await?.into_iter().collect(),
            None => HashMap::new(),
        };
        let with_seed = |entry: Entry| {
            let seed = seeds.get(&entry.id).copied().flatten();
            (entry, seed)
        };
        to.restore_entries(target, entries.into_iter().map(with_seed).collect()).await?;
        progress.add(counted);
    }
    Ok(())
}
