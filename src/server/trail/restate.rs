//! What a prune of the trail must state again: the prunes, erasures and the migration whose entries it deletes, as long as they explain
//! missing entries, and the retention. Without them, `verify --server` would report entries as deleted without a reason.

use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::integrity::verify::rule_reader::RuleReader;
use crate::model::page::Order;
use crate::model::timestamp::Timestamp;
use crate::model::trail::Restated;
use crate::model::words::{Action, Log, ModelType};
use crate::store::error::StoreError;
use crate::store::{OrgId, PageRequest, Store};

const PAGE: u32 = 1_000;

/// Passes each entry of the trail that explains missing entries, in the order of their ids.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn explaining(
    store: &Store,
    org: OrgId,
    mut pass: impl FnMut(&Entry),
) -> Result<(), StoreError> {
    let mut filter = Filter::default();
    filter.action.include =
        vec![Action::Pruned, Action::Erased, Action::Migrated, Action::Created, Action::Updated];
    filter.model_type.include =
        vec![ModelType::AuditLog, ModelType::User, ModelType::Server, ModelType::Organization];
    let mut after = None;
    loop {
        let filter = filter.clone();
        let request = PageRequest { filter, order: Order::ById, limit: PAGE, after, as_of: None };
        let page = store.page(org.trail(), request).await?;
        page.entries.list()?.iter().for_each(&mut pass);
        after = page.entries.last();
        if !page.more {
            return Ok(());
        }
    }
}

/// What a prune of this log with this cutoff must state again. Only prunes of the trail delete what explains others.
///
/// # Errors
/// [`StoreError`].
pub(in crate::server) async fn restated(
    store: &Store,
    org: OrgId,
    log: Log,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<Restated, StoreError> {
    let mut restated = Restated::default();
    if log == Log::Trail {
        let mut readers =
            [Log::Audit, Log::Trail].map(|log| (log, RuleReader::new(log), RuleReader::new(log)));
        let pass = |entry: &Entry| {
            for (_, deleted, kept) in &mut readers {
                if entry.occurred_at < cutoff { deleted } else { kept }.add(&entry.parts());
            }
        };
        explaining(store, org, pass).await?;
        for (log, deleted, mut kept) in readers {
            restated.set_retention(deleted.retention());
            kept.begin_with(deleted.retention());
            restated.add(log, &deleted.rules(now), &kept.rules(now));
        }
    }
    Ok(restated)
}
