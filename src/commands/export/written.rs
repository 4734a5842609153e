//! Counts the entries that an export has written.

use serde::{Deserialize, Serialize};

use crate::api::rows::RowPageInfo;
use crate::client::last_entry::LastEntry;
use crate::model::entry::EntryView;
use crate::model::evidence::manifest::IdRange;

/// The entries written so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEntries {
    #[serde(rename = "entries")]
    pub(super) count: u64,
    pub(super) ids: Option<IdRange>,
    pub(super) as_of: u64,
    pub(super) last: Option<LastEntry>,
}

impl WrittenEntries {
    /// Adds a page of rows.
    pub(super) fn add_page(&mut self, page: &RowPageInfo) {
        self.count += page.count;
        self.as_of = page.as_of;
        if let Some((lowest, highest, uuid)) = page.ids {
            self.ids = Some(IdRange::with(Some(IdRange::with(self.ids, lowest)), highest));
            self.last = LastEntry::latest(self.last, highest, uuid);
        }
    }

    /// Adds a page of entries.
    pub(super) fn add_entries(&mut self, entries: &[EntryView<'_>], as_of: u64) {
        self.count += entries.len() as u64;
        self.as_of = as_of;
        for entry in entries {
            self.ids = Some(IdRange::with(self.ids, entry.id));
            self.last = LastEntry::latest(self.last, entry.id, entry.uuid);
        }
    }
}
