//! Reads the `audits` table of owen-it/laravel-auditing.

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::rules::{RowRejection, TableRules, invalid};
use crate::model::foreign::source_row::{SourceRow, required, text, values};
use crate::model::json::Json;
use crate::model::words::{Action, Via};

pub(super) const LAYOUT: ColumnLayout = ColumnLayout {
    id: "id",
    time: "created_at",
    event: "event",
    class: "auditable_type",
    resource_id: "auditable_id",
    user_id: &["user_id"],
    user_class: "user_type",
    ip: Some("ip_address"),
    user_agent: Some("user_agent"),
    request_id: None,
    others: &["old_values", "new_values", "url", "tags", "updated_at"],
};

pub(super) fn read(rules: &TableRules, row: &[(String, Json)]) -> Result<SourceRow, RowRejection> {
    let event = required(row, LAYOUT.event)?;
    // The resource was recorded as deleted before, and the row holds all of its fields again.
    let is_restored = event == "restored";
    let action = rules.action(LAYOUT.event, &event, is_restored.then_some(Action::Created))?;
    let mut source = SourceRow::read(rules, &LAYOUT, row, action, required(row, LAYOUT.class)?)?;
    let old = values(row, "old_values")?.unwrap_or_default();
    let new = values(row, "new_values")?.unwrap_or_default();
    match action {
        Action::Created if !old.is_empty() && !is_restored => {
            return Err(invalid("a created row has old_values"));
        }
        Action::Deleted if !new.is_empty() => return Err(invalid("a deleted row has new_values")),
        Action::Created if !old.is_empty() => {
            source.adjusted.push("old_values of a restored row left out");
        }
        _ => {}
    }
    source.before = (action != Action::Created).then_some(old);
    source.after = (action != Action::Deleted).then_some(new);
    if let Some(url) = text(row, "url") {
        // On the console this column holds the command. A query string may hold secrets.
        let is_url = url.starts_with("http://") || url.starts_with("https://");
        source.reasons.push(match url.split(['?', '#']).next() {
            Some(path) if is_url => format!("url {path}"),
            _ => format!("command {url}"),
        });
        // A request may come from a person or a program.
        source.via = (!is_url).then_some(Via::Cli);
    }
    source.reasons.extend(text(row, "tags").map(|tags| format!("tags {tags}")));
    Ok(source)
}
