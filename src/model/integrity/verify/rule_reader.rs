//! Reads the rules from the trail: its prunes, limited to what the retention in force allowed, and its erasures.

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;

use crate::model::integrity::leaf::EntryParts;
use crate::model::integrity::verify::erasures::{ErasureRule, ErasureRules};
use crate::model::integrity::verify::fault::Overreach;
use crate::model::integrity::verify::retention::{RetentionChanges, StatedRetention};
use crate::model::integrity::verify::rules::{PruneRule, Rules};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Log, ModelType};

/// By how much clocks may differ: those of servers, and that of the verifier.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);

/// Collects what the trail states about deleted entries of one log.
#[derive(Debug, Clone)]
pub struct RuleReader {
    log: Log,
    prunes: Vec<RecordedPrune>,
    retention: RetentionChanges,
    /// When the entries of the trail that were read here were recorded.
    times: Vec<Timestamp>,
    unprotected_through: u64,
    erasures: Vec<ErasureRule>,
}

/// A prune as the trail states it.
#[derive(Debug, Clone)]
struct RecordedPrune {
    rule: PruneRule,
    evidence: Evidence,
}

/// What limits the cutoff of a prune.
#[derive(Debug, Clone)]
enum Evidence {
    /// Its own entry, and the retention in force then.
    Entry {
        /// The place of the entry in `times`.
        place: usize,
        /// How many changes of the retention precede it.
        changes: usize,
        /// What the entry says about the retention.
        own: StatedRetention,
    },
    /// Its entry was deleted by a prune of the trail with this cutoff, so it was recorded earlier.
    Restated(Timestamp),
}

impl RuleReader {
    /// Begins to read the rules for a log.
    #[must_use]
    pub fn new(log: Log) -> Self {
        let (prunes, times, erasures) = (Vec::new(), Vec::new(), Vec::new());
        let retention = RetentionChanges::default();
        Self { log, prunes, retention, times, unprotected_through: 0, erasures }
    }

    /// Sets the retention in force before the first entry.
    pub const fn begin_with(&mut self, retention: StatedRetention) {
        self.retention.begin_with(retention);
    }

    /// The retention in force after the last entry, if the trail states it.
    #[must_use]
    pub fn retention(&self) -> StatedRetention {
        self.retention.after(self.retention.count())
    }

    /// Up to which id entries were recorded before the log had a tree.
    #[must_use]
    pub const fn unprotected_through(&self) -> u64 {
        self.unprotected_through
    }

    /// Reads an entry of the trail, in the order of ids: a prune, an erasure, a change of the retention, or the migration that gave the log
    /// its tree. Others are ignored.
    pub fn add(&mut self, entry: &EntryParts<'_>) {
        match (entry.action, entry.model_type) {
            (Action::Pruned, ModelType::AuditLog)
            | (Action::Erased, ModelType::User)
            | (Action::Migrated, ModelType::Server)
            | (Action::Created | Action::Updated, ModelType::Organization) => {}
            _ => return,
        }
        let Ok(fields) = serde_json::from_str::<Vec<Field>>(entry.changes) else { return };
        let field = |name: &str| fields.iter().find(|it| it.field == name).map(|it| &it.new);
        self.times.push(entry.recorded_at);
        if self.log == Log::Audit {
            let through = field("unprotected_through").and_then(Value::as_u64).unwrap_or(0);
            self.unprotected_through = self.unprotected_through.max(through);
        }
        if entry.action == Action::Pruned {
            return self.add_prunes(entry, &field);
        }
        if entry.action == Action::Erased {
            // The entries that begin and end an erasure name no log.
            let of_log = field("log").and_then(Value::as_str) == Some(self.log.as_str());
            let rule = ErasureRule::read(entry.model_id, &field).filter(|_| of_log);
            return self.erasures.extend(rule);
        }
        let mut stated = retention(&field, ["plan", "floor"]);
        if entry.action == Action::Updated {
            let old = |name: &str| fields.iter().find(|it| it.field == name).map(|it| &it.old);
            self.retention.complete(retention(&old, ["plan", "floor"]));
        } else if stated.plan.is_some() {
            // It states the floor, if there is one.
            stated.floor = stated.floor.or(Some(None));
        }
        self.retention.add(entry.recorded_at, stated);
    }

    fn add_prunes<'a>(&mut self, entry: &EntryParts<'_>, field: &impl Fn(&str) -> Option<&'a Value>) {
        // What had not happened yet cannot have expired.
        let is_past = |rule: &PruneRule| rule.cutoff <= entry.recorded_at;
        let own = rule(field).filter(is_past);
        // Only a prune of the trail deletes what explains others.
        if let Some(PruneRule { cutoff, .. }) = own.filter(|_| entry.model_id == Log::Trail.as_str()) {
            let earlier = field("earlier_prunes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let of_log = earlier.iter().filter(|it| it["log"] == self.log.as_str());
            let rules = of_log.filter_map(|it| rule(&|name: &str| it.get(name)));
            let evidence = Evidence::Restated(cutoff);
            self.prunes.extend(rules.map(|rule| RecordedPrune { rule, evidence: evidence.clone() }));
            let earlier = field("earlier_erasures").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let of_log = earlier.iter().filter(|it| it["log"] == self.log.as_str());
            let label = |it: &Value| it["label"].as_str().unwrap_or_default().to_owned();
            self.erasures
                .extend(of_log.filter_map(|it| ErasureRule::read(&label(it), &|name: &str| it.get(name))));
            let earlier = retention(field, ["earlier_plan", "earlier_floor"]);
            if earlier.plan.is_some() {
                self.retention.begin_with(earlier);
            }
        }
        // The entry that ends a prune has no cutoff.
        if let Some(rule) = own.filter(|_| entry.model_id == self.log.as_str()) {
            let mut own = retention(field, ["plan", "floor"]);
            own.floor = own.floor.or(Some(None));
            let (place, changes) = (self.times.len() - 1, self.retention.count());
            self.prunes.push(RecordedPrune { rule, evidence: Evidence::Entry { place, changes, own } });
        }
    }

    /// The rules. No prune explains more than the retention in force allowed when it was recorded. It was recorded before the
    /// entries that follow it in the trail, and before `now`, the time of the reader, whatever the server's clock said.
    #[must_use]
    pub fn rules(&self, now: Timestamp) -> Rules {
        let mut latest = now.plus(CLOCK_DIFFERENCE);
        let mut times: Vec<Timestamp> = self.times.clone();
        for time in times.iter_mut().rev() {
            latest = latest.min(time.plus(CLOCK_DIFFERENCE));
            *time = latest;
        }
        let limited = |RecordedPrune { rule, evidence }: &RecordedPrune| {
            let allowed = match evidence {
                Evidence::Restated(before) => *before,
                Evidence::Entry { place, changes, own } => {
                    let at = times.get(*place).copied().unwrap_or(latest);
                    self.retention.latest_cutoff(self.log, *changes, at, *own)
                }
            };
            let PruneRule { prune, cutoff, as_of } = *rule;
            let overreach = (cutoff > allowed).then_some(Overreach { prune, cutoff, as_of, allowed });
            (PruneRule { cutoff: cutoff.min(allowed), ..*rule }, overreach)
        };
        let (prunes, overreaches): (Vec<_>, Vec<_>) = self.prunes.iter().map(limited).unzip();
        let overreaches = overreaches.into_iter().flatten().collect();
        let rules = Rules::new(prunes, self.unprotected_through).with_overreaches(overreaches);
        rules.with_erasures(ErasureRules::new(self.erasures.clone()))
    }
}

/// A field of a trail entry.
#[derive(Deserialize)]
struct Field {
    field: String,
    #[serde(default)]
    old: Value,
    #[serde(default)]
    new: Value,
}

/// The prune that these members describe.
fn rule<'a>(member: &impl Fn(&str) -> Option<&'a Value>) -> Option<PruneRule> {
    let number = |name: &str| member(name)?.as_u64();
    let cutoff = member("cutoff")?.as_str()?.parse().ok()?;
    Some(PruneRule { prune: number("prune")?, cutoff, as_of: number("as_of")? })
}

/// The retention that these fields state. A floor without a new value was removed.
fn retention<'a>(field: &impl Fn(&str) -> Option<&'a Value>, [plan, floor]: [&str; 2]) -> StatedRetention {
    let plan = field(plan).and_then(Value::as_str).and_then(|plan| plan.parse().ok());
    let floor = field(floor).map(|floor| floor.as_str().and_then(|floor| floor.parse().ok()));
    StatedRetention { plan, floor }
}

#[cfg(test)]
mod tests;
