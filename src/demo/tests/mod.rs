//! The demo is consistent for any moment. The hard cases are tested in `cases`.

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::TimeDelta;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::demo::{PLANTED, proposals};
use crate::model::json::{Json, RawJson};
use crate::model::proposal::Proposal;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind};

/// A Sunday morning four weeks after the clocks went back.
const NOW: &str = "2026-11-22T08:18:31.412033Z";

/// Made once, because most tests only read it.
fn demo() -> &'static [Proposal] {
    static DEMO: LazyLock<Vec<Proposal>> = LazyLock::new(|| proposals(moment(NOW)));
    &DEMO
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("RFC 3339")
}

fn at(proposal: &Proposal) -> Timestamp {
    proposal.occurred_at.expect("the demo dates everything")
}

fn text_of(proposal: &Proposal) -> String {
    serde_json::to_string(proposal).expect("serialises")
}

fn parsed(side: Option<&RawJson>) -> Option<Json> {
    side.map(|raw| raw.parse().expect("valid"))
}

/// Both sides of the value at a path, as text.
fn sides(proposal: &Proposal, path: &str) -> [Option<String>; 2] {
    [&proposal.before, &proposal.after].map(|side| {
        let whole = parsed(side.as_ref())?;
        path.split('.').try_fold(&whole, |value, key| value.get(key)).map(Json::to_string)
    })
}

/// Replays the list and checks that each entry fits the state before it.
fn replay(list: &[Proposal]) {
    let mut state: BTreeMap<(ModelType, &str), Json> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for p in list {
        let key = (p.model_type, p.model_id.as_str());
        let what = format!("{} {} {} at {}", p.action, p.model_type, p.model_id, at(p));
        if p.user.kind == UserKind::User && !(p.model_id == "1" && p.action == Action::Created) {
            let id = p.user.id.as_deref().expect("members have ids");
            let member = state.get(&(ModelType::Member, id)).unwrap_or_else(|| panic!("no member: {what}"));
            let role = p.user.role.clone().map(Json::String);
            assert_eq!(member.get("role"), role.as_ref(), "{what}");
            let active = member.get("status") == Some(&Json::String("active".to_owned()));
            assert!(active || key == (ModelType::Member, id), "{what}");
        }
        let before = state.remove(&key);
        assert_eq!(before, parsed(p.before.as_ref()), "{what}");
        assert_eq!(before.is_none(), p.action == Action::Created, "{what}");
        let after = p.changes.as_ref().map_or_else(
            || parsed(p.after.as_ref()),
            |changes| {
                let member = |c: &crate::model::change::Change| {
                    (c.field.clone(), parsed(c.new.as_ref()).expect("new"))
                };
                Some(Json::Object(changes.iter().map(member).collect()))
            },
        );
        match (p.action, after) {
            (Action::Deleted, None) => drop(gone.insert(key)),
            (Action::Created | Action::Updated, Some(after)) => {
                assert!(!gone.contains(&key), "back from the dead: {what}");
                assert!(before.is_none_or(|before| !before.same(&after)), "changes nothing: {what}");
                state.insert(key, after);
            }
            (action, _) => panic!("{action} with the wrong sides: {what}"),
        }
    }
}

fn check_demo(now: Timestamp) {
    let list = proposals(now);
    // Every scheduled action gives an entry. Two of them depend on a change of the clocks.
    assert!(matches!(list.len(), 1_299 | 1_301), "{} at {now}", list.len());
    assert!(list.is_sorted_by_key(at));
    let newest = now.since(at(list.last().expect("not empty")));
    assert!(newest > TimeDelta::zero() && newest < TimeDelta::minutes(10), "{newest} at {now}");
    let oldest = now.since(at(&list[0]));
    assert!(oldest <= TimeDelta::days(120) && oldest > TimeDelta::days(115), "{oldest} at {now}");
    let old = list.iter().filter(|p| now.since(at(p)) > TimeDelta::days(90)).count();
    assert!((list.len() / 5..=list.len() / 3).contains(&old), "{old} of {} at {now}", list.len());
    let uuids: BTreeSet<_> = list.iter().filter_map(|p| p.uuid).collect();
    assert_eq!(uuids.len(), list.len());
    assert!(uuids.iter().all(|uuid| uuid.get_version_num() == 8));
    replay(&list);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4) })]
    #[test]
    fn the_demo_is_consistent_at_any_moment(seconds in any::<u32>()) {
        // Half a century from 2020, to meet every weekday, hour and change of the clocks.
        check_demo(Timestamp::from_micros((1_577_836_800 + i64::from(seconds % 1_600_000_000)) * 1_000_000).expect("in range"));
    }
}

#[test]
fn the_demo_is_consistent_around_clock_changes_and_at_extreme_times() {
    for now in [NOW, "2026-10-25T02:01:00Z", "2026-03-29T12:00:00Z", "2027-02-23T23:59:59Z"] {
        check_demo(moment(now));
    }
    for now in [Timestamp::MIN, Timestamp::MAX] {
        assert!(proposals(now).is_sorted_by_key(at));
    }
}

#[test]
fn the_same_moment_gives_the_same_list() {
    let list = demo();
    let again = proposals(moment(NOW));
    assert_eq!(list.len(), again.len());
    for (one, other) in list.iter().zip(&again) {
        let text = text_of(one);
        assert_eq!(text, text_of(other));
        assert_eq!(text, text_of(&serde_json::from_str::<Proposal>(&text).expect("parses back")));
    }
}

#[test]
fn every_marker_is_used_and_every_secret_value_has_one() {
    let list = demo();
    let all: String = list.iter().map(text_of).collect();
    for marker in PLANTED {
        let contained = PLANTED.iter().filter(|other| other.contains(marker)).count();
        assert!(contained == 1 && marker.len() >= 16, "{marker}");
        assert!(all.contains(marker), "{marker}");
        assert!(list.iter().all(|p| !p.model_name.as_deref().unwrap_or("").contains(marker)), "{marker}");
    }
    let secret_paths = [
        (ModelType::Secret, "value"),
        (ModelType::ConnectorEndpoint, "bearer_token"),
        (ModelType::ConnectorEndpoint, "secret_token"),
        (ModelType::ConnectorEndpoint, "webhook_secret"),
        (ModelType::ConnectorEndpoint, "custom_auth_headers.X-Tramontana-Auth"),
        (ModelType::Connector, "example_payload.sent_by"),
    ];
    for p in list {
        for (_, path) in secret_paths.iter().filter(|(model_type, _)| *model_type == p.model_type) {
            for value in sides(p, path).iter().flatten() {
                assert!(PLANTED.iter().any(|marker| value.contains(marker)), "{path}: {value}");
            }
        }
    }
    for p in list.iter().filter(|p| p.model_type == ModelType::Connector) {
        for value in sides(p, "perform.headers.Authorization").iter().flatten() {
            let readable = value.starts_with("\"Bearer $secret.");
            assert!(readable || PLANTED.iter().any(|marker| value.contains(marker)), "{value}");
        }
    }
    assert!(list.iter().any(|p| p.reason.as_deref().is_some_and(|reason| reason.contains("ghp_"))));
    for shape in ["https://etl:", "PRIVATE KEY", "sk_live_", "AKIA", "xoxb-", "eyJ", "Bearer $secret."] {
        let elsewhere = |p: &Proposal| {
            [&p.before, &p.after].into_iter().flatten().any(|side| {
                let mut whole = side.parse().expect("valid");
                if let Json::Object(members) = &mut whole {
                    members.retain(|(key, _)| key != "value");
                }
                whole.to_string().contains(shape)
            })
        };
        assert!(list.iter().any(elsewhere), "{shape} stands only where everything is secret");
    }
}
