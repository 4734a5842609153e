//! Reads the `audits` table of Rails' audited, whose changes are JSON or YAML.

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::rules::{RowRejection, TableRules};
use crate::model::foreign::source_row::{SourceRow, paired_sides, required, text, values};
use crate::model::json::Json;
use crate::model::words::Action;

/// `audited_changes` is `{"field": [old, new]}` for an update and `{"field": value}` for a creation or a deletion.
pub(super) const LAYOUT: ColumnLayout = ColumnLayout {
    id: "id",
    time: "created_at",
    event: "action",
    class: "auditable_type",
    resource_id: "auditable_id",
    user_id: &["user_id"],
    user_class: "user_type",
    ip: Some("remote_address"),
    user_agent: Some("user_agent"),
    request_id: Some("request_uuid"),
    others: &["username", "audited_changes", "version", "comment"],
};

pub(super) fn read(rules: &TableRules, row: &[(String, Json)]) -> Result<SourceRow, RowRejection> {
    let event = required(row, LAYOUT.event)?;
    let default = (event == "destroy").then_some(Action::Deleted);
    let action = rules.action(LAYOUT.event, &event, default)?;
    let mut source = SourceRow::read(rules, &LAYOUT, row, action, required(row, LAYOUT.class)?)?;
    let changes = values(row, "audited_changes")?.unwrap_or_default();
    (source.before, source.after) = match action {
        Action::Created => (None, Some(changes)),
        Action::Deleted => (Some(changes), None),
        _ => paired_sides("audited_changes", changes, action)?,
    };
    source.user.name = text(row, "username");
    source.reasons.extend(text(row, "comment"));
    Ok(source)
}
