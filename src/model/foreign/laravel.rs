//! The `audits` table of owen-it/laravel-auditing.

use crate::model::foreign::source_row::{Actor, SourceRow, needed, text, values};
use crate::model::foreign::{Format, Layout, Reading, Refusal, Row, wrong};
use crate::model::words::{Action, Via};

/// Its columns: `id`, `user_type`, `user_id`, `event`, `auditable_type`, `auditable_id`, `old_values`, `new_values`,
/// `url`, `ip_address`, `user_agent`, `tags`, `created_at`, `updated_at`.
pub(super) const LAYOUT: Layout = Layout {
    id: "id",
    time: "created_at",
    user_id: &["user_id"],
    user_type: "user_type",
    others: &[
        "event",
        "auditable_type",
        "auditable_id",
        "old_values",
        "new_values",
        "url",
        "ip_address",
        "user_agent",
        "tags",
        "updated_at",
    ],
};

pub(super) fn read(reading: &Reading, row: &Row) -> Result<SourceRow, Refusal> {
    let id = needed(row, "id")?;
    let event = needed(row, "event")?;
    // A resource that is restored was recorded as deleted before; the row holds all of its fields again.
    let usual = (event == "restored").then_some(Action::Created);
    let action = reading.action("event", &event, usual)?;
    let class = needed(row, "auditable_type")?;
    let model_type = reading.model_type("auditable_type", &class)?;
    let old = values(row, "old_values")?.unwrap_or_default();
    let new = values(row, "new_values")?.unwrap_or_default();
    let mut adjusted = Vec::new();
    let (before, after) = match action {
        Action::Created if !old.is_empty() && event == "restored" => {
            adjusted.push("old_values of a restored row left out");
            (None, Some(new))
        }
        Action::Created if !old.is_empty() => return Err(wrong("a created row has old_values")),
        Action::Deleted if !new.is_empty() => return Err(wrong("a deleted row has new_values")),
        Action::Created => (None, Some(new)),
        Action::Deleted => (Some(old), None),
        Action::Updated => (Some(old), Some(new)),
    };
    let url = text(row, "url");
    Ok(SourceRow {
        id,
        time: needed(row, "created_at")?,
        action,
        model_type,
        class,
        resource_id: needed(row, "auditable_id")?,
        name: None,
        user: Actor::of(reading, Format::LaravelAuditing, row),
        // On the console the column holds the command; of a request nobody knows whether a person sent it.
        via: url.as_ref().filter(|url| !is_address(url)).map(|_| Via::Cli),
        ip: text(row, "ip_address"),
        user_agent: text(row, "user_agent"),
        request_id: None,
        reasons: reasons(url.as_deref(), text(row, "tags").as_deref()),
        before,
        after,
        adjusted,
    })
}

fn is_address(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// What has no place of its own. A query string stays behind: it may hold what nobody should keep.
fn reasons(url: Option<&str>, tags: Option<&str>) -> Vec<String> {
    let url = url.map(|url| match url.split(['?', '#']).next() {
        Some(path) if is_address(url) => format!("url {path}"),
        _ => format!("command {url}"),
    });
    url.into_iter().chain(tags.map(|tags| format!("tags {tags}"))).collect()
}
