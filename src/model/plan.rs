//! How long entries are kept: each plan's retention, and the cutoff before which an entry has expired.

use crate::model::time::Age;
use crate::model::timestamp::Timestamp;
use crate::model::words::Plan;

impl Plan {
    /// How long entries are kept. A year is a calendar year in UTC, 90 days are 90 × 24 hours.
    #[must_use]
    pub const fn retention(self) -> Age {
        match self {
            Self::Free => Age::days(90),
            Self::Starter | Self::Pro => Age::years(1),
            Self::Business => Age::years(3),
        }
    }
}

/// A prune asked for entries that are still inside their retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "older_than {asked} is shorter than what the {plan} plan keeps ({kept}): name a longer age, or have an operator lower the organization's floor"
)]
pub struct InsideRetention {
    /// The organization's plan.
    pub plan: Plan,
    /// The age asked for.
    pub asked: Age,
    /// The shortest age that would have been granted.
    pub kept: Age,
}

/// What an organization promises to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The commercial plan.
    pub plan: Plan,
    /// A shorter age that an operator allows prunes to name. It changes nothing by itself: without an age of their own
    /// prunes and sweeps keep to the plan.
    pub floor: Option<Age>,
}

impl Retention {
    /// The moment before which entries go: `occurred_at < cutoff` has expired.
    ///
    /// # Errors
    /// [`InsideRetention`] when `older_than` is shorter than the plan's retention and than the floor.
    pub fn cutoff(&self, older_than: Option<Age>, now: Timestamp) -> Result<Timestamp, InsideRetention> {
        let by_plan = self.plan.retention().before(now);
        let Some(asked) = older_than else { return Ok(by_plan) };
        let kept = self.floor.unwrap_or(self.plan.retention());
        let latest = by_plan.max(kept.before(now));
        let cutoff = asked.before(now);
        if cutoff > latest { Err(InsideRetention { plan: self.plan, asked, kept }) } else { Ok(cutoff) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    #[test]
    fn each_plan_has_its_cutoff() {
        let cutoff = |plan, now| Retention { plan, floor: None }.cutoff(None, at(now)).expect("by plan");
        assert_eq!(cutoff(Plan::Free, "2026-11-22T08:00:00Z"), at("2026-08-24T08:00:00Z"));
        assert_eq!(cutoff(Plan::Starter, "2026-11-22T08:00:00Z"), at("2025-11-22T08:00:00Z"));
        assert_eq!(cutoff(Plan::Pro, "2028-02-29T12:00:00Z"), at("2027-02-28T12:00:00Z"));
        assert_eq!(cutoff(Plan::Business, "2027-02-28T12:00:00Z"), at("2024-02-28T12:00:00Z"));
        assert_eq!(cutoff(Plan::Free, "1970-01-02T00:00:00Z"), Timestamp::MIN);
    }

    #[test]
    fn an_age_of_ones_own_may_be_longer_and_never_shorter_than_plan_and_floor() {
        let now = at("2026-11-22T08:00:00Z");
        let age = |text: &str| Some(text.parse::<Age>().expect(text));
        let kept = Retention { plan: Plan::Free, floor: None };
        assert_eq!(kept.cutoff(age("120d"), now), Ok(at("2026-07-25T08:00:00Z")));
        assert_eq!(kept.cutoff(age("90d"), now), kept.cutoff(None, now));
        assert!(kept.cutoff(age("89d"), now).is_err());
        let lowered = Retention { plan: Plan::Free, floor: age("30d") };
        assert_eq!(lowered.cutoff(age("30d"), now), Ok(at("2026-10-23T08:00:00Z")));
        assert!(lowered.cutoff(age("29d"), now).is_err());
        assert_eq!(lowered.cutoff(None, now), kept.cutoff(None, now), "a floor by itself deletes nothing");
        let longer = Retention { plan: Plan::Free, floor: age("1y") };
        assert_eq!(
            longer.cutoff(age("90d"), now),
            kept.cutoff(None, now),
            "a floor above the plan does not bind"
        );
    }
}
