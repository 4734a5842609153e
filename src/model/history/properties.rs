//! Compares replays of random histories with the real states: creations, nested updates by whole fields and dotted paths,
//! deletions, equal times, secrets and prunes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::simulation::{RecordedLog, Simulation, at, leaves, timed_events};
use crate::model::history::diff::StateDiff;
use crate::model::history::leaf::{LeafContent, ValueOrigin};
use crate::model::history::path::KeyPath;
use crate::model::history::reader::HistoryRequest;
use crate::model::history::replay::Existence;
use crate::model::history::revert::RevertAction;
use crate::model::history::state::{Confidence, State};
use crate::model::json::Json;

fn value(json: &Json) -> Value {
    serde_json::from_str(&json.to_string()).expect("a value")
}

/// The real value at a path. If there is none, dots in field names are read as path separators.
fn truth_of<'a>(truth: &'a Value, path: &[String]) -> Option<&'a Value> {
    at(truth, path).or_else(|| at(truth, &path.join(".").split('.').collect::<Vec<_>>()))
}

/// Checks that everything a state claims is true.
fn is_true(state: &State, truth: Option<&Value>) -> Result<(), TestCaseError> {
    match state.existence {
        Existence::Unknown => {}
        Existence::Exists => prop_assert!(truth.is_some(), "it is not there"),
        Existence::Absent(_) => prop_assert!(truth.is_none(), "it is there"),
    }
    let Some(truth) = truth else {
        prop_assert!(state.leaves().is_empty() || state.existence == Existence::Unknown);
        return Ok(());
    };
    for (path, leaf) in state.leaves() {
        if let LeafContent::Value(known) = &leaf.content
            && leaf.content.is_exact()
        {
            prop_assert_eq!(Some(&value(known)), truth_of(truth, path), "{:?}", path);
        }
    }
    let object = value(&state.object());
    for (field, certainty) in state.fields() {
        if certainty == Confidence::Exact {
            prop_assert_eq!(object.get(&field), truth_of(truth, std::slice::from_ref(&field)), "{}", field);
        }
    }
    if state.is_complete() {
        for field in truth.as_object().expect("an object").keys() {
            prop_assert!(state.fields().iter().any(|(known, _)| known == field), "{} was not told of", field);
        }
        for (field, certainty) in state.fields() {
            let is_there = truth.get(&field).is_some();
            prop_assert!(is_there || certainty == Confidence::Unknown, "{} is not there", field);
        }
    }
    Ok(())
}

/// Checks that a complete log leaves nothing unknown. Only redacted fields may be inexact.
fn is_whole(state: &State, truth: Option<&Value>) -> Result<(), TestCaseError> {
    prop_assert_eq!(state.existence == Existence::Exists, truth.is_some());
    prop_assert!(state.existence != Existence::Unknown && state.is_complete());
    for (field, certainty) in state.fields() {
        let has_secrets = ["token", "example_payload", "perform"].contains(&field.as_str());
        prop_assert!(certainty == Confidence::Exact || has_secrets, "{} is {:?}", field, certainty);
        prop_assert!(certainty != Confidence::Unknown && certainty != Confidence::Partial, "{}", field);
    }
    Ok(())
}

/// Finds the last setter of each leaf and counts its changes by comparing consecutive states.
fn naive_blame(world: &Simulation, first: usize) -> BTreeMap<KeyPath, (Option<usize>, u64)> {
    let all: Vec<_> =
        world.truths.iter().map(|truth| truth.as_ref().map(leaves).unwrap_or_default()).collect();
    let mut set: BTreeMap<KeyPath, (Option<usize>, u64)> = BTreeMap::new();
    for (index, after) in all.iter().enumerate() {
        let before = |path: &KeyPath| index.checked_sub(1).and_then(|before| all[before].get(path));
        for path in after.iter().filter(|(path, value)| before(path) != Some(*value)).map(|(path, _)| path) {
            let line = set.entry(path.clone()).or_default();
            line.0 = (index >= first).then_some(index);
            line.1 += u64::from(index >= first);
        }
    }
    set
}

/// Checks that blame agrees with the naive result for every leaf.
fn blames(history: &RecordedLog, world: &Simulation, first: usize) -> Result<(), TestCaseError> {
    let naive = naive_blame(world, first);
    for line in history.blame().lines {
        let path: KeyPath = line.path.join(".").split('.').map(str::to_owned).collect();
        let Some((setter, times)) = naive.get(&path) else {
            prop_assert!(!line.content.is_exact(), "{:?} never was", path);
            continue;
        };
        let id = |index: usize| history.entries[index].id;
        match line.origin {
            ValueOrigin::Entry(index) => {
                prop_assert_eq!(Some(id(index)), setter.map(|setter| world.entries[setter].id), "{:?}", path);
            }
            ValueOrigin::Before(_) => prop_assert_eq!(*setter, None, "{:?}", path),
            ValueOrigin::Unrecorded(_) => prop_assert!(false, "everything was recorded: {:?}", path),
        }
        prop_assert_eq!(line.times, *times, "{:?}", path);
    }
    Ok(())
}

/// Checks that the diff of any two replayed states equals the diff of the real states.
fn differences_are_true(history: &RecordedLog, world: &Simulation) -> Result<(), TestCaseError> {
    let moments = world.moments();
    let wanted =
        HistoryRequest { moments: moments.iter().map(|(position, _)| *position).collect(), revert: None };
    let read = history.read(wanted);
    let told: Vec<_> = read.states().iter().zip(moments.iter().map(|(_, truth)| *truth)).collect();
    for ((earlier, before), (later, after)) in told.iter().flat_map(|a| told.iter().map(move |b| (a, b))) {
        let StateDiff { changes, unknown } = StateDiff::of(earlier, later);
        prop_assert!(unknown.is_empty(), "{:?}", unknown);
        let of = |truth: &Option<&Value>, field: &str| truth.and_then(|truth| truth.get(field).cloned());
        let fields = [before, after].into_iter().flatten().flat_map(|truth| truth.as_object()).flatten();
        for (field, _) in fields {
            let (old, new) = (of(before, field), of(after, field));
            let change = changes.iter().find(|change| change.field == *field);
            let has_secrets = ["token", "example_payload", "perform"].contains(&field.as_str());
            prop_assert!(old == new || change.is_some() || has_secrets, "{} differs", field);
            prop_assert!(old.is_some() == new.is_some() || change.is_some(), "{} came or went", field);
            if let Some(change) = change {
                prop_assert!(old != new || has_secrets, "{} does not differ", field);
                let sides = (change.old.is_some(), change.new.is_some());
                prop_assert_eq!(sides, (old.is_some(), new.is_some()), "{}", field);
            }
        }
        let is_there = |field: &str| of(before, field).or_else(|| of(after, field)).is_some();
        prop_assert!(changes.iter().all(|change| is_there(&change.field)), "{:?}", changes);
    }
    Ok(())
}

proptest! {
    #[test]
    fn complete_logs_determine_every_state(happenings in timed_events()) {
        let world = Simulation::new(&happenings);
        let history = world.history();
        prop_assert!(history.contradictions().is_empty(), "{:?}", history.contradictions());
        for (position, truth) in world.moments() {
            let state = history.at(position);
            is_true(&state, truth)?;
            if !world.entries.is_empty() {
                is_whole(&state, truth)?;
            }
        }
        if !world.entries.is_empty() {
            differences_are_true(&history, &world)?;
        }
        blames(&history, &world, 0)?;
    }

    #[test]
    fn pruned_logs_claim_only_true_values(happenings in timed_events(), cutoff in 0..20i64, survivor in 2..9usize) {
        let world = Simulation::new(&happenings);
        let history = world.pruned(cutoff, survivor);
        prop_assert!(history.contradictions().is_empty(), "{:?}", history.contradictions());
        for (position, truth) in world.moments() {
            is_true(&history.at(position), truth)?;
        }
        let horizon = history.horizon.expect("it was pruned");
        let first = world.entries.iter().filter(|entry| entry.occurred_at < horizon).count();
        blames(&history, &world, first)?;
        // After an entry that changed a field, the field is known.
        for (index, entry) in world.entries.iter().enumerate().skip(first) {
            let state = history.at(entry.position());
            prop_assert!(state.existence != Existence::Unknown);
            for change in entry.changes.list().expect("changes").iter().filter(|it| !it.redacted) {
                let parts: Vec<&str> = change.field.split('.').collect();
                // Its path depends on which parent fields the log shows.
                let mut places = (1..=parts.len()).map(|end| {
                    [vec![parts[..end].join(".")], parts[end..].iter().map(|part| (*part).to_owned()).collect()].concat()
                });
                let is_known = places.any(|place| matches!(state.confidence(&place), Confidence::Exact | Confidence::Redacted));
                let is_gone = world.truths[index].is_none();
                prop_assert!(is_gone || is_known, "{:?}", change.field);
            }
        }
    }

    #[test]
    fn reverts_restore_only_the_changed_leaves(happenings in timed_events(), choice: prop::sample::Index) {
        let world = Simulation::new(&happenings);
        prop_assume!(!world.entries.is_empty());
        let index = choice.index(world.entries.len());
        let history = world.history();
        let plan = history.revert(world.entries[index].id).expect("it is there");
        let before = index.checked_sub(1).and_then(|before| world.truths[before].clone());
        let (after, now) = (&world.truths[index], world.truths.last().expect("one"));
        let RevertAction::Patch(patch) = &plan.action else {
            match (&plan.action, now) {
                (RevertAction::DeletedSince(_) | RevertAction::Nothing, None) | (RevertAction::Delete | RevertAction::ExistsAgain(_), Some(_)) => return Ok(()),
                (RevertAction::Create(patch), None) => {
                    let mut made = Value::Null;
                    apply(&mut made, patch)?;
                    if plan.lost.is_empty() {
                        prop_assert_eq!(Some(made), before);
                    }
                    return Ok(());
                }
                (RevertAction::Nothing, Some(_)) => {}
                other => prop_assert!(false, "{:?}", other),
            }
            return Ok(());
        };
        let (before, after) = (before.expect("an update"), after.as_ref().expect("an update"));
        let now = now.as_ref().expect("a patch is for what is there");
        let mut reverted = now.clone();
        apply(&mut reverted, patch)?;

        let (was, became) = (leaves(&before), leaves(after));
        let touched: Vec<&KeyPath> = was.keys().chain(became.keys()).filter(|path| was.get(*path) != became.get(*path)).collect();
        let is_lost = |path: &KeyPath| plan.lost.iter().any(|lost| path.starts_with(lost) || lost.starts_with(path));
        for path in touched.iter().filter(|path| !is_lost(path)) {
            let restored = at(&reverted, path);
            match was.get(*path) {
                // A formerly empty object may have gained members since.
                Some(Value::Object(_)) => {
                    prop_assert!(!plan.since.is_empty() || restored.is_some_and(Value::is_object), "{:?}", path);
                }
                Some(value) => prop_assert_eq!(restored, Some(value), "{:?}", path),
                None if restored.is_some_and(Value::is_object) => {}
                None => prop_assert_eq!(restored, None, "{:?}", path),
            }
        }
        let is_related = |path: &KeyPath| touched.iter().any(|it| it.starts_with(path) || path.starts_with(it));
        for (path, value) in leaves(now).iter().filter(|(path, _)| !is_related(path)) {
            prop_assert_eq!(at(&reverted, path), Some(value), "{:?} was nobody's business", path);
        }
        if index + 1 == world.entries.len() && plan.lost.is_empty() {
            prop_assert_eq!(reverted, before, "the last entry is undone whole");
        }
    }
}

/// Applies a revert patch with an independent JSON Patch implementation.
fn apply(value: &mut Value, patch: &[crate::model::history::patch::Operation]) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(patch).expect("serialises");
    let patch: json_patch::Patch = serde_json::from_str(&text).expect("a patch by the standard");
    json_patch::patch(value, &patch)
        .map_err(|error| TestCaseError::fail(format!("{error} of {text} on {value}")))
}
