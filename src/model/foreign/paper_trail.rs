//! The `versions` table of Rails' `PaperTrail`, whose columns hold JSON or YAML.

use crate::model::foreign::source_row::{Actor, Pairs, SourceRow, needed, text, values};
use crate::model::foreign::{Format, Layout, Reading, Refusal, Row};
use crate::model::words::Action;

/// `object` is the resource before the event, `object_changes` the changed fields; the latter is optional there.
pub(super) const LAYOUT: Layout = Layout {
    id: "id",
    time: "created_at",
    user_id: &["whodunnit"],
    user_type: "whodunnit_type",
    others: &[
        "item_type",
        "item_subtype",
        "item_id",
        "event",
        "object",
        "object_changes",
        "ip",
        "user_agent",
        "transaction_id",
    ],
};

pub(super) fn read(reading: &Reading, row: &Row) -> Result<SourceRow, Refusal> {
    let id = needed(row, "id")?;
    let event = needed(row, "event")?;
    let usual = (event == "destroy").then_some(Action::Deleted);
    let action = reading.action("event", &event, usual)?;
    let class = needed(row, "item_type")?;
    let model_type = reading.model_type("item_type", &class)?;
    let object = values(row, "object")?;
    let changes = values(row, "object_changes")?;
    let pairs = changes.map(|changes| Pairs::read("object_changes", changes)).transpose()?;
    let (before, after) = match (action, object, pairs) {
        // The whole resource, where the changes may be a part.
        (Action::Deleted, Some(object), _) => (Some(object), None),
        (_, _, Some(pairs)) => pairs.sides(action),
        (Action::Updated, _, None) => {
            return Err(Refusal::Unmappable(
                "an update without object_changes, which does not say what changed",
            ));
        }
        (Action::Created, _, None) => {
            return Err(Refusal::Unmappable(
                "a creation without object_changes, which does not hold the resource",
            ));
        }
        (Action::Deleted, None, None) => {
            return Err(Refusal::Unmappable("a deletion without object and object_changes"));
        }
    };
    Ok(SourceRow {
        id,
        time: needed(row, "created_at")?,
        action,
        model_type,
        class,
        resource_id: needed(row, "item_id")?,
        name: None,
        user: whodunnit(Actor::of(reading, Format::PaperTrail, row)),
        via: None,
        ip: text(row, "ip"),
        user_agent: text(row, "user_agent"),
        request_id: text(row, "transaction_id"),
        reasons: Vec::new(),
        before,
        after,
        adjusted: Vec::new(),
    })
}

/// Applications write an id, an e-mail address, or a `gid://app/User/7`.
fn whodunnit(mut actor: Actor) -> Actor {
    let Some(id) = actor.id.take() else { return actor };
    let global = id.strip_prefix("gid://").map(|path| path.split('/').collect::<Vec<_>>());
    match global.as_deref() {
        Some([_, class, key]) => {
            actor.class = Some((*class).to_owned());
            actor.id = Some((*key).to_owned());
        }
        _ if id.contains('@') && !id.contains(char::is_whitespace) => actor.email = Some(id),
        _ => actor.id = Some(id),
    }
    actor
}
