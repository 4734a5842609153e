//! Reads tables of django-simple-history, also from `dumpdata`. Each row holds the whole resource.

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::rules::{RowRejection, TableRules};
use crate::model::foreign::source_row::{JsonMembers, SourceRow, required, text};
use crate::model::json::Json;
use crate::model::words::Action;

/// No column holds the class. It is derived from the table's name.
pub(super) const LAYOUT: ColumnLayout = ColumnLayout {
    id: "history_id",
    time: "history_date",
    event: "history_type",
    class: "the table's name",
    resource_id: "id",
    user_id: &["history_user_id", "history_user"],
    user_class: "history_user_type",
    ip: Some("history_ip"),
    user_agent: None,
    request_id: None,
    others: &["history_change_reason"],
};

pub(super) fn read(
    rules: &TableRules,
    row: &[(String, Json)],
    previous: Option<&[(String, Json)]>,
    table: &str,
) -> Result<SourceRow, RowRejection> {
    let event = required(row, LAYOUT.event)?;
    let default = match event.as_str() {
        "+" => Some(Action::Created),
        "~" => Some(Action::Updated),
        "-" => Some(Action::Deleted),
        _ => None,
    };
    let action = rules.action(LAYOUT.event, &event, default)?;
    let class = class(&text(row, "dumpdata_model").unwrap_or_else(|| table.to_owned()));
    let mut source = SourceRow::read(rules, &LAYOUT, row, action, class)?;
    // Each model has its own table, so ids repeat between models.
    source.id = format!("{}\0{}", source.class, source.id);
    source.ip = source.ip.or_else(|| text(row, "ip_address"));
    source.reasons.extend(text(row, "history_change_reason"));
    source.before = match (action, previous) {
        (Action::Created, _) => None,
        (Action::Deleted, _) => Some(fields(row)),
        (_, Some(previous)) => Some(fields(previous)),
        (_, None) => {
            return Err(RowRejection::Incomplete("an update whose previous row is not in the file"));
        }
    };
    source.after = (action != Action::Deleted).then(|| fields(row));
    Ok(source)
}

/// The model of a history table: `shop.connector` for `shop.historicalconnector` or `shop_historicalconnector`.
fn class(model: &str) -> String {
    let lower = model.to_lowercase();
    match lower.rsplit_once("historical").map(|(app, model)| (app.trim_end_matches(['.', '_']), model)) {
        Some(("", model)) => model.to_owned(),
        Some((app, model)) => format!("{app}.{model}"),
        None => lower,
    }
}

fn fields(row: &[(String, Json)]) -> JsonMembers {
    let is_own = |name: &str| !name.starts_with("history_") && !name.starts_with("dumpdata_");
    row.iter().filter(|(name, _)| is_own(name)).cloned().collect()
}
