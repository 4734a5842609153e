//! The `audits` table of Rails' audited, whose changes are JSON or YAML.

use crate::model::foreign::source_row::{Actor, Pairs, SourceRow, needed, text, values};
use crate::model::foreign::{Format, Layout, Reading, Refusal, Row};
use crate::model::words::Action;

/// An update's `audited_changes` are `{"field": [old, new]}`, those of a creation or a deletion `{"field": value}`.
pub(super) const LAYOUT: Layout = Layout {
    id: "id",
    time: "created_at",
    user_id: &["user_id"],
    user_type: "user_type",
    others: &[
        "auditable_id",
        "auditable_type",
        "username",
        "action",
        "audited_changes",
        "version",
        "comment",
        "remote_address",
        "user_agent",
        "request_uuid",
    ],
};

pub(super) fn read(reading: &Reading, row: &Row) -> Result<SourceRow, Refusal> {
    let id = needed(row, "id")?;
    let event = needed(row, "action")?;
    let usual = (event == "destroy").then_some(Action::Deleted);
    let action = reading.action("action", &event, usual)?;
    let class = needed(row, "auditable_type")?;
    let model_type = reading.model_type("auditable_type", &class)?;
    let changes = values(row, "audited_changes")?.unwrap_or_default();
    let (before, after) = match action {
        Action::Created => (None, Some(changes)),
        Action::Deleted => (Some(changes), None),
        Action::Updated => Pairs::read("audited_changes", changes)?.sides(action),
    };
    let mut user = Actor::of(reading, Format::Audited, row);
    user.name = text(row, "username");
    Ok(SourceRow {
        id,
        time: needed(row, "created_at")?,
        action,
        model_type,
        class,
        resource_id: needed(row, "auditable_id")?,
        name: None,
        user,
        via: None,
        ip: text(row, "remote_address"),
        user_agent: text(row, "user_agent"),
        request_id: text(row, "request_uuid"),
        reasons: text(row, "comment").into_iter().collect(),
        before,
        after,
        adjusted: Vec::new(),
    })
}
