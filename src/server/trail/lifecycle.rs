//! Records in every trail of a store that a server starts or stops, that the schema was upgraded, and that the clock pauses
//! the sweep.

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::model::trail::{Actor, EventKey, TrailEvent};
use crate::model::words::Action;
use crate::server::settings::Settings;
use crate::server::trail::{record, record_once};
use crate::store::error::StoreError;
use crate::store::{Organization, PageRequest, Store};

/// The schema that gave every log a tree.
const TREES: u32 = 5;

/// How many trails are written at once: a store commits them together.
const AT_ONCE: usize = 64;

/// Records an event of the server in the trail of every organization. An organization that cannot be reached is left out.
///
/// # Errors
/// Any other [`StoreError`].
pub async fn record_everywhere(
    store: &Arc<Store>,
    settings: &Settings,
    event: &TrailEvent,
) -> Result<(), StoreError> {
    let mut running = JoinSet::new();
    for organization in store.organizations().await? {
        if running.len() == AT_ONCE {
            finished(running.join_next().await)?;
        }
        let (store, event, redaction) = (Arc::clone(store), event.clone(), settings.redaction.clone());
        let (org, now) = (organization.id, settings.clock.now());
        running.spawn(async move {
            match record(&store, org, &event, &Actor::server(), &redaction, now).await {
                Err(error) if error.is_away() => {
                    tracing::warn!(organization = org.number(), %error, "cannot record in a trail");
                    Ok(())
                }
                recorded => recorded,
            }
        });
    }
    while let Some(one) = running.join_next().await {
        finished(Some(one))?;
    }
    Ok(())
}

fn finished(one: Option<Result<Result<(), StoreError>, JoinError>>) -> Result<(), StoreError> {
    let panicked = || StoreError::Failed("recording in a trail panicked; please report it".to_owned());
    one.map_or(Ok(()), |one| one.map_err(|_| panicked())?)
}

/// Records the upgrade of the schema, unless it is recorded already.
///
/// # Errors
/// [`StoreError`].
pub async fn record_migration(
    store: &Store,
    settings: &Settings,
    organization: &Organization,
) -> Result<(), StoreError> {
    let unprotected_through = store.tree(organization.id).await?.unprotected;
    if unprotected_through == 0 {
        return Ok(());
    }
    let mut filter = Filter::default();
    filter.action.include.push(Action::Migrated);
    let request = PageRequest { filter, order: Order::Descending, limit: 1, after: None, as_of: None };
    if !store.page(organization.id.trail(), request).await?.entries.is_empty() {
        return Ok(());
    }
    let event = TrailEvent::Migrated { schema: TREES, unprotected_through };
    let key = EventKey::migration(organization.uuid, TREES);
    let (by, now) = (Actor::server(), settings.clock.now());
    record_once(store, organization.id, &event, &key, &by, &settings.redaction, now).await
}

/// Records what precedes the first request: the upgrade of the schema, and the start of a server with a host. A server
/// without one goes on after a failure, because its requests will report it.
pub(in crate::server) async fn begin(store: &Arc<Store>, settings: &Settings) -> Result<(), StoreError> {
    let migrated = record_migrations(store, settings).await;
    let Some(host) = settings.host.clone() else {
        if let Err(error) = migrated {
            tracing::warn!(%error, "cannot record the upgrade of the schema in the trail");
        }
        return Ok(());
    };
    migrated?;
    record_everywhere(store, settings, &TrailEvent::Started { host }).await
}

async fn record_migrations(store: &Store, settings: &Settings) -> Result<(), StoreError> {
    let organizations = match &settings.local {
        Some(local) => vec![local.organization.clone()],
        None => store.organizations().await?,
    };
    for organization in &organizations {
        match record_migration(store, settings, organization).await {
            Err(error) if error.is_away() => {
                tracing::warn!(organization = organization.id.number(), %error, "cannot record in a trail");
            }
            recorded => recorded?,
        }
    }
    Ok(())
}

/// Records once that the clock pauses the sweep, and once that it goes on.
#[derive(Debug, Default)]
pub struct PauseRecorder {
    is_paused: bool,
}

impl PauseRecorder {
    /// Takes the outcome of a check of the clock: the cause of a pause, or none.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be recorded: the next check tries again.
    pub async fn observe(
        &mut self,
        store: &Arc<Store>,
        settings: &Settings,
        cause: Option<String>,
    ) -> Result<(), StoreError> {
        let is_paused = cause.is_some();
        if is_paused == self.is_paused {
            return Ok(());
        }
        let event = cause.map_or(TrailEvent::SweepResumed, |cause| TrailEvent::SweepPaused { cause });
        record_everywhere(store, settings, &event).await?;
        self.is_paused = is_paused;
        Ok(())
    }
}
