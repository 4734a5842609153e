//! The entries of a page, written directly from database rows: as JSON, into which the stored changes are spliced
//! unparsed, or as rows of another form. An [`Entry`] is built only where a caller needs one.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::model::change::Changes;
use crate::model::entry::{Entry, User};
use crate::model::filter::{Filter, StoredTexts};
use crate::model::integrity::leaf::EntryParts;
use crate::model::json::{JsonError, RawJson};
use crate::model::page::Position;
use crate::store::codes;
use crate::store::error::StoreError;

/// Writes entries as rows of text.
pub trait WriteRows: fmt::Debug + Send + Sync {
    /// Appends the rows of an entry. Returns whether they hold a cell that spreadsheets cut.
    ///
    /// # Errors
    /// [`JsonError`] when the stored changes are damaged.
    fn write_rows(&self, entry: &EntryParts<'_>, out: &mut Vec<u8>) -> Result<bool, JsonError>;
}

/// The form of a page's entries.
#[derive(Debug, Clone, Default)]
pub enum PageForm {
    /// JSON objects separated by commas: the content of a list.
    #[default]
    List,
    /// One JSON object on each line.
    Lines,
    /// As this writes them.
    Rows(Arc<dyn WriteRows>),
}

/// The ids of a page's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageIds {
    /// The lowest.
    pub lowest: u64,
    /// The highest.
    pub highest: u64,
    /// The uuid of the entry with the highest id.
    pub uuid: Uuid,
}

/// A page's entries in order.
#[derive(Debug, Default)]
pub struct Entries {
    form: PageForm,
    text: Vec<u8>,
    count: usize,
    long: usize,
    last: Option<Position>,
    ids: Option<PageIds>,
}

impl Entries {
    pub(super) fn new(form: PageForm) -> Self {
        Self { form, ..Self::default() }
    }

    /// The entries in the page's form.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The entries in the page's form.
    #[must_use]
    pub fn into_text(self) -> Vec<u8> {
        self.text
    }

    /// The number of entries with a cell that spreadsheets cut.
    #[must_use]
    pub const fn long(&self) -> usize {
        self.long
    }

    /// The ids of the entries; none of an empty page.
    #[must_use]
    pub const fn ids(&self) -> Option<PageIds> {
        self.ids
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

    /// Parses the entries of a page in the form [`PageForm::List`].
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a stored text is no longer JSON.
    pub fn list(&self) -> Result<Vec<Entry>, StoreError> {
        let list = [b"[", &*self.text, b"]"].concat();
        serde_json::from_slice(&list).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    /// Adds the entries of the page that follows. Both have the same form, which is not [`PageForm::List`].
    pub(super) fn append(&mut self, next: &Self) {
        self.text.extend_from_slice(&next.text);
        self.count += next.count;
        self.long += next.long;
        self.last = next.last.or(self.last);
        let later = self.ids.zip(next.ids).map(|(one, other)| {
            let highest = if one.highest > other.highest { one } else { other };
            PageIds { lowest: one.lowest.min(other.lowest), ..highest }
        });
        self.ids = later.or(self.ids).or(next.ids);
    }

    pub(super) fn push(&mut self, entry: &StoredEntry<'_>) -> Result<(), StoreError> {
        let damaged = |error: JsonError| StoreError::Damaged(format!("changes: {error}"));
        match &self.form {
            PageForm::List => {
                if self.count > 0 {
                    self.text.push(b',');
                }
                push_json(entry, &mut self.text)?;
            }
            PageForm::Lines => {
                push_json(entry, &mut self.text)?;
                self.text.push(b'\n');
            }
            PageForm::Rows(rows) => {
                let is_long = rows.write_rows(&entry.parts(), &mut self.text).map_err(damaged)?;
                self.long += usize::from(is_long);
            }
        }
        self.count += 1;
        let (id, uuid) = (entry.id, entry.uuid);
        let ids = self.ids.get_or_insert(PageIds { lowest: id, highest: id, uuid });
        ids.lowest = ids.lowest.min(id);
        if id > ids.highest {
            (ids.highest, ids.uuid) = (id, uuid);
        }
        self.last = Some(entry.position());
        Ok(())
    }
}

fn push_json(entry: &StoredEntry<'_>, text: &mut Vec<u8>) -> Result<(), StoreError> {
    serde_json::to_writer(&mut *text, entry).map_err(|error| StoreError::Failed(error.to_string()))?;
    // The changes are the last member, and were written as `null`.
    text.truncate(text.len() - b"null}".len());
    text.extend_from_slice(entry.changes.0.as_bytes());
    text.push(b'}');
    Ok(())
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
        let stored = StoredTexts {
            changes: self.changes.0,
            user: self.user.json.get(),
            on_behalf_of: self.on_behalf_of.map(|user| user.json.get()),
            model_name: self.model_name,
            origin: self.origin_texts(),
        };
        Ok(filter.may_match_content(&stored) && filter.matches_content(&self.entry()?))
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
        let (mut entries, mut lines) = (Entries::default(), Entries::new(PageForm::Lines));
        assert!(entries.list().expect("none").is_empty());
        for text in [Some("é\n"), None] {
            entries.push(&stored(text)).expect("written");
            lines.push(&stored(text)).expect("written");
        }
        let list = entries.list().expect("entries");
        assert_eq!(list, [Some("é\n"), None].map(|text| stored(text).entry().expect("an entry")));
        assert_eq!((list.len(), entries.len()), (2, 2));
        assert_eq!(entries.last(), Some(Position { occurred_at: Timestamp::MIN, id: 7 }));
        let written = serde_json::to_string(&list).expect("JSON");
        assert_eq!(written.as_bytes(), [b"[", entries.text(), b"]"].concat());
        let line = |entry| serde_json::to_string(entry).expect("JSON") + "\n";
        assert_eq!(lines.into_text(), list.iter().map(line).collect::<String>().as_bytes());
        assert_eq!(entries.ids(), Some(PageIds { lowest: 7, highest: 7, uuid: Uuid::from_u128(1 << 100) }));
        let mut damaged = Entries::default();
        damaged.push(&Entry { changes: StoredChanges("["), ..stored(None) }).expect("written");
        assert!(matches!(damaged.list(), Err(StoreError::Damaged(_))));
    }
}
