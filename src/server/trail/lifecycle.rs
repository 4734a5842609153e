//! Records in every trail of a store that a server starts or stops, that the schema was upgraded, and that the clock pauses
//! the sweep.

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use crate::model::integrity::verify::rule_reader::RuleReader;
use crate::model::trail::{Actor, EventKey, TrailEvent};
use crate::model::words::Log;
use crate::server::settings::Settings;
use crate::server::trail::restate::explaining;
use crate::server::trail::{TrailQueue, record_once};
use crate::store::error::StoreError;
use crate::store::{OrgId, Organization, Store};

/// The schema that gave every log a tree.
const TREES: u32 = 5;

/// How many trails are written at once: a store commits them together.
const AT_ONCE: usize = 64;

/// An event for the trail of an organization.
type Pending = (OrgId, TrailEvent, EventKey);

/// Records events of the server. Returns those that could not be recorded, with the error.
async fn record_all(
    store: &Arc<Store>,
    settings: &Settings,
    events: Vec<Pending>,
) -> Vec<(Pending, StoreError)> {
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    let mut collect = |one: Option<Result<Option<(Pending, StoreError)>, JoinError>>| match one {
        Some(Ok(outcome)) => failed.extend(outcome),
        Some(Err(error)) => tracing::error!(%error, "recording in a trail panicked; please report it"),
        None => {}
    };
    for pending in events {
        if running.len() == AT_ONCE {
            collect(running.join_next().await);
        }
        let (store, redaction, now) = (Arc::clone(store), settings.redaction.clone(), settings.clock.now());
        running.spawn(async move {
            let (org, event, key) = &pending;
            let recorded = record_once(&store, *org, event, key, &Actor::server(), &redaction, now).await;
            recorded.err().map(|error| (pending, error))
        });
    }
    while let Some(one) = running.join_next().await {
        collect(Some(one));
    }
    failed
}

/// Records an event of the server in the trail of every organization. An organization that cannot be reached is left out.
///
/// # Errors
/// Any other [`StoreError`].
pub async fn record_everywhere(
    store: &Arc<Store>,
    settings: &Settings,
    event: &TrailEvent,
) -> Result<(), StoreError> {
    let organizations = store.organizations().await?.into_iter();
    let events = organizations.map(|it| (it.id, event.clone(), EventKey::unique())).collect();
    for ((org, ..), error) in record_all(store, settings, events).await {
        if !error.is_away() {
            return Err(error);
        }
        tracing::warn!(organization = org.number(), %error, "cannot record in a trail");
    }
    Ok(())
}

/// The upgrade of the schema, unless it is recorded already.
async fn migration(store: &Store, organization: &Organization) -> Result<Option<Pending>, StoreError> {
    let unprotected_through = store.tree(organization.id).await?.unprotected;
    if unprotected_through == 0 {
        return Ok(None);
    }
    let mut stated = RuleReader::new(Log::Audit);
    explaining(store, organization.id, |entry| stated.add(&entry.parts())).await?;
    if stated.unprotected_through() > 0 {
        return Ok(None);
    }
    let retention = organization.retention;
    let event = TrailEvent::Migrated { schema: TREES, unprotected_through, retention };
    Ok(Some((organization.id, event, EventKey::migration(organization.uuid, TREES))))
}

/// Records what precedes the first request: the upgrade of the schema, and the start of a server with a host. What cannot
/// be recorded is queued: a server on a full disk must start, because reading works there.
///
/// # Errors
/// [`StoreError`] if the organizations cannot be read.
pub(in crate::server) async fn begin(
    store: &Arc<Store>,
    settings: &Settings,
    queue: &TrailQueue,
) -> Result<(), StoreError> {
    let organizations = match &settings.local {
        Some(local) => vec![local.organization.clone()],
        None => match store.organizations().await {
            Ok(organizations) => organizations,
            // A server without a host records no start, and its requests will report the failure.
            Err(error) if settings.host.is_none() => {
                tracing::warn!(%error, "cannot read the organizations");
                return Ok(());
            }
            Err(error) => return Err(error),
        },
    };
    let mut events = Vec::new();
    for organization in &organizations {
        match migration(store, organization).await {
            Ok(migrated) => events.extend(migrated),
            // The next start tries again.
            Err(error) => {
                tracing::warn!(organization = organization.id.number(), %error, "cannot read a trail")
            }
        }
        if let Some(host) = &settings.host {
            events.push((organization.id, TrailEvent::Started { host: host.clone() }, EventKey::unique()));
        }
    }
    for ((org, event, key), error) in record_all(store, settings, events).await {
        tracing::error!(organization = org.number(), %error, "cannot record the start in the trail; retrying");
        queue.note(store, org, event, Actor::server(), key).await;
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
