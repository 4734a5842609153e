//! What the server itself records in the trail: sweeps, and pauses of the sweep.

use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::clock::Clock;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::integrity::verify::rule_reader::RuleReader;
use krosyn_audit::model::integrity::verify::rules::{PruneRule, Rules};
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::redaction::Redaction;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::trail::{Actor, EventKey, Restated, TrailEvent};
use krosyn_audit::model::words::{Log, Plan};
use krosyn_audit::server::Settings;
use krosyn_audit::server::clock_guard::ClockGuard;
use krosyn_audit::server::trail::lifecycle::PauseRecorder;
use krosyn_audit::store::Store;

use super::sweep::sweep_once;
use crate::support::entries::{NOW, append, days_ago, everything, ids, recording_at};
use crate::support::stores::organization;

fn described(entry: &Entry) -> (String, String) {
    let who = entry.user.label();
    (
        format!("{who} {} {}/{}", entry.action, entry.model_type, entry.model_id),
        entry.changes.get().to_owned(),
    )
}

pub(crate) async fn a_sweep_is_recorded_before_and_after(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    append(&store, org, [100, 1].map(|days| recording_at("1", days_ago(days)))).await;
    append(&store, org.trail(), [recording_at("1", days_ago(400))]).await;
    let settings = Settings::new(Clock::fixed(NOW));
    sweep_once(&store, &settings).await;
    let trail: Vec<_> = everything(&store, org.trail()).await.iter().map(described).collect();
    let line =
        |log: &str, changes: &str| (format!("krosyn-audit pruned audit_log/{log}"), changes.to_owned());
    let ended = r#"[{"field":"prune","new":1},{"field":"deleted","new":1},{"field":"complete","new":true}]"#;
    assert_eq!(
        trail,
        [
            line(
                "audit",
                r#"[{"field":"prune","new":1},{"field":"cutoff","new":"2026-08-24T08:00:00.000000Z"},{"field":"as_of","new":2},{"field":"plan","new":"free"}]"#
            ),
            line("audit", ended),
            line(
                "trail",
                r#"[{"field":"prune","new":1},{"field":"cutoff","new":"2025-11-22T08:00:00.000000Z"},{"field":"as_of","new":3},{"field":"plan","new":"free"}]"#
            ),
            line("trail", ended),
        ]
    );
    sweep_once(&store, &settings).await;
    assert_eq!(everything(&store, org.trail()).await.len(), 4, "nothing had expired");
}

pub(crate) async fn a_pause_of_the_sweep_is_recorded_once(store: Arc<Store>) {
    let orgs = [organization(&store, "acme").await, organization(&store, "other").await];
    let settings = Settings::new(Clock::fixed(NOW));
    let mut pauses = PauseRecorder::default();
    for cause in [None, Some("ahead"), Some("further ahead"), None, None, Some("again")] {
        pauses.observe(&store, &settings, cause.map(str::to_owned)).await.expect("recorded");
    }
    for org in orgs {
        let trail: Vec<_> = everything(&store, org.trail()).await.iter().map(|it| described(it).0).collect();
        let [stopped, started] =
            ["stopped", "started"].map(|word| format!("krosyn-audit {word} server/sweep"));
        assert_eq!(trail, [stopped.clone(), started, stopped]);
    }
}

pub(crate) async fn a_prune_of_the_trail_states_again_what_explains_missing_entries(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let retention = Retention { plan: Plan::Free, floor: None };
    let mut expired = vec![(TrailEvent::Migrated { schema: 5, unprotected_through: 3, retention }, 500)];
    for (prune, cutoff, as_of) in [(1, 600, 10), (2, 580, 12)] {
        let (log, cutoff, restated) = (Log::Audit, days_ago(cutoff), Restated::default());
        expired.push((TrailEvent::PruneBegun { log, prune, cutoff, as_of, retention, restated }, 400));
    }
    let drafts = expired.iter().map(|(event, age)| {
        let at = days_ago(*age);
        event.draft(&Actor::server(), &EventKey::unique(), &Redaction::default(), (at, at)).expect("a draft")
    });
    store.append(org.trail(), drafts.collect(), true).await.expect("appended");
    let rules = async || {
        let mut reader = RuleReader::new(Log::Audit);
        everything(&store, org.trail()).await.iter().for_each(|entry| reader.add(&entry.parts()));
        assert_eq!(reader.retention(), retention.into(), "the plan is stated again, too");
        reader.rules(Timestamp::MAX)
    };
    sweep_once(&store, &Settings::new(Clock::fixed(NOW))).await;
    assert_eq!(ids(&everything(&store, org.trail()).await), [4, 5], "the prune of the trail itself");
    let covering = PruneRule { prune: 2, cutoff: days_ago(580), as_of: 12 };
    assert_eq!(rules().await, Rules::new(vec![covering], 3));
    // A year later the entry that states it expires, too.
    let later = NOW.plus(TimeDelta::days(366));
    let event = TrailEvent::SweepResumed;
    let recent = event.draft(&Actor::server(), &EventKey::unique(), &Redaction::default(), (later, later));
    store.append(org.trail(), vec![recent.expect("a draft")], true).await.expect("appended");
    ClockGuard::new(Clock::fixed(later)).confirm(store.as_ref()).await.expect("confirmed");
    sweep_once(&store, &Settings::new(Clock::fixed(later))).await;
    assert_eq!(ids(&everything(&store, org.trail()).await), [6, 7, 8]);
    assert_eq!(rules().await, Rules::new(vec![covering], 3));
}
