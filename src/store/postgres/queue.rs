//! Group commit: recorders of one organization wait for its head row anyway, so waiting appends of this process are
//! committed together. Each organization with waiting appends has one task, which ends with the last of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::model::draft::Draft;
use crate::store::calls::{Appended, OrgId};
use crate::store::error::StoreError;
use crate::store::postgres::append::{AppendRequest, append};
use crate::store::postgres::partitions::Partitions;
use crate::store::postgres::pool::Connections;
use crate::store::session::Retry;

/// The most drafts in one commit, unless a single caller has more.
const GROUP: usize = 2000;

/// The result a caller waits for.
type Reply = Result<Vec<Appended>, StoreError>;

struct QueuedAppend {
    wanted: AppendRequest,
    answer: oneshot::Sender<Reply>,
}

/// Waiting appends by organization. An organization is listed as long as its task runs.
pub(super) struct Queue {
    waiting: Mutex<HashMap<OrgId, Vec<QueuedAppend>>>,
    connections: Arc<Connections>,
    partitions: Arc<Partitions>,
}

impl Queue {
    pub(super) fn new(connections: Arc<Connections>, partitions: Arc<Partitions>) -> Self {
        Self { waiting: Mutex::default(), connections, partitions }
    }

    /// Appends, and returns after the commit. Once queued, drafts are recorded even if their caller goes away.
    ///
    /// Partitions are created before the drafts queue, so other callers do not wait for that.
    pub(super) async fn append(self: &Arc<Self>, org: OrgId, wanted: AppendRequest) -> Reply {
        let entries = wanted.drafts.iter().map(Draft::entry);
        self.partitions.ensure(entries.clone()).await?;
        if let Some(recorded_at) = entries.map(|entry| entry.recorded_at).max() {
            self.partitions.make_ahead(recorded_at);
        }
        let (answer, receiver) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let is_first = !waiting.contains_key(&org);
            waiting.entry(org).or_default().push(QueuedAppend { wanted, answer });
            is_first
        };
        if is_first {
            tokio::spawn(Arc::clone(self).work_off(org));
        }
        receiver.await.map_err(|_| StoreError::Closed)?
    }

    async fn work_off(self: Arc<Self>, org: OrgId) {
        while let Some(group) = self.next_group(org) {
            let (wanted, answers): (Vec<_>, Vec<_>) =
                group.into_iter().map(|one| (one.wanted, one.answer)).unzip();
            for (answer, outcome) in answers.into_iter().zip(self.commit(org, &wanted).await) {
                // A caller that went away needs no answer.
                drop(answer.send(outcome));
            }
        }
    }

    /// Takes the next group to commit. When nothing waits, removes the organization and returns none.
    fn next_group(&self, org: OrgId) -> Option<Vec<QueuedAppend>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = waiting.get_mut(&org)?;
        if queue.is_empty() {
            waiting.remove(&org);
            return None;
        }
        let mut drafts = 0;
        let fitting = queue.iter().take_while(|one| {
            drafts += one.wanted.drafts.len();
            drafts <= GROUP
        });
        let fitting = fitting.count().max(1);
        Some(queue.drain(..fitting).collect())
    }

    /// Commits all together; if that fails because of one of them, each by itself.
    async fn commit(&self, org: OrgId, wanted: &[AppendRequest]) -> Vec<Reply> {
        match self.attempt(org, wanted).await {
            Ok(Some(answers)) => return answers.into_iter().map(Ok).collect(),
            // A partition was dropped meanwhile: only the appends that need it wait for it.
            Ok(None) => {}
            Err(StoreError::Failed(_)) if wanted.len() > 1 => {}
            Err(error) => return wanted.iter().map(|_| Err(error.clone())).collect(),
        }
        let mut answers = Vec::with_capacity(wanted.len());
        for one in wanted.chunks(1) {
            let entries = one.iter().flat_map(|one| &one.drafts).map(Draft::entry);
            let answer = self.partitions.store(entries, || self.attempt(org, one)).await;
            answers.push(answer.map(|mut all| all.pop().unwrap_or_default()));
        }
        answers
    }

    /// Commits all together; none if an entry's partition was dropped.
    async fn attempt(
        &self,
        org: OrgId,
        wanted: &[AppendRequest],
    ) -> Result<Option<Vec<Vec<Appended>>>, StoreError> {
        let attempts = &AtomicU32::new(0);
        self.connections
            .run(Retry::Always, |db| async move {
                let tried_before = attempts.fetch_add(1, Ordering::Relaxed) > 0;
                self.partitions.or_forget(append(&db, org, wanted, tried_before).await)
            })
            .await
    }
}
