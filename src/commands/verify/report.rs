//! The result of `verify --server`, as text or JSON.

use serde_json::{Value, json};

use crate::commands::Context;
use crate::error::Failure;
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::verify::Verdict;
use crate::model::integrity::verify::fault::{Fault, FaultKind, Overreach};
use crate::model::integrity::verify::rules::Rules;
use crate::model::time::format::short;
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::render::filter_summary::{counted, grouped};

/// The result for one log.
pub(super) struct LogReport {
    pub(super) log: Log,
    pub(super) checkpoint: Checkpoint,
    /// The size and the time of the last checkpoint seen.
    pub(super) last: Option<(u64, Timestamp)>,
    /// None after a quick check.
    pub(super) verdict: Option<Verdict>,
    pub(super) rules: Rules,
}

/// The result for a server.
pub(super) struct Report {
    pub(super) server: String,
    pub(super) organization: String,
    pub(super) key: String,
    pub(super) pinned_at: Timestamp,
    /// Whether the key was pinned before.
    pub(super) was_pinned: bool,
    pub(super) logs: Vec<LogReport>,
    pub(super) fault: Option<(Log, Fault)>,
}

impl LogReport {
    fn consistent(&self, context: &Context) -> String {
        match self.last {
            None => "first checkpoint seen here: nothing to compare it with".to_owned(),
            Some((size, at)) => format!(
                "with the checkpoint of {} ({})",
                short(at, &context.time),
                counted(size, "entry", "entries")
            ),
        }
    }

    /// What became of the entries: `963 entries unchanged, 338 expired (prune 3, cutoff 2026-08-30), 0 erased`.
    fn summary(&self, verdict: &Verdict, context: &Context) -> String {
        let Verdict { unchanged, expired, erased, unprotected } = verdict;
        let mut text = format!("{} unchanged", counted(*unchanged, "entry", "entries"));
        let count: u64 = expired.values().sum();
        text += &format!(", {} expired", grouped(count));
        if let (Some((first, _)), Some((last, _))) = (expired.first_key_value(), expired.last_key_value()) {
            let prunes =
                if first == last { format!("prune {first}") } else { format!("prunes {first} to {last}") };
            let cutoff = self.rules.prune(*last).map(|prune| short(prune.cutoff, &context.time));
            text += &cutoff.map_or(format!(" ({prunes})"), |cutoff| format!(" ({prunes}, cutoff {cutoff})"));
        }
        text += &format!(", {} erased", grouped(erased.values().sum()));
        let erasures: Vec<_> = erased.keys().map(u64::to_string).collect();
        if !erasures.is_empty() {
            let word = if erasures.len() == 1 { "erasure" } else { "erasures" };
            text += &format!(" ({word} {})", erasures.join(", "));
        }
        if *unprotected > 0 {
            text += &format!(", {} deleted before the log had a tree", grouped(*unprotected));
        }
        text
    }

    fn json(&self) -> Value {
        let Checkpoint { origin, size, root } = &self.checkpoint;
        let mut value = json!({ "origin": origin, "entries": size, "root": root });
        if let Some((size, at)) = self.last {
            value["consistent_with"] = json!({ "entries": size, "seen_at": at });
        }
        if let Some(Verdict { unchanged, expired, erased, unprotected }) = &self.verdict {
            let expired: Vec<_> = expired
                .iter()
                .map(|(prune, entries)| {
                    let cutoff = self.rules.prune(*prune).map(|prune| prune.cutoff);
                    json!({ "prune": prune, "cutoff": cutoff, "entries": entries })
                })
                .collect();
            value["unchanged"] = json!(unchanged);
            value["expired"] = json!(expired);
            let erasures: Vec<_> = erased
                .iter()
                .map(|(erasure, entries)| json!({ "erasure": erasure, "entries": entries }))
                .collect();
            value["erased"] = json!(erased.values().sum::<u64>());
            value["erasures"] = json!(erasures);
            value["unprotected"] = json!(unprotected);
        }
        value
    }
}

impl Report {
    /// Prints the report; returns the failure if there is a fault.
    pub(super) fn print(&self, context: &mut Context, is_json: bool) -> Result<(), Failure> {
        if is_json {
            let logs: serde_json::Map<_, _> =
                self.logs.iter().map(|report| (report.log.as_str().to_owned(), report.json())).collect();
            let fault = self.fault.map(|(log, fault)| {
                let mut value = json!({
                    "log": log.as_str(), "first": fault.first, "last": fault.last, "kind": fault.kind.name(),
                    "message": fault.to_string(),
                });
                if let FaultKind::InsideRetention(Overreach { prune, cutoff, allowed, .. }) = fault.kind {
                    value["prune"] = json!({ "prune": prune, "cutoff": cutoff, "allowed": allowed });
                }
                value
            });
            let document = json!({
                "verified": fault.is_none(), "server": self.server, "organization": self.organization,
                "key": self.key, "pinned_at": self.pinned_at, "logs": logs, "fault": fault,
            });
            writeln!(context.terminal.data(), "{document}")?;
        } else {
            for line in self.lines(context) {
                writeln!(context.terminal.data(), "{}", crate::render::sanitize::sanitize(&line))?;
            }
        }
        Ok(context.terminal.flush()?)
    }

    fn lines(&self, context: &Context) -> Vec<String> {
        let pinned = if self.was_pinned { "pinned" } else { "now pinned: compare it with the operator's" };
        let at = short(self.pinned_at, &context.time);
        let at = if self.was_pinned { format!(" {at}") } else { String::new() };
        let mut lines = vec![format!("key          {} ({pinned}{at})", self.key)];
        let of = |log: Log| self.logs.iter().find(|report| report.log == log);
        if let Some(trail) = of(Log::Trail) {
            let summary = trail.verdict.as_ref().map(|verdict| trail.summary(verdict, context));
            lines.push(format!("trail        {}", summary.unwrap_or_else(|| trail.consistent(context))));
        }
        if let Some(audit) = of(Log::Audit) {
            lines.push(format!("consistent   {}", audit.consistent(context)));
            if let Some(verdict) = &audit.verdict {
                lines.push(audit.summary(verdict, context));
                let entries = counted(audit.checkpoint.size, "entry", "entries");
                lines.push(match audit.checkpoint.size {
                    1 => "the only entry is accounted for".to_owned(),
                    _ => format!("all {entries} are accounted for"),
                });
            }
        }
        lines
    }
}
