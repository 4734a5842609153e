//! An entry of the log: user, action, resource, time and changes.
//!
//! The same definition serves three kinds of text: an [`Entry`] owns its texts, an [`EntryView`] borrows them from the
//! JSON of a page, and a store borrows them from a database row. So their JSON cannot differ.

mod view;

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::change::Changes;
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind, Via};

pub use crate::model::entry::view::{ChangesView, Text};

/// An entry as it is stored and sent. Entries are written once and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(bound = "")]
pub struct Entry<T = String, U = User<T>, C = Changes> {
    /// The number in the organization, from 1, without gaps, in commit order. Ids of pruned entries are not reused.
    #[schema(example = 1287, minimum = 1)]
    pub id: u64,
    /// The recorder's idempotency key, unique in the organization while the entry exists.
    pub uuid: Uuid,
    /// When the action happened, as stated by the recorder.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:14:07.412033Z")]
    pub occurred_at: Timestamp,
    /// When the server received the entry.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T08:14:07.415870Z")]
    pub recorded_at: Timestamp,
    /// The action.
    pub action: Action,
    /// The type of the resource.
    pub model_type: ModelType,
    /// The id of the resource, unique among resources of its type.
    #[schema(value_type = String, example = "42")]
    pub model_id: T,
    /// The name of the resource at the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "Slack order notifications")]
    pub model_name: Option<T>,
    /// The user who acted, as recorded at the time.
    #[schema(value_type = User)]
    pub user: U,
    /// The user for whom `user` acted, as recorded at the time. Absent if the user acted for themselves, or if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<User>)]
    pub on_behalf_of: Option<U>,
    /// The request that caused the action.
    #[serde(default, skip_serializing_if = "RequestContext::is_empty")]
    #[schema(value_type = RequestContext)]
    pub context: RequestContext<T>,
    /// The reason, if the recorder gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "INC-2041")]
    pub reason: Option<T>,
    /// The changed fields, in the order in which the recorder sent them.
    #[schema(value_type = Vec<crate::model::change::Change>)]
    pub changes: C,
}

impl<T, U, C> Entry<T, U, C> {
    /// The key of this entry in a list.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position { occurred_at: self.occurred_at, id: self.id }
    }

    /// The user who acted, and the one for whom, if there is one.
    pub fn users(&self) -> impl Iterator<Item = &U> {
        std::iter::once(&self.user).chain(&self.on_behalf_of)
    }
}

impl<T: Deref<Target = str>, U, C> Entry<T, U, C> {
    /// Where it came from and why: the reason, the address, the program and the request.
    pub fn origin_texts(&self) -> [Option<&str>; 4] {
        let RequestContext { ip, user_agent, request_id, .. } = &self.context;
        [&self.reason, ip, user_agent, request_id].map(Option::as_deref)
    }
}

/// An entry that borrows its texts.
pub type EntryView<'a> = Entry<Text<'a>, User<Text<'a>>, ChangesView<'a>>;

/// The identity that acted, as recorded at the time. At least one of id, e-mail address and name is present.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(bound = "")]
pub struct User<T = String> {
    /// The user's id on the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "7")]
    pub id: Option<T>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "ana.ruiz@acme.example")]
    pub email: Option<T>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "Ana Ruiz")]
    pub name: Option<T>,
    /// The role at the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "admin")]
    pub role: Option<T>,
    /// The kind of identity.
    #[serde(default = "default_kind")]
    pub kind: UserKind,
}

const fn default_kind() -> UserKind {
    UserKind::User
}

impl<T: Deref<Target = str>> User<T> {
    /// The user as people know them: the e-mail address, else the name, else the id.
    #[must_use]
    pub fn label(&self) -> &str {
        [&self.email, &self.name, &self.id].into_iter().flatten().map(|text| &**text).next().unwrap_or("")
    }

    /// The label, and that of the user for whom this one acted: `terraform for ana.ruiz@acme.example`.
    #[must_use]
    pub fn label_for(&self, on_behalf_of: Option<&Self>) -> String {
        match on_behalf_of {
            Some(principal) => format!("{} for {}", self.label(), principal.label()),
            None => self.label().to_owned(),
        }
    }

    fn view(&self) -> User<Text<'_>> {
        let Self { id, email, name, role, kind } = self;
        let [id, email, name, role] = [id, email, name, role].map(|it| it.as_deref().map(Text::from));
        User { id, email, name, role, kind: *kind }
    }
}

/// The request that caused a change. Every member is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(bound = "", as = Context)]
pub struct RequestContext<T = String> {
    /// The channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// The IP address of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "198.51.100.23")]
    pub ip: Option<T>,
    /// The user agent of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub user_agent: Option<T>,
    /// The id of the request. Entries with the same request id form a change set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "req_01JD9ZK3")]
    pub request_id: Option<T>,
}

impl<T> RequestContext<T> {
    /// Whether no member is present.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.via.is_none() && self.ip.is_none() && self.user_agent.is_none() && self.request_id.is_none()
    }

    /// The same context with its texts converted.
    pub(crate) fn map<'t, V>(&'t self, convert: impl Fn(&'t T) -> V) -> RequestContext<V> {
        let Self { via, ip, user_agent, request_id } = self;
        let [ip, user_agent, request_id] = [ip, user_agent, request_id].map(|it| it.as_ref().map(&convert));
        RequestContext { via: *via, ip, user_agent, request_id }
    }
}

impl Entry {
    /// The entry with borrowed texts.
    #[must_use]
    pub fn view(&self) -> EntryView<'_> {
        Entry {
            id: self.id,
            uuid: self.uuid,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            action: self.action,
            model_type: self.model_type,
            model_id: Text::from(&*self.model_id),
            model_name: self.model_name.as_deref().map(Text::from),
            user: self.user.view(),
            on_behalf_of: self.on_behalf_of.as_ref().map(User::view),
            context: self.context.map(|text| Text::from(&**text)),
            reason: self.reason.as_deref().map(Text::from),
            changes: ChangesView::from(&self.changes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"id":7,"uuid":"01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c","occurred_at":"2026-11-22T08:14:07.412033Z","recorded_at":"2026-11-22T08:14:07.415870Z","action":"updated","model_type":"connector","model_id":"4\"2","model_name":"Slack\u0007 é","user":{"id":"7","email":"ana@acme.example","name":"Ana","role":"admin","kind":"token"},"on_behalf_of":{"id":"8\"","kind":"agent"},"context":{"via":"web","ip":"198.51.100.23","user_agent":"x","request_id":"r"},"reason":"INC","changes":[{"field":"n","old":1.10,"new":2e0}]}"#;
    const MINIMAL: &str = r#"{"id":7,"uuid":"01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c","occurred_at":"2026-11-22T08:14:07Z","recorded_at":"2026-11-22T09:14:07+01:00","action":"created","model_type":"secret","model_id":"","user":{},"changes":[
        {"field":"n"}]}"#;

    #[test]
    fn a_view_has_the_json_of_its_entry() {
        for text in [FULL, MINIMAL] {
            let (view, entry): (EntryView<'_>, Entry) =
                (serde_json::from_str(text).expect("a view"), serde_json::from_str(text).expect("an entry"));
            let written = serde_json::to_string(&entry).expect("JSON");
            assert_eq!(serde_json::to_string(&view).expect("JSON"), written);
            assert_eq!(serde_json::to_string(&entry.view()).expect("JSON"), written);
            assert_eq!(view.user.label(), entry.user.label());
            assert_eq!(
                view.on_behalf_of.as_ref().map(User::label),
                entry.on_behalf_of.as_ref().map(User::label)
            );
        }
        assert_eq!(
            serde_json::to_string(&serde_json::from_str::<EntryView<'_>>(FULL).expect("a view"))
                .expect("JSON"),
            FULL
        );
    }

    #[test]
    fn a_view_refuses_the_json_that_an_entry_refuses() {
        for (from, to) in [
            (r#""id":7"#, r#""id":-7"#),
            (r#""kind":"token""#, r#""kind":"tokens""#),
            (r#""kind":"agent""#, r#""kind":"agents""#),
            (r#""via":"web""#, r#""vai":"web""#),
            (r#""role":"admin""#, r#""roll":"admin""#),
            (r#""model_id":"4\"2""#, r#""model_id":42"#),
            (r#""new":2e0"#, r#""new":2e"#),
        ] {
            let text = FULL.replacen(from, to, 1);
            assert_ne!(text, FULL, "{from}");
            assert!(serde_json::from_str::<EntryView<'_>>(&text).is_err(), "{to}");
            assert!(serde_json::from_str::<Entry>(&text).is_err(), "{to}");
        }
    }
}
