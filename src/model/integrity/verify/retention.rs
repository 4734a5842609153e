//! The retention that the trail states: which plan and floor were in force when a prune began, and which entries had expired
//! by them.

use chrono::TimeDelta;

use crate::model::plan::Retention;
use crate::model::time::Age;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Log, Plan};

/// How long a prune may still use the plan before a change: a sweep reads all plans when it begins, and may run long.
const OLD_PLAN: TimeDelta = TimeDelta::days(1);

/// A plan and a floor, where the trail states them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatedRetention {
    /// The plan.
    pub plan: Option<Plan>,
    /// The floor: `Some(None)` if there is none.
    pub floor: Option<Option<Age>>,
}

impl From<Retention> for StatedRetention {
    fn from(Retention { plan, floor }: Retention) -> Self {
        Self { plan: Some(plan), floor: Some(floor) }
    }
}

impl StatedRetention {
    /// This retention, completed by another.
    #[must_use]
    pub(super) fn or(self, other: Self) -> Self {
        Self { plan: self.plan.or(other.plan), floor: self.floor.or(other.floor) }
    }

    /// The time before which entries had expired at `now`. Without a known plan, by the longest.
    fn cutoff(self, log: Log, now: Timestamp) -> Timestamp {
        let by_plan = self.plan.unwrap_or(Plan::Business).retention_of(log).before(now);
        // Only prunes of the audit log can ask for a shorter age.
        let floor = self.floor.flatten().filter(|_| log == Log::Audit);
        floor.map_or(by_plan, |floor| by_plan.max(floor.before(now)))
    }
}

/// The changes of a retention, in the order of the trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RetentionChanges {
    /// The retention before the first change, if the trail states it.
    initial: StatedRetention,
    /// When each change was recorded, and the retention after it.
    changes: Vec<(Timestamp, StatedRetention)>,
}

impl RetentionChanges {
    pub(super) const fn begin_with(&mut self, initial: StatedRetention) {
        self.initial = initial;
    }

    /// Completes the initial retention by the old values of a change.
    pub(super) fn complete(&mut self, before: StatedRetention) {
        self.initial = self.initial.or(before);
    }

    pub(super) fn add(&mut self, at: Timestamp, stated: StatedRetention) {
        let before = self.changes.last().map_or(StatedRetention::default(), |(_, before)| *before);
        self.changes.push((at, stated.or(before)));
    }

    /// How many changes there are so far.
    pub(super) const fn count(&self) -> usize {
        self.changes.len()
    }

    /// The retention after this many changes.
    pub(super) fn after(&self, count: usize) -> StatedRetention {
        let changed = count.checked_sub(1).and_then(|at| self.changes.get(at));
        changed.map_or(StatedRetention::default(), |(_, after)| *after).or(self.initial)
    }

    /// The latest cutoff that is allowed for a prune of `log` that was recorded at `at`, after this many changes. `own` is what
    /// the prune states about its retention. It counts where the trail does not state one.
    pub(super) fn latest_cutoff(
        &self,
        log: Log,
        count: usize,
        at: Timestamp,
        own: StatedRetention,
    ) -> Timestamp {
        let recent = |count: &usize| {
            let ended = self.changes.get(*count).map(|(ended, _)| *ended);
            ended.is_some_and(|ended| ended.plus(OLD_PLAN) >= at)
        };
        let earlier = (0..count).rev().take_while(recent).map(|count| self.after(count));
        let earlier = earlier.filter(|retention| retention.plan.is_some());
        let retentions = std::iter::once(self.after(count).or(own)).chain(earlier);
        retentions.map(|retention| retention.cutoff(log, at)).max().unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::at;

    fn stated(plan: Plan, floor: Option<&str>) -> StatedRetention {
        Retention { plan, floor: floor.map(|age| age.parse().expect(age)) }.into()
    }

    #[test]
    fn a_prune_may_use_the_retention_in_force_and_for_a_day_the_one_before() {
        let mut changes = RetentionChanges::default();
        let (day, later) = (at("2026-11-22T08:00:00Z"), at("2026-11-22T09:00:00Z"));
        let unknown = StatedRetention::default();
        let days = |days| Age::days(days).before(later);
        assert_eq!(changes.latest_cutoff(Log::Audit, 0, later, unknown), Age::years(3).before(later));
        assert_eq!(changes.latest_cutoff(Log::Audit, 0, later, stated(Plan::Free, None)), days(90));
        changes.begin_with(stated(Plan::Free, Some("30d")));
        assert_eq!(changes.latest_cutoff(Log::Audit, 0, later, unknown), days(30));
        assert_eq!(changes.latest_cutoff(Log::Trail, 0, later, unknown), Age::years(1).before(later));
        // A change states only what changed.
        changes.add(day, StatedRetention { plan: Some(Plan::Business), floor: None });
        assert_eq!(changes.after(1), stated(Plan::Business, Some("30d")));
        changes.add(day, StatedRetention { plan: None, floor: Some(None) });
        assert_eq!(changes.after(2), stated(Plan::Business, None));
        // Nor what was in force before the first statement.
        let mut created = RetentionChanges::default();
        created.add(day, stated(Plan::Free, None));
        let own = stated(Plan::Free, Some("1h"));
        assert_eq!(created.latest_cutoff(Log::Audit, 1, later, own), days(90));
        // What the prune says about itself does not count then.
        assert_eq!(changes.latest_cutoff(Log::Audit, 2, later, own), days(30));
        let after_a_day = at("2026-11-23T08:00:01Z");
        assert_eq!(changes.latest_cutoff(Log::Audit, 2, after_a_day, own), Age::years(3).before(after_a_day));
    }
}
