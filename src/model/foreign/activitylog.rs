//! Reads the `activity_log` table of spatie/laravel-activitylog, in the layouts before and since version 5.

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::rules::{RowRejection, TableRules, invalid};
use crate::model::foreign::source_row::{SourceRow, missing, text, values};
use crate::model::json::Json;
use crate::model::words::Action;

/// The changed fields are in `attribute_changes` since version 5, and in `properties` before.
pub(super) const LAYOUT: ColumnLayout = ColumnLayout {
    id: "id",
    time: "created_at",
    event: "event",
    class: "subject_type",
    resource_id: "subject_id",
    user_id: &["causer_id"],
    user_class: "causer_type",
    ip: None,
    user_agent: None,
    request_id: Some("batch_uuid"),
    others: &["log_name", "description", "properties", "attribute_changes", "updated_at"],
};

pub(super) fn read(rules: &TableRules, row: &[(String, Json)]) -> Result<SourceRow, RowRejection> {
    let description = text(row, "description");
    // Before version 4 the description held the event.
    let (column, event) = match text(row, LAYOUT.event) {
        Some(event) => (LAYOUT.event, event),
        None => ("description", description.clone().ok_or_else(|| missing(LAYOUT.event))?),
    };
    let default = (event == "restored").then_some(Action::Created);
    let action = rules.action(column, &event, default);
    if action == Err(RowRejection::Excluded) {
        return Err(RowRejection::Excluded);
    }
    let class = text(row, LAYOUT.class);
    let class = class.ok_or(RowRejection::Incomplete("an activity without a subject"))?;
    let action = action?;
    let mut source = SourceRow::read(rules, &LAYOUT, row, action, class)?;
    let (mut old, mut new) = (None, None);
    for name in ["attribute_changes", "properties"] {
        for (key, value) in values(row, name)?.unwrap_or_default() {
            let side = match key.as_str() {
                "attributes" => &mut new,
                "old" => &mut old,
                _ => {
                    source.adjusted.push("properties other than attributes and old left out");
                    continue;
                }
            };
            match value {
                Json::Object(members) if side.is_none() => *side = Some(members),
                Json::Array(items) if items.is_empty() => {}
                _ if side.is_some() => {
                    source.adjusted.push("properties left out: attribute_changes holds the fields too");
                }
                _ => return Err(invalid(format!("{key} in {name} is not a JSON object"))),
            }
        }
    }
    source.adjusted.dedup();
    if old.is_none() && new.is_none() {
        return Err(RowRejection::Incomplete("an activity without changed fields (attributes, old)"));
    }
    (source.before, source.after) = match action {
        Action::Created => (None, Some(new.unwrap_or_default())),
        // A deletion holds the last values in `old`, and before version 4 in `attributes`.
        Action::Deleted => (old.or(new), None),
        _ => (Some(old.unwrap_or_default()), Some(new.unwrap_or_default())),
    };
    let log = text(row, "log_name").filter(|name| name != "default").map(|name| format!("log {name}"));
    let description = description.filter(|text| *text != event && column == LAYOUT.event);
    source.reasons = description.into_iter().chain(log).collect();
    Ok(source)
}
