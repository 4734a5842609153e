//! Reads the `versions` table of Rails' `PaperTrail`, whose columns hold JSON or YAML.

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::rules::{RowRejection, TableRules};
use crate::model::foreign::source_row::{SourceRow, SourceUser, paired_sides, required, values};
use crate::model::json::Json;
use crate::model::words::Action;

/// `object` is the resource before the event. `object_changes` holds the changed fields and is optional.
pub(super) const LAYOUT: ColumnLayout = ColumnLayout {
    id: "id",
    time: "created_at",
    event: "event",
    class: "item_type",
    resource_id: "item_id",
    user_id: &["whodunnit"],
    user_class: "whodunnit_type",
    ip: Some("ip"),
    user_agent: Some("user_agent"),
    request_id: Some("transaction_id"),
    others: &["item_subtype", "object", "object_changes"],
};

pub(super) fn read(rules: &TableRules, row: &[(String, Json)]) -> Result<SourceRow, RowRejection> {
    let event = required(row, LAYOUT.event)?;
    let default = (event == "destroy").then_some(Action::Deleted);
    let action = rules.action(LAYOUT.event, &event, default)?;
    let mut source = SourceRow::read(rules, &LAYOUT, row, action, required(row, LAYOUT.class)?)?;
    let object = values(row, "object")?;
    let changes = values(row, "object_changes")?;
    let sides = changes.map(|changes| paired_sides("object_changes", changes, action)).transpose()?;
    let missing = match action {
        Action::Created => "a creation without object_changes: the fields of the resource are unknown",
        Action::Deleted => "a deletion without object and object_changes: the fields are unknown",
        _ => "an update without object_changes: the changed fields are unknown",
    };
    (source.before, source.after) = match (action, object, sides) {
        // `object` is the whole resource, while the changes may be a part of it.
        (Action::Deleted, Some(object), _) => (Some(object), None),
        (_, _, Some(sides)) => sides,
        (_, _, None) => return Err(RowRejection::Incomplete(missing)),
    };
    name_user(&mut source.user);
    Ok(source)
}

/// Applications write an id, an email address, or a global id such as `gid://app/User/7`.
fn name_user(user: &mut SourceUser) {
    let Some(id) = user.id.take() else { return };
    let global = id.strip_prefix("gid://").map(|path| path.split('/').collect::<Vec<_>>());
    match global.as_deref() {
        Some([_, class, key]) => {
            user.class = Some((*class).to_owned());
            user.id = Some((*key).to_owned());
        }
        _ if id.contains('@') && !id.contains(char::is_whitespace) => user.email = Some(id),
        _ => user.id = Some(id),
    }
}
