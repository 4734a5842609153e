//! Which entries may be missing: the prunes and erasures that the trail recorded.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::integrity::leaf::EntryParts;
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;

/// A prune as the trail recorded it before its first delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneRule {
    /// Its number.
    pub prune: u64,
    /// It deletes entries that happened before this.
    pub cutoff: Timestamp,
    /// It deletes no entry with a higher id.
    pub as_of: u64,
}

/// What the trail says about deleted entries of one log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    prunes: Vec<PruneRule>,
    /// The latest cutoff and the highest `as_of` of each prune and of all before it.
    reach: Vec<(Timestamp, u64)>,
    /// Entries up to this id were recorded before the log had a tree.
    pub unprotected_through: u64,
    /// The entries of which a part was erased, with the entry of the trail that says so.
    pub erasures: BTreeMap<u64, u64>,
}

impl Rules {
    /// The rules of these prunes, in the order in which they were recorded.
    #[must_use]
    pub fn new(prunes: Vec<PruneRule>, unprotected_through: u64) -> Self {
        let mut rules = Self { unprotected_through, ..Self::default() };
        prunes.into_iter().for_each(|prune| rules.add_prune(prune));
        rules
    }

    fn add_prune(&mut self, prune: PruneRule) {
        let (cutoff, as_of) = self.reach.last().copied().unwrap_or((Timestamp::MIN, 0));
        self.reach.push((cutoff.max(prune.cutoff), as_of.max(prune.as_of)));
        self.prunes.push(prune);
    }

    /// Reads an entry of the trail: a prune of `log`, or the migration that gave the log its tree. Others are ignored.
    pub fn add(&mut self, entry: &EntryParts<'_>, log: Log) {
        let text = (entry.action.as_str(), entry.model_type.as_str());
        let is_prune = text == ("pruned", "audit_log") && entry.model_id == log.as_str();
        let is_migration = text == ("migrated", "server") && log == Log::Audit;
        if !is_prune && !is_migration {
            return;
        }
        let new = |field: &str| new_value(entry, field);
        let number = |field: &str| new(field)?.as_u64();
        if is_migration {
            self.unprotected_through =
                self.unprotected_through.max(number("unprotected_through").unwrap_or(0));
            return;
        }
        let cutoff = new("cutoff").and_then(|cutoff| cutoff.as_str()?.parse::<Timestamp>().ok());
        let (Some(prune), Some(cutoff), Some(as_of)) = (number("prune"), cutoff, number("as_of")) else {
            // The entry that ends a prune has no cutoff.
            return;
        };
        // What had not happened yet cannot have expired.
        if cutoff <= entry.recorded_at {
            self.add_prune(PruneRule { prune, cutoff, as_of });
        }
    }

    /// The first prune that may have deleted an entry with this id and time.
    #[must_use]
    pub fn prune_of(&self, id: u64, at: Timestamp) -> Option<&PruneRule> {
        let from = self.reach.partition_point(|(cutoff, as_of)| *cutoff <= at || *as_of < id);
        self.prunes[from..].iter().find(|prune| at < prune.cutoff && id <= prune.as_of)
    }

    /// The prune with this number.
    #[must_use]
    pub fn prune(&self, number: u64) -> Option<&PruneRule> {
        self.prunes.iter().find(|prune| prune.prune == number)
    }
}

/// The new value of a field of a trail entry.
fn new_value(entry: &EntryParts<'_>, field: &str) -> Option<Value> {
    let changes: Value = serde_json::from_str(entry.changes).ok()?;
    let change = changes.as_array()?.iter().find(|change| change["field"] == field)?;
    Some(change["new"].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).expect("a time")
    }

    fn rule(prune: u64, cutoff: i64, as_of: u64) -> PruneRule {
        PruneRule { prune, cutoff: at(cutoff), as_of }
    }

    #[test]
    fn a_missing_entry_belongs_to_the_first_prune_that_may_delete_it() {
        let rules =
            Rules::new(vec![rule(1, 10, 100), rule(2, 30, 50), rule(3, 20, 200), rule(4, 40, 150)], 0);
        for (id, time, prune) in [
            (1, 9, Some(1)),
            (1, 10, Some(2)),
            (50, 29, Some(2)),
            (51, 15, Some(3)),
            (51, 29, Some(4)),
            (150, 39, Some(4)),
            (151, 39, None),
            (200, 19, Some(3)),
            (201, 0, None),
            (1, 40, None),
        ] {
            assert_eq!(rules.prune_of(id, at(time)).map(|rule| rule.prune), prune, "{id} at {time}");
        }
        assert_eq!(Rules::default().prune_of(1, at(0)), None);
        assert_eq!(rules.prune(3), Some(&rule(3, 20, 200)));
    }
}
