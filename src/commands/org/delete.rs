//! `org delete`: deletes an organization with both logs, in batches that other organizations wait for only briefly.

use crate::commands::Context;
use crate::commands::confirm::Confirmation;
use crate::commands::org::lookup::find;
use crate::error::Failure;
use crate::exit;
use crate::model::time::format::milliseconds;
use crate::model::timestamp::Timestamp;
use crate::model::trail::{OrganizationEvent, TrailEvent};
use crate::model::words::Log;
use crate::render::filter_summary::counted;
use crate::store::{DeletionRefused, Organization, Store};
use crate::terminal::progress::Progress;

/// How many rows a commit deletes: recorders of other organizations wait for it.
const BATCH: u32 = 1_000;

pub(super) async fn delete(
    context: &mut Context,
    store: &Store,
    slug: &str,
    yes: bool,
) -> Result<(), Failure> {
    match find(store, slug).await {
        Ok(organization) => begin(context, store, &organization, yes).await?,
        // An earlier command was interrupted after the confirmation.
        Err(_) if is_unfinished(store, slug).await? => {
            context.terminal.status(&format!("{slug}: continuing a deletion that was interrupted"));
        }
        Err(missing) => return Err(missing),
    }
    for deletion in store.deletions().await? {
        if deletion.slug != slug || deletion.finished_at.is_some() {
            continue;
        }
        let progress = Progress::start(&context.terminal, "batches deleted");
        while store.deletion_batch(deletion.id, BATCH).await? {
            progress.add(1);
        }
        drop(progress);
        store.finish_deletion(deletion.id, context.clock.now()).await?;
        let record = store.deletions().await?.into_iter().find(|it| it.id == deletion.id);
        let (entries, trail_entries) = record.map_or((0, 0), |it| (it.entries, it.trail_entries));
        context.terminal.status(&format!(
            "{slug} deleted: {} and {} of the trail; the record is in `krosyn-audit org list --deleted`",
            counted(entries, "entry", "entries"),
            counted(trail_entries, "entry", "entries"),
        ));
    }
    Ok(())
}

/// Confirms the deletion, records it in the trail, and closes the organization.
async fn begin(
    context: &mut Context,
    store: &Store,
    organization: &Organization,
    yes: bool,
) -> Result<(), Failure> {
    let slug = &organization.slug;
    let unchanged = "nothing was deleted";
    context.terminal.show_lines(&what_goes(context, store, organization).await?);
    if !yes {
        let purpose = "delete it permanently";
        Confirmation { expected: slug, purpose, action: "do it", unchanged }.ask(context).await?;
    }
    let event = TrailEvent::Organization(OrganizationEvent::Deleted { slug: slug.clone() });
    context.record_in_trail(store, organization.id, &event).await?;
    let by = context.actor().user.label().to_owned();
    match store.begin_deletion(organization.id, by, context.clock.now()).await? {
        Ok(()) => Ok(()),
        Err(DeletionRefused::Held(name)) => Err(Failure::new(
            exit::REFUSED,
            format!("the hold {name:?} keeps entries of {slug}: {unchanged}"),
        )
        .hint(format!("release it first: krosyn-audit hold release {name} --reason TEXT --org {slug}"))),
        Err(DeletionRefused::PruneRunning(running)) => {
            Err(Failure::new(exit::LOCKED, format!("{}: {unchanged}", running.description()))
                .hint("try again when it has ended"))
        }
    }
}

/// Entries, trail and tokens, in lines.
async fn what_goes(context: &Context, store: &Store, organization: &Organization) -> Result<String, Failure> {
    let mut lines = vec![format!("deleting {} permanently:", organization.slug)];
    for log in Log::ALL {
        let holdings = store.holdings(organization.log(*log), Timestamp::MIN).await?;
        let entries: u64 = holdings.by_model_type.iter().map(|counts| counts.expired + counts.kept).sum();
        let time = |at| milliseconds(at, &context.time);
        let span = holdings.oldest.zip(holdings.newest).map_or_else(String::new, |(oldest, newest)| {
            format!(", from {} to {}", time(oldest), time(newest))
        });
        lines.push(format!("  {} of the {}{span}", counted(entries, "entry", "entries"), log.label()));
    }
    let tokens = store.tokens(organization.id).await?;
    let valid = tokens.iter().filter(|token| token.revoked_at.is_none()).count() as u64;
    lines.push(format!("  {}, which stop working at once", counted(valid, "token", "tokens")));
    lines.push("exports, backups and copies that were made before stay as they are".to_owned());
    Ok(lines.join("\n"))
}

async fn is_unfinished(store: &Store, slug: &str) -> Result<bool, Failure> {
    let deletions = store.deletions().await?;
    Ok(deletions.iter().any(|it| it.slug == slug && it.finished_at.is_none()))
}
