//! The entries of a page as the JSON they are sent as: written straight from a store's rows, with the stored changes
//! spliced in unparsed. An [`Entry`] is made of it only for who asks for one.

use serde::Serialize;
use uuid::Uuid;

use crate::model;
use crate::model::change::Changes;
use crate::model::entry::{Entry, User};
use crate::model::filter::Filter;
use crate::model::json::RawJson;
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, Via};
use crate::store::decode;
use crate::store::error::StoreError;

/// Entries in their order, as JSON objects with commas between them.
#[derive(Debug, Default)]
pub struct Entries {
    json: Vec<u8>,
    count: usize,
    last: Option<Position>,
}

impl Entries {
    /// The JSON objects with commas between them: the inside of a list.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where the last one stands.
    #[must_use]
    pub const fn last(&self) -> Option<Position> {
        self.last
    }

    /// The entries themselves.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when what was stored is not JSON any more.
    pub fn list(&self) -> Result<Vec<Entry>, StoreError> {
        let list = [b"[", &*self.json, b"]"].concat();
        serde_json::from_slice(&list).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        if !self.is_empty() {
            self.json.push(b',');
        }
        serde_json::to_writer(&mut self.json, row).map_err(|error| StoreError::Failed(error.to_string()))?;
        // The changes are the last member.
        self.json.pop();
        self.json.extend_from_slice(b",\"changes\":");
        self.json.extend_from_slice(row.changes.as_bytes());
        self.json.push(b'}');
        self.count += 1;
        self.last = Some(Position { occurred_at: row.occurred_at, id: row.id });
        Ok(())
    }
}

/// An entry whose texts lie where the engine has them; its members are [`Entry`]'s, in the same order.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub(super) id: u64,
    pub(super) uuid: Uuid,
    pub(super) occurred_at: Timestamp,
    pub(super) recorded_at: Timestamp,
    pub(super) action: Action,
    pub(super) model_type: ModelType,
    pub(super) model_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_name: Option<&'a str>,
    pub(super) user: &'a Snapshot,
    #[serde(skip_serializing_if = "Context::is_empty")]
    pub(super) context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    /// JSON, as it was stored.
    #[serde(skip)]
    pub(super) changes: &'a str,
}

impl Row<'_> {
    /// The entry.
    pub(super) fn entry(&self) -> Result<Entry, StoreError> {
        let changes = Changes::from_text(self.changes.to_owned())
            .map_err(|error| StoreError::Damaged(format!("changes: {error}")))?;
        Ok(Entry {
            id: self.id,
            uuid: self.uuid,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            action: self.action,
            model_type: self.model_type,
            model_id: self.model_id.to_owned(),
            model_name: self.model_name.map(str::to_owned),
            user: self.user.user.clone(),
            context: self.context.owned(),
            reason: self.reason.map(str::to_owned),
            changes,
        })
    }

    /// Whether it matches what SQL cannot say of the filter.
    pub(super) fn matches(&self, filter: &Filter) -> Result<bool, StoreError> {
        if !filter.looks_inside() {
            return Ok(true);
        }
        let may_match = filter.may_match_content(self.changes, self.user.json.get(), self.model_name);
        Ok(may_match && filter.matches_content(&self.entry()?))
    }
}

/// A user's snapshot, and the JSON it is kept and sent as.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Snapshot {
    #[serde(skip)]
    pub(super) user: User,
    pub(super) json: RawJson,
}

impl Snapshot {
    pub(super) fn read(text: &str) -> Result<Self, StoreError> {
        let damaged = |error| StoreError::Damaged(format!("a user: {error}"));
        let json = RawJson::from_text(text.to_owned()).map_err(damaged)?;
        Ok(Self { user: decode::user(text)?, json })
    }
}

/// As the model's context.
#[derive(Serialize)]
pub(super) struct Context<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) via: Option<Via>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<&'a str>,
}

impl Context<'_> {
    fn owned(&self) -> model::entry::RequestContext {
        let Self { via, ip, user_agent, request_id } = *self;
        let [ip, user_agent, request_id] = [ip, user_agent, request_id].map(|it| it.map(str::to_owned));
        model::entry::RequestContext { via, ip, user_agent, request_id }
    }

    const fn is_empty(&self) -> bool {
        self.via.is_none() && self.ip.is_none() && self.user_agent.is_none() && self.request_id.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_as_the_entry_it_is() {
        let user = Snapshot::read(r#"{"id":"7","kind":"user"}"#).expect("a user");
        let row = |of_some: Option<&'static str>| Row {
            id: 7,
            uuid: Uuid::from_u128(1 << 100),
            occurred_at: Timestamp::MIN,
            recorded_at: Timestamp::MAX,
            action: Action::Updated,
            model_type: ModelType::Secret,
            model_id: "4\"2\u{7}",
            model_name: of_some,
            user: &user,
            context: Context {
                via: of_some.map(|_| Via::Api),
                ip: of_some,
                user_agent: of_some,
                request_id: of_some,
            },
            reason: of_some,
            changes: r#"[{"field":"n","old":1.10,"new":2e0}]"#,
        };
        let mut entries = Entries::default();
        assert!(entries.list().expect("none").is_empty());
        for of_some in [Some("é\n"), None] {
            entries.push(&row(of_some)).expect("written");
        }
        let list = entries.list().expect("entries");
        assert_eq!(list, [Some("é\n"), None].map(|of_some| row(of_some).entry().expect("an entry")));
        assert_eq!((list.len(), entries.len()), (2, 2));
        assert_eq!(entries.last(), Some(Position { occurred_at: Timestamp::MIN, id: 7 }));
        let written = serde_json::to_string(&list).expect("JSON");
        assert_eq!(written.as_bytes(), [b"[", entries.json(), b"]"].concat());
        let mut damaged = Entries::default();
        damaged.push(&Row { changes: "[", ..row(None) }).expect("written");
        assert!(matches!(damaged.list(), Err(StoreError::Damaged(_))));
    }
}
