//! `org set`: changes plan and floor. Asks first if the change lets more entries expire.

use crate::commands::Context;
use crate::commands::confirm::Confirmation;
use crate::commands::org::lookup::summary;
use crate::error::Failure;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::model::plan::Retention;
use crate::model::time::format::milliseconds;
use crate::model::timestamp::Timestamp;
use crate::model::trail::TrailEvent;
use crate::model::words::Log;
use crate::render::filter_summary::counted;
use crate::store::error::StoreError;
use crate::store::{OrgId, Organization, PageRequest, Store};

pub(super) async fn set(
    context: &mut Context,
    store: &Store,
    organization: Organization,
    new: Retention,
    yes: bool,
) -> Result<(), Failure> {
    let old = organization.retention;
    let changed = Organization { retention: new, ..organization };
    let losses = Losses::find(store, &changed, old, context.time.now).await?;
    let total = losses.total();
    if total > 0 {
        context.terminal.show_lines(&losses.text(context, &changed, old));
        if !yes {
            let (expected, unchanged) = (total.to_string(), "the organization was not changed");
            let purpose = "let them expire";
            Confirmation { expected: &expected, purpose, action: "do it", unchanged }.ask(context).await?;
        }
    }
    let slug = changed.slug.clone();
    let event = TrailEvent::RetentionChanged { slug, old, new };
    context.record_in_trail(store, changed.id, &event).await?;
    store.set_retention(changed.id, new).await?;
    context.terminal.status(&format!("{} (applies from the next prune)", summary(&changed)));
    Ok(())
}

/// Entries that expire by a change and did not expire before.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Lost {
    entries: u64,
    /// When the oldest of them happened.
    oldest: Option<Timestamp>,
}

impl Lost {
    /// Counts the entries of a log that the new cutoff reaches and the old one did not.
    async fn between(store: &Store, log: OrgId, [before, after]: [Timestamp; 2]) -> Result<Self, StoreError> {
        if after <= before {
            return Ok(Self::default());
        }
        let expired = async |cutoff| {
            let holdings = store.holdings(log, cutoff).await?;
            Ok::<u64, StoreError>(holdings.by_model_type.iter().map(|counts| counts.expired).sum())
        };
        let entries = expired(after).await?.saturating_sub(expired(before).await?);
        let oldest = if entries > 0 { first_since(store, log, before).await? } else { None };
        Ok(Self { entries, oldest })
    }
}

/// When the first entry since this time happened.
async fn first_since(store: &Store, log: OrgId, since: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let filter = Filter { since: Some(since), ..Filter::default() };
    let request = PageRequest::first(filter, Order::Ascending, 1);
    let page = store.page(log, request).await?;
    Ok(page.entries.list()?.first().map(|entry| entry.occurred_at))
}

/// The effect of a change.
struct Losses {
    /// By the plan, so that the next sweep deletes them.
    swept: Vec<(Log, Lost)>,
    /// By the floor, so that a prune by hand may delete them.
    prunable: Lost,
}

impl Losses {
    async fn find(
        store: &Store,
        changed: &Organization,
        old: Retention,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let new = changed.retention;
        let mut swept = Vec::new();
        for log in Log::ALL {
            let cutoffs = [old, new].map(|it| it.plan.retention_of(*log).before(now));
            let lost = Lost::between(store, changed.log(*log), cutoffs).await?;
            if lost.entries > 0 {
                swept.push((*log, lost));
            }
        }
        // What the sweep deletes is not counted twice.
        let by_plan = new.plan.retention().before(now);
        let latest = |it: Retention| latest_cutoff(it, now).max(by_plan);
        let prunable = Lost::between(store, changed.id, [latest(old), latest(new)]).await?;
        Ok(Self { swept, prunable })
    }

    fn total(&self) -> u64 {
        self.swept.iter().map(|(_, lost)| lost.entries).sum::<u64>() + self.prunable.entries
    }

    /// What the change means, in lines.
    fn text(&self, context: &Context, changed: &Organization, old: Retention) -> String {
        let mut lines = Vec::new();
        let new = changed.retention;
        let oldest = |lost: &Lost| {
            lost.oldest.map_or_else(String::new, |oldest| {
                format!("; the oldest happened at {}", milliseconds(oldest, &context.time))
            })
        };
        let expire = |count| counted(count, "entry", "entries");
        for (log, lost) in &self.swept {
            lines.push(format!(
                "{}: with plan {} instead of {}, {} of the {} {}{}",
                changed.slug,
                new.plan,
                old.plan,
                expire(lost.entries),
                log.label(),
                if lost.entries == 1 { "expires now" } else { "expire now" },
                oldest(lost)
            ));
        }
        if !self.swept.is_empty() {
            lines.push(
                "they are deleted at the next prune; a running server sweeps every hour, except with --no-sweep"
                    .to_owned(),
            );
        }
        if let (1.., Some(floor)) = (self.prunable.entries, new.floor) {
            lines.push(format!(
                "{}: with floor {floor}, {} of the audit log can be deleted by `prune --older-than`{}",
                changed.slug,
                expire(self.prunable.entries),
                oldest(&self.prunable)
            ));
        }
        lines.join("\n")
    }
}

/// The latest cutoff that a prune by hand may use.
fn latest_cutoff(retention: Retention, now: Timestamp) -> Timestamp {
    let by_plan = retention.plan.retention().before(now);
    retention.floor.map_or(by_plan, |floor| floor.before(now).max(by_plan))
}
