//! Records every use of the logs, and every change to them, in the trail of the organization. These are queued and written in
//! the background within a second: reads, the end of an export, and the start of a server that cannot record it at once. Changes
//! and the beginning of an export are durable before they take effect.

pub mod lifecycle;
pub(super) mod recent;
pub(super) mod restate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::model::draft::Refusal;
use crate::model::redaction::Redaction;
use crate::model::timestamp::Timestamp;
use crate::model::trail::{Actor, EventKey, TrailEvent};
use crate::server::lock::lock;
use crate::store::error::StoreError;
use crate::store::{OrgId, Store};

/// How long a queued event waits for others before they are written together.
const DELAY: Duration = Duration::from_millis(500);
/// How long to wait after a failure.
const RETRY: Duration = Duration::from_secs(1);
/// The most events of an organization that are queued.
const MAX_QUEUED: usize = 5_000;
/// The most queued events that are written in one commit.
const BATCH: usize = 500;

/// Records an event. It is durable when this returns.
///
/// # Errors
/// [`StoreError`]: the event must not take effect then.
pub async fn record(
    store: &Store,
    org: OrgId,
    event: &TrailEvent,
    by: &Actor,
    redaction: &Redaction,
    now: Timestamp,
) -> Result<(), StoreError> {
    record_once(store, org, event, &EventKey::unique(), by, redaction, now).await
}

/// Records an event unless its key is recorded already.
pub(super) async fn record_once(
    store: &Store,
    org: OrgId,
    event: &TrailEvent,
    key: &EventKey,
    by: &Actor,
    redaction: &Redaction,
    now: Timestamp,
) -> Result<(), StoreError> {
    let draft = match event.draft(by, key, redaction, (now, now)) {
        Ok(draft) => draft,
        Err(Refusal::NoChange) => return Ok(()),
        Err(refusal) => return Err(StoreError::Failed(format!("the trail: {refusal:?}"))),
    };
    store.append(org.trail(), vec![draft], true).await.map(drop)
}

/// An event to be written: a read, or a server's start.
struct QueuedEvent {
    event: TrailEvent,
    by: Actor,
    key: EventKey,
    at: Timestamp,
}

type Queues = HashMap<OrgId, Vec<Arc<QueuedEvent>>>;

/// The events that are not written yet, by organization.
pub(super) struct TrailQueue {
    queued: Mutex<Queues>,
    /// Held by the one task that writes.
    writing: tokio::sync::Mutex<()>,
    woken: Notify,
    clock: Clock,
    redaction: Redaction,
}

impl TrailQueue {
    pub(super) fn new(clock: Clock, redaction: Redaction) -> Self {
        let writing = tokio::sync::Mutex::default();
        Self { queued: Mutex::default(), writing, woken: Notify::new(), clock, redaction }
    }

    fn queues(&self) -> std::sync::MutexGuard<'_, Queues> {
        lock(&self.queued)
    }

    /// Adds an event to the queue. Returns false if the queue of the organization is full.
    fn push(&self, org: OrgId, queued: &Arc<QueuedEvent>) -> bool {
        let mut queues = self.queues();
        let queue = queues.entry(org).or_default();
        if queue.len() >= MAX_QUEUED {
            return false;
        }
        queue.push(Arc::clone(queued));
        drop(queues);
        self.woken.notify_one();
        true
    }

    /// Queues an event. If the queue is full, first writes it, so the caller waits.
    pub(super) async fn note(&self, store: &Store, org: OrgId, event: TrailEvent, by: Actor, key: EventKey) {
        let queued = Arc::new(QueuedEvent { event, by, key, at: self.clock.now() });
        if self.push(org, &queued) {
            return;
        }
        let is_written = self.flush(store, Some(org)).await.is_ok();
        if !is_written || !self.push(org, &queued) {
            tracing::error!(
                organization = org.number(),
                "an event was not recorded in the trail: the queue is full"
            );
        }
    }

    /// Writes the queued events of an organization, or of all. Events that cannot be written stay queued.
    ///
    /// # Errors
    /// The last failure. The events of other organizations were written.
    pub(super) async fn flush(&self, store: &Store, org: Option<OrgId>) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let orgs = org.map_or_else(|| self.queues().keys().copied().collect(), |org| vec![org]);
        let mut outcome = Ok(());
        for org in orgs {
            if let Err(error) = self.write(store, org).await {
                tracing::error!(organization = org.number(), %error, "cannot record in the trail; retrying");
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn write(&self, store: &Store, org: OrgId) -> Result<(), StoreError> {
        loop {
            let batch: Vec<_> = self
                .queues()
                .get(&org)
                .map_or_else(Vec::new, |all| all.iter().take(BATCH).cloned().collect());
            if batch.is_empty() {
                self.queues().retain(|_, queue| !queue.is_empty());
                return Ok(());
            }
            let now = self.clock.now();
            let draft = |queued: &Arc<QueuedEvent>| {
                let QueuedEvent { event, by, key, at } = &**queued;
                let drafted = event.draft(by, key, &self.redaction, (*at, now));
                let refused = |refusal: Refusal| {
                    tracing::error!(?refusal, "an event was not recorded in the trail: it was refused")
                };
                drafted.map_err(refused).ok()
            };
            let drafts: Vec<_> = batch.iter().filter_map(draft).collect();
            // The keys make another attempt harmless, so the events leave the queue only once they are durable.
            match store.append(org.trail(), drafts, false).await {
                Err(StoreError::Missing(_)) => {
                    tracing::info!(organization = org.number(), "a deleted organization has no trail");
                    self.queues().remove(&org);
                    return Ok(());
                }
                written => drop(written?),
            }
            if let Some(queue) = self.queues().get_mut(&org) {
                queue.drain(..batch.len().min(queue.len()));
            }
        }
    }
}

/// Writes queued events while the server runs.
pub(super) async fn run(store: Arc<Store>, queue: Arc<TrailQueue>) {
    loop {
        queue.woken.notified().await;
        tokio::time::sleep(DELAY).await;
        if queue.flush(store.as_ref(), None).await.is_err() {
            tokio::time::sleep(RETRY).await;
            queue.woken.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
