//! What a prune of the trail states again, because the entries that stated it are about to be deleted: the prunes and erasures,
//! of both logs, and the upgrade that explain missing entries.

use serde_json::{Value, json};

use crate::model::integrity::verify::erasures::ErasureRule;
use crate::model::integrity::verify::retention::StatedRetention;
use crate::model::integrity::verify::rules::{PruneRule, Rules};
use crate::model::words::Log;

/// What explains missing entries of the two logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restated {
    prunes: Vec<(Log, PruneRule)>,
    erasures: Vec<(Log, ErasureRule)>,
    unprotected_through: u64,
    retention: StatedRetention,
}

impl Restated {
    /// Adds what the deleted entries of the trail state about a log, and the entries that are kept do not.
    pub fn add(&mut self, log: Log, deleted: &Rules, kept: &Rules) {
        self.prunes.extend(deleted.not_covered_by(kept).into_iter().map(|rule| (log, rule)));
        let erasures = deleted.erasures.not_covered_by(&kept.erasures);
        self.erasures.extend(erasures.into_iter().map(|rule| (log, rule)));
        if deleted.unprotected_through > kept.unprotected_through {
            self.unprotected_through = deleted.unprotected_through;
        }
    }

    /// Sets the retention in force after the deleted entries, if they state it.
    pub const fn set_retention(&mut self, retention: StatedRetention) {
        self.retention = retention;
    }

    /// The plan and the floor in force after the deleted entries, if they state them.
    pub(super) fn retention(&self) -> Option<(&'static str, String)> {
        let StatedRetention { plan, floor } = self.retention;
        let floor = floor.flatten().map_or_else(|| "none".to_owned(), |floor| floor.to_string());
        plan.map(|plan| (plan.as_str(), floor))
    }

    /// The earlier prunes as a list, if there are any.
    pub(super) fn prunes(&self) -> Option<Value> {
        let member = |(log, rule): &(Log, PruneRule)| {
            let PruneRule { prune, cutoff, as_of } = rule;
            json!({"log": log.as_str(), "prune": prune, "cutoff": cutoff.to_string(), "as_of": as_of})
        };
        (!self.prunes.is_empty()).then(|| self.prunes.iter().map(member).collect())
    }

    /// The earlier erasures as a list, if there are any.
    pub(super) fn erasures(&self) -> Option<Value> {
        let member = |(log, rule): &(Log, ErasureRule)| {
            let mut member = json!({"log": log.as_str(), "label": rule.label});
            rule.members().into_iter().for_each(|(name, value)| member[name] = value);
            member
        };
        (!self.erasures.is_empty()).then(|| self.erasures.iter().map(member).collect())
    }

    /// The highest id of the audit log that was recorded before the log had a tree, if there is one.
    pub(super) fn unprotected_through(&self) -> Option<u64> {
        (self.unprotected_through > 0).then_some(self.unprotected_through)
    }
}
