//! An entry whose texts lie in the page it came with. An export reads a million entries and keeps none: it copies no
//! text but into the file.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::model::change::Change;
use crate::model::entry::{Entry, RequestContext, User, default_kind};
use crate::model::json::{JsonError, on_one_line};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind, Via};

/// As [`Entry`], member by member.
#[derive(Debug, Serialize, Deserialize)]
pub struct EntryView<'a> {
    /// The entry's id.
    pub id: u64,
    /// The recorder's idempotency key.
    pub uuid: Uuid,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When the server took it in.
    pub recorded_at: Timestamp,
    /// What was done.
    pub action: Action,
    /// What kind of resource it was done to.
    pub model_type: ModelType,
    /// The resource's id.
    #[serde(borrow)]
    pub model_id: Text<'a>,
    /// The resource's name at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<Text<'a>>,
    /// Who did it.
    pub user: UserView<'a>,
    /// Through what it was done.
    #[serde(default, skip_serializing_if = "RequestContextView::is_empty")]
    pub context: RequestContextView<'a>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text<'a>>,
    /// The fields that differ.
    pub changes: ChangesView<'a>,
}

/// As [`User`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserView<'a> {
    /// The platform's id.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text<'a>>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text<'a>>,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// The role at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Text<'a>>,
    /// What kind of identity it is.
    #[serde(default = "default_kind")]
    pub kind: UserKind,
}

/// As [`Context`].
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestContextView<'a> {
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// The address it came from.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<Text<'a>>,
    /// The program that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Text<'a>>,
    /// The request it was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Text<'a>>,
}

impl RequestContextView<'_> {
    const fn is_empty(&self) -> bool {
        self.via.is_none() && self.ip.is_none() && self.user_agent.is_none() && self.request_id.is_none()
    }
}

impl UserView<'_> {
    /// As [`User::label`].
    #[must_use]
    pub fn label(&self) -> &str {
        [&self.email, &self.name, &self.id].into_iter().flatten().map(|text| &**text).next().unwrap_or("")
    }
}

/// A text that lies in JSON as it is, or was freed of JSON's escapes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowing)
    }
}

/// As [`crate::model::change::Changes`].
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct ChangesView<'a>(Cow<'a, RawValue>);

impl ChangesView<'_> {
    /// The JSON array as text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Parses the changes.
    ///
    /// # Errors
    /// [`JsonError`] when the text is no list of changes.
    pub fn list(&self) -> Result<Vec<Change>, JsonError> {
        Ok(serde_json::from_str(self.get())?)
    }
}

/// On one line, as [`crate::model::json::RawJson`] is.
impl<'de: 'a, 'a> Deserialize<'de> for ChangesView<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let one_line = on_one_line(raw).map_err(D::Error::custom)?;
        Ok(Self(one_line.map_or(Cow::Borrowed(raw), Cow::Owned)))
    }
}

impl Entry {
    /// The entry as its texts lie here.
    #[must_use]
    pub fn view(&self) -> EntryView<'_> {
        EntryView {
            id: self.id,
            uuid: self.uuid,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            action: self.action,
            model_type: self.model_type,
            model_id: Text(Cow::Borrowed(&self.model_id)),
            model_name: text(self.model_name.as_deref()),
            user: self.user.view(),
            context: self.context.view(),
            reason: text(self.reason.as_deref()),
            changes: ChangesView(Cow::Borrowed(self.changes.raw())),
        }
    }
}

impl User {
    fn view(&self) -> UserView<'_> {
        let Self { id, email, name, role, kind } = self;
        let [id, email, name, role] = [id, email, name, role].map(|it| text(it.as_deref()));
        UserView { id, email, name, role, kind: *kind }
    }
}

impl RequestContext {
    fn view(&self) -> RequestContextView<'_> {
        let Self { via, ip, user_agent, request_id } = self;
        let [ip, user_agent, request_id] = [ip, user_agent, request_id].map(|it| text(it.as_deref()));
        RequestContextView { via: *via, ip, user_agent, request_id }
    }
}

fn text(text: Option<&str>) -> Option<Text<'_>> {
    text.map(|text| Text(Cow::Borrowed(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"id":7,"uuid":"01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c","occurred_at":"2026-11-22T08:14:07.412033Z","recorded_at":"2026-11-22T08:14:07.415870Z","action":"updated","model_type":"connector","model_id":"4\"2","model_name":"Slack\u0007 é","user":{"id":"7","email":"ana@acme.example","name":"Ana","role":"admin","kind":"token"},"context":{"via":"web","ip":"198.51.100.23","user_agent":"x","request_id":"r"},"reason":"INC","changes":[{"field":"n","old":1.10,"new":2e0}]}"#;
    const LEAST: &str = r#"{"id":7,"uuid":"01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c","occurred_at":"2026-11-22T08:14:07Z","recorded_at":"2026-11-22T09:14:07+01:00","action":"created","model_type":"secret","model_id":"","user":{},"changes":[
        {"field":"n"}]}"#;

    #[test]
    fn a_view_reads_and_writes_what_an_entry_does() {
        for text in [WHOLE, LEAST] {
            let (view, entry): (EntryView<'_>, Entry) =
                (serde_json::from_str(text).expect("a view"), serde_json::from_str(text).expect("an entry"));
            let written = serde_json::to_string(&entry).expect("JSON");
            assert_eq!(serde_json::to_string(&view).expect("JSON"), written);
            assert_eq!(serde_json::to_string(&entry.view()).expect("JSON"), written);
            assert_eq!(view.user.label(), entry.user.label());
        }
        assert_eq!(
            serde_json::to_string(&serde_json::from_str::<EntryView<'_>>(WHOLE).expect("a view"))
                .expect("JSON"),
            WHOLE
        );
    }

    #[test]
    fn a_view_refuses_what_an_entry_refuses() {
        for (from, to) in [
            (r#""id":7"#, r#""id":-7"#),
            (r#""kind":"token""#, r#""kind":"tokens""#),
            (r#""via":"web""#, r#""vai":"web""#),
            (r#""role":"admin""#, r#""roll":"admin""#),
            (r#""model_id":"4\"2""#, r#""model_id":42"#),
            (r#""new":2e0"#, r#""new":2e"#),
        ] {
            let text = WHOLE.replacen(from, to, 1);
            assert_ne!(text, WHOLE, "{from}");
            assert!(serde_json::from_str::<EntryView<'_>>(&text).is_err(), "{to}");
            assert!(serde_json::from_str::<Entry>(&text).is_err(), "{to}");
        }
    }
}
