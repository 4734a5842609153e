//! The `auditlog_logentry` table of django-auditlog, as a table or as `dumpdata` writes it.

use crate::model::foreign::source_row::{Actor, Members, Pairs, SourceRow, needed, text, values};
use crate::model::foreign::{Format, Layout, Reading, Refusal, Row, wrong};
use crate::model::json::Json;
use crate::model::words::Action;

/// `content_type` is a number, or `["app", "model"]` where the dump was made with natural keys.
pub(super) const LAYOUT: Layout = Layout {
    id: "id",
    time: "timestamp",
    user_id: &["actor_id", "actor"],
    user_type: "actor_type",
    others: &[
        "actor_email",
        "content_type",
        "content_type_id",
        "object_pk",
        "object_id",
        "object_repr",
        "action",
        "changes",
        "changes_text",
        "cid",
        "remote_addr",
        "dumpdata_model",
        "dumpdata_pk",
    ],
};

pub(super) fn read(reading: &Reading, row: &Row) -> Result<SourceRow, Refusal> {
    let id = text(row, "id").or_else(|| text(row, "dumpdata_pk")).ok_or_else(|| wrong("there is no id"))?;
    if text(row, "dumpdata_model").is_some_and(|model| model != "auditlog.logentry") {
        return Err(Refusal::Unmappable("an object of another model than auditlog.logentry"));
    }
    let (event, usual) = match needed(row, "action")?.as_str() {
        "0" | "create" => ("create", Some(Action::Created)),
        "1" | "update" => ("update", Some(Action::Updated)),
        "2" | "delete" => ("delete", Some(Action::Deleted)),
        "3" | "access" => ("access", None),
        other => return Err(Refusal::Unmapped { what: "event", column: "action", word: other.to_owned() }),
    };
    let action = reading.action("action", event, usual)?;
    let class = natural_key(row, "content_type")
        .map(|parts| parts.join("."))
        .or_else(|| text(row, "content_type"))
        .or_else(|| text(row, "content_type_id"))
        .ok_or_else(|| wrong("there is no content_type"))?
        .replace(" | ", ".");
    let model_type = reading.model_type("content_type", &class)?;
    let mut adjusted = Vec::new();
    let members = match values(row, "changes")? {
        Some(members) => Some(members),
        None => values(row, "changes_text")?,
    };
    let members = own_values(members.unwrap_or_default(), &mut adjusted);
    if members.is_empty() && !adjusted.is_empty() {
        return Err(Refusal::Unmappable("a many-to-many change, which does not hold the whole list"));
    }
    let (before, after) = Pairs::read("changes", members)?.sides(action);
    let mut user = Actor::of(reading, Format::DjangoAuditlog, row);
    user.email = text(row, "actor_email");
    if user.id.is_none() {
        user.name = natural_key(row, "actor").map(|parts| parts.join(" "));
    }
    Ok(SourceRow {
        id,
        time: needed(row, "timestamp")?,
        action,
        model_type,
        class,
        resource_id: needed(row, "object_pk")?,
        name: text(row, "object_repr"),
        user,
        via: None,
        ip: text(row, "remote_addr"),
        user_agent: None,
        request_id: text(row, "cid"),
        reasons: Vec::new(),
        before,
        after,
        adjusted,
    })
}

/// The fields that hold an old and a new value. The library writes absent values as the word None.
fn own_values(members: Members, adjusted: &mut Vec<&'static str>) -> Members {
    let null = |value: Json| match value {
        Json::String(text) if text == "None" => Json::Null,
        other => other,
    };
    let mut kept = Vec::new();
    for (field, value) in members {
        match value {
            Json::Object(_) => {
                adjusted.push("many-to-many fields left out, which do not hold the whole list")
            }
            Json::Array(items) => {
                kept.push((field, Json::Array(items.into_iter().map(null).collect())));
            }
            other => kept.push((field, other)),
        }
    }
    adjusted.dedup();
    kept
}

/// A key that is written as a list of words.
fn natural_key(row: &Row, name: &str) -> Option<Vec<String>> {
    let (_, value) = row.iter().find(|(column, _)| column == name)?;
    let parsed = match value {
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
