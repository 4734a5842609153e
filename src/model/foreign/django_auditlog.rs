//! Reads the `auditlog_logentry` table of django-auditlog, also from `dumpdata`.

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::rules::{RowRejection, TableRules};
use crate::model::foreign::source_row::{
    JsonMembers, SourceRow, cell, missing, paired_sides, required, text, values,
};
use crate::model::json::Json;
use crate::model::words::Action;

/// `content_type` is a number, or `["app", "model"]` in a dump with natural keys.
pub(super) const LAYOUT: ColumnLayout = ColumnLayout {
    id: "id",
    time: "timestamp",
    event: "action",
    class: "content_type",
    resource_id: "object_pk",
    user_id: &["actor_id", "actor"],
    user_class: "actor_type",
    ip: Some("remote_addr"),
    user_agent: None,
    request_id: Some("cid"),
    others: &[
        "actor_email",
        "content_type_id",
        "object_id",
        "object_repr",
        "changes",
        "changes_text",
        "dumpdata_model",
        "dumpdata_pk",
    ],
};

pub(super) fn read(rules: &TableRules, row: &[(String, Json)]) -> Result<SourceRow, RowRejection> {
    if text(row, "dumpdata_model").is_some_and(|model| model != "auditlog.logentry") {
        return Err(RowRejection::Incomplete("an object of another model than auditlog.logentry"));
    }
    let event = required(row, LAYOUT.event)?;
    let (event, default) = match event.as_str() {
        "0" | "create" => ("create", Some(Action::Created)),
        "1" | "update" => ("update", Some(Action::Updated)),
        "2" | "delete" => ("delete", Some(Action::Deleted)),
        "3" | "access" => ("access", None),
        _ => return Err(RowRejection::Unmapped { what: "event", column: LAYOUT.event, word: event }),
    };
    let action = rules.action(LAYOUT.event, event, default)?;
    let class = natural_key(row, LAYOUT.class)
        .map(|parts| parts.join("."))
        .or_else(|| text(row, LAYOUT.class))
        .or_else(|| text(row, "content_type_id"))
        .ok_or_else(|| missing(LAYOUT.class))?
        .replace(" | ", ".");
    let mut source = SourceRow::read(rules, &LAYOUT, row, action, class)?;
    let members = match values(row, "changes")? {
        Some(members) => Some(members),
        None => values(row, "changes_text")?,
    };
    let members = single_values(members.unwrap_or_default(), &mut source.adjusted);
    if members.is_empty() && !source.adjusted.is_empty() {
        return Err(RowRejection::Incomplete("a many-to-many change: the whole list is unknown"));
    }
    (source.before, source.after) = paired_sides("changes", members, action)?;
    source.user.email = text(row, "actor_email");
    if source.user.id.is_none() {
        source.user.name = natural_key(row, "actor").map(|parts| parts.join(" "));
    }
    source.name = text(row, "object_repr");
    Ok(source)
}

/// The fields with an old and a new value. The library writes an absent value as the word None.
fn single_values(members: JsonMembers, adjusted: &mut Vec<&'static str>) -> JsonMembers {
    let null = |value: Json| match value {
        Json::String(text) if text == "None" => Json::Null,
        other => other,
    };
    let mut kept = Vec::new();
    for (field, value) in members {
        match value {
            Json::Object(_) => adjusted.push("many-to-many fields left out: the whole list is unknown"),
            Json::Array(items) => kept.push((field, Json::Array(items.into_iter().map(null).collect()))),
            other => kept.push((field, other)),
        }
    }
    adjusted.dedup();
    kept
}

/// A key that is a list of words.
fn natural_key(row: &[(String, Json)], name: &str) -> Option<Vec<String>> {
    let parsed = match cell(row, name)? {
        Json::String(text) if text.starts_with('[') => Json::parse(text).ok()?,
        other => other.clone(),
    };
    let Json::Array(items) = parsed else { return None };
    let words = items.into_iter().map(|item| match item {
        Json::String(text) | Json::Number(text) => Some(text),
        _ => None,
    });
    words.collect::<Option<Vec<_>>>().filter(|words| !words.is_empty())
}
