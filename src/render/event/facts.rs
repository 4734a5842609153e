//! What all forms say of an entry: its names, its severity and its changes.

use std::io;

use crate::model::change::Change;
use crate::model::entry::{EntryView, Text, User};
use crate::model::words::{Action, Log};
use crate::render::event::json::{Member, Object};

/// The vendor in every header.
pub(super) const VENDOR: &str = "Krosyn";
/// The product in every header.
pub(super) const PRODUCT: &str = "krosyn-audit";
/// The version of the product in every header.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The log that entries come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSource<'a> {
    /// Which of the organization's logs.
    pub log: Log,
    /// The organization's slug.
    pub organization: &'a str,
}

/// An entry with its changes parsed.
pub(super) struct Event<'a> {
    pub(super) source: EventSource<'a>,
    pub(super) entry: &'a EntryView<'a>,
    pub(super) changes: Vec<Change>,
}

impl<'a> Event<'a> {
    pub(super) fn new(source: EventSource<'a>, entry: &'a EntryView<'a>) -> io::Result<Self> {
        let changes = entry.changes.list().map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("changes of entry {}: {error}", entry.id))
        })?;
        Ok(Self { source, entry, changes })
    }

    /// The kind of event, such as `connector_endpoint.updated`.
    pub(super) fn code(&self) -> String {
        format!("{}.{}", self.entry.model_type, self.entry.action)
    }

    /// The kind of event for people, such as `Connector endpoint updated`.
    pub(super) fn title(&self) -> String {
        let mut title = format!("{} {}", self.entry.model_type, self.entry.action).replace('_', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        title
    }

    /// One sentence for people, such as `ana@acme.example updated connector 42 (Slack)`.
    pub(super) fn message(&self) -> String {
        let EntryView { user, on_behalf_of, action, model_type, model_id, model_name, .. } = self.entry;
        let user = user.label_for(on_behalf_of.as_ref());
        let model_type = model_type.as_str().replace('_', " ");
        let mut message = format!("{user} {action} {model_type} {}", &**model_id);
        if let Some(name) = model_name.as_deref() {
            message.push_str(&format!(" ({name})"));
        }
        message
    }

    /// How much attention an event deserves by itself, from 1 to 10. Rules of the SIEM decide about alerts.
    pub(super) const fn severity(&self) -> u8 {
        match self.entry.action {
            Action::Read | Action::Started | Action::Stopped | Action::Migrated => 1,
            Action::Created | Action::Updated | Action::Exported => 3,
            Action::Deleted | Action::Pruned | Action::Erased => 5,
        }
    }

    /// The names of the changed fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().map(|change| change.field.as_str())
    }
}

/// A user as a JSON object.
pub(super) fn user_object<'a>(user: &'a User<Text<'a>>) -> Object<'a> {
    let User { id, email, name, role, kind } = user;
    let mut object = Object::default();
    for (key, value) in [("id", id), ("email", email), ("name", name), ("role", role)] {
        object = object.maybe(key, value.as_deref());
    }
    object.with("kind", kind.as_str())
}

/// The changes as JSON, as the log holds them.
pub(super) fn changes_list<'a>(changes: &'a [Change]) -> Member<'a> {
    Member::List(
        changes
            .iter()
            .map(|Change { field, old, new, redacted }| {
                let object = Object::default().with("field", field.as_str());
                let object = object.maybe("old", old.as_ref()).maybe("new", new.as_ref());
                Member::Object(if *redacted { object.with("redacted", true) } else { object })
            })
            .collect(),
    )
}
