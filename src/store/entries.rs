//! The entries of a page as JSON, written directly from database rows: the stored changes are spliced in unparsed. An
//! [`Entry`] is built only where a caller needs one.

use serde::{Serialize, Serializer};

use crate::model::change::Changes;
use crate::model::entry::{Entry, User};
use crate::model::filter::Filter;
use crate::model::integrity::leaf::EntryParts;
use crate::model::json::RawJson;
use crate::model::page::Position;
use crate::store::codes;
use crate::store::error::StoreError;

/// A page's entries in order, as JSON objects separated by commas.
#[derive(Debug, Default)]
pub struct Entries {
    json: Vec<u8>,
    count: usize,
    last: Option<Position>,
}

impl Entries {
    /// The content of a JSON list: objects separated by commas.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether the page has no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The position of the last entry.
    #[must_use]
    pub const fn last(&self) -> Option<Position> {
        self.last
    }

    /// Parses the entries.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a stored text is no longer JSON.
    pub fn list(&self) -> Result<Vec<Entry>, StoreError> {
        let list = [b"[", &*self.json, b"]"].concat();
        serde_json::from_slice(&list).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    pub(super) fn push(&mut self, entry: &StoredEntry<'_>) -> Result<(), StoreError> {
        if !self.is_empty() {
            self.json.push(b',');
        }
        serde_json::to_writer(&mut self.json, entry)
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        // The changes are the last member, and were written as `null`.
        self.json.truncate(self.json.len() - b"null}".len());
        self.json.extend_from_slice(entry.changes.0.as_bytes());
        self.json.push(b'}');
        self.count += 1;
        self.last = Some(Position { occurred_at: entry.occurred_at, id: entry.id });
        Ok(())
    }
}

/// An entry whose texts are borrowed from a database row.
pub(super) type StoredEntry<'a> = Entry<&'a str, &'a Snapshot, StoredChanges<'a>>;

/// The JSON of an entry's changes as it was stored. It serializes as `null`, which [`Entries`] replaces.
pub(super) struct StoredChanges<'a>(pub(super) &'a str);

impl Serialize for StoredChanges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl StoredEntry<'_> {
    pub(super) fn entry(&self) -> Result<Entry, StoreError> {
        let changes = Changes::from_text(self.changes.0.to_owned())
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
            on_behalf_of: self.on_behalf_of.map(|user| user.user.clone()),
            context: self.context.map(|text| (*text).to_owned()),
            reason: self.reason.map(str::to_owned),
            changes,
        })
    }

    /// The entry with all of its texts borrowed, as it is in the tree.
    pub(super) fn parts(&self) -> EntryParts<'_> {
        Entry {
            id: self.id,
            uuid: self.uuid,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            action: self.action,
            model_type: self.model_type,
            model_id: self.model_id,
            model_name: self.model_name,
            user: self.user.user.parts(),
            on_behalf_of: self.on_behalf_of.map(|user| user.user.parts()),
            context: self.context.map(|text| *text),
            reason: self.reason,
            changes: self.changes.0,
        }
    }

    /// Whether the entry matches the parts of a filter that SQL cannot express.
    pub(super) fn matches(&self, filter: &Filter) -> Result<bool, StoreError> {
        if !filter.reads_content() {
            return Ok(true);
        }
        let on_behalf_of = self.on_behalf_of.map(|user| user.json.get());
        let may_match =
            filter.may_match_content(self.changes.0, self.user.json.get(), on_behalf_of, self.model_name);
        Ok(may_match && filter.matches_content(&self.entry()?))
    }
}

/// A user as recorded with an entry, with its JSON, which is stored and sent unchanged.
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
        Ok(Self { user: codes::user(text)?, json })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::entry::RequestContext;
    use crate::model::timestamp::Timestamp;
    use crate::model::words::{Action, ModelType, Via};

    #[test]
    fn a_stored_entry_has_the_json_of_its_entry() {
        let user = Snapshot::read(r#"{"id":"7","kind":"user"}"#).expect("a user");
        let stored = |text: Option<&'static str>| Entry {
            id: 7,
            uuid: Uuid::from_u128(1 << 100),
            occurred_at: Timestamp::MIN,
            recorded_at: Timestamp::MAX,
            action: Action::Updated,
            model_type: ModelType::Secret,
            model_id: "4\"2\u{7}",
            model_name: text,
            user: &user,
            on_behalf_of: text.map(|_| &user),
            context: RequestContext {
                via: text.map(|_| Via::Api),
                ip: text,
                user_agent: text,
                request_id: text,
            },
            reason: text,
            changes: StoredChanges(r#"[{"field":"n","old":1.10,"new":2e0}]"#),
        };
        let mut entries = Entries::default();
        assert!(entries.list().expect("none").is_empty());
        for text in [Some("é\n"), None] {
            entries.push(&stored(text)).expect("written");
        }
        let list = entries.list().expect("entries");
        assert_eq!(list, [Some("é\n"), None].map(|text| stored(text).entry().expect("an entry")));
        assert_eq!((list.len(), entries.len()), (2, 2));
        assert_eq!(entries.last(), Some(Position { occurred_at: Timestamp::MIN, id: 7 }));
        let written = serde_json::to_string(&list).expect("JSON");
        assert_eq!(written.as_bytes(), [b"[", entries.json(), b"]"].concat());
        let mut damaged = Entries::default();
        damaged.push(&Entry { changes: StoredChanges("["), ..stored(None) }).expect("written");
        assert!(matches!(damaged.list(), Err(StoreError::Damaged(_))));
    }
}
