//! Which entries may be missing: the prunes and erasures that the trail recorded.

use crate::model::integrity::verify::erasures::ErasureRules;
use crate::model::integrity::verify::fault::{FaultKind, Overreach};
use crate::model::timestamp::Timestamp;

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
    /// The prunes that may have deleted younger entries.
    overreaches: Vec<Overreach>,
    /// The entries of which a part was erased.
    pub erasures: ErasureRules,
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

    /// Adds erasures.
    #[must_use]
    pub(super) fn with_erasures(self, erasures: ErasureRules) -> Self {
        Self { erasures, ..self }
    }

    /// Adds prunes whose cutoffs were later than allowed. Their rules are limited to what was.
    #[must_use]
    pub(super) fn with_overreaches(self, overreaches: Vec<Overreach>) -> Self {
        Self { overreaches, ..self }
    }

    /// The prunes that explain deleted entries which neither another of these prunes nor one of `kept` explains.
    #[must_use]
    pub fn not_covered_by(&self, kept: &Self) -> Vec<PruneRule> {
        let covers = |by: &PruneRule, it: &PruneRule| by.cutoff >= it.cutoff && by.as_of >= it.as_of;
        let needed = |(index, it): (usize, &PruneRule)| {
            let is_covered = kept.prunes.iter().chain(&self.prunes[index + 1..]).any(|by| covers(by, it))
                || self.prunes[..index].iter().any(|by| covers(by, it) && !covers(it, by));
            (!is_covered).then_some(*it)
        };
        self.prunes.iter().enumerate().filter_map(needed).collect()
    }

    /// The first prune that may have deleted an entry with this id and time.
    #[must_use]
    pub fn prune_of(&self, id: u64, at: Timestamp) -> Option<&PruneRule> {
        let from = self.reach.partition_point(|(cutoff, as_of)| *cutoff <= at || *as_of < id);
        self.prunes[from..].iter().find(|prune| at < prune.cutoff && id <= prune.as_of)
    }

    /// What is wrong with a deleted entry that no prune may have deleted.
    #[must_use]
    pub(super) fn fault_of(&self, id: u64, at: Timestamp) -> FaultKind {
        let reaches = |it: &&Overreach| at < it.cutoff && id <= it.as_of;
        self.overreaches.iter().find(reaches).map_or(FaultKind::Deleted, |it| FaultKind::InsideRetention(*it))
    }

    /// The prune with this number.
    #[must_use]
    pub fn prune(&self, number: u64) -> Option<&PruneRule> {
        self.prunes.iter().find(|prune| prune.prune == number)
    }
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

    #[test]
    fn only_prunes_that_no_other_covers_are_needed() {
        let all = [rule(1, 10, 100), rule(2, 30, 50), rule(3, 20, 200), rule(4, 20, 200), rule(5, 15, 150)];
        let rules = Rules::new(all.to_vec(), 0);
        let needed = |kept: &[PruneRule]| -> Vec<u64> {
            let needed = rules.not_covered_by(&Rules::new(kept.to_vec(), 0));
            needed.iter().map(|rule| rule.prune).collect()
        };
        assert_eq!(needed(&[]), [2, 4], "of two equal ones the later");
        assert_eq!(needed(&[rule(6, 29, 300)]), [2]);
        assert_eq!(needed(&[rule(6, 30, 200)]), [0; 0]);
        // Nothing is explained that was not before, and nothing is lost.
        let carried = Rules::new(rules.not_covered_by(&Rules::default()), 0);
        for (id, time) in (0..=210).flat_map(|id| (0..=31).map(move |time| (id, at(time)))) {
            let explained = |rules: &Rules| rules.prune_of(id, time).is_some();
            assert_eq!(explained(&carried), explained(&rules), "{id} at {time:?}");
        }
    }
}
