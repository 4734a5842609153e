//! The `activity_log` table of spatie/laravel-activitylog, up to version 4 and from version 5 on.

use crate::model::foreign::source_row::{Actor, SourceRow, needed, text, values};
use crate::model::foreign::{Format, Layout, Reading, Refusal, Row, wrong};
use crate::model::json::Json;
use crate::model::words::Action;

/// Version 5 keeps the changed fields in `attribute_changes`, those before it in `properties`.
pub(super) const LAYOUT: Layout = Layout {
    id: "id",
    time: "created_at",
    user_id: &["causer_id"],
    user_type: "causer_type",
    others: &[
        "log_name",
        "description",
        "subject_type",
        "subject_id",
        "event",
        "properties",
        "attribute_changes",
        "batch_uuid",
        "updated_at",
    ],
};

pub(super) fn read(reading: &Reading, row: &Row) -> Result<SourceRow, Refusal> {
    let id = needed(row, "id")?;
    let description = text(row, "description");
    // Before version 4 the description held the event.
    let named = text(row, "event");
    let column = if named.is_some() { "event" } else { "description" };
    let event = named.clone().or_else(|| description.clone()).ok_or_else(|| wrong("there is no event"))?;
    let usual = (event == "restored").then_some(Action::Created);
    let action = reading.action(column, &event, usual);
    if action == Err(Refusal::LeftOut) {
        return Err(Refusal::LeftOut);
    }
    let Some(class) = text(row, "subject_type") else {
        return Err(Refusal::Unmappable("an activity without a subject"));
    };
    let action = action?;
    let model_type = reading.model_type("subject_type", &class)?;
    let mut adjusted = Vec::new();
    let (mut old, mut new) = (None, None);
    for name in ["attribute_changes", "properties"] {
        for (key, value) in values(row, name)?.unwrap_or_default() {
            let side = match key.as_str() {
                "attributes" => &mut new,
                "old" => &mut old,
                _ => {
                    adjusted.push("properties other than attributes and old left out");
                    continue;
                }
            };
            match value {
                Json::Object(members) if side.is_none() => *side = Some(members),
                Json::Array(items) if items.is_empty() => {}
                _ if side.is_some() => adjusted.push("fields named in properties and in attribute_changes"),
                _ => return Err(wrong(format!("{name} holds {key} that is no object"))),
            }
        }
    }
    adjusted.dedup();
    if old.is_none() && new.is_none() {
        return Err(Refusal::Unmappable("an activity without changed fields (attributes, old)"));
    }
    let (before, after) = match action {
        Action::Created => (None, Some(new.unwrap_or_default())),
        // A deletion is logged with the last values as old; versions before 4 called them attributes.
        Action::Deleted => (old.or(new), None),
        Action::Updated => (Some(old.unwrap_or_default()), Some(new.unwrap_or_default())),
    };
    let log = text(row, "log_name").filter(|name| name != "default").map(|name| format!("log {name}"));
    let description = description.filter(|text| *text != event && named.is_some());
    Ok(SourceRow {
        id,
        time: needed(row, "created_at")?,
        action,
        model_type,
        class,
        resource_id: needed(row, "subject_id")?,
        name: None,
        user: Actor::of(reading, Format::ActivityLog, row),
        via: None,
        ip: None,
        user_agent: None,
        request_id: text(row, "batch_uuid"),
        reasons: description.into_iter().chain(log).collect(),
        before,
        after,
        adjusted,
    })
}
