//! Erases a person from the logs of an organization, and resumes erasures that were interrupted. Every batch is one commit
//! that leaves the log complete and verifiable, so that the work may stop after each of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::erasure::{Eraser, Erasure};
use crate::model::hold::Hold;
use crate::model::integrity::verify::erasures::ErasureRule;
use crate::model::ranges::ranges;
use crate::model::trail::{Actor, ErasureEvent, TrailEvent};
use crate::model::words::Log;
use crate::server::settings::Settings;
use crate::server::trail::record;
use crate::store::error::StoreError;
use crate::store::{ErasedBatch, ErasureRun, Mention, OrgId, Store, StoredErasure};

/// How many entries are searched at once.
const WINDOW: u64 = 4_096;
/// How many entries are changed in one commit. Recorders wait meanwhile.
const BATCH: usize = 100;
/// How many other entries a plan names.
const EXAMPLES: usize = 20;
/// When erasures that cannot be resumed at once are tried again; each further time after twice as long.
const RETRY: Duration = Duration::from_secs(60);
const LONGEST_RETRY: Duration = Duration::from_secs(3600);

/// Which entries an erasure changes.
#[derive(Debug, Default)]
pub(super) struct ErasurePlan {
    pub(super) acted: u64,
    pub(super) about: u64,
    pub(super) other: u64,
    pub(super) examples: Vec<(Log, u64)>,
    /// How many of the entries that would change each hold covers.
    pub(super) held: BTreeMap<String, u64>,
    /// How many entries change.
    pub(super) changed: u64,
}

fn log_of(org: OrgId, log: Log) -> OrgId {
    match log {
        Log::Audit => org,
        Log::Trail => org.trail(),
    }
}

/// Reads both logs, and counts what the erasure concerns.
pub(super) async fn plan(store: &Store, org: OrgId, eraser: &Arc<Eraser>) -> Result<ErasurePlan, StoreError> {
    let mut plan = ErasurePlan::default();
    let mut holds = store.holds(org).await?;
    holds.retain(Hold::is_active);
    let holds = Arc::new(holds);
    for log in Log::ALL {
        let (number, also_values) = (log_of(org, *log), eraser.options().also_values);
        store.grow_tree(number).await?;
        let size = store.tree(number).await?.size;
        // Holds are about the audit log.
        let holds = if *log == Log::Audit { Arc::clone(&holds) } else { Arc::default() };
        for first in (1..=size).step_by(WINDOW as usize) {
            let ids = (first, size.min(first + WINDOW - 1));
            for mention in store.mentions(number, ids, Arc::clone(eraser), Arc::clone(&holds)).await? {
                let Mention { id, mentions, held, .. } = &mention;
                let is_changed = changes(*log, also_values, &mention);
                plan.changed += u64::from(is_changed);
                plan.acted += u64::from(mentions.acted && *log == Log::Audit);
                plan.about += u64::from(mentions.about && *log == Log::Audit);
                if mentions.other || *log == Log::Trail {
                    plan.other += 1;
                    if plan.examples.len() < EXAMPLES {
                        plan.examples.push((*log, *id));
                    }
                }
                for name in held.iter().filter(|_| is_changed) {
                    *plan.held.entry(name.clone()).or_default() += 1;
                }
            }
        }
    }
    Ok(plan)
}

/// Whether the erasure changes an entry. In the trail it does only with `also_values`.
const fn changes(log: Log, also_values: bool, mention: &Mention) -> bool {
    (mention.actor || mention.content) && (also_values || matches!(log, Log::Audit))
}

/// How a run of an erasure ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErasureEnd {
    /// Nothing that the options include names the person any more.
    Complete,
    /// It was stopped.
    Stopped,
    /// A hold that was created meanwhile keeps some of the entries.
    Held,
}

/// An erasure in progress.
pub(super) struct EraseJob<'a> {
    store: &'a Store,
    settings: &'a Settings,
    run: ErasureRun,
    eraser: Arc<Eraser>,
    actor: Actor,
}

impl<'a> EraseJob<'a> {
    pub(super) fn new(store: &'a Store, settings: &'a Settings, run: ErasureRun, actor: Actor) -> Self {
        let eraser = Arc::new(run.stored.eraser());
        Self { store, settings, run, eraser, actor }
    }

    async fn record(&self, event: ErasureEvent) -> Result<(), StoreError> {
        let Settings { clock, redaction, .. } = self.settings;
        let event = TrailEvent::Erasure(event);
        let actor = self.actor_without_person();
        record(self.store, self.run.org, &event, &actor, redaction, clock.now()).await
    }

    /// The actor. A token may have the address of the person in its name, which would be left in the trail.
    fn actor_without_person(&self) -> Actor {
        let mut actor = self.actor.clone();
        if self.eraser.options().also_values {
            let texts = [&mut actor.user.name, &mut actor.context.ip, &mut actor.context.user_agent];
            for text in texts.into_iter().flatten() {
                *text = self.eraser.replaced(text).unwrap_or_else(|| text.clone());
            }
        }
        actor
    }

    /// Erases until nothing names the person, a hold keeps some entries, or `may_continue` returns false. Returns the record.
    pub(super) async fn finish(
        self,
        may_continue: impl Fn() -> bool,
    ) -> Result<(Option<Erasure>, ErasureEnd), StoreError> {
        let mut done = ErasedBatch::default();
        let outcome = self.erase(may_continue, &mut done).await;
        if matches!(outcome, Err(StoreError::LeaseLost))
            && let Some(erasure) = self.finished_elsewhere().await?
        {
            return Ok((Some(erasure), ErasureEnd::Complete));
        }
        let is_complete = matches!(outcome, Ok(ErasureEnd::Complete));
        let ErasedBatch { actors, contents, .. } = done;
        let Erasure { id: erasure, label, .. } = self.run.stored.erasure.clone();
        let ended = ErasureEvent::Ended { erasure, label, actors, contents, complete: is_complete };
        let recorded = self.record(ended).await;
        // It stays open if its end is not recorded: the next server records that.
        let is_closed = is_complete && recorded.is_ok();
        let now = self.settings.clock.now();
        let record = self.store.close_erasure(self.run, is_closed, now).await;
        let end = outcome?;
        recorded?;
        Ok((record?, end))
    }

    /// The record, if another process that continued the same erasure has finished it.
    async fn finished_elsewhere(&self) -> Result<Option<Erasure>, StoreError> {
        let erasures = self.store.erasures(self.run.org).await?.into_iter().map(|it| it.erasure);
        let mut own = erasures.filter(|it| it.id == self.run.stored.erasure.id);
        Ok(own.find(|it| it.finished_at.is_some()))
    }

    async fn erase(
        &self,
        may_continue: impl Fn() -> bool,
        done: &mut ErasedBatch,
    ) -> Result<ErasureEnd, StoreError> {
        let also_values = self.eraser.options().also_values;
        let logs = if also_values { Log::ALL } else { &[Log::Audit][..] };
        let mut next = BTreeMap::new();
        loop {
            for log in logs {
                let number = log_of(self.run.org, *log);
                self.store.grow_tree(number).await?;
                let size = self.store.tree(number).await?.size;
                let begin = next.insert(*log, size + 1).unwrap_or(1);
                for first in (begin..=size).step_by(WINDOW as usize) {
                    let ids = (first, size.min(first + WINDOW - 1));
                    let found = self.store.mentions(number, ids, Arc::clone(&self.eraser), Arc::default());
                    let mut wanted = found.await?;
                    wanted.retain(|mention| changes(*log, also_values, mention));
                    if !self.step(*log, &wanted, &may_continue, done).await? {
                        return Ok(ErasureEnd::Stopped);
                    }
                }
            }
            if done.held > 0 {
                return Ok(ErasureEnd::Held);
            }
            let seen = next.iter().map(|(log, next)| (log_of(self.run.org, *log), next - 1)).collect();
            let (run, eraser) = (self.run.clone(), Arc::clone(&self.eraser));
            if self.store.finish_erasure(run, eraser, seen, self.settings.clock.now()).await? {
                return Ok(ErasureEnd::Complete);
            }
        }
    }

    /// Records which entries change, and changes them. Returns whether all of them were.
    async fn step(
        &self,
        log: Log,
        wanted: &[Mention],
        may_continue: &impl Fn() -> bool,
        done: &mut ErasedBatch,
    ) -> Result<bool, StoreError> {
        if wanted.is_empty() {
            return Ok(may_continue());
        }
        let ids = |has: fn(&Mention) -> bool| -> Vec<u64> {
            wanted.iter().filter(|mention| has(mention)).map(|mention| mention.id).collect()
        };
        let (actor, content) = (ranges(&ids(|it| it.actor)), ranges(&ids(|it| it.content)));
        let Erasure { id: erasure, label, .. } = self.run.stored.erasure.clone();
        self.record(ErasureEvent::Step { log, rule: ErasureRule { erasure, label, actor, content } }).await?;
        for batch in ids(|_| true).chunks(BATCH) {
            if !may_continue() {
                return Ok(false);
            }
            let (run, eraser) = (self.run.clone(), Arc::clone(&self.eraser));
            let (number, now) = (log_of(self.run.org, log), self.settings.clock.now());
            let ErasedBatch { actors, contents, held } =
                self.store.erase_batch(number, run, eraser, batch.to_vec(), now).await?;
            done.actors += actors;
            done.contents += contents;
            done.held += held;
        }
        Ok(true)
    }
}

/// Resumes the erasures that were interrupted, by the end of a server or by a limit of time.
pub(super) async fn resume_all(store: Arc<Store>, settings: Arc<Settings>) {
    let mut wait = RETRY;
    loop {
        match resume_each(&store, &settings).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "cannot resume erasures; retrying"),
        }
        tokio::time::sleep(wait).await;
        // Each attempt reads both logs, and a hold may last for years.
        wait = (wait * 2).min(LONGEST_RETRY);
    }
}

/// Resumes each interrupted erasure; returns whether none is left.
async fn resume_each(store: &Store, settings: &Settings) -> Result<bool, StoreError> {
    let mut is_done = true;
    for organization in store.organizations().await? {
        let org = organization.id;
        let unfinished = store.erasures(org).await?.into_iter().filter(|it| it.erasure.finished_at.is_none());
        for stored in unfinished {
            let erasure = stored.erasure.id;
            match resume(store, settings, org, stored).await {
                Ok(end) => is_done &= end == ErasureEnd::Complete,
                Err(error) => {
                    tracing::error!(organization = org.number(), erasure, %error, "cannot resume an erasure; retrying");
                    is_done = false;
                }
            }
        }
    }
    Ok(is_done)
}

/// Resumes an interrupted erasure, unless a hold or another prune or erasure prevents it.
async fn resume(
    store: &Store,
    settings: &Settings,
    org: OrgId,
    stored: StoredErasure,
) -> Result<ErasureEnd, StoreError> {
    let erasure = stored.erasure.id;
    if !stored.despite_holds && !plan(store, org, &Arc::new(stored.eraser())).await?.held.is_empty() {
        tracing::warn!(organization = org.number(), erasure, "a hold prevents that an erasure is resumed");
        return Ok(ErasureEnd::Held);
    }
    let Ok(run) = store.resume_erasure(org, stored, settings.clock.now()).await? else {
        return Ok(ErasureEnd::Stopped);
    };
    tracing::info!(organization = org.number(), erasure, "resuming an erasure");
    let (_, end) = EraseJob::new(store, settings, run, Actor::server()).finish(|| true).await?;
    Ok(end)
}
