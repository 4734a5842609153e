//! `org list`: the organizations of a store, or the records of deleted ones.

use crate::commands::Context;
use crate::commands::operator_table::{OperatorValue, print_table};
use crate::error::Failure;
use crate::model::plan::Retention;
use crate::store::{Deletion, Organization, Store};

pub(super) async fn list(context: &mut Context, store: &Store) -> Result<(), Failure> {
    let row = |organization: Organization| {
        let Retention { plan, floor } = organization.retention;
        vec![
            OperatorValue::Text(organization.slug),
            OperatorValue::Text(plan.to_string()),
            OperatorValue::Text(plan.retention().to_string()),
            OperatorValue::Text(floor.map_or_else(|| "-".to_owned(), |floor| floor.to_string())),
            OperatorValue::Time(Some(organization.created_at)),
        ]
    };
    let rows: Vec<_> = store.organizations().await?.into_iter().map(row).collect();
    if rows.is_empty() {
        context.terminal.status("the store has no organization: create one with `krosyn-audit org create`");
    }
    print_table(context, &["slug", "plan", "retention", "floor", "created at"], rows)
}

pub(super) async fn list_deleted(context: &mut Context, store: &Store) -> Result<(), Failure> {
    let row = |deletion: Deletion| {
        vec![
            OperatorValue::Text(deletion.slug),
            OperatorValue::Text(deletion.by),
            OperatorValue::Time(Some(deletion.begun_at)),
            OperatorValue::Time(deletion.finished_at),
            OperatorValue::Number(deletion.entries),
            OperatorValue::Number(deletion.trail_entries),
            OperatorValue::Text(deletion.uuid.to_string()),
        ]
    };
    let rows: Vec<_> = store.deletions().await?.into_iter().map(row).collect();
    if rows.is_empty() {
        context.terminal.status("no organization was deleted");
    }
    let head = ["slug", "deleted by", "begun at", "finished at", "entries", "entries of the trail", "uuid"];
    print_table(context, &head, rows)
}
