//! What a prune of the trail must state again: the prunes and the migration whose entries it deletes, as long as they explain
//! missing entries. Without them, `verify --server` would report those entries as deleted without a reason.

use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::integrity::verify::rules::Rules;
use crate::model::page::Order;
use crate::model::timestamp::Timestamp;
use crate::model::trail::Restated;
use crate::model::words::{Action, Log};
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
    filter.action.include = vec![Action::Pruned, Action::Migrated];
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
) -> Result<Restated, StoreError> {
    let mut restated = Restated::default();
    if log == Log::Trail {
        let mut rules = [Log::Audit, Log::Trail].map(|log| (log, Rules::default(), Rules::default()));
        let pass = |entry: &Entry| {
            for (log, deleted, kept) in &mut rules {
                if entry.occurred_at < cutoff { deleted } else { kept }.add(&entry.parts(), *log);
            }
        };
        explaining(store, org, pass).await?;
        rules.iter().for_each(|(log, deleted, kept)| restated.add(*log, deleted, kept));
    }
    Ok(restated)
}
