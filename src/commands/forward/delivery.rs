//! Delivers what the follower reads: in order, batch after batch, each until the destination has accepted it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::client::follower::{ConnectionChange, Follower, NewEntries};
use crate::client::last_entry::{LastEntry, LogPosition};
use crate::client::transport::{LONGEST_RETRY, retry_delays};
use crate::commands::Context;
use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::destination::Destination;
use crate::commands::forward::event::{Gap, OutgoingEvent, Renderer};
use crate::commands::forward::metrics::Metrics;
use crate::commands::forward::progress::CursorProgress;
use crate::commands::forward::stop::Stop;
use crate::error::Failure;
use crate::exit;
use crate::render::filter_summary::counted;

/// How long a delivery in flight may take after a signal.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How long to ask for the length of the log between two attempts.
const HEAD_LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Forwarder {
    pub(super) destination: Destination,
    /// For messages.
    pub(super) name: String,
    pub(super) renderer: Renderer,
    /// Whether `--batch` was given: bodies of webhooks are lists.
    pub(super) is_list: bool,
    /// The most entries of one delivery.
    pub(super) batch: usize,
    pub(super) progress: CursorProgress,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stop: Stop,
    pub(super) has_gaps: bool,
    /// How often the last delivery was repeated because the destination had failed, and when it may be repeated next.
    pub(super) repeats: usize,
    pub(super) repeat_at: Option<Instant>,
}

/// Waits for a signal, and for what is in flight; a second signal ends it at once.
async fn ended(stop: &Stop) {
    stop.requested().await;
    drop(timeout(STOP_LIMIT, stop.insisted()).await);
}

#[derive(PartialEq)]
enum Outcome {
    Delivered,
    /// A signal came first.
    Stopped,
}

impl Forwarder {
    /// Delivers until a signal, or until the end of the filter's time window.
    pub(super) async fn run(
        &mut self,
        context: &mut Context,
        follower: &mut Follower,
        interval: Duration,
    ) -> Result<u8, Failure> {
        while !self.stop.is_requested() {
            let stop = self.stop.clone();
            let news = tokio::select! {
                news = self.news(context, follower) => news?,
                () = stop.requested() => break,
            };
            let (more, is_end) = (news.more, news.is_end);
            if self.deliver_page(context, follower, news).await? == Outcome::Stopped || is_end {
                break;
            }
            if !more {
                self.progress.save(&mut context.terminal);
                if self.destination.has_failed() && self.repeat_at.is_none_or(|at| at <= Instant::now()) {
                    self.repeat_last(context).await;
                }
                tokio::select! {
                    () = follower.wait(interval) => {}
                    () = stop.requested() => {}
                }
            }
        }
        Ok(if self.has_gaps { exit::PARTIAL } else { exit::DONE })
    }

    /// Ends the destination, saves the position, and says how far it came. Returns whether the last delivery was used.
    pub(super) async fn finish(&mut self, context: &mut Context) -> bool {
        let has_unused = self.destination.has_unused_delivery();
        let ended = self.destination.finish().await;
        if has_unused || ended.is_err() {
            self.progress.take_back();
        }
        if let Err(cause) = &ended {
            context.terminal.warn(&format!("{cause}: its last delivery is repeated by the next run"));
        }
        self.progress.save(&mut context.terminal);
        let delivered = counted(self.metrics.delivered.get(), "entry", "entries");
        let through = self.progress.position().after_id;
        context.terminal.status(&format!("stopped: delivered {delivered}, through entry {through}"));
        ended.is_ok()
    }

    /// Polls for new entries, and reports when the server is lost and when it is back.
    async fn news(&self, context: &mut Context, follower: &mut Follower) -> Result<NewEntries, Failure> {
        let (terminal, metrics) = (&mut context.terminal, &self.metrics);
        let mut tell = |change: ConnectionChange<'_>| match change {
            ConnectionChange::Lost(error) => {
                metrics.set_server_up(false);
                metrics.note_error(&error.to_string());
                terminal.warn(&format!("{error}; retrying until the server answers"));
            }
            ConnectionChange::Restored => {
                metrics.set_server_up(true);
                terminal.status("the server answers again");
            }
        };
        Ok(follower.next(&mut tell).await?)
    }

    async fn deliver_page(
        &mut self,
        context: &mut Context,
        follower: &Follower,
        news: NewEntries,
    ) -> Result<Outcome, Failure> {
        let NewEntries { entries, position, head_id, pruned, .. } = news;
        self.progress.keep_before(follower.left_out());
        if let Some(pruned) = pruned {
            let after_id = self.progress.position().after_id;
            let gap = Gap { after_id, pruned, noticed_at: context.clock.now() };
            context.terminal.warn(&gap.message());
            self.has_gaps = true;
            self.metrics.gaps.inc();
            let event = self.renderer.gap(&gap);
            if self.deliver(context, follower, &[event]).await? == Outcome::Stopped {
                return Ok(Outcome::Stopped);
            }
        }
        for batch in entries.chunks(self.batch) {
            let (Some(first), Some(last)) = (batch.first(), batch.last()) else { continue };
            self.metrics.set_waiting(Some(first.recorded_at));
            self.metrics.set_lag(head_id, self.progress.position().after_id);
            let events = batch.iter().map(|entry| self.renderer.entry(entry));
            let events = events.collect::<Result<Vec<_>, _>>()?;
            if self.deliver(context, follower, &events).await? == Outcome::Stopped {
                return Ok(Outcome::Stopped);
            }
            self.metrics.note_delivery(batch.len() as u64);
            let last = Some(LastEntry { id: last.id, uuid: last.uuid });
            let after_id = last.map_or(0, |last| last.id);
            (self.repeats, self.repeat_at) = (0, None);
            if !self.destination.has_repeated() {
                self.progress.begin_delivery();
            }
            self.progress.advance(LogPosition { after_id, last }, &mut context.terminal);
            if self.stop.is_requested() {
                return Ok(Outcome::Stopped);
            }
        }
        self.metrics.set_waiting(None);
        self.metrics.set_lag(head_id, position.after_id);
        self.progress.advance(position, &mut context.terminal);
        Ok(Outcome::Delivered)
    }

    /// Delivers the last delivery again, without waiting for the next entry: it may be days until one is recorded. One attempt;
    /// the next one waits longer.
    async fn repeat_last(&mut self, context: &mut Context) {
        let delay = retry_delays().nth(self.repeats).unwrap_or(LONGEST_RETRY);
        (self.repeats, self.repeat_at) = (self.repeats + 1, Some(Instant::now() + delay));
        let attempt = tokio::select! {
            attempt = self.destination.deliver(&self.renderer, &[], self.is_list) => attempt,
            () = ended(&self.stop) => return,
        };
        let message = match attempt {
            Ok(()) => format!("{} failed, was started again, and got its last delivery again", self.name),
            Err(DeliveryError::Permanent(failure)) => failure.message,
            Err(DeliveryError::Transient { cause, .. }) => cause,
        };
        self.metrics.note_destination_error(&message);
        context.terminal.warn(&message);
    }

    /// Delivers one batch, and tries again until it is accepted. Tells once that the destination is lost, and once that it is
    /// back.
    async fn deliver(
        &mut self,
        context: &mut Context,
        follower: &Follower,
        events: &[OutgoingEvent<'_>],
    ) -> Result<Outcome, Failure> {
        let mut delays = retry_delays();
        let mut is_lost = false;
        loop {
            let attempt = tokio::select! {
                attempt = self.destination.deliver(&self.renderer, events, self.is_list) => attempt,
                () = ended(&self.stop) => return Ok(Outcome::Stopped),
            };
            let (cause, hint, retry_after) = match attempt {
                Ok(()) => {
                    if is_lost {
                        context.terminal.status(&format!("{} accepts entries again", self.name));
                    }
                    return Ok(Outcome::Delivered);
                }
                Err(DeliveryError::Permanent(failure)) => {
                    self.metrics.note_error(&failure.message);
                    return Err(failure);
                }
                Err(DeliveryError::Transient { cause, hint, retry_after }) => (cause, hint, retry_after),
            };
            self.metrics.note_destination_error(&cause);
            if !is_lost {
                is_lost = true;
                context.terminal.warn(&format!("{cause}; retrying until it accepts entries"));
                hint.into_iter().for_each(|hint| context.terminal.hint(hint));
                self.progress.save(&mut context.terminal);
            }
            let wait = delays.next().unwrap_or(LONGEST_RETRY).max(retry_after.unwrap_or_default());
            let pause = async {
                sleep(wait).await;
                timeout(HEAD_LIMIT, follower.head_id()).await
            };
            tokio::select! {
                head = pause => {
                    // The lag grows while nothing is delivered.
                    if let Ok(Ok(head_id)) = head {
                        self.metrics.set_lag(head_id, self.progress.position().after_id);
                    }
                }
                () = self.stop.requested() => return Ok(Outcome::Stopped),
            }
        }
    }
}
