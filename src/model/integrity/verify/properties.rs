//! Random histories of a log verify; then every kind of tampering that a database allows is found and named.

use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use super::simulation::{Log, at, entry};
use super::*;
use crate::model::change::Changes;
use crate::model::entry::Entry;
use crate::model::integrity::leaf::Seed;
use crate::model::words::{Action, ModelType, UserKind};

#[derive(Debug, Clone)]
enum Step {
    /// Records entries. Some happened earlier than others before them.
    Append {
        entries: u64,
        late: u64,
    },
    Grow,
    Prune {
        age: u64,
        lag: u64,
    },
    /// A witness comes by.
    Witness,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..200_u64, 0..150_u64).prop_map(|(entries, late)| Step::Append { entries, late }),
        1 => Just(Step::Grow),
        2 => (0..300_u64, 0..20_u64).prop_map(|(age, lag)| Step::Prune { age, lag }),
        1 => Just(Step::Witness),
    ]
}

/// The log after some steps, and what the witness has seen last.
fn run(unprotected: u64, steps: &[Step]) -> (Log, Option<Seen>) {
    let (mut log, mut now, mut seen) = (Log::default(), 1_000, None);
    // The log of an older version: some of its entries are gone without a record.
    for id in 1..=unprotected {
        log.append(at(now));
        now += 1;
        if id % 3 > 0 {
            log.entries.remove(&id);
        }
    }
    log.unprotected_through = unprotected;
    for step in steps {
        match step {
            Step::Append { entries, late } => {
                for n in 0..*entries {
                    now += 1;
                    let back = if n % 7 == 3 { *late } else { 0 };
                    log.append(at(now.saturating_sub(back)));
                }
            }
            Step::Grow => log.grow(),
            Step::Prune { age, lag } => {
                log.prune(at(now.saturating_sub(*age)), log.head.saturating_sub(*lag))
            }
            Step::Witness => {
                log.grow();
                seen = Some(log.verify(seen.as_ref()).expect("nothing was touched").1);
            }
        }
    }
    log.grow();
    (log, seen)
}

type Change = fn(&mut Entry);
const CHANGES: [Change; 15] = [
    |entry| entry.uuid = Uuid::from_u128(u128::MAX),
    |entry| entry.occurred_at = at(1),
    |entry| entry.recorded_at = at(1),
    |entry| entry.action = Action::Deleted,
    |entry| entry.model_type = ModelType::Secret,
    |entry| entry.model_id.push('x'),
    |entry| entry.model_name = None,
    |entry| entry.user.id = None,
    |entry| entry.user.email = Some("mallory".to_owned()),
    |entry| entry.user.kind = UserKind::Service,
    |entry| entry.context.ip = Some("203.0.113.9".to_owned()),
    |entry| entry.context.user_agent = Some(String::new()),
    |entry| entry.context.request_id = Some("r".to_owned()),
    |entry| entry.reason = Some("forged".to_owned()),
    |entry| entry.changes = Changes::from_text("[]".to_owned()).expect("changes"),
];

/// One way to change the database, and the lowest entry it concerns; `None` where the log has nothing to change so.
fn tamper(log: &mut Log, way: usize, pick: Index, other: Index) -> Option<u64> {
    let kept: Vec<u64> = log.entries.keys().copied().filter(|id| *id <= log.size).collect();
    let dead: Vec<u64> = log.tombstones.keys().copied().collect();
    let id = (!kept.is_empty()).then(|| *pick.get(&kept));
    let gone = (!dead.is_empty()).then(|| *pick.get(&dead));
    match way {
        0..15 => CHANGES[way](&mut log.entries.get_mut(&id?)?.0),
        15 => log.entries.get_mut(&id?)?.1 = Seed([255; 16]),
        // Deleted without a record.
        16 => drop(log.entries.remove(&id?)),
        // Deleted as if by a prune, though none may.
        17 => {
            if log.may_expire(id?) {
                return None;
            }
            log.delete(id?);
        }
        // The same, with a record that states an early time.
        18 => {
            let (entry, seed) = log.entries.remove(&id?)?;
            let mut record = LeafRecord::of(&entry.parts(), &seed, Timestamp::MIN);
            record.occurred_at = at(1);
            log.tombstones.insert(id?, record);
        }
        19 => log.tombstones.get_mut(&gone?)?.occurred_at = at(2),
        20 => {
            log.tombstones.remove(&gone?);
            return gone;
        }
        21 => {
            // An entry takes the place of a deleted one.
            let entry = entry(gone?, log.tombstones[&gone?].occurred_at);
            log.entries.insert(gone?, (entry, Seed([1; 16])));
            return gone;
        }
        22 => {
            let (a, b) = (id?, *other.get(&kept));
            if a == b {
                return None;
            }
            let (mut one, mut two) = (log.entries.remove(&a)?, log.entries.remove(&b)?);
            (one.0.id, two.0.id) = (b, a);
            log.entries.extend([(b, one), (a, two)]);
            return Some(a.min(b));
        }
        23 => {
            let tile = *log.collapsed.keys().next()?;
            log.collapsed.get_mut(&tile)?.0.tile_latest = at(1);
            return Some(tile * TILE + 1);
        }
        24 => {
            let tile = *log.collapsed.keys().last()?;
            log.collapsed.get_mut(&tile)?.1[pick.index(8)].0[0] ^= 1;
            return Some(tile * TILE + 1);
        }
        25 => {
            let tile = pick.index(log.stated.len().max(1));
            log.stated.get_mut(tile)?.0[0] ^= 1;
            return Some(tile as u64 * TILE + 1);
        }
        // A whole tile is collapsed, although its entries may not go.
        26 => {
            let first = (id? - 1) / TILE * TILE + 1;
            let of_tile: Vec<u64> = log.entries.range(first..first + TILE).map(|(id, _)| *id).collect();
            if first + TILE - 1 > log.size || of_tile.iter().all(|id| log.may_expire(*id)) {
                return None;
            }
            of_tile.into_iter().for_each(|id| log.delete(id));
            return Some(first);
        }
        _ => return None,
    }
    if way == 19 { gone } else { id }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_change_of_a_database_is_found_and_named(
        unprotected in prop_oneof![Just(0), 1..400_u64], steps in prop::collection::vec(step(), 1..9),
        pick: Index, other: Index,
    ) {
        let (log, seen) = run(unprotected, &steps);
        let (verdict, _) = log.verify(seen.as_ref()).expect("nothing was touched");
        let expired: u64 = verdict.expired.values().sum();
        prop_assert_eq!(verdict.unchanged, log.entries.len() as u64);
        prop_assert_eq!(verdict.unchanged + expired + verdict.unprotected, log.size);
        for way in 0..27 {
            let mut changed = log.clone();
            let Some(id) = tamper(&mut changed, way, pick, other) else { continue };
            let found = changed.verify(seen.as_ref());
            let Err(Fault { first, last, kind }) = found else {
                return Err(TestCaseError::fail(format!("way {way} of entry {id} is not found")));
            };
            prop_assert!((first..=last).contains(&id), "way {way} of {id}: {first}–{last} {kind:?}");
            // Entries one by one are named exactly; tiles as a whole by their range.
            let is_exact = first == last || matches!(way, 23..=26);
            prop_assert!(is_exact, "way {way} of {id}: {first}–{last} {kind:?}");
            prop_assert_eq!(kind == FaultKind::StoredHash, way == 25);
        }
        // A server that has grown a tree over the changed entries would sign it. Only a witness finds this.
        for way in 0..17 {
            let mut changed = log.clone();
            let (Some(id), Some(seen)) = (tamper(&mut changed, way, pick, other), &seen) else { continue };
            if !changed.collapsed.is_empty() || id > seen.size {
                continue;
            }
            changed.rebuild();
            let fault = changed.verify(Some(seen)).err();
            prop_assert!(fault.is_some_and(|fault| (fault.first..=fault.last).contains(&id)), "{way} {id} {fault:?}");
        }
    }

    #[test]
    fn a_log_that_was_rolled_back_is_found(steps in prop::collection::vec(step(), 1..6), more in 1..300_u64) {
        let (old, _) = run(0, &steps);
        let mut log = old.clone();
        (0..more).for_each(|n| log.append(at(5_000 + n)));
        log.grow();
        let (_, seen) = log.verify(None).expect("nothing was touched");
        let fault = old.verify(Some(&seen)).expect_err("rolled back");
        prop_assert_eq!((fault.first, fault.last, fault.kind), (old.size + 1, log.size, FaultKind::RolledBack));
        // Others are recorded under the same ids.
        let mut replaced = old;
        (0..more + 300).for_each(|n| replaced.append(at(6_000 + n)));
        replaced.grow();
        let fault = replaced.verify(Some(&seen)).expect_err("replaced");
        prop_assert_eq!(fault.kind, FaultKind::Rewritten);
        prop_assert!(fault.first <= seen.size);
    }

    /// Who may write the trail could state any prune; but who may only change the cutoff of one accuses the deleted entries.
    #[test]
    fn an_earlier_cutoff_does_not_explain_the_deleted_entries(steps in prop::collection::vec(step(), 2..9), pick: Index) {
        let (mut log, _) = run(0, &steps);
        let (verdict, _) = log.verify(None).expect("nothing was touched");
        if verdict.expired.is_empty() {
            return Ok(());
        }
        let as_of = pick.index(log.size as usize) as u64;
        log.prunes.iter_mut().for_each(|prune| prune.cutoff = at(1));
        prop_assert_eq!(log.verify(None).expect_err("no prune may").kind, FaultKind::Deleted);
        log.prunes.iter_mut().for_each(|prune| (prune.cutoff, prune.as_of) = (Timestamp::MAX, as_of));
        if let Err(fault) = log.verify(None) {
            prop_assert_eq!(fault.kind, FaultKind::Deleted);
            prop_assert!(fault.last > as_of);
        }
    }
}

#[test]
fn changed_hints_accuse_no_entry() {
    let (mut log, _) = run(0, &[Step::Append { entries: 400, late: 3 }]);
    log.hints.iter_mut().take(256).for_each(|hint| hint[0] ^= 1);
    let (_, seen) = log.verify(None).expect("no entry was touched");
    // Those of the last tile come from the hashes that the tree grows from.
    log.hints.iter_mut().skip(256).for_each(|hint| hint[0] ^= 1);
    let fault = log.verify(None).expect_err("a stored hash");
    assert_eq!((fault.first, fault.last, fault.kind), (257, 400, FaultKind::StoredHash));
    // Without hints, a changed entry is found in its tile. In the last tile, only an earlier checkpoint narrows it down.
    log.hints.clear();
    log.entries.get_mut(&300).expect("kept").0.reason = None;
    let fault = log.verify(None).expect_err("changed");
    assert_eq!((fault.first, fault.last, fault.kind), (1, 400, FaultKind::Changed));
    let fault = log.verify(Some(&seen)).expect_err("changed");
    assert_eq!((fault.first, fault.last, fault.kind), (257, 400, FaultKind::Rewritten));
    log.entries.get_mut(&7).expect("kept").0.reason = None;
    assert_eq!(log.verify(None).expect_err("changed").last, 256);
}

/// A tree that grew from changed hashes is signed by a server whose key is in the store.
#[test]
fn hashes_that_were_changed_before_the_tree_grew_accuse_no_entry_that_was_seen() {
    let (log, seen) = run(0, &[Step::Append { entries: 300, late: 3 }, Step::Witness]);
    for more in [1, 300] {
        let mut log = log.clone();
        (0..more).for_each(|n| log.append(at(5_000 + n)));
        log.grow();
        // The hashes of the entries 257 to 300 are wrong in the tree, and so in the hints.
        let mut leaves: Vec<Hash> = log.hashes(1, log.size);
        leaves.iter_mut().take(44).for_each(|hash| hash.0[0] ^= 1);
        log.hints.iter_mut().skip(256).take(44).for_each(|hint| hint[0] ^= 1);
        let mut tree = Tree::default();
        tree.push_subtree(TILE_HEIGHT, log.stated[0]);
        leaves.iter().for_each(|hash| tree.push(*hash));
        if let Some(stated) = log.stated.get_mut(1) {
            *stated = tile_root(&leaves);
            log.hashes(2, log.size).iter().for_each(|hash| tree.push(*hash));
        }
        log.root = tree.root();
        let fault = log.verify(seen.as_ref()).expect_err("a stored hash");
        let last = log.size.min(512);
        assert_eq!((fault.first, fault.last, fault.kind), (257, last, FaultKind::StoredHash), "{more}");
    }
}

/// A key outside the store has signed a checkpoint that the entries of today contradict.
#[test]
fn a_rebuilt_tree_accuses_no_tile_in_particular() {
    let (mut log, _) = run(0, &[Step::Append { entries: 300, late: 3 }]);
    let root = log.root;
    log.entries.get_mut(&7).expect("kept").0.reason = None;
    log.rebuild();
    log.root = root;
    let fault = log.verify(None).expect_err("changed");
    assert_eq!((fault.first, fault.last, fault.kind), (1, 300, FaultKind::Changed));
}

#[test]
fn an_erased_part_needs_a_recorded_erasure_and_a_listed_entry() {
    use crate::model::integrity::leaf::Part;
    use crate::model::integrity::opening::Opening;
    use crate::model::integrity::verify::erasures::{ErasureRule, ErasureRules};

    let (mut erased, seed) = (entry(1, at(5)), Seed([3; 16]));
    let record = LeafRecord::of(&erased.parts(), &seed, Timestamp::MIN);
    erased.user.name = Some("erased-1".to_owned());
    let checkpoint = Checkpoint { origin: "log".to_owned(), size: 1, root: record.hash() };
    let verify = |opening: Opening, entries: &[Entry], erasures: &[u64]| {
        let mut rules = Rules::default();
        let ranges: Vec<_> = erasures.iter().map(|id| (*id, *id)).collect();
        let (actor, content) = (ranges, vec![(7, 7)]);
        let erasure = ErasureRule { erasure: 3, label: "erased-1".to_owned(), actor, content };
        // Another person was erased from the next entry.
        let other = ErasureRule {
            erasure: 4,
            label: "erased-2".to_owned(),
            actor: vec![(2, 2)],
            content: Vec::new(),
        };
        rules.erasures = ErasureRules::new(vec![erasure, other]);
        let entries: Vec<_> = entries.iter().map(|entry: &Entry| entry.parts()).collect();
        let mut verifier = Verifier::new(&checkpoint, None, rules.into(), Vec::new(), &[record.hash()])?;
        verifier.verify_leaves(&[StoredLeaf { record, opening, hint: [0; 3] }], &entries)?;
        verifier.finish().map(|(verdict, _)| verdict)
    };
    let kept = |part: Part| Opening::Erased { kept: part, salt: seed.salt(part) };
    let erased = [erased];
    let verdict = verify(kept(Part::Content), &erased, &[1]).expect("recorded");
    assert_eq!((verdict.erased, verdict.unchanged), ([(3, 1)].into(), 0));
    let kind = |found: Result<Verdict, Fault>| found.expect_err("a fault").kind;
    assert_eq!(kind(verify(kept(Part::Content), &erased, &[2])), FaultKind::Erased);
    assert_eq!(kind(verify(kept(Part::Actor), &erased, &[1])), FaultKind::Changed);
    // Only the actor was recorded as erased.
    assert_eq!(kind(verify(Opening::BothErased, &erased, &[1])), FaultKind::Erased);
    for name in ["mallory", "erased-2"] {
        let mut renamed = erased.clone();
        renamed[0].user.name = Some(name.to_owned());
        assert_eq!(kind(verify(kept(Part::Content), &renamed, &[1])), FaultKind::Changed, "{name}");
    }
    let mut later = erased.clone();
    later[0].occurred_at = at(6);
    assert_eq!(kind(verify(kept(Part::Content), &later, &[1])), FaultKind::Changed);
    assert_eq!(kind(verify(Opening::Kept(seed), &erased, &[1])), FaultKind::Changed);
    assert_eq!(kind(verify(Opening::Kept(seed), &[], &[])), FaultKind::Hidden);
    assert_eq!(kind(verify(Opening::Deleted, &erased, &[])), FaultKind::Inserted);
    assert_eq!(kind(verify(Opening::Deleted, &[], &[])), FaultKind::Deleted);
    let whole = [entry(1, at(5))];
    verify(Opening::Kept(seed), &whole, &[]).expect("unchanged");
    let more = [whole[0].clone(), entry(2, at(5))];
    assert_eq!(kind(verify(Opening::Kept(seed), &more, &[])), FaultKind::Inserted);
}
