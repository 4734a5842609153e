//! Tables of django-simple-history, as tables or as `dumpdata` writes them: each row is the whole resource.

use crate::model::foreign::source_row::{Actor, Members, SourceRow, needed, text};
use crate::model::foreign::{Format, Layout, Reading, Refusal, Row, wrong};
use crate::model::words::Action;

pub(super) const LAYOUT: Layout = Layout {
    id: "history_id",
    time: "history_date",
    user_id: &["history_user_id", "history_user"],
    user_type: "history_user_type",
    others: &["history_type", "history_change_reason"],
};

pub(super) fn read(
    reading: &Reading,
    row: &Row,
    previous: Option<&Row>,
    table: &str,
) -> Result<SourceRow, Refusal> {
    let kind = needed(row, "history_type")?;
    let id = text(row, "history_id")
        .or_else(|| text(row, "dumpdata_pk"))
        .ok_or_else(|| wrong("there is no history_id"))?;
    let usual = match kind.as_str() {
        "+" => Some(Action::Created),
        "~" => Some(Action::Updated),
        "-" => Some(Action::Deleted),
        _ => None,
    };
    let action = reading.action("history_type", &kind, usual)?;
    let class = class(&text(row, "dumpdata_model").unwrap_or_else(|| table.to_owned()));
    let model_type = reading.model_type("the table's name", &class)?;
    let fields = fields(row);
    let (before, after) = match (action, previous) {
        (Action::Created, _) => (None, Some(fields)),
        (Action::Deleted, _) => (Some(fields), None),
        (Action::Updated, Some(previous)) => (Some(self::fields(previous)), Some(fields)),
        (Action::Updated, None) => {
            return Err(Refusal::Unmappable("an update whose row before it is not in the file"));
        }
    };
    Ok(SourceRow {
        // Tables of several models count their rows each for itself.
        id: format!("{class}\0{id}"),
        time: needed(row, "history_date")?,
        action,
        model_type,
        class,
        resource_id: needed(row, "id")?,
        name: None,
        user: Actor::of(reading, Format::SimpleHistory, row),
        via: None,
        ip: text(row, "history_ip").or_else(|| text(row, "ip_address")),
        user_agent: None,
        request_id: None,
        reasons: text(row, "history_change_reason").into_iter().collect(),
        before,
        after,
        adjusted: Vec::new(),
    })
}

/// `shop.historicalconnector` and `shop_historicalconnector` are histories of `shop.connector`.
fn class(model: &str) -> String {
    let lower = model.to_lowercase();
    match lower.rfind("historical") {
        Some(at) => {
            let (app, model) = (&lower[..at], &lower[at + "historical".len()..]);
            let app = app.trim_end_matches(['.', '_']);
            if app.is_empty() { model.to_owned() } else { format!("{app}.{model}") }
        }
        None => lower,
    }
}

fn fields(row: &Row) -> Members {
    let is_own = |name: &str| !name.starts_with("history_") && !name.starts_with("dumpdata_");
    row.iter().filter(|(name, _)| is_own(name)).cloned().collect()
}
