//! The life of one resource, told by its entries: what it looked like at a moment, who set what, and how a change could
//! be undone.
//!
//! Everything said here follows from the entries. Where they do not reach, because they were pruned, or because a value
//! was redacted, or because two of them contradict each other, the answer is "unknown", never the likely value.
//! No I/O; how it is shown is the renderers' business.

pub mod between;
pub mod blame;
mod known;
pub mod leaf;
pub mod patch;
mod places;
pub mod replay;
pub mod revert;
pub mod state;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

use std::collections::{HashMap, HashSet};

use crate::model::change::Change;
use crate::model::entry::Entry;
use crate::model::history::leaf::{Content, Item, flatten};
use crate::model::history::places::Places;
use crate::model::json::{JsonError, RawJson};
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;

/// A place in a resource: its field, then the keys beneath it.
pub type Path = Vec<String>;

/// The entries of one resource, oldest first, and how far back they reach.
#[derive(Debug)]
pub struct History {
    entries: Vec<Entry>,
    steps: Vec<Step>,
    horizon: Option<Timestamp>,
}

/// An entry whose changes do not keep the contract.
#[derive(Debug, thiserror::Error)]
#[error("the changes of entry {id} cannot be read: {cause}")]
pub struct Unreadable {
    /// The entry.
    pub id: u64,
    /// What is wrong with them.
    pub cause: JsonError,
}

/// One entry, as replaying needs it.
#[derive(Debug)]
struct Step {
    action: Action,
    parts: Vec<Part>,
}

/// One changed field: its place, and what stood there before and after, leaf by leaf.
#[derive(Debug)]
struct Part {
    path: Path,
    old: Vec<Item>,
    new: Vec<Item>,
    /// Nothing was kept of either side.
    is_redacted: bool,
    /// An item of a list, recorded by its number: the list as a whole is not known by it.
    is_within_list: bool,
}

impl History {
    /// Takes the entries of one resource, in any order. Entries before `horizon` may be missing, because they were
    /// pruned; nothing is concluded from those that are left there.
    ///
    /// # Errors
    /// [`Unreadable`], when an entry's changes do not keep the contract.
    pub fn new(mut entries: Vec<Entry>, horizon: Option<Timestamp>) -> Result<Self, Unreadable> {
        entries.sort_by_key(|entry| (entry.occurred_at, entry.id));
        let list = |entry: &Entry| entry.changes.list().map_err(|cause| Unreadable { id: entry.id, cause });
        let changes = entries.iter().map(list).collect::<Result<Vec<_>, _>>()?;
        let places = Places::new(&changes);
        let step = |(entry, changes): (&Entry, &Vec<Change>)| {
            let part = |change: &Change| {
                part(change, entry.action, &places).map_err(|cause| Unreadable { id: entry.id, cause })
            };
            let parts = changes.iter().map(part).collect::<Result<_, _>>()?;
            Ok(Step { action: entry.action, parts })
        };
        let steps = entries.iter().zip(&changes).map(step).collect::<Result<_, _>>()?;
        Ok(Self { entries, steps, horizon })
    }

    /// The entries, oldest first: by time, and where times are equal by id.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Before this, entries may be missing.
    #[must_use]
    pub const fn horizon(&self) -> Option<Timestamp> {
        self.horizon
    }

    /// The resource's names with the index of the entry that first has each, in order. An entry without a name keeps
    /// the last.
    #[must_use]
    pub fn names(&self) -> Vec<(usize, &str)> {
        let mut names: Vec<(usize, &str)> = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some(name) = entry.model_name.as_deref()
                && names.last().is_none_or(|(_, last)| *last != name)
            {
                names.push((index, name));
            }
        }
        names
    }

    /// The first entry from which something is concluded.
    fn first(&self) -> usize {
        let Some(horizon) = self.horizon else { return 0 };
        self.entries.partition_point(|entry| entry.occurred_at < horizon)
    }
}

fn part(change: &Change, action: Action, places: &Places<'_>) -> Result<Part, JsonError> {
    let place = places.of(&change.field);
    if change.redacted {
        let redacted = || vec![Item::redacted(place.path.clone())];
        let old = if action == Action::Created { Vec::new() } else { redacted() };
        let new = if action == Action::Deleted { Vec::new() } else { redacted() };
        return Ok(Part {
            path: place.path,
            old,
            new,
            is_redacted: true,
            is_within_list: place.is_within_list,
        });
    }
    let side = |side: &Option<RawJson>| -> Result<Vec<Item>, JsonError> {
        let value = side.as_ref().map(RawJson::parse).transpose()?;
        Ok(value.map(|value| flatten(&place.path, &value)).unwrap_or_default())
    };
    let (old, new) = (side(&change.old)?, side(&change.new)?);
    let is_within_list = place.is_within_list;
    Ok(Part { path: place.path, old, new, is_redacted: false, is_within_list })
}

impl Part {
    /// The leaves that are not the same on both sides.
    fn differences(&self) -> Vec<&Path> {
        if self.is_redacted || self.is_within_list {
            return vec![&self.path];
        }
        let old: HashMap<&Path, &Content> = self.old.iter().map(|item| (&item.path, &item.content)).collect();
        let new: HashSet<&Path> = self.new.iter().map(|item| &item.path).collect();
        let gone = self.old.iter().filter(|item| !new.contains(&item.path)).map(|item| &item.path);
        let differs =
            |item: &&Item| item.is_changed || old.get(&item.path).is_none_or(|old| !old.same(&item.content));
        self.new.iter().filter(differs).map(|item| &item.path).chain(gone).collect()
    }
}
