//! Prunes explain no more than the retention in force allowed.

use super::*;
use crate::model::entry::Entry;
use crate::model::fixtures::now;
use crate::model::integrity::verify::fault::FaultKind;
use crate::model::plan::Retention;
use crate::model::redaction::Redaction;
use crate::model::trail::{Actor, EventKey, Restated, TrailEvent};
use crate::model::words::Plan;

fn days_ago(days: i64) -> Timestamp {
    now().plus(-TimeDelta::days(days))
}

fn retention(plan: Plan, floor: Option<&str>) -> Retention {
    Retention { plan, floor: floor.map(|age| age.parse().expect(age)) }
}

fn recorded(event: &TrailEvent, at: Timestamp) -> Entry {
    let draft = event.draft(&Actor::server(), &EventKey::unique(), &Redaction::default(), (at, at));
    draft.expect("an entry").entry().clone()
}

fn pruned(log: Log, cutoff: Timestamp, retention: Retention, recorded_at: Timestamp) -> Entry {
    let restated = Restated::default();
    recorded(&TrailEvent::PruneBegun { log, prune: 1, cutoff, as_of: 9, retention, restated }, recorded_at)
}

fn created(retention: Retention, days: i64) -> Entry {
    recorded(&TrailEvent::OrganizationCreated { slug: "acme".to_owned(), retention }, days_ago(days))
}

fn changed(old: Retention, new: Retention, days: i64) -> Entry {
    recorded(&TrailEvent::RetentionChanged { slug: "acme".to_owned(), old, new }, days_ago(days))
}

fn rules(log: Log, trail: &[Entry]) -> Rules {
    let mut reader = RuleReader::new(log);
    trail.iter().for_each(|entry| reader.add(&entry.parts()));
    reader.rules(now())
}

/// How many days old entries must be for the prune to explain that they are gone.
fn youngest(trail: &[Entry]) -> Option<i64> {
    (0..4000).find(|days| rules(Log::Audit, trail).prune_of(1, days_ago(*days)).is_some())
}

#[test]
fn a_prune_explains_only_what_had_expired_by_the_retention_in_force() {
    let (free, floor) = (retention(Plan::Free, None), retention(Plan::Free, Some("30d")));
    let business = retention(Plan::Business, None);
    let prune = |days, stated| pruned(Log::Audit, days_ago(days), stated, now());
    for (trail, youngest_days) in [
        (vec![created(free, 500), prune(90, free)], 91),
        (vec![created(free, 500), prune(120, free)], 121),
        // An edit relabelled as a prune.
        (vec![created(free, 500), prune(1, free)], 90),
        (vec![created(business, 2000), prune(90, free)], 1097),
        // It cannot allow itself more.
        (vec![created(free, 500), prune(1, floor)], 90),
        // An operator lowered the floor first, which the trail says.
        (vec![created(free, 500), changed(free, floor, 3), prune(30, floor)], 31),
        (vec![created(free, 500), changed(free, floor, 3), prune(1, floor)], 30),
        // The floor was removed again, or the plan was raised.
        (vec![created(free, 500), changed(free, floor, 30), changed(floor, free, 3), prune(30, free)], 90),
        (vec![created(free, 500), changed(free, business, 3), prune(90, free)], 1097),
        // A sweep that was running when the plan was raised.
        (vec![created(free, 500), changed(free, business, 0), prune(90, free)], 91),
        // The trail states no retention: what the prune says about itself counts.
        (vec![prune(1, free)], 90),
        (vec![prune(1, floor)], 30),
        (vec![changed(free, business, 3), prune(90, free)], 1097),
        // The first change states the plan before it.
        (vec![pruned(Log::Audit, days_ago(90), free, now()), changed(business, free, 0)], 1097),
        // An organization that was created today.
        (vec![created(free, 0), prune(1, floor)], 90),
    ] {
        // The tolerance for clocks is five minutes.
        let found = youngest(&trail).expect("some age");
        assert!(
            (youngest_days - 1..=youngest_days).contains(&found),
            "{found} for {youngest_days}: {trail:#?}"
        );
    }
}

#[test]
fn an_overreaching_prune_is_named() {
    let free = retention(Plan::Free, None);
    let trail = [created(free, 500), pruned(Log::Audit, days_ago(1), free, now())];
    let rules = rules(Log::Audit, &trail);
    let FaultKind::InsideRetention(found) = rules.fault_of(9, days_ago(60)) else { panic!("no overreach") };
    assert_eq!((found.prune, found.cutoff), (1, days_ago(1)));
    assert_eq!(found.allowed, days_ago(90).plus(CLOCK_DIFFERENCE));
    for (id, days) in [(10, 60), (9, 0)] {
        assert_eq!(rules.fault_of(id, days_ago(days)), FaultKind::Deleted, "the prune did not reach so far");
    }
}

#[test]
fn a_prune_was_recorded_before_what_follows_it_and_before_the_verification() {
    let free = retention(Plan::Free, None);
    let ahead = now().plus(TimeDelta::days(60));
    let prune = pruned(Log::Audit, days_ago(30), free, ahead);
    // The server's clock was ahead, and was set right later.
    assert_eq!(youngest(&[created(free, 500), prune.clone()]), Some(90));
    let after = recorded(
        &TrailEvent::PruneEnded { log: Log::Audit, prune: 1, deleted: 1, complete: true },
        days_ago(20),
    );
    assert_eq!(youngest(&[created(free, 500), prune, after]), Some(110));
}

#[test]
fn the_trail_has_its_own_retention_and_no_floor() {
    let floor = retention(Plan::Free, Some("30d"));
    let trail = [created(floor, 800), pruned(Log::Trail, days_ago(31), floor, now())];
    let rules = rules(Log::Trail, &trail);
    assert!(rules.prune_of(1, days_ago(364)).is_none() && rules.prune_of(1, days_ago(366)).is_some());
}

#[test]
fn a_prune_that_is_stated_again_was_recorded_before_the_deleted_part_of_the_trail() {
    let business = retention(Plan::Business, None);
    let stated = |cutoff| {
        let (mut deleted, mut restated) = (RuleReader::new(Log::Audit), Restated::default());
        deleted.add(&created(retention(Plan::Free, None), 5000).parts());
        let entry = pruned(Log::Audit, cutoff, retention(Plan::Free, None), now());
        deleted.add(&entry.parts());
        restated.add(Log::Audit, &deleted.rules(Timestamp::MAX), &Rules::default());
        restated.set_retention(deleted.retention());
        let (log, cutoff) = (Log::Trail, days_ago(1100));
        let event = TrailEvent::PruneBegun { log, prune: 2, cutoff, as_of: 9, retention: business, restated };
        recorded(&event, days_ago(4))
    };
    assert_eq!(youngest(&[stated(days_ago(2000))]), Some(2001));
    // One that claims more than could be known then.
    assert_eq!(youngest(&[stated(days_ago(200))]), Some(1101));
    // The retention that it states is in force for the entries before it that are kept.
    let prune = pruned(Log::Audit, days_ago(90), business, days_ago(5));
    assert_eq!(youngest(&[prune, stated(days_ago(2000))]), Some(95));
}
