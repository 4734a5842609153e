//! The retention of each plan, and the cutoff before which entries have expired.

use crate::model::time::Age;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Log, Plan};

impl Plan {
    /// How long entries are kept. A year is a calendar year in UTC; a day has 24 hours.
    #[must_use]
    pub const fn retention(self) -> Age {
        match self {
            Self::Free => Age::days(90),
            Self::Starter | Self::Pro => Age::years(1),
            Self::Business => Age::years(3),
        }
    }

    /// How long entries of this log are kept: those of the trail for a year at least.
    #[must_use]
    pub const fn retention_of(self, log: Log) -> Age {
        match (log, self) {
            (Log::Trail, Self::Free) => Age::years(1),
            _ => self.retention(),
        }
    }
}

/// A prune of entries that are still inside their retention was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "older_than {asked} is shorter than the retention of the {plan} plan ({kept}): use a longer age, or ask an operator to lower the organization's floor"
)]
pub struct InsideRetention {
    /// The organization's plan.
    pub plan: Plan,
    /// The requested age.
    pub asked: Age,
    /// The shortest age that is allowed.
    pub kept: Age,
}

/// How long an organization keeps entries.
///
/// ```
/// use krosyn_audit::model::plan::Retention;
/// use krosyn_audit::model::words::Plan;
///
/// let now = "2026-11-22T08:00:00Z".parse()?;
/// let retention = Retention { plan: Plan::Free, floor: None };
/// assert_eq!(retention.cutoff(None, now)?, "2026-08-24T08:00:00Z".parse()?);
/// // A prune may ask for a longer age, not for a shorter one, unless an operator sets a floor.
/// assert!(retention.cutoff(Some("120d".parse()?), now).is_ok());
/// assert!(retention.cutoff(Some("30d".parse()?), now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The commercial plan.
    pub plan: Plan,
    /// A shorter age that an operator allows prunes to use. Without an explicit age, prunes and sweeps still use the plan.
    pub floor: Option<Age>,
}

impl Retention {
    /// The cutoff: entries with `occurred_at < cutoff` have expired.
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
    use crate::model::fixtures::at;

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
    fn the_trail_is_kept_for_a_year_at_least() {
        let now = at("2026-11-22T08:00:00Z");
        for plan in Plan::ALL {
            let cutoffs = [Log::Audit, Log::Trail].map(|log| plan.retention_of(log).before(now));
            assert_eq!(cutoffs[0], plan.retention().before(now));
            assert_eq!(cutoffs[1], cutoffs[0].min(at("2025-11-22T08:00:00Z")), "{plan}");
        }
    }

    #[test]
    fn a_requested_age_may_exceed_plan_and_floor_but_not_undercut_them() {
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
